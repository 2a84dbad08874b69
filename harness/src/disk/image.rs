//! A disk as it may be after the power failed at some place of a recording.
//!
//! What was synced is there. Of everything else some survives, as a [`Survival`] says. A file's octets are safe once
//! the file was synced after they were written; a name is safe by the rule in [`Names`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use super::content::{Content, PAGE};
use super::record::{Operation, Recording};
use super::tree::{Node, Tree};
use crate::scenario::generate::SplitMix;

/// Octets that a disk writes at once.
const SECTOR: u64 = 512;

/// When a name in a folder is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Names {
    /// With the next sync of anything, names before it in order: what journalling file systems do in practice.
    Journal,
    /// Once the folder itself was synced: what POSIX promises.
    Strict,
}

/// What survives of the octets that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Data {
    /// Nothing, and no name either.
    Synced,
    /// All: as when only the process dies.
    Keep,
    /// Nothing; of the names, as many as chance has it.
    Drop,
    /// What was told first, up to some place.
    Prefix,
    /// The same, and the write after it up to a multiple of so many octets.
    Torn(u64),
    /// Of each page one of its versions, whatever the order.
    Reorder,
    /// Of each sector one of its versions, and of each size another.
    Chaos,
}

/// All kinds, by which images are made in turn.
pub(crate) const DATA: [Data; 8] = [
    Data::Synced,
    Data::Drop,
    Data::Prefix,
    Data::Torn(SECTOR),
    Data::Reorder,
    Data::Keep,
    Data::Torn(PAGE),
    Data::Chaos,
];

/// What survives; chance is drawn from the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Survival {
    pub(crate) names: Names,
    pub(crate) data: Data,
    pub(crate) seed: u64,
}

impl Survival {
    /// In words.
    pub(crate) fn words(&self) -> String {
        let data = match self.data {
            Data::Synced => "what was synced is there and nothing else".to_owned(),
            Data::Keep => "all that was not synced is there".to_owned(),
            Data::Drop => "nothing that was not synced is there".to_owned(),
            Data::Prefix => "of what was not synced the first part is there".to_owned(),
            Data::Torn(unit) => {
                format!("of what was not synced the first part is there, its last write torn at {unit} octets")
            }
            Data::Reorder => "of each page that was not synced some version is there".to_owned(),
            Data::Chaos => "of each sector that was not synced some version is there".to_owned(),
        };
        match self.names {
            Names::Journal => data,
            Names::Strict => format!("{data}, names only as their folder was synced"),
        }
    }
}

/// A disk after a power failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(super) tree: Tree,
}

impl Recording {
    /// The disk after the power failed when `at` operations had been told.
    pub(crate) fn image(&self, at: usize, survival: Survival) -> Image {
        let operations = &self.operations[..at.min(self.operations.len())];
        let mut draws = SplitMix::new(survival.seed);
        let safety = Safety::of(operations, survival.names);
        let chosen = Chosen::draw(operations, &safety, survival, &mut draws);
        let mut tree = self.start.clone();
        for (nth, operation) in operations.iter().enumerate() {
            match operation {
                Operation::Make(number, node) => tree.make(*number, node.clone()),
                Operation::Name(_, namings) => {
                    for (which, naming) in namings.iter().enumerate() {
                        if chosen.names.contains(&(nth, which)) {
                            tree.name(naming.folder, &naming.name, naming.target);
                        }
                    }
                }
                _ => {}
            }
        }
        for (file, told) in data_by_file(operations) {
            if let Some(content) = tree.file_mut(file) {
                let pending = told.iter().filter(|nth| safety.pending.contains(nth)).count();
                match survival.data {
                    Data::Reorder if pending > 0 => mix(content, operations, &told, &safety, PAGE, &mut draws),
                    Data::Chaos if pending > 0 => mix(content, operations, &told, &safety, SECTOR, &mut draws),
                    _ => chosen.apply(content, operations, &told),
                }
            }
        }
        Image { tree }
    }
}

/// Which operations are safe at the end, and which are not.
struct Safety {
    /// Writes and sizes that no sync covers.
    pending: BTreeSet<usize>,
    /// Writes and sizes that a failed sync has let go of.
    gone: BTreeSet<usize>,
    /// Names that are safe, and names that are not, each by operation and place in it.
    names: BTreeSet<(usize, usize)>,
    pending_names: Vec<(usize, usize)>,
}

impl Safety {
    fn of(operations: &[Operation], names: Names) -> Self {
        let mut safety =
            Self { pending: BTreeSet::new(), gone: BTreeSet::new(), names: BTreeSet::new(), pending_names: Vec::new() };
        for (nth, operation) in operations.iter().enumerate() {
            match operation {
                Operation::Write { .. } | Operation::Resize { .. } => {
                    safety.pending.insert(nth);
                }
                Operation::Sync(file) | Operation::SyncFailed(file) => {
                    let of: Vec<usize> =
                        safety.pending.iter().copied().filter(|nth| operations[*nth].file() == Some(*file)).collect();
                    for told in of {
                        safety.pending.remove(&told);
                        if matches!(operation, Operation::SyncFailed(_)) {
                            safety.gone.insert(told);
                        }
                    }
                    if names == Names::Journal && matches!(operation, Operation::Sync(_)) {
                        safety.names.extend(safety.pending_names.drain(..));
                    }
                }
                Operation::SyncFolder(folder) => {
                    let (kept, safe) = safety.pending_names.iter().partition(|(told, which)| {
                        names == Names::Strict && operations[*told].folder(*which) != Some(*folder)
                    });
                    safety.pending_names = kept;
                    let safe: Vec<(usize, usize)> = safe;
                    safety.names.extend(safe);
                }
                Operation::Name(_, namings) => {
                    safety.pending_names.extend((0..namings.len()).map(|which| (nth, which)));
                }
                Operation::Make(..) => {}
            }
        }
        safety
    }
}

impl Operation {
    /// The file whose octets or size it changes.
    fn file(&self) -> Option<u64> {
        match self {
            Self::Write { file, .. } | Self::Resize { file, .. } => Some(*file),
            _ => None,
        }
    }

    fn folder(&self, which: usize) -> Option<u64> {
        match self {
            Self::Name(_, namings) => namings.get(which).map(|naming| naming.folder),
            _ => None,
        }
    }

    fn apply(&self, content: &mut Content) {
        match self {
            Self::Write { offset, octets, .. } => content.write(*offset, octets),
            Self::Resize { size, .. } => content.resize(*size),
            _ => {}
        }
    }
}

/// Which operations survive, where that is one choice for all files.
struct Chosen {
    names: BTreeSet<(usize, usize)>,
    data: BTreeSet<usize>,
    /// The write of which only so many octets survive.
    torn: Option<(usize, u64)>,
}

impl Chosen {
    fn draw(operations: &[Operation], safety: &Safety, survival: Survival, draws: &mut SplitMix) -> Self {
        let all: BTreeSet<usize> = (0..operations.len()).filter(|nth| operations[*nth].file().is_some()).collect();
        let safe = || all.iter().copied().filter(|nth| !safety.pending.contains(nth) && !safety.gone.contains(nth));
        let mut chosen = Self { names: safety.names.clone(), data: safe().collect(), torn: None };
        match survival.data {
            Data::Synced => {}
            Data::Keep => {
                chosen.data = all;
                chosen.names.extend(&safety.pending_names);
            }
            Data::Prefix | Data::Torn(_) => {
                let told: BTreeSet<usize> =
                    safety.pending.iter().copied().chain(safety.pending_names.iter().map(|(nth, _)| *nth)).collect();
                let kept = draws.below(told.len() as u64 + 1) as usize;
                let cut = told.iter().nth(kept).copied().unwrap_or(operations.len());
                chosen.data.extend(safety.pending.range(..cut));
                chosen.names.extend(safety.pending_names.iter().filter(|(nth, _)| *nth < cut));
                if let (Data::Torn(unit), Some(Operation::Write { offset, octets, .. })) =
                    (survival.data, operations.get(cut))
                {
                    let units = (offset + octets.len() as u64).div_ceil(unit) - offset / unit;
                    let end = (offset / unit + draws.below(units)) * unit;
                    chosen.torn = Some((cut, end.saturating_sub(*offset)));
                }
            }
            // The names that survive are some of the first in order, none and all as likely as anything between.
            Data::Drop | Data::Reorder | Data::Chaos => {
                let kept = match draws.below(3) {
                    0 => 0,
                    1 => safety.pending_names.len(),
                    _ => draws.below(safety.pending_names.len() as u64 + 1) as usize,
                };
                if survival.names == Names::Strict && draws.below(2) == 0 {
                    // Folders are written on their own: what survives of one says nothing of another.
                    let folder = |name: &(usize, usize)| operations[name.0].folder(name.1);
                    let lucky = safety.pending_names.get(kept).and_then(folder);
                    chosen.names.extend(safety.pending_names.iter().filter(|name| folder(name) == lucky));
                } else {
                    // A change of several names is one step.
                    let last = kept.checked_sub(1).map(|last| safety.pending_names[last].0);
                    chosen.names.extend(safety.pending_names.iter().filter(|(nth, _)| Some(*nth) <= last));
                }
            }
        }
        chosen
    }

    fn apply(&self, content: &mut Content, operations: &[Operation], told: &[usize]) {
        for nth in told {
            if self.data.contains(nth) {
                operations[*nth].apply(content);
            } else if let Some((torn, length)) = self.torn
                && torn == *nth
                && let Operation::Write { offset, octets, .. } = &operations[*nth]
            {
                content.write(*offset, &octets[..(length as usize).min(octets.len())]);
            }
        }
    }
}

/// The writes and sizes of each file, in order.
fn data_by_file(operations: &[Operation]) -> BTreeMap<u64, Vec<usize>> {
    let mut by_file: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (nth, operation) in operations.iter().enumerate() {
        if let Some(file) = operation.file() {
            by_file.entry(file).or_default().push(nth);
        }
    }
    by_file
}

/// Each piece of `unit` octets takes one of its versions since the last sync. With pages the size is the one that the
/// last of what survives makes; with sectors it is any.
fn mix(
    content: &mut Content,
    operations: &[Operation],
    told: &[usize],
    safety: &Safety,
    unit: u64,
    draws: &mut SplitMix,
) {
    let mut versions = vec![content.clone()];
    let mut last = content.clone();
    for nth in told {
        if safety.gone.contains(nth) {
            continue;
        }
        operations[*nth].apply(&mut last);
        if safety.pending.contains(nth) {
            versions.push(last.clone());
        } else {
            // What is safe is in every version.
            for version in &mut versions {
                operations[*nth].apply(version);
            }
        }
    }
    let longest = versions.iter().map(Content::size).max().unwrap_or(0);
    let mut latest = 0;
    let mut mixed = Content::default();
    for piece in 0..longest.div_ceil(unit) {
        let version = draws.below(versions.len() as u64) as usize;
        let octets = versions[version].read(piece * unit, unit);
        if octets != versions[0].read(piece * unit, unit) {
            latest = latest.max(version);
        }
        if octets.iter().any(|octet| *octet != 0) {
            mixed.write(piece * unit, &octets);
        }
    }
    let sized = if unit == PAGE { latest } else { draws.below(versions.len() as u64) as usize };
    mixed.resize(versions[sized].size());
    *content = mixed;
}

impl Image {
    /// A number by which equal images are known.
    pub(crate) fn digest(&self) -> u128 {
        let mut hash = Xxh3::new();
        let mut found = self.tree.walk();
        found.sort();
        for (path, number) in found {
            hash.update(path.as_os_str().as_encoded_bytes());
            match self.tree.node(number) {
                Some(Node::File(content)) => {
                    hash.update(&[1]);
                    hash.update(&content.size().to_le_bytes());
                    for (page, octets) in content.pages() {
                        if octets.iter().any(|octet| *octet != 0) {
                            hash.update(&page.to_le_bytes());
                            hash.update(octets);
                        }
                    }
                }
                Some(Node::Folder(_)) => hash.update(&[2]),
                Some(Node::Symlink(to)) => hash.update(to.as_os_str().as_encoded_bytes()),
                None => {}
            }
        }
        hash.digest128()
    }

    /// Writes the disk into an empty folder.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(crate) fn write_to(&self, folder: &Path) -> io::Result<()> {
        for (path, number) in self.tree.walk() {
            let to = folder.join(path);
            match self.tree.node(number) {
                Some(Node::Folder(_)) => std::fs::create_dir(&to)?,
                Some(Node::Symlink(target)) => std::os::unix::fs::symlink(target, &to)?,
                Some(Node::File(content)) => {
                    let mut file = std::fs::File::create(&to)?;
                    for (page, octets) in content.pages() {
                        file.seek(SeekFrom::Start(page * PAGE))?;
                        file.write_all(octets)?;
                    }
                    file.set_len(content.size())?;
                }
                None => {}
            }
        }
        Ok(())
    }
}
