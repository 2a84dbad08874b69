//! The names in a store's folder, and what its errors are told as.

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::habits::{Folder, Habits, Syncing};

/// At which moment the folder is to be synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Open,
    Rename,
}

/// Makes the names last, as the habits have it.
pub(crate) fn sync(dir: &Path, habits: Habits, moment: Moment) -> Result<(), String> {
    let folder = match (habits.folder, moment) {
        _ if habits.sync == Syncing::Never => return Ok(()),
        (Folder::NotAtOpen, Moment::Open) | (Folder::NotAfterRename, Moment::Rename) => return Ok(()),
        (Folder::Above, _) => dir.join(".."),
        _ => dir.to_path_buf(),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("syncing the folder of"))
}

/// An empty file.
pub(crate) fn create(path: &Path) -> Result<File, String> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).map_err(failed("creating"))
}

/// The file as it is, made if there is none.
pub(crate) fn open(path: &Path) -> Result<File, String> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed("opening"))
}

/// What an error of the system is told as: no path of the machine in it.
pub(crate) fn failed(doing: &'static str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{doing} the journal: {error}")
}
