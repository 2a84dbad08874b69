//! The two protobuf messages that JSON answers carry as octets.

use std::collections::HashMap;
use std::fmt;

use prost::Message;

/// What a query says about itself: so far, the number at which it was answered.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Detail {
    #[prost(uint64, tag = "1")]
    pub(crate) sequence_number: u64,
}

impl Detail {
    pub(crate) fn decode(octets: &[u8]) -> Option<Self> {
        Message::decode(octets).ok()
    }
}

/// `google.rpc.ErrorInfo`: the reason of an error, for programs.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct ErrorInfo {
    #[prost(string, tag = "1")]
    pub(crate) reason: String,
    #[prost(string, tag = "2")]
    pub(crate) domain: String,
    #[prost(map = "string, string", tag = "3")]
    pub(crate) metadata: HashMap<String, String>,
}

impl ErrorInfo {
    pub(crate) fn decode(octets: &[u8]) -> Option<Self> {
        Message::decode(octets).ok()
    }
}

impl fmt::Display for ErrorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        let mut metadata: Vec<_> = self.metadata.iter().collect();
        metadata.sort();
        metadata.iter().try_for_each(|(name, value)| write!(f, ", {name} {value}"))
    }
}
