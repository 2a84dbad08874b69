//! The one vocabulary of all families: [`Call`] and [`Reply`], [`Action`] (a call, or opening and closing the store)
//! and [`Outcome`] (a reply, or why there is none).
//!
//! Driver, model, traces, histories, reports and the messages between processes all use these types. In JSON each is
//! an object with one field that names the variant; octets are base64, 64-bit numbers decimal strings.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::octets::{Decimal, Octets};

/// The longest message, in octets of JSON, that a process may send another: room for a 256 MiB batch in base64.
pub const MESSAGE_OCTETS_MAX: usize = 512 << 20;

/// A key and a value.
pub type Pair = (Octets, Octets);

/// One invocation of the trait with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Call {
    /// `put_batch`, with its pairs in order.
    PutBatch(Vec<Pair>),
    /// `delete_batch`, with its keys in order.
    DeleteBatch(Vec<Octets>),
    /// `get` of a key.
    Get(Octets),
    /// `get_many`, with its keys in order.
    GetMany(Vec<Octets>),
    /// `range_scan`.
    RangeScan(Range),
    /// `current_sequence`.
    CurrentSequence {},
    /// `get_batch` of a number.
    GetBatch(Decimal),
    /// `oldest_retained_batch`.
    OldestRetainedBatch {},
    /// `prune_batch_log` with its exclusive cutoff.
    PruneBatchLog(Decimal),
}

/// The arguments of `range_scan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Inclusive lower bound.
    pub start: Octets,
    /// Inclusive upper bound; empty for none.
    pub end: Octets,
    /// The most rows wanted; the largest 64-bit number for all.
    pub limit: Decimal,
    /// Ascending if true, descending if false.
    pub forward: bool,
}

/// The trait's methods, by [`Call::number`] less one.
pub(crate) const METHODS: [&str; 9] = [
    "put_batch",
    "delete_batch",
    "get",
    "get_many",
    "range_scan",
    "current_sequence",
    "get_batch",
    "oldest_retained_batch",
    "prune_batch_log",
];

impl Call {
    /// The method's place among [`METHODS`], from 1: a call in as few octets as can be.
    pub(crate) fn number(&self) -> u8 {
        match self {
            Self::PutBatch(_) => 1,
            Self::DeleteBatch(_) => 2,
            Self::Get(_) => 3,
            Self::GetMany(_) => 4,
            Self::RangeScan(_) => 5,
            Self::CurrentSequence {} => 6,
            Self::GetBatch(_) => 7,
            Self::OldestRetainedBatch {} => 8,
            Self::PruneBatchLog(_) => 9,
        }
    }

    /// The trait's name for the method.
    #[must_use]
    pub fn method(&self) -> &'static str {
        METHODS[usize::from(self.number()) - 1]
    }

    /// Whether the call changes neither State nor Log (GEN-8).
    #[must_use]
    pub fn is_read(&self) -> bool {
        !matches!(self, Self::PutBatch(_) | Self::DeleteBatch(_) | Self::PruneBatchLog(_))
    }

    /// Octets of keys and values in the arguments.
    #[must_use]
    pub fn octets(&self) -> u64 {
        let sum: usize = match self {
            Self::PutBatch(pairs) => pairs.iter().map(|(key, value)| key.len() + value.len()).sum(),
            Self::DeleteBatch(keys) | Self::GetMany(keys) => keys.iter().map(|key| key.len()).sum(),
            Self::Get(key) => key.len(),
            Self::RangeScan(range) => range.start.len() + range.end.len(),
            Self::CurrentSequence {} | Self::GetBatch(_) | Self::OldestRetainedBatch {} | Self::PruneBatchLog(_) => 0,
        };
        sum as u64
    }
}

/// What came back from a call that returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// The number of a write, or the current one.
    Sequence(Decimal),
    /// Of `get`.
    Value(Option<Octets>),
    /// Of `get_many`.
    Values(Vec<(Octets, Option<Octets>)>),
    /// Of `range_scan`.
    Rows(Vec<Pair>),
    /// Of `get_batch`.
    Batch(Option<Vec<Pair>>),
    /// Of `oldest_retained_batch`.
    Oldest(Option<Decimal>),
    /// Of `prune_batch_log`.
    Removed(Decimal),
    /// The store was opened or closed.
    Done {},
    /// `Err`, with its message.
    Error(String),
}

/// One step of a program: a call, or opening and closing the store around calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Open the store in its directory.
    Open {},
    /// Open the store a second time while it is open, and drop the second handle (DUR-7).
    OpenAgain {},
    /// Make a call.
    Call(Call),
    /// Drop the engine.
    Close {},
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// It returned.
    Reply(Reply),
    /// The engine panicked.
    Panicked {
        /// The panic's message and place.
        message: String,
        /// The stack when it panicked, innermost call first.
        backtrace: String,
    },
    /// The process that ran the engine is gone; how it ended.
    Died(String),
    /// No answer within the deadline, in milliseconds.
    TimedOut(Decimal),
    /// The answer was not one; what was wrong with it.
    ProtocolError(String),
    /// The way to the engine does not carry this call; why.
    NotCarried(String),
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    mut one: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    /// Items shown before the rest is counted.
    const SHOWN: usize = 8;
    f.write_str("[")?;
    for (i, item) in items.iter().take(SHOWN).enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        one(f, item)?;
    }
    if items.len() > SHOWN {
        write!(f, ", … {} in all", items.len())?;
    }
    f.write_str("]")
}

fn pairs(f: &mut fmt::Formatter<'_>, items: &[Pair]) -> fmt::Result {
    list(f, items, |f, (key, value)| write!(f, "{key}: {value}"))
}

fn keys(f: &mut fmt::Formatter<'_>, items: &[Octets]) -> fmt::Result {
    list(f, items, |f, key| write!(f, "{key}"))
}

fn optional(f: &mut fmt::Formatter<'_>, value: Option<&Octets>) -> fmt::Result {
    match value {
        None => f.write_str("None"),
        Some(value) => write!(f, "{value}"),
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.method())?;
        match self {
            Self::PutBatch(items) => pairs(f, items)?,
            Self::DeleteBatch(items) | Self::GetMany(items) => keys(f, items)?,
            Self::Get(key) => write!(f, "{key}")?,
            Self::RangeScan(Range { start, end, limit, forward }) => {
                write!(f, "{start}..={end}, limit {}, ", Limit(limit.0))?;
                f.write_str(if *forward { "forward" } else { "reverse" })?;
            }
            Self::CurrentSequence {} | Self::OldestRetainedBatch {} => {}
            Self::GetBatch(number) | Self::PruneBatchLog(number) => write!(f, "{}", Limit(number.0))?,
        }
        f.write_str(")")
    }
}

/// A number whose largest value is shown as `max`.
struct Limit(u64);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == u64::MAX { f.write_str("max") } else { write!(f, "{}", self.0) }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence(number) => write!(f, "sequence {}", number.0),
            Self::Value(value) => optional(f, value.as_ref()),
            Self::Values(values) => list(f, values, |f, (key, value)| {
                write!(f, "{key}: ")?;
                optional(f, value.as_ref())
            }),
            Self::Rows(rows) => pairs(f, rows),
            Self::Batch(Some(batch)) => pairs(f, batch),
            Self::Batch(None) | Self::Oldest(None) => f.write_str("None"),
            Self::Oldest(Some(number)) => write!(f, "sequence {}", number.0),
            Self::Removed(count) => write!(f, "{} removed", count.0),
            Self::Done {} => f.write_str("done"),
            Self::Error(message) => write!(f, "Err({message:?})"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open {} => f.write_str("open"),
            Self::OpenAgain {} => f.write_str("open again, while open"),
            Self::Call(call) => write!(f, "{call}"),
            Self::Close {} => f.write_str("close"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(reply) => write!(f, "{reply}"),
            Self::Panicked { message, .. } => write!(f, "panicked: {message}"),
            Self::Died(how) => write!(f, "the process died: {how}"),
            Self::TimedOut(ms) => write!(f, "no answer within {}.{:03} s", ms.0 / 1000, ms.0 % 1000),
            Self::ProtocolError(what) => write!(f, "protocol error: {what}"),
            Self::NotCarried(why) => write!(f, "not carried: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_reads_well_and_survives_json() {
        let call = Call::RangeScan(Range {
            start: Octets::text("a"),
            end: Octets::default(),
            limit: Decimal(u64::MAX),
            forward: false,
        });
        assert_eq!(call.to_string(), "range_scan(\"a\"..=\"\", limit max, reverse)");
        let json = serde_json::to_string(&call).expect("calls serialise");
        assert_eq!(json, r#"{"range_scan":{"start":"YQ==","end":"","limit":"18446744073709551615","forward":false}}"#);
        assert_eq!(serde_json::from_str::<Call>(&json).expect("calls parse"), call);
    }

    #[test]
    fn absent_and_empty_are_told_apart_in_json() {
        let none = serde_json::to_string(&Reply::Value(None)).expect("replies serialise");
        let empty = serde_json::to_string(&Reply::Value(Some(Octets::default()))).expect("replies serialise");
        assert_eq!((none.as_str(), empty.as_str()), (r#"{"value":null}"#, r#"{"value":""}"#));
        let batch = serde_json::to_string(&Reply::Batch(Some(vec![]))).expect("replies serialise");
        assert_eq!(batch, r#"{"batch":[]}"#);
        assert_eq!(serde_json::from_str::<Reply>(&batch).expect("replies parse"), Reply::Batch(Some(vec![])));
    }

    #[test]
    fn long_lists_are_counted() {
        let keys = (0..20).map(|i| Octets::text(&i.to_string())).collect();
        assert_eq!(
            Call::DeleteBatch(keys).to_string(),
            "delete_batch([\"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", … 20 in all])"
        );
    }
}
