//! What goes wrong with a disk, and when.

use fuser::Errno;
use serde::{Deserialize, Serialize};

/// What a process asks of a disk that may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// An open of a file that is there.
    Open,
    /// A file, folder or link that is made.
    Make,
    Read,
    Write,
    Resize,
    Sync,
    SyncFolder,
    Rename,
    Unlink,
}

impl Request {
    /// Whether it may take room.
    fn grows(self) -> bool {
        matches!(self, Self::Make | Self::Write | Self::Resize)
    }
}

/// How it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// The medium fails.
    Io,
    /// It can be written, but not be read.
    Unreadable,
    /// It takes what is written, but cannot make it last.
    Unsynced,
    /// Nothing that takes room is taken any more.
    Full,
    /// The same by a quota.
    Quota,
    /// The call was interrupted, and may be made again.
    Interrupted,
    /// Half of what should be written is.
    Short,
    /// It takes until it is let go.
    Held,
    /// It takes for ever, and the process is killed meanwhile.
    Hung,
}

impl Fault {
    /// Whether a request of that kind can fail so.
    pub(crate) fn meets(self, request: Request) -> bool {
        match self {
            Self::Io | Self::Held | Self::Hung => true,
            Self::Unreadable => request == Request::Read,
            Self::Unsynced => matches!(request, Request::Sync | Request::SyncFolder),
            Self::Full | Self::Quota => request.grows(),
            // Whatever else is interrupted the kernel itself begins again.
            Self::Interrupted | Self::Short => request == Request::Write,
        }
    }

    pub(super) fn errno(self) -> Option<Errno> {
        match self {
            Self::Io | Self::Unreadable | Self::Unsynced => Some(Errno::EIO),
            Self::Full => Some(Errno::ENOSPC),
            Self::Quota => Some(Errno::EDQUOT),
            Self::Interrupted => Some(Errno::EINTR),
            Self::Short | Self::Held | Self::Hung => None,
        }
    }

    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Io => "fails with EIO",
            Self::Unreadable => "fails with EIO like every read",
            Self::Unsynced => "fails with EIO like every sync",
            Self::Full => "fails with ENOSPC",
            Self::Quota => "fails with EDQUOT",
            Self::Interrupted => "fails with EINTR",
            Self::Short => "writes half",
            Self::Held => "is held up",
            Self::Hung => "hangs until the process is killed",
        }
    }
}

/// A fault and the requests that it meets, counted over all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) fault: Fault,
    /// The first request that may be hit, counted from 0 since the disk was mounted.
    pub(crate) from: u64,
    /// Requests that are hit.
    pub(crate) times: u64,
}

/// A request that was hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Its place among the requests, counted from 0 since the disk was mounted.
    pub(crate) nth: u64,
    /// What it asked for, in words.
    pub(crate) request: String,
}

/// The plan in force, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Injector {
    plan: Option<Plan>,
    /// Requests so far, in order.
    pub(super) met: Vec<Request>,
    /// What the plan in force has hit, in order.
    pub(super) hits: Vec<Hit>,
    /// Whether requests that are held go on being so.
    pub(super) holding: bool,
}

impl Injector {
    /// Whether a plan is in force that has hit nothing yet.
    pub(super) fn waits(&self) -> bool {
        self.plan.is_some() && self.hits.is_empty()
    }

    pub(super) fn set(&mut self, plan: Option<Plan>) {
        // What was hit stays known when a plan is taken back.
        if plan.is_some() {
            self.hits.clear();
        }
        self.plan = plan;
        self.holding = plan.is_some_and(|plan| matches!(plan.fault, Fault::Held | Fault::Hung));
    }

    /// Counts a request; says how it goes wrong, if it does.
    pub(super) fn meet(&mut self, request: Request, about: &str) -> Option<Fault> {
        let nth = self.met.len() as u64;
        self.met.push(request);
        let plan = self.plan?;
        if nth < plan.from || self.hits.len() as u64 >= plan.times || !plan.fault.meets(request) {
            return None;
        }
        self.hits.push(Hit { nth, request: format!("{} of {about}", format!("{request:?}").to_lowercase()) });
        Some(plan.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_the_requests_it_is_for() {
        let mut injector = Injector::default();
        injector.set(Some(Plan { fault: Fault::Full, from: 1, times: 1 }));
        assert_eq!(injector.meet(Request::Write, "a"), None, "too early");
        assert_eq!(injector.meet(Request::Sync, "a"), None, "takes no room");
        assert_eq!(injector.meet(Request::Write, "a"), Some(Fault::Full));
        assert_eq!(injector.meet(Request::Write, "a"), None, "once only");
        assert_eq!(injector.met.len(), 4);
        assert_eq!(injector.hits, [Hit { nth: 2, request: "write of a".to_owned() }]);
    }
}
