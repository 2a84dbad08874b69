//! The Connect protocol over HTTP with JSON, as far as the published server needs it: requests with one answer, and
//! requests with a stream of answers. Nothing is ever asked twice: a retry would hide what it should show.

use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::detail::{Detail, ErrorInfo};
use crate::call::MESSAGE_OCTETS_MAX;

/// Where the number of a query is told, in a header or, of a stream, in its trailers.
const DETAIL: &str = "x-store-query-detail-bin";
/// How much of an answer that is none is shown.
const SHOWN_MAX: usize = 120;
/// The flag of the last frame of a stream.
const END: u8 = 2;

/// A server at an address.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    agent: ureq::Agent,
    patience: Duration,
    base: String,
}

/// An error that the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its code, such as `out_of_range`.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The reason that programs go by, and what belongs to it.
    pub(crate) info: Option<Box<ErrorInfo>>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The server says no.
    #[error("{0}")]
    Refused(Refusal),
    /// There is no connection, or no longer.
    #[error("the connection to the server is lost: {0}")]
    Lost(String),
    /// It did not answer in time.
    #[error("no answer from the server within {:.1} s", .0.as_secs_f32())]
    Silent(Duration),
    /// What it answered is not of this protocol.
    #[error("no answer of an Exoware server: {0}")]
    Nonsense(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.info {
            Some(info) => write!(f, " ({info})"),
            None => Ok(()),
        }
    }
}

/// An error as the server writes it.
#[derive(Deserialize)]
struct ErrorBody {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<ErrorDetail>,
}

#[derive(Deserialize)]
struct ErrorDetail {
    r#type: String,
    value: String,
}

impl From<ErrorBody> for Refusal {
    fn from(body: ErrorBody) -> Self {
        let told = body.details.iter().find(|detail| detail.r#type.ends_with("google.rpc.ErrorInfo"));
        let info = told.and_then(|detail| ErrorInfo::decode(&binary(&detail.value)?).map(Box::new));
        Self { code: body.code, message: body.message, info }
    }
}

/// Base64 with or without its padding: servers write either.
fn binary(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

fn number(detail: &str) -> Option<u64> {
    Some(Detail::decode(&binary(detail)?)?.sequence_number)
}

/// An answer, and the number that the server says it was read at, where it says one.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) message: T,
    pub(crate) sequence: Option<u64>,
}

impl Server {
    /// The server at `base`, such as `http://127.0.0.1:8080`, which may take `patience` for an answer or, of a stream,
    /// for its first.
    pub(crate) fn new(base: &str, patience: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .max_redirects(0)
            .proxy(None)
            .build();
        Self { agent: config.new_agent(), patience, base: base.trim_end_matches('/').to_owned() }
    }

    fn lost(&self, error: ureq::Error) -> Trouble {
        match error {
            ureq::Error::Timeout(_) => Trouble::Silent(self.patience),
            ureq::Error::Protocol(error) => Trouble::Nonsense(error.to_string()),
            error => Trouble::Lost(error.to_string()),
        }
    }

    fn post(&self, method: &str, kind: &str, body: &[u8]) -> Result<ureq::http::Response<ureq::Body>, Trouble> {
        let request = self.agent.post(format!("{}/{method}", self.base));
        let request = request.header("content-type", kind).header("connect-protocol-version", "1");
        request.send(body).map_err(|error| self.lost(error))
    }

    /// Asks for one answer.
    pub(crate) fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: &str,
        request: &Q,
    ) -> Result<Answered<A>, Trouble> {
        let body = serde_json::to_vec(request).map_err(|error| Trouble::Nonsense(error.to_string()))?;
        let mut response = self.post(method, "application/json", &body)?;
        let status = response.status();
        let sequence = response.headers().get(DETAIL).and_then(|value| number(value.to_str().ok()?));
        let limit = MESSAGE_OCTETS_MAX as u64;
        let text = response.body_mut().with_config().limit(limit).read_to_vec().map_err(|error| self.lost(error))?;
        if status.is_success() {
            let message = serde_json::from_slice(&text).map_err(|error| nonsense(&error.to_string(), &text))?;
            return Ok(Answered { message, sequence });
        }
        Err(match serde_json::from_slice::<ErrorBody>(&text) {
            Ok(error) => Trouble::Refused(error.into()),
            Err(_) => nonsense(&format!("HTTP status {status} to {method}"), &text),
        })
    }

    /// Asks for a stream of answers.
    pub(crate) fn open<Q: Serialize>(&self, method: &str, request: &Q) -> Result<Frames, Trouble> {
        let json = serde_json::to_vec(request).map_err(|error| Trouble::Nonsense(error.to_string()))?;
        let length = u32::try_from(json.len()).map_err(|_| Trouble::Nonsense("a request over 4 GiB".to_owned()))?;
        let body = [&[0][..], &length.to_be_bytes(), &json].concat();
        let response = self.post(method, "application/connect+json", &body)?;
        let status = response.status();
        let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        if !status.is_success() {
            let mut text = Vec::new();
            let _ = reader.by_ref().take(SHOWN_MAX as u64).read_to_end(&mut text);
            return Err(nonsense(&format!("HTTP status {status} to {method}"), &text));
        }
        Ok(Frames { reader: Box::new(reader), over: false, sequence: None })
    }

    /// Asks for a stream of answers and waits for its end.
    pub(crate) fn ask_all<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: &str,
        request: &Q,
    ) -> Result<Answered<Vec<A>>, Trouble> {
        let mut frames = self.open(method, request)?;
        let mut message = Vec::new();
        while let Some(frame) = frames.next()? {
            message.push(frame);
        }
        Ok(Answered { message, sequence: frames.sequence })
    }
}

/// A stream of answers.
pub(crate) struct Frames {
    reader: Box<dyn Read + Send>,
    over: bool,
    sequence: Option<u64>,
}

/// The last frame of a stream.
#[derive(Deserialize)]
struct EndFrame {
    error: Option<ErrorBody>,
    #[serde(default)]
    metadata: std::collections::BTreeMap<String, Vec<String>>,
}

impl Frames {
    /// The next answer; none after the last.
    pub(crate) fn next<A: DeserializeOwned>(&mut self) -> Result<Option<A>, Trouble> {
        if self.over {
            return Ok(None);
        }
        let mut head = [0; 5];
        self.reader.read_exact(&mut head).map_err(|error| cut(&error))?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        if length as usize > MESSAGE_OCTETS_MAX || head[0] & !END != 0 {
            return Err(Trouble::Nonsense(format!("a frame of {length} octets with the flags {}", head[0])));
        }
        let mut text = Vec::new();
        let got = self.reader.by_ref().take(u64::from(length)).read_to_end(&mut text).map_err(|error| cut(&error))?;
        if got != length as usize {
            return Err(Trouble::Lost(format!("after {got} of a frame's {length} octets")));
        }
        if head[0] & END == 0 {
            return serde_json::from_slice(&text).map(Some).map_err(|error| nonsense(&error.to_string(), &text));
        }
        self.over = true;
        let end: EndFrame = serde_json::from_slice(&text).map_err(|error| nonsense(&error.to_string(), &text))?;
        self.sequence = end.metadata.get(DETAIL).and_then(|values| number(values.first()?));
        match end.error {
            Some(error) => Err(Trouble::Refused(error.into())),
            None => Ok(None),
        }
    }
}

fn cut(error: &std::io::Error) -> Trouble {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(ureq::Error::Timeout(_)) => Trouble::Lost("its stream stands still".to_owned()),
        _ if error.kind() == std::io::ErrorKind::UnexpectedEof => Trouble::Lost("in the middle of a stream".to_owned()),
        _ => Trouble::Lost(error.to_string()),
    }
}

fn nonsense(what: &str, text: &[u8]) -> Trouble {
    let shown = String::from_utf8_lossy(&text[..text.len().min(SHOWN_MAX)]);
    Trouble::Nonsense(format!("{what}: {shown:?}"))
}
