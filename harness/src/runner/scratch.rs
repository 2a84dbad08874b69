//! Where stores live during a run: in memory when the machine has a memory-backed folder with room, on disk otherwise.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::STORE_FOLDER;

/// The room that a memory-backed folder must have.
const ROOM_MIN: u64 = 1 << 30;

/// The scratch folder of one run. It goes with the run, unless it is to be kept.
pub(super) struct Scratch {
    folder: TempDir,
    in_memory: bool,
    keep: bool,
}

impl Scratch {
    pub(super) fn new(keep: bool) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(STORE_FOLDER).disable_cleanup(keep);
        // A store that is to be kept should outlive a reboot of the machine.
        if let Some(memory) = memory_folder().filter(|_| !keep)
            && let Ok(folder) = builder.tempdir_in(memory)
        {
            return Ok(Self { folder, in_memory: true, keep });
        }
        Ok(Self { folder: builder.tempdir()?, in_memory: false, keep })
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
