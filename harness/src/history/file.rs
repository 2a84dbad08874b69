//! Histories as JSON lines: a [`Head`], then one [`Recorded`] a line, in the order in which the calls began.
//!
//! A history can so be kept, sent to somebody else, or come from a recorder in another language, and be checked alone.
//! `history.schema.json` describes both kinds of lines.

use std::io::{self, BufRead, Write};

use super::{Head, Recorded};

/// The version of the form.
pub const FORMAT: u32 = 1;

/// A history that cannot be read: which line, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input cannot be read.
    #[error("line {line}: cannot be read: {error}")]
    Unreadable {
        /// The line, from 1.
        line: u64,
        /// Why.
        error: io::Error,
    },
    /// The line is not what it should be.
    #[error("line {line}: {error}; the first line of a history says what it is about, every other holds one call")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What is wrong, with the column.
        error: serde_json::Error,
    },
    /// There is no first line.
    #[error("the file is empty; a history begins with a line that says what it is about")]
    Empty,
    /// Another version wrote it.
    #[error("line 1: form {found}, and this version reads form {FORMAT}: use the storecheck that wrote it")]
    Format {
        /// The form found.
        found: u32,
    },
    /// Calls that cannot have been made in this way.
    #[error("line {line}: {why}")]
    Impossible {
        /// The line, from 1.
        line: u64,
        /// What is impossible about it, and what to do.
        why: &'static str,
    },
}

/// Reads a history line by line.
pub struct Reader<R> {
    input: R,
    head: Head,
    line: u64,
    text: Vec<u8>,
    began: u64,
    /// The tick at which each client is free to call again; the largest for one whose call never returned.
    free: Vec<u64>,
}

/// More clients than this are a mistake.
const CLIENTS_MAX: usize = 1 << 16;

impl<R: BufRead> Reader<R> {
    /// A reader that has read the first line.
    ///
    /// # Errors
    /// When that is none.
    pub fn new(input: R) -> Result<Self, ReadError> {
        let head = Head {
            history: FORMAT,
            engine: String::new(),
            frontier: crate::engine::Frontier::Immediate,
            batch_log: true,
            fresh: crate::octets::Decimal(0),
        };
        let mut reader = Self { input, head, line: 0, text: Vec::new(), began: 0, free: Vec::new() };
        reader.head = reader.parse()?.ok_or(ReadError::Empty)?;
        if reader.head.history != FORMAT {
            return Err(ReadError::Format { found: reader.head.history });
        }
        Ok(reader)
    }

    /// What the history is about.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    fn parse<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, ReadError> {
        self.line += 1;
        self.text.clear();
        let line = self.line;
        self.input.read_until(b'\n', &mut self.text).map_err(|error| ReadError::Unreadable { line, error })?;
        if self.text.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&self.text).map(Some).map_err(|error| ReadError::Malformed { line, error })
    }

    /// Whether the call can follow those before it.
    fn possible(&mut self, recorded: &Recorded) -> Result<(), &'static str> {
        let client = recorded.client as usize;
        if client >= CLIENTS_MAX {
            return Err("a client's number is at most 65535");
        }
        if recorded.call < self.began {
            return Err("the call began before the one on the line above: sort the lines by `call`");
        }
        if recorded.ret.is_some_and(|ret| ret < recorded.call) {
            return Err("the call returned before it began");
        }
        if self.free.len() <= client {
            self.free.resize(client + 1, 0);
        }
        if recorded.call < self.free[client] {
            return Err("the client had not got its last reply yet: give each call in flight a client of its own");
        }
        self.began = recorded.call;
        self.free[client] = recorded.ret.map_or(u64::MAX, |ret| ret + 1);
        Ok(())
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Recorded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.parse::<Recorded>() {
            Ok(None) => None,
            Err(error) => Some(Err(error)),
            Ok(Some(recorded)) => Some(match self.possible(&recorded) {
                Ok(()) => Ok(recorded),
                Err(why) => Err(ReadError::Impossible { line: self.line, why }),
            }),
        }
    }
}

/// Writes the first line.
///
/// # Errors
/// Those of `out`.
pub fn write_head(out: &mut impl Write, head: &Head) -> io::Result<()> {
    serde_json::to_writer(&mut *out, head)?;
    out.write_all(b"\n")
}

/// Writes a call.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut impl Write, recorded: &Recorded) -> io::Result<()> {
    serde_json::to_writer(&mut *out, recorded)?;
    out.write_all(b"\n")
}
