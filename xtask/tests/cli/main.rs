//! The command line as a user meets it: the real binary, its output, its files and its exit codes.

mod bench;
mod binary;
mod compare;
mod conform;
mod crash;
mod damage;
mod diff;
mod door;
mod endpoint;
mod histories;
mod history;
mod known_failures;
mod programs;
mod protocol;
mod shards;
mod stress;
