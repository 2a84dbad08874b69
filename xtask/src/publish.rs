//! `publish`: the reports in `reports/`, judged anew, and the comparison that is made of them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What is published: the bundled engines, the stores of others, and three broken engines that show what a failure looks
/// like.
const ENGINES: [&str; 10] = [
    "append-log",
    "sqlite",
    "btree",
    "redb",
    "fjall",
    "lmdb",
    "exoware-rocksdb",
    "mutant:get-stale-after-third-write",
    "mutant:scan-in-chunks",
    "mutant:panics-when-busy",
];
/// Benchmark runs: their file, and what `bench` is asked for. Each compares what promises the same.
const BENCHES: [(&str, &str); 2] = [
    (
        "bench-process-crash.json",
        "--engine append-log,sqlite,fjall,lmdb,exoware-rocksdb,btree --durability process-crash --rounds 5 --seconds 0.2",
    ),
    (
        "bench-power-loss.json",
        "--engine append-log,sqlite,redb,fjall,lmdb --durability power-loss --rounds 5 --seconds 0.2",
    ),
];
/// The program that has all of them in one process, as a benchmark needs it.
const PEERS: &str = "engines/peers/Cargo.toml";
const ROOT: &str = "reports";
const NOTE: &str = "The first three are this repository's reference engines; the next four are stores of others, as the \
    adapters in engines/ open them, whose READMEs say what lies behind each failure. The last three are mutants, broken on \
    purpose, to show what failures look like. The command cargo xtask publish judges all of them anew; with --bench it also measures.";
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
            measure(asked)?;
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
    let report = Path::new(SCRATCH).join("report.json");
    let version = version(&report)?;
    // One version of each is published: the one that was judged last.
    let folder = folder_of(engine);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{} cannot be removed: {error}", folder.display()))?;
    }
    copy(&report, &folder.join(format!("{version}.json")))
}

/// The version that a report says its engine has.
fn version(report: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(report).map_err(|error| format!("{}: {error}", report.display()))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", report.display()))?;
    let version = value["engine"]["version"].as_str();
    version.map(str::to_owned).ok_or_else(|| format!("{}: it names no version", report.display()))
}

/// A benchmark run with what `asked` says, in the program that has all engines.
fn measure(asked: &str) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--release", "--quiet", "--locked", "--manifest-path", PEERS, "--"]);
    command.args(["bench", "--report", SCRATCH]).args(asked.split(' '));
    match command.status() {
        // One that answers wrongly meanwhile has no figures, and ends with 1.
        Ok(status) if matches!(status.code(), Some(0 | 1)) => Ok(()),
        Ok(status) => Err(format!("bench {asked}: {status}")),
        Err(error) => Err(format!("cargo cannot be started: {error}")),
    }
}

/// Makes the comparison of what is published.
fn compare() -> Result<(), String> {
    let mut files: Vec<PathBuf> = ENGINES.iter().map(|engine| of_engine(engine)).collect::<Result<_, String>>()?;
    files.extend(BENCHES.iter().map(|(name, _)| folder().join(name)).filter(|file| file.exists()));
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut words = vec!["compare", "--out", ROOT, "--note", NOTE];
    words.extend(files.iter().map(String::as_str));
    start(&words, &[0])
}

/// Where reports against this contract lie.
fn folder() -> PathBuf {
    Path::new(ROOT).join(storecheck::contract::Contract::get().name.replace(' ', "-"))
}

/// Where an engine's report lies, as a file called by its version.
fn folder_of(engine: &str) -> PathBuf {
    folder().join(engine.trim_start_matches("mutant:"))
}

/// The report of an engine.
fn of_engine(engine: &str) -> Result<PathBuf, String> {
    let folder = folder_of(engine);
    let none = |why: String| format!("{}: {why}; `cargo xtask publish {engine}` makes it", folder.display());
    let files = std::fs::read_dir(&folder).map_err(|error| none(error.to_string()))?;
    let file = files.filter_map(Result::ok).next().ok_or_else(|| none("no report".to_owned()))?;
    Ok(file.path())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benchmarks_are_those_that_are_asked_for() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        for (name, asked) in BENCHES {
            let text = std::fs::read_to_string(root.join(folder()).join(name)).unwrap();
            let run: serde_json::Value = serde_json::from_str(&text).unwrap();
            let command = run["run"]["command"].as_str().unwrap().replace('\'', "");
            assert!(command.ends_with(&format!("bench {asked}")), "{name} was made by `{command}`");
        }
    }
}
