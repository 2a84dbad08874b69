//! The requests of the published server, typed.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::connect::{Answered, Frames, Refusal, Server, Trouble};
use crate::octets::{Decimal, Octets};

/// How many rows a frame brings unless small frames are what is looked at.
pub(crate) const BATCH: u32 = 1_000;

/// The reason for which there is no entry: it was removed, or never was.
pub(crate) const EVICTED: &str = "BATCH_EVICTED";
/// The reason for which there is no entry: its number is not assigned yet.
pub(crate) const NOT_FOUND: &str = "BATCH_NOT_FOUND";
/// Where an eviction says what is left.
pub(crate) const OLDEST: &str = "oldest_retained";

/// A key and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    #[serde(default)]
    pub(crate) key: Octets,
    #[serde(default)]
    pub(crate) value: Octets,
}

/// What `GetMany` says of a key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Found {
    #[serde(default)]
    pub(crate) key: Octets,
    pub(crate) value: Option<Octets>,
}

/// A frame of `GetMany` or `Range`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Frame<T> {
    #[serde(default = "Vec::new")]
    pub(crate) results: Vec<T>,
}

/// A batch as the log has it, or as a subscriber is sent it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Batch {
    #[serde(default)]
    pub(crate) sequence_number: Decimal,
    #[serde(default)]
    pub(crate) entries: Vec<Entry>,
}

/// What a range was reduced to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Reduced {
    #[serde(default)]
    pub(crate) results: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutAnswer {
    #[serde(default)]
    sequence_number: Decimal,
}

#[derive(Deserialize)]
struct GetAnswer {
    value: Option<Octets>,
}

#[derive(Deserialize)]
struct Nothing {}

/// What is asked of a range.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RangeRequest {
    pub(crate) start: Octets,
    pub(crate) end: Octets,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    pub(crate) batch_size: u32,
    pub(crate) mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_sequence_number: Option<Decimal>,
}

impl RangeRequest {
    /// Everything between the two, in the order asked for.
    pub(crate) fn of(start: &[u8], end: &[u8], forward: bool) -> Self {
        let mode = if forward { "TRAVERSAL_MODE_FORWARD" } else { "TRAVERSAL_MODE_REVERSE" };
        Self { start: start.into(), end: end.into(), limit: None, batch_size: BATCH, mode, min_sequence_number: None }
    }
}

/// How much of the batch log a policy keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    /// So many of the latest entries.
    Latest(u64),
    /// What has a greater number.
    Above(u64),
    /// What has this number or a greater one.
    From(u64),
    /// Nothing.
    Nothing,
}

impl Keep {
    pub(crate) fn json(self) -> serde_json::Value {
        match self {
            Self::Latest(count) => json!({"keepLatest": {"count": count.to_string()}}),
            Self::Above(number) => json!({"greaterThan": {"threshold": number.to_string()}}),
            Self::From(number) => json!({"greaterThanOrEqual": {"threshold": number.to_string()}}),
            Self::Nothing => json!({"dropAll": {}}),
        }
    }
}

impl Server {
    /// `Put`: the write's number.
    pub(crate) fn put(&self, entries: &[Entry]) -> Result<u64, Trouble> {
        let answer = self.ask::<_, PutAnswer>("store.ingest.v1.Service/Put", &json!({ "kvs": entries }))?;
        Ok(answer.message.sequence_number.0)
    }

    /// `Get`, at `least` or later.
    pub(crate) fn get(&self, key: &[u8], least: Option<u64>) -> Result<Answered<Option<Octets>>, Trouble> {
        let request = at_least(json!({ "key": Octets::from(key) }), least);
        let answer = self.ask::<_, GetAnswer>("store.query.v1.Service/Get", &request)?;
        Ok(Answered { message: answer.message.value, sequence: answer.sequence })
    }

    /// `GetMany`, frame by frame, at `least` or later.
    pub(crate) fn get_many(
        &self,
        keys: &[Octets],
        batch: u32,
        least: Option<u64>,
    ) -> Result<Answered<Vec<Frame<Found>>>, Trouble> {
        let request = at_least(json!({ "keys": keys, "batchSize": batch }), least);
        self.ask_all("store.query.v1.Service/GetMany", &request)
    }

    /// `Range`, frame by frame.
    pub(crate) fn range(&self, request: &RangeRequest) -> Result<Answered<Vec<Frame<Entry>>>, Trouble> {
        self.ask_all("store.query.v1.Service/Range", request)
    }

    /// `Reduce` of everything between two keys, at `least` or later.
    pub(crate) fn reduce(
        &self,
        start: &[u8],
        end: &[u8],
        params: &serde_json::Value,
        least: Option<u64>,
    ) -> Result<Answered<Reduced>, Trouble> {
        let request = json!({ "start": Octets::from(start), "end": Octets::from(end), "params": params });
        self.ask("store.query.v1.Service/Reduce", &at_least(request, least))
    }

    /// `Prune` by these policies.
    pub(crate) fn prune(&self, policies: &[serde_json::Value]) -> Result<(), Trouble> {
        self.ask::<_, Nothing>("store.compact.v1.Service/Prune", &json!({ "policies": policies })).map(|_| ())
    }

    /// `Prune` of the batch log.
    pub(crate) fn prune_log(&self, keep: Keep) -> Result<(), Trouble> {
        self.prune(&[json!({ "sequence": {}, "retain": keep.json() })])
    }

    /// `Prune` of exactly these keys, whatever they hold.
    pub(crate) fn prune_keys(&self, pattern: &str) -> Result<(), Trouble> {
        let keys = json!({ "matchKey": { "reservedBits": 0, "prefix": 0, "payloadRegex": pattern } });
        self.prune(&[json!({ "keys": keys, "retain": Keep::Nothing.json() })])
    }

    /// The `Get` of the stream service: an entry of the batch log.
    pub(crate) fn batch(&self, number: u64) -> Result<Batch, Trouble> {
        let request = json!({ "sequenceNumber": number.to_string() });
        self.ask("store.stream.v1.Service/Get", &request).map(|answer| answer.message)
    }

    /// `Subscribe` to every key that matches `pattern`, from the batch of the number `since` on, or live.
    pub(crate) fn subscribe(&self, pattern: &str, since: Option<u64>) -> Result<Frames, Trouble> {
        let match_key = json!({ "reservedBits": 0, "prefix": 0, "payloadRegex": pattern });
        let mut request = json!({ "matchKeys": [match_key] });
        if let Some(since) = since {
            request["sinceSequenceNumber"] = json!(since.to_string());
        }
        self.open("store.stream.v1.Service/Subscribe", &request)
    }

    /// The number up to which writes are visible.
    pub(crate) fn current(&self) -> Result<u64, Trouble> {
        let answer = self.get(b"", None)?;
        answer.sequence.ok_or_else(|| Trouble::Nonsense("a query's answer without its number".to_owned()))
    }
}

impl Refusal {
    /// The reason that it gives programs.
    pub(crate) fn reason(&self) -> &str {
        self.info.as_ref().map_or("", |info| info.reason.as_str())
    }

    /// A number among what belongs to its reason.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.info.as_ref()?.metadata.get(name)?.parse().ok()
    }
}

fn at_least(mut request: serde_json::Value, least: Option<u64>) -> serde_json::Value {
    if let Some(least) = least {
        request["minSequenceNumber"] = json!(least.to_string());
    }
    request
}

fn pattern(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!(r"\x{octet:02x}")).collect()
}

/// A pattern that matches these keys and no other.
pub(crate) fn exactly<'a>(keys: impl Iterator<Item = &'a [u8]>) -> String {
    format!("(?s-u)^(?:{})$", keys.map(pattern).collect::<Vec<_>>().join("|"))
}

/// A pattern that matches the keys that start so.
pub(crate) fn below(prefix: &[u8]) -> String {
    format!("(?s-u)^{}", pattern(prefix))
}
