//! Opening a store: from the octets of its file back to the index, and the decision whether what does not check is a
//! torn tail, which is cut, or damage, which is refused. The crate's front page says why the two can be told apart.

use std::fs::File;
use std::io::{self, Read};

use crate::compaction;
use crate::directory::Directory;
use crate::index::Index;
use crate::log_file::LogFile;
use crate::record::{Draft, Framed, Header, Record, Stamp};

/// A log file and where a writer goes on in it.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) file: LogFile,
    pub(crate) salt: u64,
    /// Where the next group begins.
    pub(crate) end: u64,
    /// Up to where everything is known to be on the disk.
    pub(crate) synced: u64,
    /// The number of the last write.
    pub(crate) sequence: u64,
    /// Whether all records are vouched for: by a base's length or by a close record.
    pub(crate) closed: bool,
}

impl Log {
    /// Makes `record` ready for `offset`, after the write numbered `last`: its number, and its octets.
    pub(crate) fn seal<'a>(&self, record: &'a mut Draft, last: u64, offset: u64) -> Result<(u64, &'a [u8]), String> {
        let sequence = last.checked_add(u64::from(record.is_write())).ok_or("all sequence numbers are used up")?;
        Ok((sequence, record.seal(&Stamp { salt: self.salt, offset, synced: self.synced, sequence })))
    }

    /// Writes `octets` at the end, and answers where they end.
    pub(crate) fn append(&self, octets: &[u8]) -> io::Result<u64> {
        self.file.write_at(octets, self.end)?;
        Ok(self.end + octets.len() as u64)
    }
}

/// Opens the store in `directory`, or makes one.
pub(crate) fn open(directory: &Directory) -> Result<(Log, Index), String> {
    let found = directory.log().map_err(|error| format!("the log cannot be opened: {error}"))?;
    let Some(file) = found else {
        let index = Index::default();
        let log = compaction::replace(directory, &index, 0).map_err(|error| format!("no store was made: {error}"))?;
        return Ok((log, index));
    };
    directory.remove_new().map_err(|error| format!("an unfinished compaction cannot be removed: {error}"))?;
    // The log may have got its name just before a crash. Nothing may be acknowledged into a file that a power failure
    // would still replace by its predecessor.
    directory.sync().map_err(|error| format!("the directory cannot be synced: {error}"))?;
    reopen(file)
}

fn reopen(mut file: File) -> Result<(Log, Index), String> {
    // The file is read whole: the index holds most of it anyway.
    let mut octets = Vec::new();
    file.read_to_end(&mut octets).map_err(|error| format!("the log cannot be read: {error}"))?;
    let Replay { salt, index, sequence, end, last_group, closed } = replay(&octets)?;
    let file = LogFile::new(file);
    if end < octets.len() {
        file.cut(end as u64).map_err(|error| format!("the torn tail cannot be cut: {error}"))?;
    }
    // What was read of the last group may never have been synced, or its sync may have failed: then the system holds it
    // as if it were on the disk, and another sync alone would do nothing. Writing it again makes the sync mean it.
    if last_group < end {
        let rewritten = file.write_at(&octets[last_group..end], last_group as u64).and_then(|()| file.sync());
        rewritten.map_err(|error| format!("the last writes cannot be synced: {error}"))?;
    }
    let end = end as u64;
    Ok((Log { file, salt, end, synced: end, sequence, closed }, index))
}

/// What a file says.
#[derive(Debug)]
pub(crate) struct Replay {
    salt: u64,
    pub(crate) index: Index,
    pub(crate) sequence: u64,
    /// Where the good records end.
    pub(crate) end: usize,
    /// Where the last group begins; `end` when there is none.
    last_group: usize,
    /// Whether the last good record vouches for all before it.
    closed: bool,
}

/// Reads a file's `octets` up to its end or its torn tail.
pub(crate) fn replay(octets: &[u8]) -> Result<Replay, String> {
    let header = Header::decode(octets)?;
    let base_end = usize::try_from(header.base_end).ok().filter(|end| (Header::SIZE..=octets.len()).contains(end));
    let base_end = base_end.ok_or("the store is damaged: its file ends before its base does")?;
    let mut replay = Replay {
        salt: header.salt,
        index: Index::default(),
        sequence: header.sequence,
        end: Header::SIZE,
        last_group: base_end,
        closed: true,
    };
    replay.base(&octets[..base_end])?;
    replay.groups(octets)?;
    Ok(replay)
}

impl Replay {
    fn base(&mut self, octets: &[u8]) -> Result<(), String> {
        while self.end < octets.len() {
            let framed = Framed::at(octets, self.end, self.salt).ok_or_else(|| damage(self.end))?;
            let record = framed.record().filter(Record::is_base).ok_or_else(|| damage(self.end))?;
            // Entries ascend without holes up to the current number.
            let follows = self.index.newest().is_none_or(|newest| framed.sequence == newest.wrapping_add(1));
            if matches!(record, Record::Entry(_)) && !follows {
                return Err(damage(self.end));
            }
            self.index.apply(framed.sequence, record);
            self.end += framed.size();
        }
        if self.index.newest().is_some_and(|newest| newest != self.sequence) {
            return Err(damage(self.end));
        }
        Ok(())
    }

    fn groups(&mut self, octets: &[u8]) -> Result<(), String> {
        while self.end < octets.len() {
            let Some(framed) = Framed::at(octets, self.end, self.salt) else {
                return if was_synced(octets, self.end, self.salt) { Err(damage(self.end)) } else { Ok(()) };
            };
            let record = framed.record().filter(|record| !record.is_base()).ok_or_else(|| damage(self.end))?;
            let expected = if record.is_write() { self.sequence.checked_add(1) } else { Some(self.sequence) };
            if expected != Some(framed.sequence) {
                return Err(damage(self.end));
            }
            self.last_group = usize::try_from(framed.synced).map_err(|_| damage(self.end))?;
            self.sequence = framed.sequence;
            self.closed = record == Record::Close;
            self.index.apply(framed.sequence, record);
            self.end += framed.size();
        }
        Ok(())
    }
}

/// Whether a good record after `offset` proves that the file had been synced beyond it.
fn was_synced(octets: &[u8], offset: usize, salt: u64) -> bool {
    let proves = |at| Framed::at(octets, at, salt).is_some_and(|framed| framed.synced > offset as u64);
    (offset + 1..octets.len()).any(proves)
}

fn damage(offset: usize) -> String {
    format!("the store is damaged: octet {offset} of its log was synced once and does not check now")
}
