//! `protocol`: for whoever writes a host for an engine in another language.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::{Failure, output};
use crate::protocol::check::{Checked, Whose, check};
use crate::protocol::{HostCommand, schema};

#[derive(Debug, Subcommand)]
pub(super) enum ProtocolCommand {
    /// Talk to a host, and tell the adapter's mistakes from the engine's.
    Check(CheckArgs),
    /// Print the JSON Schema of the protocol's lines.
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The command that starts the host, for `sh`; `{dir}` in it stands for the store's folder.
    command: String,
    /// The most seconds that an answer may take.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// A file for the conversation: `> ` before what the host was asked, `< ` before what it said.
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(patience) if !patience.is_zero() => Ok(patience),
        _ => Err("a number of seconds above 0 is wanted".to_owned()),
    }
}

pub(super) fn run(command: &ProtocolCommand) -> Result<Exit, Failure> {
    match command {
        ProtocolCommand::Check(args) => talk(args),
        ProtocolCommand::Schema => {
            output::print(&schema::text());
            Ok(Exit::Conforms)
        }
    }
}

fn talk(args: &CheckArgs) -> Result<Exit, Failure> {
    let record = match &args.transcript {
        None => None,
        Some(path) => Some(
            File::create(path)
                .map_err(|error| Failure::usage(format!("{}: cannot be written: {error}", path.display())))?,
        ),
    };
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new(Exit::Incomplete, format!("no folder for the store: {error}")))?;
    // What `conform --engine` takes is what people have at hand.
    let text = args.command.strip_prefix("cmd:").unwrap_or(&args.command);
    let host = HostCommand::Shell(text.to_owned());
    let checked = check(&host, folder.path(), args.timeout, record)
        .map_err(|error| Failure::new(Exit::CannotStart, format!("`{text}`: {error}")))?;
    output::print(&told(&checked));
    let right = checked.steps.iter().all(|step| step.mistake.is_none());
    Ok(if right { Exit::Conforms } else { Exit::DoesNotConform })
}

fn told(checked: &Checked) -> String {
    let hello = &checked.hello;
    let declared = hello.declarations;
    let log = if declared.batch_log { "batch log" } else { "no batch log" };
    let language = if hello.language.is_empty() { "no language stated" } else { &hello.language };
    let mut lines = vec![
        format!(
            "{} {} ({language}): {log}, {}, {} frontier",
            hello.engine, hello.version, declared.durability, declared.frontier
        ),
        String::new(),
    ];
    for step in &checked.steps {
        match &step.mistake {
            None => lines.push(format!("  ok       {}", step.name)),
            Some(mistake) => {
                let whose = if mistake.whose == Whose::Adapter { "ADAPTER" } else { "ENGINE " };
                lines.push(format!("  {whose}  {}", step.name));
                lines.push(format!("           {}", mistake.what));
            }
        }
    }
    lines.extend(checked.left.iter().map(|name| format!("  -        {name}")));
    let count =
        |whose| checked.steps.iter().filter_map(|step| step.mistake.as_ref()).filter(|it| it.whose == whose).count();
    let (adapter, engine) = (count(Whose::Adapter), count(Whose::Engine));
    lines.push(String::new());
    lines.push(format!(
        "{} steps, {} not reached; mistakes of the adapter: {adapter}, of the engine: {engine}",
        checked.steps.len(),
        checked.left.len()
    ));
    if adapter + engine > 0 && !checked.output.trim().is_empty() {
        lines.push("The end of the host's stderr:".to_owned());
        lines.extend(
            checked
                .output
                .lines()
                .rev()
                .take(10)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .map(|line| format!("    {line}")),
        );
    }
    if engine > 0 {
        lines.push("The engine's mistakes have their clauses and proofs in `conform --engine cmd:COMMAND`.".to_owned());
    }
    lines.join("\n")
}
