//! The contract registry.
use serde::{Deserialize, Serialize};
/// id
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClauseId(String);
impl ClauseId {
    /// new
    pub fn new(id: &str) -> Self { Self(id.to_owned()) }
    /// as_str
    pub fn as_str(&self) -> &str { &self.0 }
}
impl std::fmt::Display for ClauseId { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) } }
/// Contract
#[derive(Debug)]
pub struct Contract;
impl Contract {
    /// get
    pub fn get() -> &'static Self { &Contract }
    /// clause
    pub fn clause(&self, _: &str) -> Option<()> { Some(()) }
    /// nearest
    pub fn nearest(&self, _: &str) -> Vec<&str> { vec![] }
}
/// Level
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level { /// m
 Must, /// s
 Served, /// s
 Should, /// o
 Open, /// g
 Graded }
