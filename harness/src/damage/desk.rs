//! Where the clients of one store report every call, before and after, and where whoever kills it waits for the moment.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ledger::{Known, Ledger};
use super::mixes::Aim;
use crate::call::{Action, Call, Outcome, Reply};
use crate::contract::Level;
use crate::finding::Finding;
use crate::judged::TRACE;

/// Something that went wrong before any crash could be blamed.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) finding: Finding,
    pub(super) action: String,
    pub(super) details: String,
}

/// Something that the clients know from one place of a disk's recording on.
#[cfg_attr(
    not(all(feature = "powerloss", target_os = "linux")),
    expect(dead_code, reason = "places are those of a disk's recording")
)]
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A call that changes something was begun.
    Begun(Call),
    /// The write of this ticket was acknowledged under this number.
    Acknowledged(u64, u64),
    /// The prune of this ticket was.
    Pruned(u64),
}

/// The desk itself. `place` says how far a disk's recording is, where there is one.
pub(super) struct Desk<'a> {
    inner: Mutex<Inner>,
    changed: Condvar,
    place: Option<&'a (dyn Fn() -> usize + Sync)>,
}

/// What is left of a desk.
pub(super) struct Closed {
    /// What the clients know in the end.
    pub(super) known: Known,
    /// The first thing that went wrong.
    pub(super) trouble: Option<Trouble>,
    /// The last calls.
    pub(super) trace: Vec<String>,
    /// What became known where.
    #[cfg_attr(
        not(all(feature = "powerloss", target_os = "linux")),
        expect(dead_code, reason = "places are those of a disk's recording")
    )]
    pub(super) events: Vec<(usize, Event)>,
}

struct Inner {
    ledger: Ledger,
    begun: u64,
    clients: usize,
    killed: bool,
    trouble: Option<Trouble>,
    trace: VecDeque<String>,
    events: Vec<(usize, Event)>,
    /// Time of the calls that changed something, and how many they were.
    took: (Duration, u32),
}

/// What was in flight when the process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caught {
    pub(super) write: bool,
    pub(super) prune: bool,
}

impl<'a> Desk<'a> {
    pub(super) fn new(known: Known, clients: usize) -> Self {
        Self::placed(known, clients, None)
    }

    /// A desk at which what is known has a place in a recording.
    pub(super) fn placed(known: Known, clients: usize, place: Option<&'a (dyn Fn() -> usize + Sync)>) -> Self {
        let inner = Inner {
            ledger: Ledger::from(known),
            begun: 0,
            clients,
            killed: false,
            trouble: None,
            trace: VecDeque::new(),
            events: Vec::new(),
            took: (Duration::ZERO, 0),
        };
        Self { inner: Mutex::new(inner), changed: Condvar::new(), place }
    }

    fn note(&self, inner: &mut Inner, event: Event) {
        if let Some(place) = self.place {
            inner.events.push((place(), event));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The highest number acknowledged; none once it is over.
    pub(super) fn highest(&self) -> Option<u64> {
        let inner = self.lock();
        (!inner.killed && inner.trouble.is_none()).then(|| inner.ledger.highest())
    }

    /// A call is about to be made. What it returns ends it.
    pub(super) fn begin(&self, call: &Call) -> (Option<u64>, Instant) {
        let mut inner = self.lock();
        let ticket = inner.ledger.begin(call);
        if ticket.is_some() {
            self.note(&mut inner, Event::Begun(call.clone()));
        }
        inner.begun += 1;
        self.changed.notify_all();
        (ticket, Instant::now())
    }

    /// A call is over.
    pub(super) fn end(&self, call: &Call, (ticket, started): (Option<u64>, Instant), outcome: &Outcome) {
        let took = started.elapsed();
        let mut inner = self.lock();
        if inner.trace.len() == TRACE {
            inner.trace.pop_front();
        }
        inner.trace.push_back(format!("{call} -> {outcome}"));
        let trouble = match (outcome, ticket) {
            (Outcome::Reply(Reply::Sequence(number)), Some(ticket)) => {
                inner.took = (inner.took.0 + took, inner.took.1 + 1);
                self.note(&mut inner, Event::Acknowledged(ticket, number.0));
                let given = inner.ledger.acknowledged(ticket, number.0);
                given.err().map(|floor| issued_twice(number.0, floor))
            }
            (Outcome::Reply(Reply::Removed(_)), Some(ticket)) => {
                self.note(&mut inner, Event::Pruned(ticket));
                inner.ledger.pruned(ticket);
                None
            }
            (Outcome::Reply(Reply::Error(message)), _) => Some(failed(message)),
            (Outcome::Reply(_), _) => None,
            (Outcome::Died(_), _) if inner.killed => None,
            (outcome, _) => Some(no_reply(outcome)),
        };
        if let Some(finding) = trouble {
            let details = match outcome {
                Outcome::Panicked { backtrace, .. } => backtrace.clone(),
                _ => String::new(),
            };
            inner.trouble.get_or_insert(Trouble { finding, action: call.to_string(), details });
        }
        self.changed.notify_all();
    }

    /// A client makes no more calls.
    pub(super) fn leave(&self) {
        self.lock().clients -= 1;
        self.changed.notify_all();
    }

    /// Waits for the moment to kill: `calls` were begun, and for a prune one is in flight; or all clients have left.
    pub(super) fn wait(&self, aim: Aim, calls: u64) {
        let mut inner = self.lock();
        let early = |inner: &Inner| {
            inner.begun < calls || (aim == Aim::Prune && !inner.ledger.in_flight().1) || aim == Aim::Close
        };
        while inner.clients > 0 && inner.trouble.is_none() && early(&inner) {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether clients are still at it.
    pub(super) fn is_busy(&self) -> bool {
        let inner = self.lock();
        inner.clients > 0 && inner.trouble.is_none()
    }

    /// The mean time of a call that changes something.
    pub(super) fn mean(&self) -> Duration {
        let (sum, calls) = self.lock().took;
        if calls == 0 { Duration::from_micros(200) } else { sum / calls }
    }

    /// Kills by `kill`; what comes after is nobody's fault. Returns what was in flight.
    pub(super) fn kill(&self, kill: impl FnOnce()) -> Caught {
        let mut inner = self.lock();
        let (write, prune) = inner.ledger.in_flight();
        inner.killed = true;
        kill();
        Caught { write, prune }
    }

    /// Ends it.
    pub(super) fn close(self) -> Closed {
        let inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        Closed { known: inner.ledger.lost(), trouble: inner.trouble, trace: inner.trace.into(), events: inner.events }
    }
}

fn issued_twice(number: u64, floor: u64) -> Finding {
    let expected = format!("a number that nobody has yet, above {floor}");
    Finding::new(Level::Must, &["DUR-5", "PUT-3"], expected, format!("sequence {number}"))
}

fn failed(message: &str) -> Finding {
    let expected = "no error without a cause from outside";
    Finding::new(Level::Must, &["GEN-12", "GEN-7"], expected, format!("Err({message:?})"))
}

/// What it means that a process gave no reply although nobody killed it.
pub(super) fn no_reply(outcome: &Outcome) -> Finding {
    let (clause, expected) = match outcome {
        Outcome::TimedOut(_) => ("GEN-2", "the call returns in finite time"),
        Outcome::ProtocolError(_) => ("GEN-4", "a reply that the call can have"),
        _ => ("GEN-4", "the call returns"),
    };
    Finding::new(Level::Must, &[clause], expected, outcome.to_string())
}

/// An action that failed outside the desk.
pub(super) fn trouble(action: &Action, outcome: &Outcome) -> Trouble {
    let finding = match outcome {
        Outcome::Reply(Reply::Error(message)) => failed(message),
        outcome => no_reply(outcome),
    };
    Trouble { finding, action: action.to_string(), details: String::new() }
}
