//! `new-engine`: a crate that compiles, runs the suite, and fails with a clear list of what is to do.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::{Failure, output};

#[derive(Debug, Args)]
pub(super) struct NewEngineArgs {
    /// The engine's name: lower-case words joined by `-`.
    name: String,
    /// The folder to make; `engines/NAME` if not given.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The path of the storecheck crate, as seen from that folder.
    #[arg(long, value_name = "DIR", default_value = "../../harness")]
    storecheck: PathBuf,
}

const MANIFEST: &str = include_str!("new_engine/Cargo.toml.txt");
const LIBRARY: &str = include_str!("new_engine/lib.rs.txt");
const CONFORMANCE: &str = include_str!("new_engine/conformance.rs.txt");

pub(super) fn run(args: &NewEngineArgs) -> Result<Exit, Failure> {
    let name = &args.name;
    let valid = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.ends_with('-');
    if !valid {
        return Err(Failure::usage(format!(
            "{name:?} is no name for an engine: use lower-case words joined by `-`, such as `my-engine`"
        )));
    }
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from("engines").join(name));
    if dir.exists() {
        return Err(Failure::usage(format!("{} is there already; choose another name or --dir", dir.display())));
    }
    let fill = |text: &str| {
        text.replace("{name}", name)
            .replace("{module}", &name.replace('-', "_"))
            .replace("{storecheck}", &args.storecheck.display().to_string())
    };
    let files = [("Cargo.toml", MANIFEST), ("src/lib.rs", LIBRARY), ("tests/conformance.rs", CONFORMANCE)];
    for (file, text) in files {
        let path = dir.join(file);
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", path.display()))
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, fill(text)).map_err(failed)?;
    }
    output::print(&format!(
        "{0} is there. It compiles, and fails every check that it should:\n\
         1. `cargo test` in {0} lists what is to do, clause by clause.\n\
         2. Fill in the eight methods in src/lib.rs, `current_sequence` and `put_batch` first.\n\
         3. Declare what it keeps in tests/conformance.rs: `.batch_log(..)`, `.durability(..)`.",
        dir.display()
    ));
    Ok(Exit::Conforms)
}
