//! The command line as a user meets it: the real binary, its output, its files and its exit codes.

mod binary;
mod conform;
mod histories;
mod known_failures;
mod programs;
mod shards;
mod stress;
