//! A disk as a file system of the kernel's: each request is met by the fault in force, does what it asks for, and is
//! recorded.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, TimeOrNow, WriteFlags,
};

use super::content::Content;
use super::fault::{Fault, Request};
use super::live::Live;
use super::tree::Node;

/// How long the kernel may remember what it was told: nobody else changes anything.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Every file is this old.
const BORN: SystemTime = UNIX_EPOCH;

/// What the kernel's requests and whoever mounted the disk share.
#[derive(Debug)]
pub(super) struct Shared {
    live: Mutex<Live>,
    changed: Condvar,
}

impl Shared {
    pub(super) fn new(live: Live) -> Self {
        Self { live: Mutex::new(live), changed: Condvar::new() }
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something changed that somebody may wait for.
    pub(super) fn tell(&self) {
        self.changed.notify_all();
    }

    /// Waits until a request was hit, or it is over.
    pub(super) fn wait_for_hit(&self, over: &AtomicBool) -> bool {
        let live = self.live();
        let waits = |live: &mut Live| live.injector.waits() && !over.load(Ordering::Acquire);
        let live = self.changed.wait_while(live, waits).unwrap_or_else(PoisonError::into_inner);
        !live.injector.hits.is_empty()
    }

    /// The state, once the request has been met by whatever goes wrong.
    fn meet(&self, request: Request, number: INodeNo) -> Result<(MutexGuard<'_, Live>, bool), Errno> {
        let mut live = self.live();
        let Some(fault) = live.meet(request, number.0) else { return Ok((live, false)) };
        self.changed.notify_all();
        if let Some(errno) = fault.errno() {
            if request == Request::Sync {
                live.sync(number.0, true);
            }
            return Err(errno);
        }
        if matches!(fault, Fault::Held | Fault::Hung) {
            live = self.changed.wait_while(live, |live| live.injector.holding).unwrap_or_else(PoisonError::into_inner);
        }
        Ok((live, fault == Fault::Short))
    }
}

/// The file system.
pub(super) struct Served(pub(super) Arc<Shared>);

fn attributes(live: &Live, number: u64) -> Result<FileAttr, Errno> {
    let node = live.tree.node(number).ok_or(Errno::ENOENT)?;
    let (kind, size, perm) = match node {
        Node::File(content) => (FileType::RegularFile, content.size(), 0o644),
        Node::Folder(_) => (FileType::Directory, 0, 0o755),
        Node::Symlink(to) => (FileType::Symlink, to.as_os_str().len() as u64, 0o777),
    };
    Ok(FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: BORN,
        mtime: BORN,
        ctime: BORN,
        crtime: BORN,
        kind,
        perm,
        nlink: live.tree.names_of(number).max(1),
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    })
}

impl Served {
    fn entry(&self, found: Result<u64, Errno>, live: &Live, reply: ReplyEntry) {
        match found.and_then(|number| attributes(live, number)) {
            Ok(attributes) => reply.entry(&REMEMBERED, &attributes, Generation(0)),
            Err(errno) => reply.error(errno),
        }
    }

    fn make(&self, parent: INodeNo, name: &OsStr, node: Node, reply: ReplyEntry) {
        match self.0.meet(Request::Make, parent) {
            Ok((mut live, _)) => {
                let made = live.make(parent.0, name, node);
                self.entry(made, &live, reply);
            }
            Err(errno) => reply.error(errno),
        }
    }
}

fn done(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

impl Filesystem for Served {
    fn lookup(&self, _req: &fuser::Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let live = self.0.live();
        let found = live.lookup(parent.0, name);
        self.entry(found, &live, reply);
    }

    fn getattr(&self, _req: &fuser::Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        match attributes(&self.0.live(), ino.0) {
            Ok(attributes) => reply.attr(&REMEMBERED, &attributes),
            Err(errno) => reply.error(errno),
        }
    }

    fn setattr(
        &self,
        _req: &fuser::Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let resized = size.map_or(Ok(()), |size| {
            let (mut live, _) = self.0.meet(Request::Resize, ino)?;
            live.resize(ino.0, size)
        });
        match resized.and_then(|()| attributes(&self.0.live(), ino.0)) {
            Ok(attributes) => reply.attr(&REMEMBERED, &attributes),
            Err(errno) => reply.error(errno),
        }
    }

    fn readlink(&self, _req: &fuser::Request, ino: INodeNo, reply: ReplyData) {
        match self.0.live().tree.node(ino.0) {
            Some(Node::Symlink(to)) => reply.data(to.as_os_str().as_encoded_bytes()),
            _ => reply.error(Errno::EINVAL),
        }
    }

    fn mknod(
        &self,
        _req: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        self.make(parent, name, Node::File(Content::default()), reply);
    }

    fn mkdir(&self, _req: &fuser::Request, parent: INodeNo, name: &OsStr, _mode: u32, _umask: u32, reply: ReplyEntry) {
        self.make(parent, name, Node::Folder(std::collections::BTreeMap::new()), reply);
    }

    fn symlink(&self, _req: &fuser::Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        self.make(parent, name, Node::Symlink(target.to_path_buf()), reply);
    }

    fn link(&self, _req: &fuser::Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.0.meet(Request::Make, parent) {
            Ok((mut live, _)) => {
                let linked = live.link(ino.0, parent.0, name).map(|()| ino.0);
                self.entry(linked, &live, reply);
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn unlink(&self, _req: &fuser::Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let met = self.0.meet(Request::Unlink, parent);
        done(met.and_then(|(mut live, _)| live.unlink(parent.0, name)), reply);
    }

    fn rmdir(&self, req: &fuser::Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.unlink(req, parent, name, reply);
    }

    fn rename(
        &self,
        _req: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let met = self.0.meet(Request::Rename, parent);
        done(met.and_then(|(mut live, _)| live.rename((parent.0, name), (newparent.0, newname), flags)), reply);
    }

    fn open(&self, _req: &fuser::Request, ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.0.meet(Request::Open, ino) {
            Ok(_) => reply.opened(FileHandle(0), FopenFlags::empty()),
            Err(errno) => reply.error(errno),
        }
    }

    fn create(
        &self,
        _req: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let made = self.0.meet(Request::Make, parent).and_then(|(mut live, _)| {
            let number = live.make(parent.0, name, Node::File(Content::default()))?;
            attributes(&live, number)
        });
        match made {
            Ok(made) => reply.created(&REMEMBERED, &made, Generation(0), FileHandle(0), FopenFlags::empty()),
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        _req: &fuser::Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let met = self.0.meet(Request::Read, ino);
        match met.and_then(|(live, _)| live.read(ino.0, offset, u64::from(size))) {
            Ok(octets) => reply.data(&octets),
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        _req: &fuser::Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.0.meet(Request::Write, ino).and_then(|(mut live, short)| {
            let length = if short { data.len().div_ceil(2) } else { data.len() };
            live.write(ino.0, offset, &data[..length])?;
            Ok(length)
        });
        match written {
            // The kernel sends no more at once than 32 bits can count.
            Ok(length) => reply.written(length as u32),
            Err(errno) => reply.error(errno),
        }
    }

    fn flush(&self, _req: &fuser::Request, _ino: INodeNo, _fh: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _req: &fuser::Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        done(self.0.meet(Request::Sync, ino).map(|(mut live, _)| live.sync(ino.0, false)), reply);
    }

    fn fsyncdir(&self, _req: &fuser::Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        done(self.0.meet(Request::SyncFolder, ino).map(|(mut live, _)| live.sync_folder(ino.0)), reply);
    }

    fn readdir(&self, _req: &fuser::Request, ino: INodeNo, _fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let live = self.0.live();
        let Some(entries) = live.tree.folder(ino.0) else { return reply.error(Errno::ENOTDIR) };
        let own = [(OsStr::new("."), ino.0), (OsStr::new(".."), ino.0)];
        let named = entries.iter().map(|(name, number)| (name.as_os_str(), *number));
        for (nth, (name, number)) in own.into_iter().chain(named).enumerate().skip(offset as usize) {
            let kind = match live.tree.node(number) {
                Some(Node::Folder(_)) => FileType::Directory,
                Some(Node::Symlink(_)) => FileType::Symlink,
                _ => FileType::RegularFile,
            };
            if reply.add(INodeNo(number), nth as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _req: &fuser::Request, _ino: INodeNo, reply: ReplyStatfs) {
        /// Blocks of 4 KiB: 64 GiB, so that nobody thinks the disk full.
        const BLOCKS: u64 = 1 << 24;
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, 1 << 20, 1 << 20, 4096, 255, 4096);
    }

    fn fallocate(
        &self,
        _req: &fuser::Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let met = self.0.meet(Request::Resize, ino);
        done(met.and_then(|(mut live, _)| live.allocate(ino.0, offset, length, mode)), reply);
    }
}
