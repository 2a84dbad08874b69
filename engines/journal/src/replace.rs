//! How the journal's file is replaced by a snapshot of itself.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::contents::{Change, Contents};
use crate::file::{JournalFile, NAME, NEW};
use crate::folder::{self, Moment, create, failed};
use crate::habits::{Compaction, Failure, Syncing};
use crate::record;

impl JournalFile {
    /// Replaces the file by one that holds `contents` and nothing else.
    pub(crate) fn replace(&mut self, contents: &Contents) -> Result<(), String> {
        let mut changes = contents.snapshot();
        if let (Compaction::Resurrects, Some(pair)) = (self.habits.compaction, &contents.deleted) {
            changes.push(Change::State(0, vec![pair.clone()]));
        }
        let octets = record::encode_all(&changes, self.habits.checksum);
        if self.habits.compaction == Compaction::InPlace {
            return self.rewrite(&octets);
        }
        let (path, new) = (self.dir.join(NAME), self.dir.join(NEW));
        let file = self.write_new(&path, &new, &octets)?;
        if self.habits.compaction != Compaction::EmptiesOld {
            folder::sync(&self.dir, self.habits, Moment::Rename)?;
        }
        let old = std::mem::replace(&mut self.file, file);
        (self.octets, self.snapshot) = (octets.len() as u64, octets.len() as u64);
        self.replaced(&old)
    }

    /// Writes the new file and renames it.
    fn write_new(&self, path: &Path, new: &Path, octets: &[u8]) -> Result<File, String> {
        let mut file = create(new)?;
        match self.habits.compaction {
            Compaction::RenamesFirst => {
                std::fs::rename(new, path).map_err(failed("renaming"))?;
                self.rest();
                file.write_all(octets).map_err(failed("writing"))?;
            }
            Compaction::RemovesFirst => {
                std::fs::remove_file(path).map_err(failed("removing"))?;
                self.rest();
                file.write_all(octets).map_err(failed("writing"))?;
                std::fs::rename(new, path).map_err(failed("renaming"))?;
            }
            _ => {
                let written = self.fill(&mut file, octets);
                if self.habits.failure != Failure::ReplacesAnyway {
                    written?;
                }
                self.rest();
                let renamed = std::fs::rename(new, path).map_err(failed("renaming"));
                if self.habits.failure != Failure::RenameIgnored {
                    renamed?;
                }
            }
        }
        Ok(file)
    }

    fn fill(&self, file: &mut File, octets: &[u8]) -> Result<(), String> {
        file.write_all(octets).map_err(failed("writing"))?;
        match (self.habits.compaction, self.habits.sync) {
            (Compaction::Unsynced | Compaction::AlwaysUnsynced | Compaction::SyncsLate, _) | (_, Syncing::Never) => {
                Ok(())
            }
            _ => self.syncer.sync(file),
        }
    }

    /// What there is to do once the new file has the old one's name.
    fn replaced(&self, old: &File) -> Result<(), String> {
        match self.habits.compaction {
            Compaction::SyncsLate => {
                self.rest();
                self.syncer.sync(&self.file)
            }
            Compaction::EmptiesOld => {
                old.set_len(0).map_err(failed("cutting"))?;
                self.syncer.sync(old)
            }
            _ => Ok(()),
        }
    }

    /// Empties the file and writes it anew.
    fn rewrite(&mut self, octets: &[u8]) -> Result<(), String> {
        self.file.set_len(0).map_err(failed("cutting"))?;
        self.octets = 0;
        self.rest();
        self.append(octets)?;
        self.snapshot = self.octets;
        self.syncer.sync(&self.file)
    }

    /// Whether it has grown enough to be replaced.
    pub(crate) fn is_due(&self) -> bool {
        match self.habits.compaction {
            Compaction::Always | Compaction::AlwaysUnsynced => true,
            Compaction::Alternates => false,
            _ => self.octets > self.habits.compact_at.max(3 * self.snapshot),
        }
    }

    /// Writes all that it holds anew, in place, although nothing has changed.
    pub(crate) fn rewrite_in_place(&mut self, contents: &Contents) -> Result<(), String> {
        self.rewrite(&record::encode_all(&contents.snapshot(), self.habits.checksum))
    }
}
