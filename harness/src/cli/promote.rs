//! `promote`: a failing program becomes a scenario of the suite, with an id of its own that stays.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::{Failure, output};
use crate::octets::fnv64;
use crate::scenario::{Case, load_file, load_text};

/// The area of promoted scenarios.
const AREA: &str = "regressions";

#[derive(Debug, Args)]
pub(super) struct PromoteArgs {
    /// The scenario file, as a run left it below `failures/`.
    file: PathBuf,
    /// The last part of its id; made of its clause and its content if not given.
    #[arg(long)]
    name: Option<String>,
    /// The folder of the scenarios.
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    dir: PathBuf,
}

pub(super) fn run(args: &PromoteArgs) -> Result<Exit, Failure> {
    let cases = load_file(&args.file, None).map_err(|error| Failure::usage(error.to_string()))?;
    let [case] = cases.as_slice() else {
        return Err(Failure::usage(format!("{}: a program is one case; this has a matrix", args.file.display())));
    };
    let id = id(args, case);
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| Failure::usage(format!("{}: cannot be read: {error}", args.file.display())))?;
    let text = with_id(&text, case.scenario(), &id);
    let file = format!("{id}.yaml");
    load_text(&file, &text).map_err(|error| Failure::usage(error.to_string()))?;
    let path = args.dir.join(&file);
    write(&path, &text)?;
    output::print(&format!(
        "{} is there. It fails until the engine is right: list it as expected if it has to wait.\n\
         In the suite's own folder it must kill a mutant, as every scenario: `cargo xtask mutants` says whether it does.",
        path.display()
    ));
    Ok(Exit::Conforms)
}

/// The same steps have the same id, whoever promotes them.
fn id(args: &PromoteArgs, case: &Case) -> String {
    if let Some(name) = &args.name {
        return format!("{AREA}/{name}");
    }
    let steps: Vec<_> = case.steps.iter().map(|step| format!("{:?} {}", step.operation, step.times)).collect();
    let digest = fnv64(steps.join("\n").as_bytes()) >> 32;
    let clause = case.clauses.first().map_or_else(|| "program".to_owned(), |id| id.to_string().to_lowercase());
    format!("{AREA}/{clause}-{digest:08x}")
}

/// The file with another id; everything else stays as it was written.
fn with_id(text: &str, from: &str, to: &str) -> String {
    let line = |line: &str| match line.strip_prefix("scenario:") {
        Some(rest) => format!("scenario:{}", rest.replacen(from, to, 1)),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", path.display()))
    };
    if path.exists() {
        return Err(Failure::usage(format!("{} is there already; choose another --name", path.display())));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
