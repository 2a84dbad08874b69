//! Engines by name: `sqlite`, `sqlite@process-crash`, `mutant:name`, `eccentric:name`, `cmd:…` for a command that starts
//! one in a process of its own, and those over the wire.

use std::process::Command;
use std::time::Duration;

use super::exit::Exit;
use super::{Failure, ProcessEngine, Registry, output, wired};
use crate::engine::Engine;
use crate::protocol::{HostCommand, Process, StartError};

/// What an engine's command may take to say hello.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What the name of such an engine starts with.
const COMMAND: &str = "cmd:";

/// An engine found by its name.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) engine: Engine,
    /// The name by which it was found, which a worker finds it by again.
    pub(super) spec: String,
}

/// Every name this build knows, with its engine.
fn all(registry: &Registry) -> impl Iterator<Item = Found> + '_ {
    let engines = registry.engines.iter().flat_map(|engine| {
        let others = engine.other_classes().filter_map(|class| engine.keeping(class));
        let all = std::iter::once(engine.clone()).chain(others);
        all.map(|engine| Found { spec: engine.name().to_owned(), engine })
    });
    let mutants = registry
        .mutants
        .iter()
        .map(|mutant| Found { spec: format!("mutant:{}", mutant.engine.name()), engine: mutant.engine.clone() });
    let eccentrics = registry.eccentrics.iter().map(|eccentric| Found {
        spec: format!("eccentric:{}", eccentric.engine.name()),
        engine: eccentric.engine.clone(),
    });
    engines.chain(mutants).chain(eccentrics)
}

pub(super) fn find(registry: &Registry, spec: &str) -> Option<Found> {
    if wired::is_wired(spec) {
        return wired::find(registry, spec);
    }
    if let Some(command) = spec.strip_prefix(COMMAND) {
        return hosted(command).ok();
    }
    if let Some(process) = registry.processes.iter().find(|process| process.name == spec) {
        return hosted(&process.command).ok().map(|found| Found { spec: spec.to_owned(), ..found });
    }
    all(registry).find(|found| found.spec == spec)
}

/// The engine that hosts started by `command` serve, as one of them says.
fn hosted(command: &str) -> Result<Found, StartError> {
    let folder = tempfile::tempdir().map_err(|error| StartError::Spawn(error.to_string()))?;
    let host = HostCommand::Shell(command.to_owned());
    let process = Process::start(&host, folder.path(), HANDSHAKE)?;
    let engine = Engine::hosted(host, process.hello());
    process.shut_down(HANDSHAKE);
    Ok(Found { engine, spec: format!("{COMMAND}{command}") })
}

/// Builds what has a workspace of its own.
pub(super) fn build(process: &ProcessEngine) -> Result<(), Failure> {
    let Some(workspace) = &process.workspace else { return Ok(()) };
    if !workspace.join("target/release").exists() {
        output::remark(&format!("building {}, which takes minutes the first time", workspace.display()));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--quiet", "--locked", "--manifest-path"]).arg(workspace.join("Cargo.toml"));
    command.args(["--features", process.features]);
    // Where this build's own artefacts go is of no concern to another workspace.
    command.env_remove("CARGO_TARGET_DIR");
    let cannot = |why: String| {
        let message = format!("{}: {} cannot be built: {why}", process.name, workspace.display());
        Err(Failure::new(Exit::CannotStart, message))
    };
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => cannot(format!("cargo build: {status}")),
        Err(error) => cannot(format!("cargo: {error}")),
    }
}

/// The engine called `spec`, or a message that offers the nearest names.
pub(super) fn resolve(registry: &Registry, spec: &str) -> Result<Found, Failure> {
    if wired::is_wired(spec) {
        return wired::resolve(registry, spec);
    }
    if let Some(command) = spec.strip_prefix(COMMAND) {
        let cannot = |error| Failure::new(Exit::CannotStart, format!("`{command}`: {error}"));
        return hosted(command).map_err(cannot);
    }
    if let Some(process) = registry.processes.iter().find(|process| process.name == spec) {
        build(process)?;
        let cannot = |error| Failure::new(Exit::CannotStart, format!("{spec} (`{}`): {error}", process.command));
        return hosted(&process.command).map(|found| Found { spec: spec.to_owned(), ..found }).map_err(cannot);
    }
    find(registry, spec).ok_or_else(|| {
        let commands = registry.processes.iter().map(|process| process.name.to_owned());
        let names: Vec<String> = all(registry).map(|found| found.spec).chain(commands).collect();
        if names.is_empty() {
            return Failure::usage(format!(
                "no engine is called {spec:?}: this build knows none by name; one in a process of its own is \
                 `--engine 'cmd:COMMAND'`, with `{{dir}}` for the store's folder where the command wants it"
            ));
        }
        let nearest = nearest(spec, names.iter().map(String::as_str));
        let program = registry.program;
        Failure::usage(if nearest.is_empty() {
            format!("no engine is called {spec:?}; `{program} engines` lists those that this build knows")
        } else {
            format!(
                "no engine is called {spec:?}; did you mean {}? `{program} engines` lists all",
                nearest.join(" or ")
            )
        })
    })
}

/// The names that look most like `wanted`.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<(f64, &str)> = names.map(|name| (strsim::jaro_winkler(wanted, name), name)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().filter(|(likeness, _)| *likeness > 0.75).map(|(_, name)| name).take(3).collect()
}

pub(super) fn list(registry: &Registry) -> String {
    let mut lines = Vec::new();
    for engine in &registry.engines {
        let declared = engine.declarations();
        let log = if declared.batch_log { "batch log" } else { "no batch log" };
        lines.push(format!(
            "{:<40} {} ({log}, {}, {} frontier)",
            engine.name(),
            engine.version_text(),
            declared.durability,
            declared.frontier
        ));
        lines.extend(engine.other_classes().filter_map(|class| engine.keeping(class)).map(|other| {
            format!("{:<40} {} ({class})", other.name(), other.version_text(), class = other.declarations().durability)
        }));
    }
    lines.extend(registry.processes.iter().map(|process| format!("{:<40} `{}`", process.name, process.command)));
    lines.extend(
        registry.eccentrics.iter().map(|e| format!("{:<40} {}", format!("eccentric:{}", e.engine.name()), e.line)),
    );
    lines.extend(registry.mutants.iter().map(|m| format!("{:<40} {}", format!("mutant:{}", m.engine.name()), m.line)));
    lines.join("\n")
}
