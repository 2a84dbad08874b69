//! Clause ids, validated without reading the YAML: the ids are found by their indentation in the text, which a test
//! compares with the parsed contract.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::YAML;

/// How many ids a message about an unknown one offers.
const SUGGESTIONS: usize = 3;
/// How many edits away an id may be and still be offered.
const REACH: usize = 2;

/// The id of a clause, `SCAN-3` for one.
///
/// Written in code it is taken at its word ([`ClauseId::new`]); read from a file or the command line it must exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClauseId(&'static str);

/// An id that no clause has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the contract has no clause {id:?}{}", suggestion(.nearest))]
pub struct UnknownClause {
    /// What was asked for.
    pub id: String,
    /// Ids that look like it.
    pub nearest: Vec<&'static str>,
}

impl ClauseId {
    /// The id as written, unchecked; [`is_known`](Self::is_known) tells.
    #[must_use]
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// The written form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether the contract has such a clause.
    #[must_use]
    pub fn is_known(self) -> bool {
        known().contains(&self.0)
    }

    /// Every id, in the order of the contract.
    pub fn all() -> impl Iterator<Item = Self> {
        known().iter().copied().map(Self)
    }
}

impl FromStr for ClauseId {
    type Err = UnknownClause;

    fn from_str(id: &str) -> Result<Self, UnknownClause> {
        match known().iter().find(|known| **known == id) {
            Some(known) => Ok(Self(known)),
            None => Err(UnknownClause { id: id.to_owned(), nearest: nearest(id) }),
        }
    }
}

impl fmt::Display for ClauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl Serialize for ClauseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for ClauseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ClauseId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClauseId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The id of a clause of CONTRACT.md.",
            "type": "string",
            "enum": known(),
        })
    }
}

/// All ids in order. Only clauses stand at this depth of the file.
fn known() -> &'static [&'static str] {
    static KNOWN: OnceLock<Vec<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| YAML.lines().filter_map(|line| line.strip_prefix("      - id: ")).collect())
}

/// The ids that take the fewest edits to reach from `id`, as long as those are few. Case does not count.
pub(super) fn nearest(id: &str) -> Vec<&'static str> {
    let wanted = id.to_ascii_uppercase();
    let ranked: Vec<_> = known().iter().map(|known| (strsim::levenshtein(&wanted, known), *known)).collect();
    let Some(least) = ranked.iter().map(|(edits, _)| *edits).min().filter(|edits| *edits <= REACH) else {
        return Vec::new();
    };
    ranked.into_iter().filter(|(edits, _)| *edits == least).map(|(_, known)| known).take(SUGGESTIONS).collect()
}

/// `; did you mean A or B?`, or nothing when there is nothing to offer.
fn suggestion(nearest: &[&str]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) }
}
