//! Where stores live during a run: in memory when the machine has a memory-backed folder with room, on disk otherwise.
//!
//! A run holds a lock in its folder as long as it lives. One that was killed leaves its folder behind, with whatever was
//! mounted in it: the next run finds the lock free and clears it away.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::STORE_FOLDER;

/// The room that a memory-backed folder must have.
const ROOM_MIN: u64 = 1 << 30;

/// The file whose lock says that a run lives.
const OWNER: &str = "owner";

/// The environment variable with the folder in which stores are put; without it they are put where there is memory.
const SCRATCH_ENV: &str = "STORECHECK_SCRATCH";

/// The scratch folder of one run. It goes with the run, unless it is to be kept.
pub(super) struct Scratch {
    folder: TempDir,
    _owner: Option<File>,
    in_memory: bool,
    keep: bool,
}

impl Scratch {
    pub(super) fn new(keep: bool) -> io::Result<Self> {
        let chosen = std::env::var_os(SCRATCH_ENV).map(PathBuf::from);
        let place = chosen.clone().unwrap_or_else(std::env::temp_dir);
        clear_left_behind(&place);
        let mut builder = tempfile::Builder::new();
        builder.prefix(STORE_FOLDER).disable_cleanup(keep);
        // A store that is to be kept should outlive a reboot of the machine.
        if let Some(memory) = memory_folder().filter(|_| !keep && chosen.is_none()) {
            clear_left_behind(&memory);
            if let Ok(folder) = builder.tempdir_in(memory) {
                return Ok(Self { _owner: own(folder.path()), folder, in_memory: true, keep });
            }
        }
        let folder = builder.tempdir_in(place)?;
        // What is kept belongs to nobody.
        let owner = if keep { None } else { own(folder.path()) };
        Ok(Self { folder, _owner: owner, in_memory: false, keep })
    }

    /// Removes it now: who holds it may never be dropped.
    pub(super) fn remove(&self) {
        if !self.keep {
            clear(self.path());
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn in_memory(&self) -> bool {
        self.in_memory
    }

    /// An empty folder for one store.
    pub(super) fn store(&self, name: &str) -> io::Result<PathBuf> {
        let dir = self.folder.path().join(name);
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// The store is not needed any more.
    pub(super) fn done(&self, dir: &Path) {
        if !self.keep {
            // What cannot be removed now goes with the whole folder.
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Takes the lock of a folder of our own. A system without locks has nothing cleared away.
fn own(folder: &Path) -> Option<File> {
    // It gets its name once it is locked, so that nobody takes a folder that has just been made for one left behind.
    let new = folder.join("owner.new");
    let file = File::create(&new).ok()?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).ok()?;
    std::fs::rename(new, folder.join(OWNER)).ok()?;
    Some(file)
}

/// Clears away what runs that were killed left in `parent`.
fn clear_left_behind(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().as_encoded_bytes().starts_with(STORE_FOLDER.as_bytes()) {
            continue;
        }
        let Ok(owner) = File::open(entry.path().join(OWNER)) else { continue };
        if rustix::fs::flock(&owner, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok() {
            clear(&entry.path());
        }
    }
}

/// Unmounts what is mounted in a folder and removes it.
fn clear(folder: &Path) {
    #[cfg(all(feature = "powerloss", target_os = "linux"))]
    crate::disk::unmount_below(folder);
    // What another user left, or holds on to, stays.
    let _ = std::fs::remove_dir_all(folder);
}

#[cfg(target_os = "linux")]
fn memory_folder() -> Option<PathBuf> {
    /// What the kernel calls a memory-backed file system.
    const TMPFS: u64 = 0x0102_1994;
    let folder = PathBuf::from("/dev/shm");
    let system = rustix::fs::statfs(&folder).ok()?;
    let kind = u64::try_from(system.f_type).ok()?;
    let room = u64::try_from(system.f_bsize).ok()?.saturating_mul(system.f_bavail);
    (kind == TMPFS && room >= ROOM_MIN).then_some(folder)
}

#[cfg(not(target_os = "linux"))]
fn memory_folder() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_of_the_dead_are_cleared() {
        let parent = tempfile::tempdir().expect("a folder");
        let make = |name: &str| {
            let folder = parent.path().join(format!("{STORE_FOLDER}{name}"));
            std::fs::create_dir(&folder).expect("a folder");
            folder
        };
        let (living, dead, new, other) = (make("living"), make("dead"), make("new"), parent.path().join("other"));
        let _lives = own(&living);
        drop(own(&dead));
        std::fs::create_dir(&other).expect("a folder");
        clear_left_behind(parent.path());
        assert_eq!([living, dead, new, other].map(|folder| folder.exists()), [true, false, true, true]);
    }
}
