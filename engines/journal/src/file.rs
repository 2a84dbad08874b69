//! The journal's file: read at an open, and appended to.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::contents::{Change, Contents};
use crate::entries::EntriesFile;
use crate::folder::{self, Moment, failed};
use crate::habits::{Compaction, Failure, Habits, Tail};
use crate::record;
use crate::snapshots;
use crate::sync::{Syncer, Written};

pub(crate) const NAME: &str = "journal";
pub(crate) const NEW: &str = "journal.new";

/// The file, and how long it is.
#[derive(Debug)]
pub(crate) struct JournalFile {
    pub(crate) dir: PathBuf,
    pub(crate) file: File,
    pub(crate) octets: u64,
    /// Its length when it was last written anew.
    pub(crate) snapshot: u64,
    pub(crate) syncer: Syncer,
    pub(crate) habits: Habits,
    entries: Option<EntriesFile>,
    /// The newest of the snapshots, where there are several.
    generation: u64,
}

impl JournalFile {
    /// Opens it, and says what is in it.
    ///
    /// What it finds may have been written by a process that was killed before it synced, and the name be as new. So
    /// both are synced before anyone is told of them. Where a sync failed, the system shows octets that it takes for
    /// written and may never have: only writing them again makes sure.
    pub(crate) fn open(dir: &Path, habits: Habits) -> Result<(Self, Contents), String> {
        let path = dir.join(NAME);
        if habits.compaction == Compaction::RemovesFirst && !path.exists() && dir.join(NEW).exists() {
            std::fs::rename(dir.join(NEW), &path).map_err(failed("renaming"))?;
        }
        let file = folder::open(&path)?;
        let octets = match std::fs::read(&path) {
            Err(_) if habits.failure == Failure::OpensEmpty => Vec::new(),
            octets => octets.map_err(failed("reading"))?,
        };
        let (changes, taken) = record::decode(&octets, habits.checksum);
        let (generation, mut contents) = match habits.compaction {
            Compaction::Alternates => snapshots::load(dir)?,
            _ => (0, applied(&changes)),
        };
        let entries = EntriesFile::open(dir, habits, &changes, &mut contents)?;
        let (syncer, length) = (Syncer::new(habits), left(&octets, taken, habits.tail));
        file.set_len(length).map_err(failed("cutting"))?;
        syncer.settle(&file, &octets[..taken])?;
        let file =
            Self { dir: dir.to_path_buf(), file, octets: length, snapshot: 0, syncer, habits, entries, generation };
        folder::sync(dir, habits, Moment::Open)?;
        Ok((file, contents))
    }

    /// What it holds, read anew, without what a write left behind that failed.
    pub(crate) fn read(&self) -> Result<Contents, String> {
        let mut octets = std::fs::read(self.dir.join(NAME)).map_err(failed("reading"))?;
        octets.truncate(usize::try_from(self.octets).unwrap_or(usize::MAX));
        Ok(applied(&record::decode(&octets, self.habits.checksum).0))
    }

    /// Appends octets in one write.
    pub(crate) fn append(&mut self, octets: &[u8]) -> Result<(), String> {
        self.file.seek(SeekFrom::Start(self.octets)).map_err(failed("seeking"))?;
        if self.habits.failure == Failure::ShortIsWhole {
            let _some = self.file.write(octets).map_err(failed("writing"))?;
        } else {
            self.file.write_all(octets).map_err(failed("writing"))?;
        }
        self.octets += octets.len() as u64;
        Ok(())
    }

    /// Appends an entry to the file of entries.
    pub(crate) fn append_entry(&mut self, entry: &Change) -> Result<(), String> {
        self.entries.as_mut().map_or(Ok(()), |entries| entries.append(entry))
    }

    /// Syncs what was written, as the habits have it.
    pub(crate) fn written(&mut self, written: Written) -> Result<(), String> {
        self.syncer.written(&self.dir, &self.file, written)
    }

    pub(crate) fn before_last(&self) -> Result<(), String> {
        self.syncer.before_last(&self.file)
    }

    /// Takes back what was written behind `octets`.
    pub(crate) fn cut(&mut self, octets: u64) -> Result<(), String> {
        self.octets = octets;
        self.file.set_len(octets).map_err(failed("cutting"))?;
        self.syncer.sync(&self.file)
    }

    /// Writes the next of the snapshots that take turns.
    pub(crate) fn alternate(&mut self, contents: &Contents) -> Result<(), String> {
        snapshots::save(&self.dir, self.generation + 1, contents, self.habits)?;
        self.generation += 1;
        Ok(())
    }

    /// Notes that the store was closed in good order.
    pub(crate) fn note_clean(&self) {
        // Without the note the next open takes the store for one that crashed, which is no mistake.
        let _ = File::create(self.dir.join("clean"));
    }

    /// Lets some time pass in which a crash can strike.
    pub(crate) fn rest(&self) {
        if !self.habits.rest.is_zero() {
            std::thread::sleep(self.habits.rest);
        }
    }
}

/// What changes make of nothing.
fn applied(changes: &[Change]) -> Contents {
    let mut contents = Contents::default();
    changes.iter().for_each(|change| contents.apply(change));
    contents.parts.clear();
    contents
}

/// How much of a file stays of which so many octets count.
fn left(octets: &[u8], taken: usize, tail: Tail) -> u64 {
    let zeros = octets[taken..].iter().take(8).all(|octet| *octet == 0);
    match tail {
        Tail::Cut => taken as u64,
        Tail::ZerosKept if !zeros => taken as u64,
        Tail::Kept | Tail::ZerosKept => octets.len() as u64,
    }
}
