//! [`Octets`]: keys and values as they travel, base64 in JSON and readable in messages; and the decimal strings that
//! carry 64-bit numbers through JSON unharmed.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// The longest key that every engine takes (PUT-11), and the server at all.
pub(crate) const KEY_OCTETS_MAX: usize = 254;

/// The greatest key of at most 254 octets below a prefix.
pub(crate) fn last_below(prefix: &[u8]) -> Vec<u8> {
    let mut last = prefix.to_vec();
    last.resize(KEY_OCTETS_MAX.max(last.len()), 0xff);
    last
}

/// An octet string: a key or a value. Cheap to clone; base64 (standard alphabet, padded) in JSON.
#[derive(Clone, Default, Eq, PartialOrd, Ord)]
pub struct Octets(pub Bytes);

impl PartialEq for Octets {
    /// Engines that hand out what they hold are common, and one buffer need not be compared with itself.
    fn eq(&self, other: &Self) -> bool {
        (self.len() == other.len() && self.as_ptr() == other.as_ptr()) || self.0 == other.0
    }
}

impl Hash for Octets {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Octets {
    /// The octets of a text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl std::ops::Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Octets {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets.into())
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(octets))
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64;
        impl Visitor<'_> for Base64 {
            type Value = Octets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("octets in base64")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Octets, E> {
                STANDARD.decode(text).map(Octets::from).map_err(|e| E::custom(format_args!("not base64: {e}")))
            }
        }
        deserializer.deserialize_str(Base64)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Octets {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Octets".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "contentEncoding": "base64", "description": "octets in base64" })
    }
}

/// How many octets are shown before the rest is left out.
const SHOWN: usize = 40;

impl fmt::Display for Octets {
    /// Text in quotes when it is printable ASCII, hexadecimal otherwise, repetition as `0xff*254`, long ones cut with
    /// their length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = &self.0[..];
        if let Some((&first, rest)) = octets.split_first()
            && octets.len() > 8
            && rest.iter().all(|octet| *octet == first)
        {
            return write!(f, "0x{first:02x}*{}", octets.len());
        }
        let shown = &octets[..octets.len().min(SHOWN)];
        if shown.iter().all(|octet| matches!(octet, 0x20..=0x7e)) {
            f.write_str("\"")?;
            for octet in shown {
                if matches!(octet, b'"' | b'\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{}", char::from(*octet))?;
            }
            f.write_str("\"")?;
        } else {
            f.write_str("0x")?;
            for octet in shown {
                write!(f, "{octet:02x}")?;
            }
        }
        if octets.len() > SHOWN {
            write!(f, "…({} octets, {:016x})", octets.len(), quick_digest(octets))
        } else {
            Ok(())
        }
    }
}

/// Tells long values apart in messages: FNV-1a over words instead of octets, since values may have 10 MiB.
fn quick_digest(octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<8>();
    words.iter().fold(fnv64(rest), |hash, word| {
        (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    })
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The 64-bit FNV-1a digest: tells long values apart in messages and names suites and contracts in reports. Not for
/// adversaries.
#[must_use]
pub fn fnv64(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

/// A `u64` as a decimal string in JSON, where many readers would round a number above 2^53.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(pub u64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an unsigned 64-bit number as a decimal string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map(Decimal).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{1,20}$", "description": "a u64 in decimal" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_shown_as_a_person_would_write_them() {
        let shown = |octets: &[u8]| Octets::from(octets).to_string();
        assert_eq!(shown(b""), "\"\"");
        assert_eq!(shown(b"say \"a\""), "\"say \\\"a\\\"\"");
        assert_eq!(shown(&[0, 0xff]), "0x00ff");
        assert_eq!(shown(&[0xff; 254]), "0xff*254");
        assert_eq!(
            shown(b"0123456789012345678901234567890123456789tail"),
            "\"0123456789012345678901234567890123456789\"…(44 octets, 4a3e252d073a8238)"
        );
    }

    #[test]
    fn octets_and_decimals_survive_json() {
        let octets = Octets::from(vec![0, 1, 0xfe, 0xff]);
        assert_eq!(serde_json::to_string(&octets).expect("octets serialise"), "\"AAH+/w==\"");
        assert_eq!(serde_json::from_str::<Octets>("\"AAH+/w==\"").expect("octets parse"), octets);
        assert_eq!(serde_json::to_string(&Decimal(u64::MAX)).expect("decimals serialise"), "\"18446744073709551615\"");
        let error = serde_json::from_str::<Decimal>("\"-1\"").expect_err("negative").to_string();
        assert!(error.contains("an unsigned 64-bit number as a decimal string"), "{error}");
    }
}
