//! Frames: a kind, a length and JSON, back to back on a stream.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::MESSAGE_OCTETS_MAX;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Setup = 1,
    Hello,
    Run,
    Finished,
}

impl Kind {
    fn from_octet(octet: u8) -> Option<Self> {
        [Self::Setup, Self::Hello, Self::Run, Self::Finished].into_iter().find(|kind| *kind as u8 == octet)
    }
}

const HEADER: usize = 5;

/// Appends a frame to `out`.
pub(super) fn append(out: &mut Vec<u8>, kind: Kind, message: &impl Serialize) -> io::Result<()> {
    let start = out.len();
    out.extend_from_slice(&[kind as u8, 0, 0, 0, 0]);
    serde_json::to_writer(&mut *out, message)?;
    let length = out.len() - start - HEADER;
    if length > MESSAGE_OCTETS_MAX {
        return Err(io::Error::other(format!("a message of {length} octets; at most {MESSAGE_OCTETS_MAX} are sent")));
    }
    // Within MESSAGE_OCTETS_MAX, so it fits 32 bits.
    out[start + 1..start + HEADER].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(())
}

/// Writes one frame.
pub(super) fn send(mut stream: impl Write, kind: Kind, message: &impl Serialize) -> io::Result<()> {
    let mut out = Vec::new();
    append(&mut out, kind, message)?;
    stream.write_all(&out)
}

/// A frame that arrived.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) json: Vec<u8>,
}

impl Frame {
    /// The message in it.
    pub(super) fn message<T: DeserializeOwned>(&self) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.json)?)
    }
}

/// Puts frames together from whatever pieces a stream gives.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    taken: usize,
}

impl Frames {
    /// Reads once from `stream`; 0 at its end.
    pub(super) fn fill(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        if self.taken > 0 && self.taken == self.buffer.len() {
            self.buffer.clear();
            self.taken = 0;
        }
        let mut piece = [0; 1 << 16];
        let read = stream.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..read]);
        Ok(read)
    }

    /// The next whole frame.
    pub(super) fn next(&mut self) -> io::Result<Option<Frame>> {
        let rest = &self.buffer[self.taken..];
        let Some((header, body)) = rest.split_first_chunk::<HEADER>() else { return Ok(None) };
        let [kind, length @ ..] = *header;
        let length = u32::from_le_bytes(length) as usize;
        let kind = Kind::from_octet(kind).ok_or_else(|| io::Error::other(format!("no frame has kind {kind}")))?;
        if length > MESSAGE_OCTETS_MAX {
            return Err(io::Error::other(format!(
                "a message of {length} octets; at most {MESSAGE_OCTETS_MAX} are taken"
            )));
        }
        if body.len() < length {
            return Ok(None);
        }
        let json = body[..length].to_vec();
        self.taken += HEADER + length;
        if self.taken > 1 << 20 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        Ok(Some(Frame { kind, json }))
    }
}

/// Waits for the next frame; none at the stream's end.
pub(super) fn receive(frames: &mut Frames, stream: &mut impl Read) -> io::Result<Option<Frame>> {
    loop {
        if let Some(frame) = frames.next()? {
            return Ok(Some(frame));
        }
        if frames.fill(stream)? == 0 {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_whole_whatever_the_pieces() {
        let mut octets = Vec::new();
        append(&mut octets, Kind::Run, &"one").expect("fits");
        append(&mut octets, Kind::Finished, &vec![1, 2]).expect("fits");
        let mut frames = Frames::default();
        let mut got = Vec::new();
        for octet in octets {
            frames.fill(&mut [octet].as_slice()).expect("memory never fails to read");
            while let Some(frame) = frames.next().expect("well-formed") {
                got.push((frame.kind, String::from_utf8(frame.json).expect("JSON is UTF-8")));
            }
        }
        assert_eq!(got, [(Kind::Run, "\"one\"".to_owned()), (Kind::Finished, "[1,2]".to_owned())]);
    }

    #[test]
    fn rubbish_is_no_frame() {
        let mut frames = Frames::default();
        frames.fill(&mut b"hello, world".as_slice()).expect("memory never fails to read");
        assert!(frames.next().is_err());
        let mut frames = Frames::default();
        frames.fill(&mut [4, 0xff, 0xff, 0xff, 0xff].as_slice()).expect("memory never fails to read");
        assert!(frames.next().expect_err("too long").to_string().contains("at most"));
    }
}
