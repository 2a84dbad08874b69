//! The batch log's entries in a file of their own: written, and synced, before State is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use crate::contents::{Change, Contents, Pair};
use crate::folder::{self, failed};
use crate::habits::{Checksum, Entries, Habits};
use crate::record;
use crate::sync::Syncer;

const NAME: &str = "entries";

/// The file, and how long it is.
#[derive(Debug)]
pub(crate) struct EntriesFile {
    file: File,
    octets: u64,
    synced: bool,
}

impl EntriesFile {
    /// Opens it where the habits have one, and adds to `contents` the entries of the writes that State knows of.
    pub(crate) fn open(
        dir: &Path,
        habits: Habits,
        changes: &[Change],
        contents: &mut Contents,
    ) -> Result<Option<Self>, String> {
        if !matches!(habits.entries, Entries::OwnFile | Entries::OwnFileUnsynced) {
            return Ok(None);
        }
        let path = dir.join(NAME);
        let file = folder::open(&path)?;
        let octets = std::fs::read(&path).map_err(failed("reading"))?;
        let (entries, taken) = record::decode(&octets, Checksum::Whole);
        let known: BTreeSet<u64> = changes.iter().filter_map(written).collect();
        let pruned = changes.iter().filter_map(cutoff).max().unwrap_or(0);
        let entries = entries.into_iter().filter_map(entry);
        let kept: BTreeMap<u64, Vec<Pair>> =
            entries.filter(|(number, _)| *number >= pruned && known.contains(number)).collect();
        contents.log.extend(kept);
        file.set_len(taken as u64).map_err(failed("cutting"))?;
        let synced = habits.entries == Entries::OwnFile;
        if synced {
            Syncer::new(habits).settle(&file, &octets[..taken])?;
        }
        Ok(Some(Self { file, octets: taken as u64, synced }))
    }

    /// Appends an entry.
    pub(crate) fn append(&mut self, entry: &Change) -> Result<(), String> {
        let octets = record::encode(entry, Checksum::Whole);
        self.file.seek(SeekFrom::Start(self.octets)).map_err(failed("seeking"))?;
        self.file.write_all(&octets).map_err(failed("writing"))?;
        self.octets += octets.len() as u64;
        if self.synced { self.file.sync_data().map_err(failed("syncing")) } else { Ok(()) }
    }
}

fn written(change: &Change) -> Option<u64> {
    if let Change::State(number, _) = change { Some(*number) } else { None }
}

fn cutoff(change: &Change) -> Option<u64> {
    if let Change::Prune(cutoff) = change { Some(*cutoff) } else { None }
}

fn entry(change: Change) -> Option<(u64, Vec<Pair>)> {
    if let Change::Entry(number, pairs) = change { Some((number, pairs)) } else { None }
}
