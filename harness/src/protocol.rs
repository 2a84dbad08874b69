//! The engine protocol: how an engine in a process of its own, in any language, is driven.
//!
//! JSON lines over stdin and stdout. The host speaks first and says which engine it serves ([`Hello`]); then it answers
//! requests, as many at once as the harness makes, in any order: each carries an id. [`Call`](crate::call::Call) and
//! [`Reply`](crate::call::Reply) are the messages themselves, so that the protocol, histories and traces are one format.
//! `message` has the lines, `host` serves an engine of this executable, `client` drives a host (`outgoing` gives it its
//! lines), and `hosted` makes an engine like any other of one, so that every family runs through this door. `check` is
//! for whoever writes a host.

#[cfg(feature = "cli")]
pub(crate) mod check;
mod client;
mod command;
mod host;
mod hosted;
mod message;
mod outgoing;
#[cfg(feature = "schema")]
pub mod schema;

pub use client::{Process, StartError};
pub use command::HostCommand;
#[cfg(feature = "wire")]
pub(crate) use command::{quoted, shell};
pub use host::{host, is_host, serve};
pub(crate) use hosted::Hosted;
pub use message::{Answer, FromHost, Hello, LINE_OCTETS_MAX, Request, ToHost, VERSION};
