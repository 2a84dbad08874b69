//! Recording: the clock that all clients share, and the recorder that each has of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::Recorded;
use crate::call::{Call, Outcome};

/// The counter that orders calls, and the instant from which nanoseconds are counted.
#[derive(Debug)]
pub struct Clock {
    ticks: AtomicU64,
    began: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self { ticks: AtomicU64::new(0), began: Instant::now() }
    }
}

impl Clock {
    /// The tick of a call that begins now.
    fn call(&self) -> u64 {
        self.ticks.load(Ordering::Acquire)
    }

    /// The tick of a call that returns now, and of no other.
    fn ret(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::AcqRel)
    }

    fn ns(&self) -> u64 {
        // 584 years of nanoseconds fit.
        self.began.elapsed().as_nanos() as u64
    }
}

/// Writes down the calls of one client. It shares nothing with other clients but the clock.
#[derive(Debug)]
pub struct Recorder {
    clock: Arc<Clock>,
    client: u32,
    calls: Vec<Recorded>,
}

impl Recorder {
    /// A recorder for `client`.
    #[must_use]
    pub fn new(clock: Arc<Clock>, client: u32) -> Self {
        Self { clock, client, calls: Vec::new() }
    }

    /// Makes a call by `perform` and writes it down; its place among the calls that are not yet taken.
    pub fn record(&mut self, request: Call, perform: impl FnOnce(&Call) -> Outcome) -> usize {
        let call = self.clock.call();
        // Between the ticks, so that a call that comes before another also does so in nanoseconds.
        let began = self.clock.ns();
        let outcome = perform(&request);
        let ns = [began, self.clock.ns()];
        let ret = self.clock.ret();
        let index = self.calls.len();
        self.calls.push(Recorded { client: self.client, call, ret: Some(ret), ns, request, outcome });
        index
    }

    /// What became of the call at that place.
    ///
    /// # Panics
    /// When it was taken, or never made.
    #[must_use]
    pub fn outcome(&self, index: usize) -> &Outcome {
        &self.calls[index].outcome
    }

    /// How many calls are written down and not yet taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes the calls written down so far, in their order, and makes room for as many.
    pub fn take(&mut self) -> Vec<Recorded> {
        let room = Vec::with_capacity(self.calls.len());
        std::mem::replace(&mut self.calls, room)
    }
}

/// Calls of several clients in the order in which they began, as a checker takes them. Each client's are in order
/// already, and no call that is still to come may have begun before one of these.
#[must_use]
pub fn merged(clients: Vec<Vec<Recorded>>) -> Vec<Recorded> {
    let mut all: Vec<Recorded> = clients.into_iter().flatten().collect();
    // A stable sort finds the runs that are in order, and merges them.
    all.sort_by_key(|recorded| recorded.call);
    all
}
