//! What an engine was seen to guarantee beside other clients, and how often it was looked at.

use serde::{Deserialize, Serialize};

use crate::checker::{Observed, Tally};
use crate::history::Recorded;

/// Guarantees as far as histories show them. "Not seen" is worth as much as the number of replies behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Guarantees {
    /// Calls of all clients.
    pub calls: u64,
    /// What the checker counted.
    pub observed: Observed,
    /// The longest wait of a call that reads.
    pub reader_wait: Wait,
    /// The longest wait of a call that writes or prunes.
    pub writer_wait: Wait,
}

/// How long calls took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// Calls looked at.
    pub of: u64,
    /// Calls of other clients that returned meanwhile, of all calls together.
    pub others_sum: u64,
    /// The most of one call.
    pub others: u64,
    /// The most nanoseconds.
    pub ns: u64,
}

impl Wait {
    fn take(&mut self, recorded: &Recorded) {
        self.of += 1;
        // Every return advances the clock by one, and none of them was this client's.
        let others = recorded.ret.map_or(0, |ret| ret.saturating_sub(recorded.call));
        self.others_sum += others;
        self.others = self.others.max(others);
        self.ns = self.ns.max(recorded.ns[1].saturating_sub(recorded.ns[0]));
    }

    fn add(&mut self, other: Self) {
        self.of += other.of;
        self.others_sum += other.others_sum;
        self.others = self.others.max(other.others);
        self.ns = self.ns.max(other.ns);
    }
}

/// A guarantee in words: its name, what was seen, and how often it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The guarantee.
    pub name: &'static str,
    /// The clause that it belongs to.
    pub clause: &'static str,
    /// What was seen.
    pub seen: String,
    /// Replies that could have shown otherwise, in words.
    pub of: String,
}

impl Guarantees {
    /// Takes a call in.
    pub(crate) fn take(&mut self, recorded: &Recorded) {
        self.calls += 1;
        let wait = if recorded.request.is_read() { &mut self.reader_wait } else { &mut self.writer_wait };
        wait.take(recorded);
    }

    /// Takes in what other programs showed.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.observed.add(&other.observed);
        self.reader_wait.add(other.reader_wait);
        self.writer_wait.add(other.writer_wait);
    }

    /// Every guarantee in words.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let Self { observed, reader_wait, writer_wait, .. } = self;
        let row = |name, clause, seen: String, of: String| Row { name, clause, seen, of };
        let wait = |name, wait: &Wait| {
            let mean = wait.others_sum as f64 / wait.of.max(1) as f64;
            let seen = format!("{} calls of others, {}; mean {mean:.1} calls", wait.others, Nanoseconds(wait.ns));
            row(name, "ISO-5", seen, format!("{} calls", wait.of))
        };
        vec![
            row("scan isolation", "ISO-3", scans(observed), of(observed.scans_not_of_one_state, "overlapped scans")),
            row(
                "get_many isolation",
                "MANY-4",
                many(observed),
                of(observed.many_not_of_one_state, "overlapped get_many"),
            ),
            row("frontier", "PUT-7", frontier(observed), of(observed.behind_acknowledged, "current_sequence")),
            row(
                "data before its number",
                "SEQ-3",
                times(observed.behind_data, "seen"),
                of(observed.behind_data, "current_sequence"),
            ),
            row("contiguity", "PUT-4", contiguity(observed.holes), of(observed.holes, "writes")),
            row(
                "order of acknowledgements",
                "PUT-6",
                overtaking(observed.overtaking),
                of(observed.overtaking, "writes"),
            ),
            wait("longest wait of a reader", reader_wait),
            wait("longest wait of a writer", writer_wait),
        ]
    }
}

/// Nanoseconds for people.
pub(crate) struct Nanoseconds(pub(crate) u64);

impl std::fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            ns @ 0..1_000 => write!(f, "{ns} ns"),
            ns @ 1_000..1_000_000 => write!(f, "{:.1} µs", ns as f64 / 1e3),
            ns @ 1_000_000..1_000_000_000 => write!(f, "{:.1} ms", ns as f64 / 1e6),
            ns => write!(f, "{:.1} s", ns as f64 / 1e9),
        }
    }
}

fn of(tally: Tally, what: &str) -> String {
    format!("{} {what}", tally.of)
}

fn times(tally: Tally, what: &str) -> String {
    match tally {
        Tally { of: 0, .. } => "not looked at".to_owned(),
        Tally { seen: 0, .. } => format!("not {what}"),
        Tally { seen, .. } => format!("{what} {seen} times"),
    }
}

fn scans(observed: &Observed) -> String {
    match observed.scans_not_of_one_state {
        Tally { of: 0, .. } => "not looked at".to_owned(),
        Tally { seen: 0, .. } => "snapshot".to_owned(),
        Tally { seen, .. } => format!("no snapshot, {seen} times"),
    }
}

fn many(observed: &Observed) -> String {
    match (observed.many_not_of_one_state, observed.many_not_in_order) {
        (Tally { of: 0, .. }, _) => "not looked at".to_owned(),
        (Tally { seen: 0, .. }, _) => "snapshot".to_owned(),
        (Tally { seen, .. }, Tally { seen: 0, .. }) => format!("loop: no snapshot {seen} times"),
        (Tally { seen, .. }, Tally { seen: loops, .. }) => {
            format!("each key on its own: no snapshot {seen} times, no loop {loops} times")
        }
    }
}

fn frontier(observed: &Observed) -> String {
    match observed.behind_acknowledged {
        Tally { of: 0, .. } => "not looked at".to_owned(),
        Tally { seen: 0, .. } => "immediate".to_owned(),
        Tally { seen, .. } => format!("lagging {seen} times"),
    }
}

fn contiguity(holes: Tally) -> String {
    match holes {
        Tally { of: 0, .. } => "not looked at".to_owned(),
        Tally { seen: 0, .. } => "no holes".to_owned(),
        Tally { seen, .. } => format!("{seen} holes"),
    }
}

fn overtaking(overtaking: Tally) -> String {
    match overtaking {
        Tally { of: 0, .. } => "not looked at".to_owned(),
        Tally { seen: 0, .. } => "in the order of numbers".to_owned(),
        Tally { seen, .. } => format!("{seen} writes returned before one of a smaller number"),
    }
}
