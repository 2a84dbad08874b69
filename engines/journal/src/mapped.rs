//! A file that is stored into through a mapping: a head that says how many octets of records count, and the records.
//!
//! What is stored goes to the disk when it is synced, and else whenever the system likes. The head may say that a record
//! counts once the record itself is on the disk, and not before.

#![expect(unsafe_code, reason = "a mapping of a file is only as good as whoever else writes to the file")]

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use memmap2::MmapMut;

use crate::contents::{Change, Contents};
use crate::folder::{self, failed};
use crate::habits::{Checksum, Storing};
use crate::record;

/// Where records begin: the head has a page of its own.
const RECORDS: usize = 4096;
/// How long a new file is.
const LENGTH: u64 = 64 << 10;

/// The mapped file.
#[derive(Debug)]
pub(crate) struct MappedFile {
    file: File,
    map: MmapMut,
    /// The octets of records that count.
    end: usize,
}

impl MappedFile {
    /// The file in `dir`, made if there is none, and what it holds.
    pub(crate) fn open(dir: &Path) -> Result<(Self, Contents), String> {
        let file = folder::open(&dir.join("mapped"))?;
        if file.metadata().map_err(failed("looking at"))?.len() < LENGTH {
            file.set_len(LENGTH).map_err(failed("extending"))?;
        }
        // What is there may be in memory only, after the end of a process: what it goes on from is on the disk first.
        file.sync_all().map_err(failed("syncing"))?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("syncing the folder of"))?;
        let map = map(&file)?;
        let end = map.first_chunk::<8>().map_or(0, |end| u64::from_le_bytes(*end));
        let records = usize::try_from(end).ok().and_then(|end| map[RECORDS..].get(..end));
        let Some(records) = records else { return Err("the journal's head is of a longer file".to_owned()) };
        let (changes, taken) = record::decode(records, Checksum::Whole);
        if taken < records.len() {
            return Err(format!("the journal is damaged: {taken} of {end} octets of records are"));
        }
        let mut contents = Contents::default();
        changes.iter().for_each(|change| contents.apply(change));
        let end = records.len();
        Ok((Self { file, map, end }, contents))
    }

    /// Adds a record.
    pub(crate) fn append(&mut self, change: &Change, storing: Storing, rest: Duration) -> Result<(), String> {
        let octets = record::encode(change, Checksum::Whole);
        let from = RECORDS + self.end;
        let to = from + octets.len();
        if to > self.map.len() {
            self.file.set_len((to as u64).next_power_of_two()).map_err(failed("extending"))?;
            self.file.sync_all().map_err(failed("syncing"))?;
            self.map = map(&self.file)?;
        }
        self.map[from..to].copy_from_slice(&octets);
        let end = self.end + octets.len();
        if storing != Storing::MappedHeadEarly && storing != Storing::MappedAtOnce {
            self.map.flush_range(from, octets.len()).map_err(failed("syncing"))?;
        }
        self.map[..8].copy_from_slice(&(end as u64).to_le_bytes());
        if storing == Storing::MappedHeadEarly {
            std::thread::sleep(rest);
            self.map.flush_range(from, octets.len()).map_err(failed("syncing"))?;
        }
        match storing {
            Storing::MappedAtOnce => self.map.flush(),
            _ => self.map.flush_range(0, 8),
        }
        .map_err(failed("syncing"))?;
        self.end = end;
        Ok(())
    }
}

/// The file in memory. It is read first: an error of the disk is one of the system's then, and no signal later.
fn map(file: &File) -> Result<MmapMut, String> {
    let mut whole = file.try_clone().map_err(failed("reading"))?;
    std::io::Seek::rewind(&mut whole).map_err(failed("reading"))?;
    let mut octets = Vec::new();
    whole.read_to_end(&mut octets).map_err(failed("reading"))?;
    // SAFETY: the store's lock keeps every other process of this store out as long as the mapping is, and this one has
    // no second mapping and no writer of the file; nobody makes it shorter.
    unsafe { MmapMut::map_mut(file) }.map_err(failed("mapping"))
}
