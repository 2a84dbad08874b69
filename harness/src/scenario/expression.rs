//! Octets and numbers as scenario authors write them: `{ repeat: 0xff * 254 }`, `$n + 1`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use super::generate;
use super::syntax::Slot;
use crate::octets::Octets;

/// Octets: known, or put together from parts that may be matrix values.
#[derive(Debug, Clone)]
pub(crate) enum OctetsExpression {
    Known(Octets),
    Concat(Vec<Slot<OctetsExpression>>),
}

/// The most octets one expression may name: a little over the largest value the contract speaks of.
const EXPRESSION_OCTETS_MAX: u64 = 16 << 20;

impl<'de> Deserialize<'de> for OctetsExpression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Octets_;
        impl<'de> Visitor<'de> for Octets_ {
            type Value = OctetsExpression;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "octets: text (quoted, if it looks like a number, a boolean or null), or { hex: .. }, { base64: .. }, \
                     { text: .. }, { repeat: 0xff * 254 }, { concat: [..] }, { random: { octets: .., seed: .. } }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OctetsExpression, E> {
                Ok(OctetsExpression::Known(Octets::text(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<OctetsExpression, A::Error> {
                let Some(form) = fields.next_key::<String>()? else {
                    return Err(de::Error::invalid_value(de::Unexpected::Map, &self));
                };
                let expression = octets_form(&form, &mut fields)?;
                match fields.next_key::<String>()? {
                    None => Ok(expression),
                    Some(more) => Err(de::Error::custom(format_args!(
                        "one form of octets at a time: found `{more}` beside `{form}`"
                    ))),
                }
            }
        }
        deserializer.deserialize_any(Octets_)
    }
}

fn octets_form<'de, A: MapAccess<'de>>(form: &str, fields: &mut A) -> Result<OctetsExpression, A::Error> {
    let parsed = match form {
        "text" => Ok(Octets::text(&fields.next_value::<String>()?)),
        "hex" => hex(&fields.next_value::<String>()?),
        "base64" => base64::engine::general_purpose::STANDARD
            .decode(fields.next_value::<String>()?)
            .map(Octets::from)
            .map_err(|e| format!("not base64: {e}")),
        "repeat" => repeat(&fields.next_value::<String>()?),
        "random" => {
            let Random { octets, seed } = fields.next_value()?;
            within(octets).map(|()| generate::octets(octets, seed))
        }
        "concat" => return Ok(OctetsExpression::Concat(fields.next_value()?)),
        other => {
            return Err(de::Error::unknown_field(other, &["text", "hex", "base64", "repeat", "concat", "random"]));
        }
    };
    parsed.map(OctetsExpression::Known).map_err(de::Error::custom)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Random {
    octets: u64,
    #[serde(default)]
    seed: u64,
}

fn within(octets: u64) -> Result<(), String> {
    if octets <= EXPRESSION_OCTETS_MAX {
        Ok(())
    } else {
        Err(format!(
            "{octets} octets in one expression; at most {EXPRESSION_OCTETS_MAX} are taken: use `generate` for more"
        ))
    }
}

fn hex(text: &str) -> Result<Octets, String> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return Err(format!("bad hex `{text}`: an odd number of digits"));
    }
    digits
        .chunks(2)
        .map(|pair| {
            let digit = |c: char| c.to_digit(16).ok_or_else(|| format!("bad hex `{text}`: `{c}` is no digit"));
            // Two digits of four bits fill an octet exactly.
            Ok((digit(pair[0])? * 16 + digit(pair[1])?) as u8)
        })
        .collect::<Result<Vec<u8>, String>>()
        .map(Octets::from)
}

/// `0xff * 254`, `ab * 3`.
fn repeat(text: &str) -> Result<Octets, String> {
    let wrong = || format!("bad repeat `{text}`: write `0xff * 254` or `ab * 3`");
    let (unit, times) = text.rsplit_once('*').ok_or_else(wrong)?;
    let times: u64 = times.trim().parse().map_err(|_| wrong())?;
    let unit = unit.trim();
    let unit = match unit.strip_prefix("0x") {
        Some(digits) => hex(digits)?,
        None => Octets::text(unit),
    };
    within(times.saturating_mul(unit.len() as u64))?;
    Ok(unit.repeat(times as usize).into())
}

/// A sum of integers, `max` and named numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberExpression(Vec<(bool, Term)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Integer(u64),
    Max,
    Name(String),
}

impl NumberExpression {
    /// The expression that is just `number`.
    #[must_use]
    pub fn integer(number: u64) -> Self {
        Self(vec![(true, Term::Integer(number))])
    }

    /// The largest number.
    #[must_use]
    pub fn max() -> Self {
        Self(vec![(true, Term::Max)])
    }

    /// The number of that name, which is a word.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self(vec![(true, Term::Name(name.to_owned()))])
    }

    /// The expression and `offset` added, or taken away.
    #[must_use]
    pub fn offset(mut self, plus: bool, offset: u64) -> Self {
        if offset > 0 {
            self.0.push((plus, Term::Integer(offset)));
        }
        self
    }

    /// The same with its last offset left out, made one, or halved.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let (Some((plus, Term::Integer(offset))), true) = (self.0.last(), self.0.len() > 1) else { return Vec::new() };
        let base = Self(self.0[..self.0.len() - 1].to_vec());
        let mut offsets = vec![0, 1, offset / 2];
        offsets.retain(|smaller| smaller < offset);
        offsets.dedup();
        offsets.into_iter().map(|smaller| base.clone().offset(*plus, smaller)).collect()
    }

    /// The names used.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(_, term)| match term {
            Term::Name(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The value, kept within 0 and the largest `u64`; a name without a value is 0.
    #[must_use]
    pub fn value(&self, names: &BTreeMap<String, u64>) -> u64 {
        let sum: i128 = self
            .0
            .iter()
            .map(|(plus, term)| {
                let value = i128::from(match term {
                    Term::Integer(number) => *number,
                    Term::Max => u64::MAX,
                    Term::Name(name) => names.get(name).copied().unwrap_or(0),
                });
                if *plus { value } else { -value }
            })
            .sum();
        u64::try_from(sum.max(0)).unwrap_or(u64::MAX)
    }
}

impl FromStr for NumberExpression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("bad number `{text}`: {what}; write `7`, `$n + 1`, `max - 1` or `all`");
        let mut terms = Vec::new();
        let mut plus = true;
        let mut rest = text.trim();
        loop {
            let end = rest.find(['+', '-']).unwrap_or(rest.len());
            terms.push((plus, term(rest[..end].trim()).ok_or_else(|| wrong("a term is missing or unknown"))?));
            let Some(sign) = rest[end..].chars().next() else { break };
            plus = sign == '+';
            rest = rest[end + 1..].trim_start();
        }
        Ok(Self(terms))
    }
}

fn term(text: &str) -> Option<Term> {
    match text {
        "max" | "all" => Some(Term::Max),
        _ => match text.strip_prefix('$') {
            Some(name) => {
                let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                valid.then(|| Term::Name(name.to_owned()))
            }
            None => text.parse().ok().map(Term::Integer),
        },
    }
}

impl fmt::Display for NumberExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (plus, term)) in self.0.iter().enumerate() {
            match (i, plus) {
                (0, true) => {}
                (0, false) => f.write_str("-")?,
                (_, true) => f.write_str(" + ")?,
                (_, false) => f.write_str(" - ")?,
            }
            match term {
                Term::Integer(number) => write!(f, "{number}")?,
                Term::Max => f.write_str("max")?,
                Term::Name(name) => write!(f, "${name}")?,
            }
        }
        Ok(())
    }
}

impl Serialize for NumberExpression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NumberExpression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = NumberExpression;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number: `7`, `$n + 1`, `max`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<NumberExpression, E> {
                Ok(NumberExpression::integer(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<NumberExpression, E> {
                u64::try_from(number)
                    .map(NumberExpression::integer)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NumberExpression, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sums_of_integers_and_names() {
        let names = BTreeMap::from([("n".to_owned(), 10)]);
        let value = |text: &str| text.parse::<NumberExpression>().expect(text).value(&names);
        assert_eq!(value("7"), 7);
        assert_eq!(value("$n + 1"), 11);
        assert_eq!(value("$n-3 + 1"), 8);
        assert_eq!(value("max"), u64::MAX);
        assert_eq!(value("max + 1"), u64::MAX);
        assert_eq!(value("$n - 11"), 0);
        for bad in ["", "$", "n", "$n +", "1 ++ 2", "0x10", "$a b"] {
            assert!(bad.parse::<NumberExpression>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn octets_have_many_forms() {
        let known = |json: &str| match serde_json::from_str(json) {
            Ok(OctetsExpression::Known(octets)) => Ok(octets.to_vec()),
            Ok(OctetsExpression::Concat(_)) => Err("concat".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(known(r#""a""#).expect("text"), b"a");
        assert_eq!(known(r#"{"hex":"00 fF"}"#).expect("hex"), [0, 0xff]);
        assert_eq!(known(r#"{"base64":"AP8="}"#).expect("base64"), [0, 0xff]);
        assert_eq!(known(r#"{"repeat":"0xff * 3"}"#).expect("repeat"), [0xff; 3]);
        assert_eq!(known(r#"{"repeat":"ab * 2"}"#).expect("repeat"), b"abab");
        assert_eq!(known(r#"{"random":{"octets":9,"seed":1}}"#).expect("random").len(), 9);
        for (bad, says) in [
            (r#"{"hex":"0"}"#, "odd number of digits"),
            (r#"{"hex":"0g"}"#, "`g` is no digit"),
            (r#"{"repeat":"ab"}"#, "write `0xff * 254`"),
            (r#"{"repeat":"ab * 99999999999"}"#, "at most"),
            (r#"{"hexx":""}"#, "unknown field `hexx`"),
            (r#"{"hex":"","text":""}"#, "one form of octets at a time"),
            ("12", "quoted"),
        ] {
            let error = known(bad).expect_err(bad);
            assert!(error.contains(says), "{bad}: {error}");
        }
    }
}
