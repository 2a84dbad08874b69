//! A mounted disk's state, and what each request does to it and to its recording.

use std::ffi::OsStr;
use std::sync::Arc;

use fuser::Errno;

use super::content::Content;
use super::fault::{Fault, Injector, Request};
use super::record::{Naming, Operation, Recording};
use super::tree::{Node, Tree};

type Done<T> = Result<T, Errno>;

/// The state.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) tree: Tree,
    pub(super) recording: Recording,
    pub(super) injector: Injector,
    next: u64,
}

impl Live {
    pub(super) fn new(start: Tree) -> Self {
        let next = start.numbers().max().unwrap_or(0) + 1;
        let recording = Recording::new(start.clone());
        Self { tree: start, recording, injector: Injector::default(), next }
    }

    fn record(&mut self, operation: Operation) {
        self.recording.operations.push(operation);
    }

    /// Lets the fault in force, if there is one, hit the request.
    pub(super) fn meet(&mut self, request: Request, number: u64) -> Option<Fault> {
        let about = self.name_of(number);
        self.injector.meet(request, &about)
    }

    fn name_of(&self, number: u64) -> String {
        let found = self.tree.walk().into_iter().find(|(_, target)| *target == number);
        found.map_or_else(|| "the folder".to_owned(), |(path, _)| path.display().to_string())
    }

    pub(super) fn lookup(&self, folder: u64, name: &OsStr) -> Done<u64> {
        let entries = self.tree.folder(folder).ok_or(Errno::ENOTDIR)?;
        entries.get(name).copied().ok_or(Errno::ENOENT)
    }

    pub(super) fn make(&mut self, folder: u64, name: &OsStr, node: Node) -> Done<u64> {
        if self.lookup(folder, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        let number = self.next;
        self.next += 1;
        let what = match node {
            Node::File(_) => "create",
            Node::Folder(_) => "create the folder",
            Node::Symlink(_) => "create the symbolic link",
        };
        self.tree.make(number, node.clone());
        self.record(Operation::Make(number, node));
        self.rename_all(what, vec![Naming { folder, name: name.to_owned(), target: Some(number) }]);
        Ok(number)
    }

    pub(super) fn link(&mut self, number: u64, folder: u64, name: &OsStr) -> Done<()> {
        if self.lookup(folder, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.rename_all("link", vec![Naming { folder, name: name.to_owned(), target: Some(number) }]);
        Ok(())
    }

    pub(super) fn unlink(&mut self, folder: u64, name: &OsStr) -> Done<()> {
        let number = self.lookup(folder, name)?;
        if self.tree.folder(number).is_some_and(|entries| !entries.is_empty()) {
            return Err(Errno::ENOTEMPTY);
        }
        self.rename_all("remove", vec![Naming { folder, name: name.to_owned(), target: None }]);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr), flags: fuser::RenameFlags) -> Done<()> {
        let number = self.lookup(from.0, from.1)?;
        let taken = self.lookup(to.0, to.1).ok();
        let exchange = flags.contains(fuser::RenameFlags::RENAME_EXCHANGE);
        if flags.contains(fuser::RenameFlags::RENAME_WHITEOUT) {
            return Err(Errno::EINVAL);
        }
        match taken {
            Some(_) if flags.contains(fuser::RenameFlags::RENAME_NOREPLACE) => return Err(Errno::EEXIST),
            None if exchange => return Err(Errno::ENOENT),
            // Two names of one file: a rename does nothing.
            Some(taken) if taken == number => return Ok(()),
            Some(taken) if !exchange && self.tree.folder(taken).is_some_and(|entries| !entries.is_empty()) => {
                return Err(Errno::ENOTEMPTY);
            }
            _ => {}
        }
        let naming = |(folder, name): (u64, &OsStr), target| Naming { folder, name: name.to_owned(), target };
        let left = if exchange { taken } else { None };
        self.rename_all("rename", vec![naming(from, left), naming(to, Some(number))]);
        Ok(())
    }

    fn rename_all(&mut self, what: &'static str, namings: Vec<Naming>) {
        for naming in &namings {
            self.tree.name(naming.folder, &naming.name, naming.target);
        }
        self.record(Operation::Name(what, namings));
    }

    pub(super) fn read(&self, number: u64, offset: u64, length: u64) -> Done<Vec<u8>> {
        Ok(self.tree.file(number).ok_or(Errno::EISDIR)?.read(offset, length))
    }

    pub(super) fn write(&mut self, file: u64, offset: u64, octets: &[u8]) -> Done<()> {
        self.tree.file_mut(file).ok_or(Errno::EISDIR)?.write(offset, octets);
        self.record(Operation::Write { file, offset, octets: Arc::from(octets) });
        Ok(())
    }

    pub(super) fn resize(&mut self, file: u64, size: u64) -> Done<()> {
        let content = self.tree.file_mut(file).ok_or(Errno::EISDIR)?;
        if content.size() != size {
            content.resize(size);
            self.record(Operation::Resize { file, size });
        }
        Ok(())
    }

    /// Room set aside is what a file has when it is that long; holes take no other form.
    pub(super) fn allocate(&mut self, file: u64, offset: u64, length: u64, mode: i32) -> Done<()> {
        const KEEP_SIZE: i32 = 1;
        const PUNCH_HOLE: i32 = 2;
        const ZERO_RANGE: i32 = 16;
        let size = self.tree.file(file).map(Content::size).ok_or(Errno::EISDIR)?;
        if mode & !(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE) != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        if mode & (PUNCH_HOLE | ZERO_RANGE) != 0 {
            let end = (offset + length).min(size);
            if offset < end {
                self.write(file, offset, &vec![0; (end - offset) as usize])?;
            }
        }
        if mode & KEEP_SIZE == 0 && offset + length > size {
            self.resize(file, offset + length)?;
        }
        Ok(())
    }

    pub(super) fn sync(&mut self, file: u64, failed: bool) {
        self.record(if failed { Operation::SyncFailed(file) } else { Operation::Sync(file) });
    }

    pub(super) fn sync_folder(&mut self, folder: u64) {
        self.record(Operation::SyncFolder(folder));
    }
}
