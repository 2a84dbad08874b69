//! `publish`: the reports in `reports/`, judged anew, and the comparison that is made of them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What is published: the bundled engines, and three broken ones that show what a failure looks like.
const ENGINES: [&str; 6] = [
    "append-log",
    "sqlite",
    "btree",
    "mutant:get-stale-after-third-write",
    "mutant:scan-in-chunks",
    "mutant:panics-when-busy",
];
/// Benchmark runs: their file, and what `bench` is asked for. Each compares what promises the same.
const BENCHES: [(&str, &str); 2] = [
    (
        "bench-process-crash.json",
        "--engine append-log,sqlite,btree --durability process-crash --rounds 5 --seconds 0.2",
    ),
    ("bench-power-loss.json", "--engine append-log,sqlite --durability power-loss --rounds 5 --seconds 0.2"),
];
const ROOT: &str = "reports";
const NOTE: &str = "The first three are this repository's reference engines. The others are mutants, broken on purpose, to show \
    what failures look like. `cargo xtask publish` judges all of them anew; with `--bench` it also measures.";
const SCRATCH: &str = "storecheck-report/published";

/// Judges the engines that `arguments` name, or else all of them; `--bench` measures as well, `--page` only makes the
/// comparison anew.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    match publish(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(7)
        }
    }
}

fn publish(arguments: &[String]) -> Result<(), String> {
    let (flags, named): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|argument| argument.starts_with("--"));
    let known = |argument: &&&str| !["--bench", "--page"].contains(argument) && !ENGINES.contains(argument);
    if let Some(argument) = flags.iter().chain(&named).find(known) {
        return Err(format!("{argument}: publish takes --bench, --page, and names among {}", ENGINES.join(", ")));
    }
    let page_only = flags.contains(&"--page");
    for engine in ENGINES.iter().filter(|engine| !page_only && (named.is_empty() || named.contains(engine))) {
        judge(engine)?;
    }
    if flags.contains(&"--bench") {
        for (name, asked) in BENCHES {
            let words: Vec<&str> = asked.split(' ').collect();
            start(&[&["bench", "--report", SCRATCH], &words[..]].concat(), &[0])?;
            copy(&Path::new(SCRATCH).join("bench.json"), &folder().join(name))?;
        }
    }
    compare()
}

fn judge(engine: &str) -> Result<(), String> {
    // Programs that failed in earlier runs are not part of what the command in the report does.
    if Path::new(SCRATCH).exists() {
        std::fs::remove_dir_all(SCRATCH).map_err(|error| format!("{SCRATCH} cannot be removed: {error}"))?;
    }
    // A broken engine ends with 1, which is what it is here for.
    start(&["conform", "--engine", engine, "--report", SCRATCH], &[0, 1])?;
    copy(&Path::new(SCRATCH).join("report.json"), &of_engine(engine))
}

/// Makes the comparison of what is published.
fn compare() -> Result<(), String> {
    let reports = ENGINES.iter().map(|engine| of_engine(engine));
    let benches = BENCHES.iter().map(|(name, _)| folder().join(name)).filter(|file| file.exists());
    let files: Vec<String> = reports.chain(benches).map(|file| file.display().to_string()).collect();
    let mut words = vec!["compare", "--out", ROOT, "--note", NOTE];
    words.extend(files.iter().map(String::as_str));
    start(&words, &[0])
}

/// Where reports against this contract lie.
fn folder() -> PathBuf {
    Path::new(ROOT).join(storecheck::contract::Contract::get().name.replace(' ', "-"))
}

/// Where the report of an engine of this workspace lies; all of them have its version.
fn of_engine(engine: &str) -> PathBuf {
    let name = engine.trim_start_matches("mutant:");
    folder().join(name).join(format!("{}.json", env!("CARGO_PKG_VERSION")))
}

/// Runs this program; an exit code that is not among `good` is an error.
fn start(words: &[&str], good: &[i32]) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let status = Command::new(program).args(words).status();
    match status.map_err(|error| format!("{}: {error}", words.join(" ")))?.code() {
        Some(code) if good.contains(&code) => Ok(()),
        code => Err(format!("{}: ended with {code:?}", words.join(" "))),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let made = to.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::copy(from, to))
        .map(|_| ())
        .map_err(|error| format!("{} cannot be copied to {}: {error}", from.display(), to.display()))
}
