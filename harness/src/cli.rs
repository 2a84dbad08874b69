//! The command line: one file per command. It is built twice: as `cargo xtask`, which registers the bundled engines and
//! adds the workspace's chores, and as a program of its own for engines that live elsewhere.

mod bench;
mod check;
mod compare;
mod conform;
mod coverage;
mod detect;
mod diff;
mod differ;
mod eccentrics;
mod engines;
mod exit;
mod expect;
mod folder;
mod gallery;
mod history;
mod merge;
mod mutants;
mod new_engine;
mod output;
mod progress;
mod promote;
mod protocol;
mod scenarios;
mod select;
mod verify;
mod wired;

pub use exit::Exit;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::engine::{Eccentric, Engine, Mutant};
use crate::process;

/// What a build of the command line knows.
#[derive(Debug, Default)]
pub struct Registry {
    /// How a person starts this program, for replay commands: `cargo xtask`.
    pub program: &'static str,
    /// Engines by name.
    pub engines: Vec<Engine>,
    /// Engines in processes of their own, by name.
    pub processes: Vec<ProcessEngine>,
    /// The published server, which any engine can be put behind, as `wire:NAME`. Its command is followed by the store's
    /// folder and the command of the engine's host.
    pub server: Option<ProcessEngine>,
    /// Broken engines, as `mutant:name`.
    pub mutants: Vec<Mutant>,
    /// Odd but legal engines, as `eccentric:name`.
    pub eccentrics: Vec<Eccentric>,
    /// Commands that this build adds.
    pub chores: Vec<Chore>,
}

/// An engine in a process of its own that this build knows by name.
#[derive(Debug, Clone)]
pub struct ProcessEngine {
    /// Its name.
    pub name: &'static str,
    /// The command that starts its host.
    pub command: String,
    /// The workspace that builds the host, if it has one of its own: it is built before the engine is first started.
    pub workspace: Option<PathBuf>,
    /// The features that it is built with, as cargo takes them.
    pub features: &'static str,
}

/// A command that a build adds.
#[derive(Debug, Clone, Copy)]
pub struct Chore {
    /// Its name.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Does it, with the arguments that follow the name.
    pub run: fn(&[String]) -> ExitCode,
}

/// Tell the truth about storage engines: judge any StoreEngine against a numbered contract.
#[derive(Debug, Parser)]
#[command(name = "storecheck", version, propagate_version = true, after_help = exit::HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge an engine against the contract.
    Conform(conform::ConformArgs),
    /// Measure engines side by side: workloads in turns, figures with their error, nothing ranked within the noise.
    Bench(bench::BenchArgs),
    /// Run the suite on every mutant: which checks kill which, and what survives.
    Mutants(mutants::MutantsArgs),
    /// How soon mutants of concurrency are found, and how short the proofs are, seed by seed.
    Detect(detect::DetectArgs),
    /// Run the suite on every eccentric: each must conform at its target.
    Eccentrics(eccentrics::EccentricsArgs),
    /// Run the same random programs on several engines and show where they part.
    Differ(differ::DifferArgs),
    /// Put the reports of several engines, and benchmark runs, into one page.
    Compare(compare::CompareArgs),
    /// Tell what changed from one report to another, and whose doing it is.
    Diff(diff::DiffArgs),
    /// Show each engine's trend over its versions in one page, from the reports below a folder.
    History(history::HistoryArgs),
    /// Put the reports of shards together.
    Merge(merge::MergeArgs),
    /// Keep a failing program as a scenario of the suite.
    Promote(promote::PromoteArgs),
    /// Decide whether a recorded history of many clients is right.
    Check(check::CheckArgs),
    /// Show which checks cover which clauses.
    Coverage(coverage::CoverageArgs),
    /// Work on scenario files.
    #[command(subcommand)]
    Scenarios(scenarios::ScenariosCommand),
    /// Check that a report is complete and agrees with itself.
    Verify(verify::VerifyArgs),
    /// Write a host for an engine in another language.
    #[command(subcommand)]
    Protocol(protocol::ProtocolCommand),
    /// Start a crate for a new engine, with a list of what is to do.
    NewEngine(new_engine::NewEngineArgs),
    /// List the engines that this build knows.
    Engines,
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
struct CompletionsArgs {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Runs the command line with the process's arguments.
#[must_use]
pub fn main(registry: &Registry) -> ExitCode {
    if let Some(code) = process::serve_role(|spec| engines::find(registry, spec).map(|found| found.engine)) {
        return code;
    }
    let mut definition = CommandLine::command().bin_name(registry.program);
    for chore in &registry.chores {
        let arguments = clap::Arg::new("arguments").num_args(0..).trailing_var_arg(true).allow_hyphen_values(true);
        definition = definition.subcommand(clap::Command::new(chore.name).about(chore.about).arg(arguments));
    }
    let matches = match definition.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // A closed terminal is no reason to change the exit code.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    if let Some((name, arguments)) = matches.subcommand()
        && let Some(chore) = registry.chores.iter().find(|chore| chore.name == name)
    {
        let arguments: Vec<String> = arguments.get_many::<String>("arguments").unwrap_or_default().cloned().collect();
        return (chore.run)(&arguments);
    }
    match CommandLine::from_arg_matches(&matches) {
        Ok(line) => run(registry, line.command).into(),
        Err(error) => {
            let _ = error.print();
            Exit::Usage.into()
        }
    }
}

fn run(registry: &Registry, command: Command) -> Exit {
    let result = match command {
        Command::Conform(args) => conform::run(registry, &args),
        Command::Bench(args) => bench::run(registry, &args),
        Command::Mutants(args) => mutants::run(registry, &args),
        Command::Detect(args) => detect::run(registry, &args),
        Command::Eccentrics(args) => eccentrics::run(registry, &args),
        Command::Differ(args) => differ::run(registry, &args),
        Command::Compare(args) => compare::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::History(args) => history::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Promote(args) => promote::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Coverage(args) => coverage::run(registry, &args),
        Command::Scenarios(command) => scenarios::run(&command),
        Command::Protocol(command) => protocol::run(&command),
        Command::Verify(args) => verify::run(&args),
        Command::NewEngine(args) => new_engine::run(&args),
        Command::Engines => {
            output::print(&engines::list(registry));
            Ok(Exit::Conforms)
        }
        Command::Completions(args) => {
            let mut definition = CommandLine::command();
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut definition, "storecheck", &mut script);
            output::print(&String::from_utf8_lossy(&script));
            Ok(Exit::Conforms)
        }
    };
    result.unwrap_or_else(|failure| {
        output::complain(&failure.message);
        failure.exit
    })
}

/// Why a command could not do what it was asked: one message for a person, and the exit code.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }
}
