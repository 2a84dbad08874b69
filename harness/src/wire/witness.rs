//! A client of the server whose requests are evidence: every one is announced before it is made and kept with what it
//! came to, and what is wrong is written down with both.

use std::collections::VecDeque;
use std::fmt::Display;
use std::time::{Duration, Instant};

use super::client::{Batch, Entry, Frame, Keep, RangeRequest};
use super::connect::{Answered, Frames, Refusal, Server, Trouble};
use super::store::outcome;
use crate::call::Outcome;
use crate::contract::{ClauseId, Level};
use crate::engine::{Declarations, Frontier};
use crate::finding::Finding;
use crate::judged::{Failure, TRACE};
use crate::octets::Octets;

/// How long a number may trail behind.
const FRONTIER: Duration = Duration::from_secs(10);

/// The check need not go on.
pub(super) struct Over;

/// What a request came to, unless nothing more can be asked.
pub(super) type Asked<T> = Result<Result<T, Refusal>, Over>;

/// A client, and what it has seen.
pub(super) struct Witness<'a> {
    pub(super) server: Server,
    pub(super) declared: Declarations,
    /// What every key starts with.
    pub(super) prefix: Vec<u8>,
    /// The highest number that it was given.
    highest: u64,
    pub(super) calls: u64,
    pub(super) failures: Vec<Failure>,
    place: String,
    /// Clauses that whatever is wrong here speaks against, too.
    blamed: Vec<ClauseId>,
    action: String,
    trace: VecDeque<String>,
    announce: &'a mut dyn FnMut(&str),
}

/// Keys and values, for people.
pub(super) fn shown(entries: &[Entry]) -> String {
    let entries: Vec<String> = entries.iter().take(8).map(|entry| format!("{}: {}", entry.key, entry.value)).collect();
    format!("[{}]", entries.join(", "))
}

/// A batch, for people.
pub(super) fn shown_batch(batch: &Batch) -> String {
    format!("batch {} {}", batch.sequence_number.0, shown(&batch.entries))
}

impl<'a> Witness<'a> {
    pub(super) fn new(
        server: Server,
        declared: Declarations,
        prefix: Vec<u8>,
        announce: &'a mut dyn FnMut(&str),
    ) -> Self {
        Self {
            server,
            declared,
            prefix,
            highest: 0,
            calls: 0,
            failures: Vec::new(),
            place: String::new(),
            blamed: Vec::new(),
            action: String::new(),
            trace: VecDeque::new(),
            announce,
        }
    }

    /// Says what comes next, in words.
    pub(super) fn enter(&mut self, place: &str) {
        place.clone_into(&mut self.place);
    }

    /// Says what whatever is wrong from here on also speaks against.
    pub(super) fn blame(&mut self, clause: Option<&'static str>) {
        self.blamed = clause.map(ClauseId::new).into_iter().collect();
    }

    /// A key of this store.
    pub(super) fn key(&self, name: &[u8]) -> Octets {
        Octets::from([&self.prefix, name].concat())
    }

    pub(super) fn entry(&self, name: &[u8], value: &[u8]) -> Entry {
        Entry { key: self.key(name), value: value.into() }
    }

    /// Asks something and writes down what it came to. Without an answer the check is over.
    pub(super) fn ask<T>(
        &mut self,
        action: impl Display,
        shown: impl Fn(&T) -> String,
        ask: impl FnOnce(&Server) -> Result<T, Trouble>,
    ) -> Asked<T> {
        self.begin(&action.to_string());
        let answer = ask(&self.server);
        self.end(answer, shown)
    }

    fn begin(&mut self, action: &str) {
        self.calls += 1;
        action.clone_into(&mut self.action);
        (self.announce)(action);
    }

    fn end<T>(&mut self, answer: Result<T, Trouble>, shown: impl Fn(&T) -> String) -> Asked<T> {
        let came_to = match &answer {
            Ok(answer) => shown(answer),
            Err(trouble) => trouble.to_string(),
        };
        if self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        self.trace.push_back(format!("{} -> {came_to}", self.action));
        match answer {
            Ok(answer) => Ok(Ok(answer)),
            Err(Trouble::Refused(refusal)) => Ok(Err(refusal)),
            Err(trouble) => {
                let clause = match outcome(&trouble) {
                    Outcome::TimedOut(_) => "GEN-2",
                    Outcome::Died(_) => "GEN-4",
                    _ => "GEN-12",
                };
                Err(self.fail(&[clause], "an answer", came_to))
            }
        }
    }

    /// The same, where nothing but an answer is right.
    pub(super) fn get_answer<T>(
        &mut self,
        clauses: &[&'static str],
        action: impl Display,
        shown: impl Fn(&T) -> String,
        ask: impl FnOnce(&Server) -> Result<T, Trouble>,
    ) -> Result<T, Over> {
        match self.ask(action, shown, ask)? {
            Ok(answer) => Ok(answer),
            Err(refusal) => Err(self.fail(clauses, "an answer", refusal.to_string())),
        }
    }

    /// Writes down that the last request came to something else than it must.
    pub(super) fn fail(
        &mut self,
        clauses: &[&'static str],
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Over {
        self.fail_at(Level::Must, clauses, expected, got)
    }

    /// The same, for what the trait leaves open and the server needs.
    pub(super) fn fail_served(
        &mut self,
        clauses: &[&'static str],
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Over {
        self.fail_at(Level::Served, clauses, expected, got)
    }

    fn fail_at(
        &mut self,
        level: Level,
        clauses: &[&'static str],
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Over {
        let mut finding = Finding::new(level, clauses, expected, got);
        finding.blame(self.blamed.iter().copied());
        self.failures.push(Failure {
            finding,
            place: self.place.clone(),
            line: 0,
            action: self.action.clone(),
            trace: self.trace.iter().cloned().collect(),
            details: String::new(),
            proof: None,
        });
        Over
    }

    /// Goes on only if the last request came to what it should.
    pub(super) fn expect<T: PartialEq>(
        &mut self,
        clauses: &[&'static str],
        expected: &T,
        got: &T,
        shown: impl Fn(&T) -> String,
    ) -> Result<(), Over> {
        if expected == got { Ok(()) } else { Err(self.fail(clauses, shown(expected), shown(got))) }
    }

    /// Puts pairs; their number.
    pub(super) fn put(&mut self, entries: &[Entry]) -> Result<u64, Over> {
        let action = format!("Put({})", shown(entries));
        let number = self.get_answer(&["PUT-11"], action, |n| format!("sequence {n}"), |server| server.put(entries))?;
        self.highest = self.highest.max(number);
        Ok(number)
    }

    /// Deletes keys of which at least one is there; the delete's number.
    pub(super) fn delete(&mut self, names: &[&[u8]]) -> Result<u64, Over> {
        let keys: Vec<Octets> = names.iter().map(|name| self.key(name)).collect();
        let pattern = super::client::exactly(keys.iter().map(|key| &key[..]));
        let listed: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let action = format!("Prune(the keys {})", listed.join(", "));
        self.get_answer(&["DEL-1"], action, |()| "done".to_owned(), |server| server.prune_keys(&pattern))?;
        self.number_of_delete()
    }

    /// The number of a delete, which nobody is told: that of the queries after it.
    pub(super) fn number_of_delete(&mut self) -> Result<u64, Over> {
        let before = self.highest;
        self.settle(before.saturating_add(1))?;
        let number = self.current()?;
        if number <= before {
            return Err(self.fail(&["DEL-2", "SEQ-4"], format!("a number above {before}"), number.to_string()));
        }
        self.highest = number;
        Ok(number)
    }

    /// Prunes the batch log. What is kept depends on the number, so that it has caught up before.
    pub(super) fn prune_log(&mut self, keep: Keep) -> Result<(), Over> {
        self.settle(self.highest)?;
        let action = format!("Prune(the batch log: {})", keep.json());
        self.get_answer(&["PRN-1"], action, |()| "done".to_owned(), |server| server.prune_log(keep))
    }

    /// The number up to which writes are visible, once it has caught up with what this client wrote.
    pub(super) fn current(&mut self) -> Result<u64, Over> {
        self.settle(self.highest)?;
        self.get_answer(&["SEQ-2"], "the number of a query", |n| format!("sequence {n}"), Server::current)
    }

    /// Waits until the number has caught up with a write, for an engine whose number may trail.
    pub(super) fn settle(&mut self, number: u64) -> Result<(), Over> {
        if self.declared.frontier != Frontier::Lagging {
            return Ok(());
        }
        self.begin(&format!("waiting until the number of queries is {number}"));
        let start = Instant::now();
        loop {
            match self.server.current() {
                Ok(current) if current >= number => return Ok(()),
                Ok(current) if start.elapsed() > FRONTIER => {
                    return Err(self.fail(&["SEQ-4"], format!("{number}, in time"), current.to_string()));
                }
                Ok(_) => std::thread::yield_now(),
                Err(trouble) => return self.end(Err(trouble), |()| String::new()).map(|_| ()),
            }
        }
    }

    /// Everything that the store holds.
    pub(super) fn rows(&mut self) -> Result<Vec<Entry>, Over> {
        let flat = |frames: Vec<Frame<Entry>>| frames.into_iter().flat_map(|frame| frame.results).collect();
        let request = RangeRequest::of(b"", b"", true);
        self.get_answer(
            &["SCAN-1"],
            "Range(everything)",
            |rows: &Vec<Entry>| shown(rows),
            |server| server.range(&request).map(|answer| flat(answer.message)),
        )
    }

    /// An entry of the batch log.
    pub(super) fn batch(&mut self, number: u64) -> Asked<Batch> {
        self.ask(format!("Stream.Get({number})"), shown_batch, |server| server.batch(number))
    }

    /// Subscribes to all keys of this store, from a number on or live.
    pub(super) fn subscribe(&mut self, since: Option<u64>) -> Asked<Frames> {
        let from = since.map_or_else(|| "live".to_owned(), |number| format!("from {number}"));
        let pattern = super::client::below(&self.prefix);
        self.ask(format!("Subscribe({from})"), |_| "subscribed".to_owned(), |server| server.subscribe(&pattern, since))
    }

    /// The next batch that a subscriber is sent; none at the end of the stream.
    pub(super) fn next(&mut self, frames: &mut Frames) -> Asked<Option<Batch>> {
        self.begin("the subscriber's next batch");
        let next = frames.next();
        self.end(next, |batch| batch.as_ref().map_or_else(|| "the stream ends".to_owned(), shown_batch))
    }

    /// Reads the number of an answer, which every query has.
    pub(super) fn number_of<T>(&mut self, answer: &Answered<T>) -> Result<u64, Over> {
        answer.sequence.ok_or_else(|| self.fail(&["GEN-12"], "an answer with its number", "one without"))
    }
}
