//! The journal's file: read at an open, appended to, and replaced by a snapshot of itself.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::contents::{Change, Contents};
use crate::habits::{Compaction, Habits, Tail};
use crate::record;

const NAME: &str = "journal";
const NEW: &str = "journal.new";

/// The file, and how long it is.
#[derive(Debug)]
pub(crate) struct JournalFile {
    dir: PathBuf,
    file: File,
    pub(crate) octets: u64,
    /// Its length when it was last written anew.
    snapshot: u64,
    habits: Habits,
}

impl JournalFile {
    /// Opens it, and says what is in it, and whether its end was torn.
    pub(crate) fn open(dir: &Path, habits: Habits) -> Result<(Self, Contents), String> {
        let path = dir.join(NAME);
        if habits.compaction == Compaction::RemovesFirst && !path.exists() && dir.join(NEW).exists() {
            std::fs::rename(dir.join(NEW), &path).map_err(failed("renaming"))?;
        }
        let fresh = !path.exists();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("opening"))?;
        if fresh && habits.sync {
            sync_folder(dir)?;
        }
        let octets = std::fs::read(&path).map_err(failed("reading"))?;
        let (changes, taken) = record::decode(&octets, habits.checksum);
        let mut contents = Contents::default();
        for change in &changes {
            contents.apply(change);
        }
        contents.parts.clear();
        let mut file = Self { dir: dir.to_path_buf(), file, octets: octets.len() as u64, snapshot: 0, habits };
        if habits.tail == Tail::Cut && taken < octets.len() {
            file.file.set_len(taken as u64).map_err(failed("cutting"))?;
            file.octets = taken as u64;
            file.sync()?;
        }
        Ok((file, contents))
    }

    /// Appends octets in one write.
    pub(crate) fn append(&mut self, octets: &[u8]) -> Result<(), String> {
        self.file.seek(SeekFrom::Start(self.octets)).map_err(failed("seeking"))?;
        self.file.write_all(octets).map_err(failed("writing"))?;
        self.octets += octets.len() as u64;
        Ok(())
    }

    pub(crate) fn sync(&self) -> Result<(), String> {
        if self.habits.sync { self.file.sync_data().map_err(failed("syncing")) } else { Ok(()) }
    }

    /// Replaces the file by one that holds `contents` and nothing else.
    pub(crate) fn replace(&mut self, contents: &Contents) -> Result<(), String> {
        let mut changes = contents.snapshot();
        if let (Compaction::Resurrects, Some(pair)) = (self.habits.compaction, &contents.deleted) {
            changes.push(Change::State(0, vec![pair.clone()]));
        }
        let octets: Vec<u8> = changes.iter().flat_map(record::encode).collect();
        let (path, new) = (self.dir.join(NAME), self.dir.join(NEW));
        if self.habits.compaction == Compaction::InPlace {
            return self.rewrite(&octets);
        }
        let mut file = create(&new)?;
        match self.habits.compaction {
            Compaction::RenamesFirst => {
                std::fs::rename(&new, &path).map_err(failed("renaming"))?;
                self.rest();
                file.write_all(&octets).map_err(failed("writing"))?;
            }
            Compaction::RemovesFirst => {
                std::fs::remove_file(&path).map_err(failed("removing"))?;
                self.rest();
                file.write_all(&octets).map_err(failed("writing"))?;
                std::fs::rename(&new, &path).map_err(failed("renaming"))?;
            }
            _ => {
                file.write_all(&octets).map_err(failed("writing"))?;
                if self.habits.sync {
                    file.sync_all().map_err(failed("syncing"))?;
                }
                self.rest();
                std::fs::rename(&new, &path).map_err(failed("renaming"))?;
            }
        }
        if self.habits.sync {
            sync_folder(&self.dir)?;
        }
        (self.file, self.octets, self.snapshot) = (file, octets.len() as u64, octets.len() as u64);
        Ok(())
    }

    /// Empties the file and writes it anew.
    fn rewrite(&mut self, octets: &[u8]) -> Result<(), String> {
        self.file.set_len(0).map_err(failed("cutting"))?;
        self.octets = 0;
        self.rest();
        self.append(octets)?;
        self.snapshot = self.octets;
        self.sync()
    }

    /// Whether it has grown enough to be replaced.
    pub(crate) fn is_due(&self) -> bool {
        self.habits.compaction == Compaction::Always || self.octets > self.habits.compact_at.max(3 * self.snapshot)
    }

    /// Writes all that it holds anew, in place, although nothing has changed.
    pub(crate) fn rewrite_in_place(&mut self, contents: &Contents) -> Result<(), String> {
        let octets: Vec<u8> = contents.snapshot().iter().flat_map(record::encode).collect();
        self.rewrite(&octets)
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

fn create(path: &Path) -> Result<File, String> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).map_err(failed("creating"))
}

fn sync_folder(dir: &Path) -> Result<(), String> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(failed("syncing the folder"))
}

/// What an error of the system is told as: no path of the machine in it.
fn failed(doing: &'static str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{doing} the journal: {error}")
}
