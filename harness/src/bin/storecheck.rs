//! The command line on its own, for engines that live elsewhere: it knows none by name, and every one that speaks the
//! protocol, as `--engine cmd:…`.

use std::process::ExitCode;

use storecheck::cli::{self, Registry};

fn main() -> ExitCode {
    cli::main(&Registry { program: "storecheck", ..Registry::default() })
}
