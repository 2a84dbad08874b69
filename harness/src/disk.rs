//! A disk that forgets: a file system over FUSE that keeps everything in memory, records what it was told, and makes
//! of the recording what a power failure may leave. It also fails on request.
//!
//! `tree` and `content` are files and folders; `live` does what requests ask for and records it; `serve` takes them
//! from the kernel; `fault` is what goes wrong and when; `flusher` has stores through mappings written back; `record` is the recording, `image` a disk made of it;
//! `mounts` looks after what is mounted.
//!
//! No thread of the process that mounts a disk may touch it: a process that is killed while one of its threads waits
//! for another of them never ends.

mod content;
mod fault;
mod flusher;
mod image;
mod live;
mod mounts;
mod record;
mod serve;
#[cfg(test)]
mod tests;
mod tree;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(crate) use fault::{Fault, Hit, Plan, Request};
pub(crate) use flusher::{Flusher, is_flusher, serve as serve_flusher};
pub(crate) use image::{DATA, Data, Image, Names, Survival};
pub(crate) use mounts::unmount_below;
pub(crate) use record::Recording;

use live::Live;
use serve::{Served, Shared};
use tree::Tree;

/// Requests that are served at once: those that are held up must not hold up the rest.
const THREADS: usize = 3;

/// A mounted disk. Dropping it unmounts it.
pub(crate) struct Disk {
    shared: Arc<Shared>,
    at: PathBuf,
    session: Option<fuser::BackgroundSession>,
}

impl Disk {
    /// Mounts a disk on an empty folder; it holds what `start` does.
    ///
    /// # Errors
    /// When this machine, or this user, cannot mount one.
    pub(crate) fn mount(at: &Path, start: Option<&Image>) -> io::Result<Self> {
        let tree = start.map_or_else(Tree::empty, |image| image.tree.clone());
        let shared = Arc::new(Shared::new(Live::new(tree)));
        let mut config = fuser::Config::default();
        config.mount_options = vec![fuser::MountOption::FSName("storecheck".to_owned())];
        config.n_threads = Some(THREADS);
        let session = fuser::spawn_mount(Served(Arc::clone(&shared)), at, &config)?;
        Ok(Self { shared, at: at.to_path_buf(), session: Some(session) })
    }

    /// How many operations were recorded so far.
    pub(crate) fn position(&self) -> usize {
        self.shared.live().recording.len()
    }

    /// What was recorded so far.
    pub(crate) fn recording(&self) -> Recording {
        self.shared.live().recording.clone()
    }

    /// Has the disk fail from now on as planned, or no more. What is held up goes on.
    pub(crate) fn fail(&self, plan: Option<Plan>) {
        self.shared.live().injector.set(plan);
        self.shared.tell();
    }

    /// How many requests the plan in force has hit.
    pub(crate) fn hits(&self) -> usize {
        self.shared.live().injector.hits.len()
    }

    /// The requests that the plan in force has hit, in order, without the first `after` of them.
    pub(crate) fn hit_after(&self, after: usize) -> Vec<Hit> {
        self.shared.live().injector.hits.iter().skip(after).cloned().collect()
    }

    /// The requests so far that a plan may hit, in order.
    pub(crate) fn met(&self) -> Vec<Request> {
        self.shared.live().injector.met.clone()
    }

    /// Waits until the plan in force has hit a request, which it says, or it is `over` or the plan taken back.
    pub(crate) fn wait_for_hit(&self, over: &AtomicBool) -> bool {
        self.shared.wait_for_hit(over)
    }

    /// Whoever waits looks again.
    pub(crate) fn wake(&self) {
        let _live = self.shared.live();
        self.shared.tell();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.fail(None);
        mounts::unmount(&self.at);
        // The thread that serves ends with the mount, once nobody uses it any more; nobody waits for that.
        drop(self.session.take());
    }
}

/// Why no disk can be mounted here, if none can.
pub(crate) fn unavailable(scratch: &Path) -> Option<String> {
    let at = match tempfile::tempdir_in(scratch) {
        Ok(at) => at,
        Err(error) => return Some(error.to_string()),
    };
    match Disk::mount(at.path(), None) {
        Ok(disk) => {
            drop(disk);
            None
        }
        Err(error) => Some(format!("no FUSE file system can be mounted: {}", error.to_string().trim())),
    }
}
