//! The lines of the protocol.

use serde::{Deserialize, Serialize};

use crate::call::{Call, MESSAGE_OCTETS_MAX, Reply};
use crate::engine::Declarations;
use crate::octets::Decimal;

/// The protocol's version. A host of another is refused.
pub const VERSION: u32 = 1;

/// The longest line, in octets.
pub const LINE_OCTETS_MAX: usize = MESSAGE_OCTETS_MAX;

/// What a host says about the engine that it serves, before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`VERSION`].
    pub protocol: u32,
    /// The engine's name.
    pub engine: String,
    /// The engine's version; empty when it has none.
    #[serde(default)]
    pub version: String,
    /// The language that it is written in, for reports.
    #[serde(default)]
    pub language: String,
    /// What the engine declares.
    pub declarations: Declarations,
}

/// A line from the harness: a request and the id that its answer must carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToHost {
    /// Given once.
    pub id: Decimal,
    /// What is asked.
    pub request: Request,
}

/// What a host is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Open the store in this folder, which exists. Answered by `done` or `error`.
    Open {
        /// The folder.
        dir: String,
    },
    /// Open the same store once more beside the open one, and close that second one at once (DUR-7).
    OpenAgain {
        /// The folder.
        dir: String,
    },
    /// Make a call on the open store.
    Call(Call),
    /// Close the store in good order. Answered by `done`.
    Close {},
    /// Answer `done` and end with exit code 0. The store is closed by then.
    Shutdown {},
}

/// A line from a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, deny_unknown_fields)]
pub enum FromHost {
    /// The first line.
    Hello {
        /// Which engine it serves.
        hello: Hello,
    },
    /// Every other line.
    Answer {
        /// The id of the request.
        id: Decimal,
        /// What became of it.
        answer: Answer,
    },
}

impl FromHost {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, and at which column.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        /// Both kinds at once: so a reader says which field is wrong, where one of alternatives says that none fits.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Line {
            hello: Option<Hello>,
            id: Option<Decimal>,
            answer: Option<Answer>,
        }
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            Line { hello: Some(hello), id: None, answer: None } => Ok(Self::Hello { hello }),
            Line { hello: None, id: Some(id), answer: Some(answer) } => Ok(Self::Answer { id, answer }),
            Line { hello: None, id: None, answer: Some(_) } => Err("an answer without `id`".to_owned()),
            Line { hello: None, id: Some(_), answer: None } => Err("an id without `answer`".to_owned()),
            Line { hello: None, .. } => Err("neither `hello` nor `id` and `answer`".to_owned()),
            Line { hello: Some(_), .. } => Err("a handshake has `hello` and nothing beside it".to_owned()),
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The reply, an error of the engine included.
    Reply(Reply),
    /// The engine panicked, and the host caught it.
    Panicked {
        /// What it said.
        message: String,
        /// Its stack, if there is one.
        #[serde(default)]
        backtrace: String,
    },
}
