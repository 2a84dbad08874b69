//! The folder beside a run: its report in every form, the programs that failed as scenario files, and the corpus of
//! their seeds, which the next run starts with.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Failure, conform::quoted};
use crate::bench::BenchReport;
use crate::report::{self, CheckReport, Report, files, junit, timeline};
use crate::runner::CorpusEntry;

/// The folder that reports go to unless told otherwise, below the one that the command is run in.
const ROOT: &str = "storecheck-report";
/// The corpus keeps the newest of each check's programs.
const CORPUS_MAX: usize = 100;

/// A folder held by this run alone.
pub(super) struct ReportFolder {
    path: PathBuf,
    _lock: File,
}

/// Seeds of programs that failed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    format: u32,
    programs: Vec<CorpusEntry>,
}

impl ReportFolder {
    /// Opens `path`, or else the folder of that engine.
    pub(super) fn open(path: Option<&Path>, engine: &str) -> Result<Self, Failure> {
        let path = path.map_or_else(|| PathBuf::from(ROOT).join(file_name(engine)), Path::to_owned);
        let unusable = |what: &str, error: &dyn std::fmt::Display| {
            Failure::usage(format!(
                "reports cannot be written to {}: {what}: {error}; name another folder with --report",
                path.display()
            ))
        };
        std::fs::create_dir_all(&path).map_err(|error| unusable("the folder cannot be made", &error))?;
        let lock =
            File::create(path.join(".lock")).map_err(|error| unusable("the folder cannot be written", &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Failure::usage(format!(
                "another run is writing its report to {}; wait for it, or name another folder with --report",
                path.display()
            ))),
            Err(std::fs::TryLockError::Error(error)) => Err(unusable("the folder cannot be locked", &error)),
        }
    }

    /// The programs that failed in the runs before this one.
    pub(super) fn corpus(&self) -> Result<Vec<CorpusEntry>, Failure> {
        let path = self.path.join("corpus.json");
        let unusable = |error: &dyn std::fmt::Display| {
            let path = path.display();
            Failure::usage(format!("{path}: not a corpus: {error}; delete it to start without one"))
        };
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unusable(&error)),
        };
        let corpus: Corpus = serde_json::from_slice(&text).map_err(|error| unusable(&error))?;
        if corpus.format == 1 {
            Ok(corpus.programs)
        } else {
            Err(unusable(&format!("format {}, and this version reads format 1", corpus.format)))
        }
    }

    /// Says in the report where each program that failed will be written, and how it is replayed: `replay` with the
    /// file behind it. Without it the command stays what it was, but for the file.
    pub(super) fn place_programs(&self, report: &mut Report, replay: Option<&str>) {
        for check in &mut report.checks {
            if let Some(found) = check.stress.as_mut().and_then(|stress| stress.found.as_mut())
                && !found.text.is_empty()
            {
                let name = format!("{}.history.jsonl", check.id.replace('/', "-"));
                found.history = self.path.join("failures").join(name).display().to_string();
            }
            let Some(found) = check.search.as_ref().and_then(|search| search.found.as_ref()) else { continue };
            let Some(name) = scenario_name(&found.scenario) else { continue };
            let file = self.path.join("failures").join(format!("{name}.yaml")).display().to_string();
            let command = match replay {
                Some(replay) => format!("{replay} "),
                None => check.replay.replace(&quoted(&check.file), ""),
            };
            check.replay = format!("{command}{}", quoted(&file));
            check.file = file;
        }
    }

    /// Writes the report in all its forms, the programs that failed, and the corpus.
    pub(super) fn write(&self, report: &Report, corpus: Vec<CorpusEntry>) -> Result<(), String> {
        let failed = |name: &str, error: &dyn std::fmt::Display| {
            format!("{name} cannot be written to {}: {error}; the verdict above stands", self.path.display())
        };
        files::write(report, &self.path).map_err(|(name, error)| failed(name, &error))?;
        let junit = junit::render(report).map_err(|error| failed("junit.xml", &error))?;
        std::fs::write(self.path.join("junit.xml"), junit).map_err(|error| failed("junit.xml", &error))?;
        self.write_programs(report, corpus).map_err(|error| failed("a failing program", &error))
    }

    /// Writes what was measured, for programs and for people.
    pub(super) fn write_bench(&self, bench: &BenchReport) -> Result<(), String> {
        let failed = |name: &str, error: &dyn std::fmt::Display| {
            format!("{name} cannot be written to {}: {error}", self.path.display())
        };
        let text = serde_json::to_string_pretty(bench).map_err(|error| failed("bench.json", &error))?;
        std::fs::write(self.path.join("bench.json"), text + "\n").map_err(|error| failed("bench.json", &error))?;
        std::fs::write(self.path.join("bench.md"), report::bench::markdown(bench))
            .map_err(|error| failed("bench.md", &error))
    }

    fn write_programs(&self, report: &Report, mut corpus: Vec<CorpusEntry>) -> std::io::Result<()> {
        let known = corpus.len();
        for check in &report.checks {
            write_history(check)?;
            let Some(found) = check.search.as_ref().and_then(|search| search.found.as_ref()) else { continue };
            let entry = CorpusEntry { check: check.id.clone(), seed: found.seed };
            if !corpus.contains(&entry) {
                corpus.insert(0, entry);
            }
            if !found.scenario.is_empty() && !check.file.is_empty() {
                std::fs::create_dir_all(self.path.join("failures"))?;
                std::fs::write(&check.file, &found.scenario)?;
            }
        }
        if corpus.len() == known {
            return Ok(());
        }
        corpus.truncate(CORPUS_MAX);
        let text = serde_json::to_string_pretty(&Corpus { format: 1, programs: corpus })?;
        std::fs::write(self.path.join("corpus.json"), text + "\n")
    }
}

/// Writes the history of a program that failed, and the calls that prove it as a picture beside it.
fn write_history(check: &CheckReport) -> std::io::Result<()> {
    let Some(found) = check.stress.as_ref().and_then(|stress| stress.found.as_ref()) else { return Ok(()) };
    if found.history.is_empty() || found.text.is_empty() {
        return Ok(());
    }
    let path = Path::new(&found.history);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, &found.text)?;
    let proof = check.failures.iter().find_map(|failure| failure.proof.as_deref());
    match proof {
        Some(proof) => std::fs::write(found.history.replace(".history.jsonl", ".svg"), timeline::svg(proof)),
        None => Ok(()),
    }
}

/// The last part of a scenario's id, which is its first line.
pub(super) fn scenario_name(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix("scenario: ")?.rsplit('/').next()
}

/// An engine's name as the name of a folder.
fn file_name(engine: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let name: String = engine.chars().map(fits).collect();
    if name.trim_matches('.').is_empty() { "engine".to_owned() } else { name }
}
