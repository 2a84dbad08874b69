//! The human form of a scenario: the types that YAML is read into, with places for matrix values still open.
//!
//! `case.rs` has the form that is run. `scenarios/README.md` explains the syntax to authors, and the JSON Schema in
//! `scenarios/schema.json` is generated from what stands here.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use super::case::{Need, Profile};
use super::expression::{NumberExpression, OctetsExpression};
use crate::driver::Executor;

/// A scenario file, as written.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScenarioSyntax {
    pub(crate) scenario: Spanned<String>,
    pub(crate) title: String,
    pub(crate) clauses: Vec<Spanned<String>>,
    #[serde(default, rename = "why")]
    _why: Option<String>,
    #[serde(default)]
    pub(crate) needs: Vec<Need>,
    #[serde(default)]
    pub(crate) profile: Profile,
    #[serde(default)]
    pub(crate) executor: Option<Slot<Executor>>,
    #[serde(default)]
    pub(crate) matrix: Option<Spanned<Matrix>>,
    pub(crate) steps: Vec<Spanned<StepSyntax>>,
}

/// A step: exactly one of the calls, and what goes with it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StepSyntax {
    pub(crate) put_batch: Option<Slot<PairsSyntax>>,
    pub(crate) delete_batch: Option<Slot<KeysSyntax>>,
    pub(crate) get: Option<Slot<OctetsExpression>>,
    pub(crate) get_many: Option<Slot<KeysSyntax>>,
    pub(crate) range_scan: Option<RangeSyntax>,
    pub(crate) current_sequence: Option<Nothing>,
    pub(crate) get_batch: Option<Slot<NumberExpression>>,
    pub(crate) oldest_retained_batch: Option<Nothing>,
    pub(crate) prune_batch_log: Option<Slot<NumberExpression>>,
    pub(crate) reopen: Option<Nothing>,
    pub(crate) open_again: Option<Nothing>,
    pub(crate) audit: Option<Nothing>,
    pub(crate) expect: Option<Slot<ExpectSyntax>>,
    pub(crate) r#as: Option<String>,
    pub(crate) clause: Option<OneOrMore>,
    pub(crate) times: Option<u32>,
    #[serde(rename = "why")]
    pub(crate) _why: Option<String>,
}

/// `{}`: a call without arguments.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// The bounds of a scan; what is left out has the widest meaning.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RangeSyntax {
    pub(crate) start: Option<Slot<OctetsExpression>>,
    pub(crate) end: Option<Slot<OctetsExpression>>,
    pub(crate) limit: Option<Slot<NumberExpression>>,
    pub(crate) direction: Option<Slot<Direction>>,
}

/// The direction of a scan.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    #[default]
    Forward,
    Reverse,
}

/// What a step expects.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExpectSyntax {
    Model,
    Ok,
    Error,
    Done,
    Sequence(Slot<NumberExpression>),
    Value(Slot<OctetsExpression>),
    Values(Slot<Vec<(Slot<OctetsExpression>, Slot<OctetsExpression>)>>),
    Rows(Slot<PairsSyntax>),
    Batch(Slot<PairsSyntax>),
    Oldest(Slot<NumberExpression>),
    Removed(Slot<NumberExpression>),
    AnyOf(Vec<Slot<ExpectSyntax>>),
}

/// Pairs, listed or generated.
#[derive(Debug, Clone)]
pub(crate) enum PairsSyntax {
    List(Vec<(Slot<OctetsExpression>, Slot<OctetsExpression>)>),
    Generate(PairsGenerator),
}

/// Keys, listed or generated.
#[derive(Debug, Clone)]
pub(crate) enum KeysSyntax {
    List(Vec<Slot<OctetsExpression>>),
    Generate(KeysGenerator),
}

/// Pairs from a counter and a seed.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairsGenerator {
    pub(crate) pairs: u64,
    #[serde(default)]
    pub(crate) prefix: Option<Slot<OctetsExpression>>,
    #[serde(default)]
    pub(crate) from: u64,
    #[serde(default)]
    pub(crate) octets: u64,
    #[serde(default)]
    pub(crate) seed: u64,
}

/// Keys from a counter.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeysGenerator {
    pub(crate) keys: u64,
    #[serde(default)]
    pub(crate) prefix: Option<Slot<OctetsExpression>>,
    #[serde(default)]
    pub(crate) from: u64,
}

/// A place in a scenario: what belongs there, the name of a matrix value, or `null`.
#[derive(Debug, Clone)]
pub(crate) enum Slot<T> {
    Is(T),
    Axis(String),
    Null,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Slot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SlotVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for SlotVisitor<T> {
            type Value = Slot<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, null, or \"${axis}\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Slot<T>, E> {
                if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                    return Ok(Slot::Axis(name.trim().to_owned()));
                }
                T::deserialize(text.into_deserializer()).map(Slot::Is)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Slot<T>, E> {
                T::deserialize(number.into_deserializer()).map(Slot::Is)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Slot<T>, E> {
                T::deserialize(number.into_deserializer()).map(Slot::Is)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Slot<T>, E> {
                T::deserialize(number.into_deserializer()).map(Slot::Is)
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Slot<T>, E> {
                T::deserialize(value.into_deserializer()).map(Slot::Is)
            }

            fn visit_unit<E: de::Error>(self) -> Result<Slot<T>, E> {
                Ok(Slot::Null)
            }

            fn visit_none<E: de::Error>(self) -> Result<Slot<T>, E> {
                Ok(Slot::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Slot<T>, A::Error> {
                T::deserialize(SeqAccessDeserializer::new(items)).map(Slot::Is)
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Slot<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Slot::Is)
            }
        }
        deserializer.deserialize_any(SlotVisitor(PhantomData))
    }
}

/// `- list` or `{ generate: … }`, for pairs and keys alike.
struct ListOr<T, G> {
    expecting: &'static str,
    is: PhantomData<(T, G)>,
}

enum Listed<T, G> {
    List(Vec<T>),
    Generate(G),
}

impl<'de, T: Deserialize<'de>, G: Deserialize<'de>> Visitor<'de> for ListOr<T, G> {
    type Value = Listed<T, G>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Listed::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        match fields.next_key::<String>()?.as_deref() {
            Some("generate") => {
                let generator = fields.next_value()?;
                match fields.next_key::<String>()? {
                    None => Ok(Listed::Generate(generator)),
                    Some(more) => {
                        Err(de::Error::custom(format_args!("nothing goes beside `generate`, found `{more}`")))
                    }
                }
            }
            other => Err(de::Error::custom(format_args!(
                "expected {}, found field `{}`",
                self.expecting,
                other.unwrap_or_default()
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for PairsSyntax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a list of [key, value] or { generate: { pairs: .. } }";
        Ok(match deserializer.deserialize_any(ListOr { expecting, is: PhantomData })? {
            Listed::List(list) => Self::List(list),
            Listed::Generate(generator) => Self::Generate(generator),
        })
    }
}

impl<'de> Deserialize<'de> for KeysSyntax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a list of keys or { generate: { keys: .. } }";
        Ok(match deserializer.deserialize_any(ListOr { expecting, is: PhantomData })? {
            Listed::List(list) => Self::List(list),
            Listed::Generate(generator) => Self::Generate(generator),
        })
    }
}

/// One clause id or a list of them.
#[derive(Debug)]
pub(crate) struct OneOrMore(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ids;
        impl<'de> Visitor<'de> for Ids {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a clause id or a list of clause ids")
            }

            fn visit_str<E: de::Error>(self, id: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![id.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMore, A::Error> {
                let mut ids = Vec::new();
                while let Some(id) = items.next_element()? {
                    ids.push(id);
                }
                Ok(OneOrMore(ids))
            }
        }
        deserializer.deserialize_any(Ids)
    }
}

/// The axes of a matrix with their values, in the file's order.
#[derive(Debug, Default)]
pub(crate) struct Matrix(pub(crate) Vec<(String, Vec<serde_json::Value>)>);

impl<'de> Deserialize<'de> for Matrix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Axes;
        impl<'de> Visitor<'de> for Axes {
            type Value = Matrix;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from the name of an axis to its list of values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Matrix, A::Error> {
                let mut axes = Vec::new();
                while let Some(axis) = fields.next_entry()? {
                    axes.push(axis);
                }
                Ok(Matrix(axes))
            }
        }
        deserializer.deserialize_map(Axes)
    }
}
