//! A log without what is dead. The new file is written and synced beside the old one and then takes its name, so that
//! a crash at any point leaves one of the two, and both say the same.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;

use crate::directory::Directory;
use crate::index::Index;
use crate::log_file::LogFile;
use crate::record::{Header, Record, Stamp, pair_size};
use crate::recovery::Log;

/// How much is gathered before it is written, and how much of State one record holds unless a single pair is larger.
const CHUNK: usize = 1 << 20;

/// Why there is no new log.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The old log is in place and as good as before.
    Unfinished(io::Error),
    /// It is not known which log a power failure would leave in place, so neither may be written to.
    Uncertain(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished(error) => write!(f, "the new log cannot be written: {error}"),
            Self::Uncertain(error) => write!(f, "the new log cannot be put in place: {error}"),
        }
    }
}

/// Writes what `index` holds, at the current number `sequence`, into a new log and puts it in place.
pub(crate) fn replace(directory: &Directory, index: &Index, sequence: u64) -> Result<Log, Failure> {
    let (file, header) = write(directory, index, sequence).map_err(|error| {
        // It only takes space; the next attempt and the next open remove it too.
        let _ = directory.remove_new();
        Failure::Unfinished(error)
    })?;
    directory.install_new().map_err(Failure::Uncertain)?;
    let end = header.base_end;
    Ok(Log { file, salt: header.salt, end, synced: end, sequence, closed: true })
}

fn write(directory: &Directory, index: &Index, sequence: u64) -> io::Result<(LogFile, Header)> {
    // The standard hasher's keys are the standard library's own source of randomness.
    let salt = RandomState::new().hash_one(sequence);
    let mut base =
        Base { file: LogFile::new(directory.create_new()?), salt, written: Header::SIZE as u64, buffer: vec![] };
    let mut chunk = Vec::new();
    let mut size = 0;
    for pair in index.state() {
        let octets = pair_size(&pair.0, &pair.1);
        if size + octets > CHUNK as u64 && !chunk.is_empty() {
            base.add(&Record::State(std::mem::take(&mut chunk)), sequence)?;
            size = 0;
        }
        size += octets;
        chunk.push(pair);
    }
    if !chunk.is_empty() {
        base.add(&Record::State(chunk), sequence)?;
    }
    for (number, pairs) in index.entries() {
        base.add(&Record::Entry(pairs.clone()), number)?;
    }
    base.finish(sequence)
}

/// The part of a new file that compaction writes.
struct Base {
    file: LogFile,
    salt: u64,
    written: u64,
    buffer: Vec<u8>,
}

impl Base {
    fn add(&mut self, record: &Record, sequence: u64) -> io::Result<()> {
        let offset = self.written + self.buffer.len() as u64;
        let mut draft = record.draft().ok_or(io::ErrorKind::FileTooLarge)?;
        self.buffer.extend_from_slice(draft.seal(&Stamp { salt: self.salt, offset, synced: 0, sequence }));
        if self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(&self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    // The header comes last, since only now it is known where the base ends.
    fn finish(mut self, sequence: u64) -> io::Result<(LogFile, Header)> {
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        let header = Header { salt: self.salt, sequence, base_end: self.written };
        self.file.write_at(&header.encode(), 0)?;
        self.file.sync()?;
        Ok((self.file, header))
    }
}
