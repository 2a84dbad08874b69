//! `scenarios`: lint, schema, new.

use std::path::PathBuf;

use clap::Subcommand;

use super::exit::Exit;
use super::{Failure, output, select};
use crate::scenario::{Case, load_dir, schema};

#[derive(Debug, Subcommand)]
pub(super) enum ScenariosCommand {
    /// Read every scenario file and say what is wrong, where, and what to do.
    Lint {
        /// The folder of the scenarios.
        #[arg(default_value = "scenarios")]
        dir: PathBuf,
    },
    /// Print the JSON Schema of scenario files.
    Schema,
    /// Start a scenario file.
    New {
        /// Its id: `scan/end-is-inclusive`.
        id: String,
        /// The clause it is about.
        #[arg(long)]
        clause: String,
        /// The folder of the scenarios.
        #[arg(long, default_value = "scenarios")]
        dir: PathBuf,
    },
}

pub(super) fn run(command: &ScenariosCommand) -> Result<Exit, Failure> {
    match command {
        ScenariosCommand::Lint { dir } => {
            let cases = load_dir(dir).map_err(|errors| select::bad_scenarios(&errors))?;
            let scenarios: std::collections::BTreeSet<&str> = cases.iter().map(Case::scenario).collect();
            output::print(&format!("{} scenarios, {} cases, no mistakes", scenarios.len(), cases.len()));
        }
        ScenariosCommand::Schema => output::print(&schema::text()),
        ScenariosCommand::New { id, clause, dir } => new(id, clause, dir)?,
    }
    Ok(Exit::Conforms)
}

fn new(id: &str, clause: &str, dir: &std::path::Path) -> Result<(), Failure> {
    let clause: crate::contract::ClauseId =
        clause.parse().map_err(|error: crate::contract::UnknownClause| Failure::usage(error.to_string()))?;
    let text = format!(
        "scenario: {id}\ntitle: Say in one line what a correct engine does\nclauses: [{clause}]\nsteps:\n  - put_batch: [[a, \"1\"], [b, \"2\"]]\n    as: n\n    expect: {{ sequence: $fresh + 1 }}\n  - get: a\n    expect: {{ value: \"1\" }}\n"
    );
    let file = format!("{id}.yaml");
    crate::scenario::load_text(&file, &text).map_err(|error| Failure::usage(error.to_string()))?;
    let path = dir.join(&file);
    if path.exists() {
        return Err(Failure::usage(format!("{} is there already; choose another id", path.display())));
    }
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", path.display()))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(&path, text).map_err(failed)?;
    output::print(&format!("{} is there: write its steps, then run `scenarios lint`", path.display()));
    Ok(())
}
