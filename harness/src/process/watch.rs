//! What the supervisor keeps an eye on while a worker does a job: clocks, the disk, and the trace of its actions.

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::frame::{Frame, Kind};
use super::message::{Finished, Job, Place, TraceLine};
use super::supervisor::{Attempt, Ending, Limits};
use crate::judged::TRACE;
use crate::scenario::run::CaseResult;

/// How many times the time of a check a job of many parts may take.
const BURSTS: u32 = 20;

/// What is known of a job while it runs.
pub(super) struct Watch<'a> {
    dir: &'a Path,
    trace: &'a Path,
    trace_octets: u64,
    call: Duration,
    check: Duration,
    disk: u64,
    started: Instant,
    last_action: Instant,
    disk_seen: Instant,
}

/// Whether the job has many parts, which together may take as long as many checks.
fn has_many_parts(job: &Job) -> bool {
    match job {
        Job::Programs(_) | Job::Stress(_) | Job::Damage(_) => true,
        #[cfg(feature = "wire")]
        Job::Wire(_) => true,
        _ => false,
    }
}

impl<'a> Watch<'a> {
    pub(super) fn new(job: &Job, dir: &'a Path, trace: &'a Path, limits: &Limits) -> Self {
        let octets = match job {
            Job::Probe(_) => 0,
            Job::Case(case) | Job::Transcript(case) => case.octets(),
            Job::Programs(_) | Job::Stress(_) | Job::Damage(_) => 0,
            #[cfg(feature = "wire")]
            Job::Wire(_) => 0,
            #[cfg(feature = "bench")]
            Job::Bench(_) => 0,
        };
        // At most hours, so it fits 32 bits.
        let extra = limits.per_mib.saturating_mul((octets >> 20).min(1 << 16) as u32);
        let now = Instant::now();
        // Programs come many at a time, one of many clients has many bursts, and one that is killed many lives. Each call
        // of theirs is announced, and one that hangs is noticed by that.
        let bursts = if has_many_parts(job) { BURSTS } else { 1 };
        Self {
            dir,
            call: limits.call + extra,
            check: limits.check * bursts + extra,
            disk: limits.disk,
            started: now,
            last_action: now,
            disk_seen: now,
            trace,
            trace_octets: 0,
        }
    }

    pub(super) fn see(&self, frame: &Frame) -> Ending {
        match frame.kind {
            Kind::Finished => match frame.message::<Finished>() {
                Ok(finished) => Ending::Finished(Box::new(finished.result)),
                Err(error) => Ending::Broken(format!("the worker's result is none: {error}")),
            },
            other => Ending::Broken(format!("the worker sent {other:?}, which is not its to send")),
        }
    }

    pub(super) fn tick(&mut self) -> Option<Ending> {
        let octets = std::fs::metadata(self.trace).map_or(0, |metadata| metadata.len());
        if octets != self.trace_octets {
            self.trace_octets = octets;
            self.last_action = Instant::now();
        }
        if self.last_action.elapsed() > self.call {
            return Some(Ending::TimedOut(format!("no answer within {:.1} s", self.call.as_secs_f32())));
        }
        if self.started.elapsed() > self.check {
            return Some(Ending::TimedOut(format!("the check was not done within {:.1} s", self.check.as_secs_f32())));
        }
        if self.disk_seen.elapsed() > Duration::from_millis(250) {
            self.disk_seen = Instant::now();
            let used = disk_octets(self.dir);
            if used > self.disk {
                return Some(Ending::DiskFull(format!(
                    "the store uses {used} octets on disk; the limit is {}",
                    self.disk
                )));
            }
        }
        None
    }

    pub(super) fn attempt(&self, ending: Ending, output: String) -> Attempt {
        let mut attempt = Attempt { ending, output, ..Attempt::finished(CaseResult::default()) };
        if !matches!(attempt.ending, Ending::Finished(_)) {
            read_trace(self.trace, &mut attempt);
        }
        attempt
    }
}

/// What the trace tells of a job that was not finished.
fn read_trace(path: &Path, attempt: &mut Attempt) {
    let text = std::fs::read(path).unwrap_or_default();
    let mut last: VecDeque<String> = VecDeque::new();
    for line in text.split(|octet| *octet == b'\n') {
        match serde_json::from_slice(line) {
            Ok(TraceLine::Program(seed)) => attempt.program = Some(seed),
            Ok(TraceLine::Place(Place { place, line, clauses })) => {
                (attempt.place, attempt.line, attempt.clauses) = (place, line, clauses);
            }
            Ok(TraceLine::Started(action)) => attempt.action = action,
            Ok(TraceLine::Ended(outcome)) => {
                if last.len() == TRACE {
                    last.pop_front();
                }
                last.push_back(format!("{} -> {outcome}", std::mem::take(&mut attempt.action)));
            }
            // The last line of a worker that died may be cut.
            Err(_) => {}
        }
    }
    if !attempt.action.is_empty() {
        last.push_back(format!("{} -> no answer", attempt.action));
    }
    attempt.trace = last.into();
}

/// Octets of disk blocks used below `dir`; a sparse file counts what it really takes.
fn disk_octets(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_octets(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}
