//! What a disk was told, in order: the recording that a power failure is made of.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use super::tree::{Node, ROOT, Tree};

/// A name in a folder, given to something or taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Naming {
    pub(super) folder: u64,
    pub(super) name: OsString,
    pub(super) target: Option<u64>,
}

/// One thing that a disk was told. Numbers are those of files and folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    /// Something new, without a name so far.
    Make(u64, Node),
    /// Names that change together, and what that is to be called.
    Name(&'static str, Vec<Naming>),
    Write {
        file: u64,
        offset: u64,
        octets: Arc<[u8]>,
    },
    Resize {
        file: u64,
        size: u64,
    },
    /// All that was written to the file is safe.
    Sync(u64),
    /// It could not be made safe, and will never be: the system has let go of it.
    SyncFailed(u64),
    /// All names in the folder are safe.
    SyncFolder(u64),
}

/// A disk's start and what it was told since.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(super) start: Tree,
    pub(super) operations: Vec<Operation>,
}

impl Recording {
    pub(super) fn new(start: Tree) -> Self {
        Self { start, operations: Vec::new() }
    }

    /// How many operations there are.
    pub(crate) fn len(&self) -> usize {
        self.operations.len()
    }

    /// The places just before and just after each sync, and just after each change of names: where what a store relies
    /// on is decided.
    pub(crate) fn sync_points(&self) -> Vec<usize> {
        let mut points = Vec::new();
        for (nth, operation) in self.operations.iter().enumerate() {
            match operation {
                Operation::Sync(_) | Operation::SyncFailed(_) | Operation::SyncFolder(_) => {
                    points.extend([nth, nth + 1]);
                }
                Operation::Name(..) => points.push(nth + 1),
                _ => {}
            }
        }
        points.dedup();
        points
    }

    /// The `count` operations before `at`, in words, the last of them last.
    pub(crate) fn told(&self, at: usize, count: usize) -> Vec<String> {
        let mut names = BTreeMap::from([(ROOT, "the folder".to_owned())]);
        for (path, number) in self.start.walk() {
            names.insert(number, path.display().to_string());
        }
        let mut lines = Vec::new();
        for (nth, operation) in self.operations[..at.min(self.operations.len())].iter().enumerate() {
            if let Operation::Name(_, namings) = operation {
                for naming in namings {
                    if let Some(target) = naming.target {
                        names.insert(target, naming.name.to_string_lossy().into_owned());
                    }
                }
            }
            if nth + count >= at
                && let Some(line) = (Told { operation, names: &names }).line()
            {
                lines.push(format!("{:>4} {line}", nth + 1));
            }
        }
        lines
    }
}

/// An operation with the names that its numbers had last.
struct Told<'a> {
    operation: &'a Operation,
    names: &'a BTreeMap<u64, String>,
}

impl Told<'_> {
    fn name(&self, number: u64) -> String {
        self.names.get(&number).cloned().unwrap_or_else(|| format!("file {number}"))
    }

    /// None for what can be seen from the next.
    fn line(&self) -> Option<String> {
        Some(match self.operation {
            Operation::Make(..) => return None,
            Operation::Name(what, namings) => {
                let names: Vec<String> =
                    namings.iter().map(|naming| naming.name.to_string_lossy().into_owned()).collect();
                format!("{what} {}", names.join(" to "))
            }
            Operation::Write { file, offset, octets } => {
                format!("write {} octets at {offset} of {}", octets.len(), self.name(*file))
            }
            Operation::Resize { file, size } => format!("resize {} to {size}", self.name(*file)),
            Operation::Sync(file) => format!("sync {}", self.name(*file)),
            Operation::SyncFailed(file) => format!("sync {} failed", self.name(*file)),
            Operation::SyncFolder(folder) => format!("sync {}", self.name(*folder)),
        })
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.told(self.len(), self.len()) {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
