//! Files and folders, as a mounted disk shows them and as a power failure leaves them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::content::Content;

/// The number of the topmost folder.
pub(super) const ROOT: u64 = 1;

/// What a number stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    File(Content),
    Folder(BTreeMap<OsString, u64>),
    /// A symbolic link to this path.
    Symlink(PathBuf),
}

/// Everything on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    nodes: BTreeMap<u64, Node>,
}

impl Tree {
    /// An empty disk.
    pub(super) fn empty() -> Self {
        Self { nodes: BTreeMap::from([(ROOT, Node::Folder(BTreeMap::new()))]) }
    }

    pub(super) fn node(&self, number: u64) -> Option<&Node> {
        self.nodes.get(&number)
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.nodes.keys().copied()
    }

    /// The entries of a folder; none if it is no folder.
    pub(super) fn folder(&self, number: u64) -> Option<&BTreeMap<OsString, u64>> {
        match self.nodes.get(&number) {
            Some(Node::Folder(entries)) => Some(entries),
            _ => None,
        }
    }

    pub(super) fn file(&self, number: u64) -> Option<&Content> {
        match self.nodes.get(&number) {
            Some(Node::File(content)) => Some(content),
            _ => None,
        }
    }

    /// A file to change; made empty if there is none of that number.
    pub(super) fn file_mut(&mut self, number: u64) -> Option<&mut Content> {
        match self.nodes.get_mut(&number) {
            Some(Node::File(content)) => Some(content),
            _ => None,
        }
    }

    pub(super) fn make(&mut self, number: u64, node: Node) {
        self.nodes.insert(number, node);
    }

    /// Gives `name` in `folder` to `target`, or to nothing.
    pub(super) fn name(&mut self, folder: u64, name: &OsStr, target: Option<u64>) {
        if let Some(Node::Folder(entries)) = self.nodes.get_mut(&folder) {
            match target {
                Some(target) => entries.insert(name.to_owned(), target),
                None => entries.remove(name),
            };
        }
    }

    /// How many names stand for `number`.
    pub(super) fn names_of(&self, number: u64) -> u32 {
        let entries = self.nodes.values().filter_map(|node| match node {
            Node::Folder(entries) => Some(entries),
            _ => None,
        });
        entries.flat_map(BTreeMap::values).filter(|target| **target == number).count() as u32
    }

    /// All that has a name, folders before what is in them.
    pub(super) fn walk(&self) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        let mut folders = vec![(PathBuf::new(), ROOT)];
        while let Some((path, number)) = folders.pop() {
            for (name, target) in self.folder(number).into_iter().flatten() {
                let path = path.join(name);
                found.push((path.clone(), *target));
                // A folder that a lost rename left in itself is not gone into for ever.
                if self.folder(*target).is_some() && found.len() < 100_000 {
                    folders.push((path, *target));
                }
            }
        }
        found
    }
}
