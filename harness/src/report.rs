//! The report: one versioned JSON document about one run, and its views.
//!
//! [`Report`] is the source; every view (terminal, Markdown, JUnit) is written from it alone and knows nothing of
//! engines. [`verdict`] holds the rules by which checks make a verdict of an engine, so that a report can be verified
//! without running anything.

pub mod annotations;
pub mod badge;
#[cfg(feature = "cli")]
pub mod bench;
#[cfg(feature = "cli")]
pub mod bench_diff;
#[cfg(feature = "cli")]
pub mod charts;
#[cfg(feature = "cli")]
pub mod columns;
#[cfg(feature = "cli")]
pub mod diff;
pub mod document;
pub mod durability;
pub mod evidence;
#[cfg(feature = "expect")]
pub mod expectation;
pub mod files;
#[cfg(feature = "cli")]
mod html;
#[cfg(feature = "cli")]
pub mod junit;
pub mod markdown;
#[cfg(feature = "cli")]
pub mod matrix;
pub mod merge;
#[cfg(feature = "cli")]
pub mod page;
pub mod read;
#[cfg(feature = "schema")]
pub mod schema;
pub mod searched;
#[cfg(feature = "cli")]
pub mod terminal;
pub mod timeline;
#[cfg(feature = "cli")]
pub mod trend;
pub mod verdict;

pub use document::{
    CheckReport, CheckVerdict, ClauseReport, ClauseVerdict, Count, EngineReport, EngineVerdict, Machine, Observation,
    Report, RunReport, Shard,
};
pub use searched::{DamageReport, Found, SearchReport, StressFound, StressReport};
