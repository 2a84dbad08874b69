//! Two files by turns, each the whole store: the older one is written anew while the newer one stays.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::contents::{Change, Contents};
use crate::folder::{self, Moment, failed};
use crate::habits::{Checksum, Habits};
use crate::record;
use crate::sync::Syncer;

/// The newest snapshot that is whole, and which it is; none is generation 0.
pub(crate) fn load(dir: &Path) -> Result<(u64, Contents), String> {
    let mut newest = (0, Contents::default());
    for generation in [0, 1] {
        let octets = match std::fs::read(path(dir, generation)) {
            Ok(octets) => octets,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed("reading")(error)),
        };
        let (changes, taken) = record::decode(&octets, Checksum::Whole);
        // It begins and ends with its generation; without the end it was torn.
        let whole = taken == octets.len() && changes.len() > 1 && changes.first() == changes.last();
        if let Some(Change::Generation(generation)) = changes.first().filter(|_| whole)
            && *generation > newest.0
        {
            let mut contents = Contents::default();
            changes.iter().for_each(|change| contents.apply(change));
            newest = (*generation, contents);
        }
    }
    Ok(newest)
}

/// Writes a snapshot over the older one.
pub(crate) fn save(dir: &Path, generation: u64, contents: &Contents, habits: Habits) -> Result<(), String> {
    let mut changes = contents.snapshot();
    changes.insert(0, Change::Generation(generation));
    changes.push(Change::Generation(generation));
    let path = path(dir, generation);
    let fresh = !path.exists();
    let mut file = folder::create(&path)?;
    file.write_all(&record::encode_all(&changes, Checksum::Whole)).map_err(failed("writing"))?;
    Syncer::new(habits).sync(&file)?;
    if fresh { folder::sync(dir, habits, Moment::Rename) } else { Ok(()) }
}

fn path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("snapshot.{}", generation % 2))
}
