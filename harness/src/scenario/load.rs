//! Reading scenario files: one clear message for every mistake, with file, line, column, excerpt and remedy, and
//! nothing runs.
//!
//! This is the only module that knows which YAML library is used, and how it is held back: a file is at most 1 MiB,
//! and aliases, depth and nodes are bounded long before a hostile file costs memory or time.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::case::Case;
use super::compile::{self, Mistake};
use super::syntax::ScenarioSyntax;

/// Where scenarios are explained.
const GUIDE: &str = "scenarios/README.md";

/// The largest scenario file that is read.
const FILE_OCTETS_MAX: u64 = 1 << 20;

/// A scenario file that cannot be used: where, what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 when the mistake has no place.
    pub line: u64,
    /// The column, from 1; 0 when the mistake has no place.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    excerpt: String,
}

impl LoadError {
    fn without_place(file: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            help: help.into(),
            excerpt: String::new(),
        }
    }

    fn at(file: &str, text: &str, mistake: Mistake) -> Self {
        let Mistake { line, column, message, help } = mistake;
        let excerpt = excerpt(file, text, line, column, &message, &help);
        Self { file: file.to_owned(), line, column, message, help, excerpt }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.excerpt.is_empty() {
            write!(f, "error: {}\n --> {}\n  = help: {}", self.message, self.file, self.help)
        } else {
            f.write_str(&self.excerpt)
        }
    }
}

impl std::error::Error for LoadError {}

fn excerpt(file: &str, text: &str, line: u64, column: u64, message: &str, help: &str) -> String {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let line_text = text[start..].lines().next().unwrap_or_default();
    let from = line_text.char_indices().nth(column.saturating_sub(1) as usize).map_or(line_text.len(), |(at, _)| at);
    let to = line_text.len().max(from + 1).min(text.len().saturating_sub(start).max(from));
    let snippet = Snippet::source(text).path(file).annotation(AnnotationKind::Primary.span(start + from..start + to));
    let report = [Level::ERROR.primary_title(message).element(snippet).element(Level::HELP.message(help))];
    Renderer::plain().render(&report)
}

/// Reads one scenario from `text`, whose file is `file` (a path below the scenarios' folder).
///
/// # Errors
/// The first mistake in it.
pub fn load_text(file: &str, text: &str) -> Result<Vec<Case>, LoadError> {
    load(file, text, true)
}

/// Reads YAML of any type that is explained in `guide`, within the same bounds.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str, guide: &str) -> Result<T, LoadError> {
    if let Some(mistake) = lone_return(text) {
        return Err(LoadError::at(file, text, mistake));
    }
    serde_yaml::from_str_with_options(text, options())
        .map_err(|error| LoadError::at(file, text, syntax_mistake(&error, guide)))
}

/// A mistake that the types alone do not catch, at its line and column.
#[cfg(any(feature = "expect", feature = "bench"))]
pub(crate) fn mistake_at(file: &str, text: &str, at: (u64, u64), message: String, help: String) -> LoadError {
    LoadError::at(file, text, Mistake { line: at.0, column: at.1, message, help })
}

fn load(file: &str, text: &str, in_place: bool) -> Result<Vec<Case>, LoadError> {
    let syntax: ScenarioSyntax = parse(file, text, GUIDE)?;
    let cases = compile::compile(&syntax, file, in_place).map_err(|mistake| LoadError::at(file, text, mistake))?;
    if let Some(size) = cases.iter().find_map(compile::undeclared_size) {
        let mistake = Mistake {
            line: syntax.scenario.referenced.line(),
            column: syntax.scenario.referenced.column(),
            message: size,
            help: "declare `profile: standard`, or use less data".to_owned(),
        };
        return Err(LoadError::at(file, text, mistake));
    }
    Ok(cases)
}

/// Reads the scenario file at `path`, known as `file` below its scenarios' folder.
///
/// # Errors
/// When the file cannot be read, or the first mistake in it.
///
/// Without `file` the scenario may have any id: it is known by its path as given, which is what a replay wants.
pub fn load_file(path: &Path, file: Option<&str>) -> Result<Vec<Case>, LoadError> {
    let shown = path.display().to_string();
    let named = file.unwrap_or(&shown);
    let fault = |message: String, help: &str| LoadError::without_place(named, message, help);
    let size = std::fs::metadata(path)
        .map_err(|e| fault(format!("cannot read the file: {e}"), "check that it exists and can be read"))?
        .len();
    if size > FILE_OCTETS_MAX {
        return Err(fault(
            format!("the file has {size} octets; scenarios have at most {FILE_OCTETS_MAX}"),
            "use `generate` and `repeat` instead of writing data out",
        ));
    }
    let octets = std::fs::read(path)
        .map_err(|e| fault(format!("cannot read the file: {e}"), "check that it exists and can be read"))?;
    let text = String::from_utf8(octets).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let before = &e.as_bytes()[..at];
        let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|octet| **octet != b'\n').count() + 1;
        LoadError {
            line: line as u64,
            column: column as u64,
            ..fault(
                format!("not UTF-8: octet {at} (line {line}, column {column})"),
                "save the file as UTF-8; write raw octets as { hex: .. }",
            )
        }
    })?;
    load(named, &text, file.is_some())
}

/// Reads a scenario that is one case, whatever file it is in.
///
/// # Errors
/// The first mistake in it.
pub(crate) fn load_replay(file: &str, text: &str) -> Result<Case, LoadError> {
    let none = || LoadError::without_place(file, "no case", "a program is one case");
    load(file, text, false)?.into_iter().next().ok_or_else(none)
}

/// Reads all scenarios below `dir`, in order of their paths.
///
/// # Errors
/// Every file's first mistake, and ids that two files share.
pub fn load_dir(dir: &Path) -> Result<Vec<Case>, Vec<LoadError>> {
    let mut files = Vec::new();
    if let Err(e) = find(dir, dir, &mut files) {
        let shown = dir.display().to_string();
        return Err(vec![LoadError::without_place(
            &shown,
            format!("cannot list the folder: {e}"),
            "name a folder with scenario files",
        )]);
    }
    files.sort();
    let mut cases = Vec::new();
    let mut errors = Vec::new();
    for file in files {
        match load_file(&dir.join(&file), Some(&file)) {
            Ok(more) => {
                let shown = dir.join(&file).display().to_string();
                cases.extend(more.into_iter().map(|case| Case { file: shown.clone(), ..case }));
            }
            Err(error) => errors.push(error),
        }
    }
    errors.extend(duplicates(&cases));
    if errors.is_empty() { Ok(cases) } else { Err(errors) }
}

/// Ids that stand more than once among `cases`.
pub(crate) fn duplicates(cases: &[Case]) -> Vec<LoadError> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut errors = Vec::new();
    for case in cases {
        if let Some(other) = first.insert(&case.id, &case.file) {
            errors.push(LoadError::without_place(
                &case.file,
                format!("duplicate id `{}`: {other} has it too", case.id),
                "give one of them another name",
            ));
        }
    }
    errors
}

fn find(root: &Path, dir: &Path, files: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            // `bench/` holds workloads, which have a syntax of their own.
            if path.strip_prefix(root).is_ok_and(|below| below != Path::new("bench")) {
                find(root, &path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml")
            && let Ok(below) = path.strip_prefix(root)
        {
            files.push(below.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// What a mistake in the YAML itself comes to.
fn syntax_mistake(error: &serde_yaml::Error, guide: &str) -> Mistake {
    let (line, column) = error.location().map_or((1, 1), |at| (at.line().max(1), at.column().max(1)));
    let whole = error.without_snippet().to_string();
    let message = whole.lines().next().unwrap_or_default();
    let message = message.find(" at line ").map_or(message, |at| &message[..at]);
    let help = if message.contains("unknown field") {
        format!("check the spelling; {guide} lists every field")
    } else if message.contains("udget") || message.contains("alias") {
        "write the data out plainly, or with `generate` and `repeat`; aliases and depth are limited".to_owned()
    } else if message.contains("uplicate") {
        "a map has each field once; use a list where order or repetition matters".to_owned()
    } else if message.contains("quoted") || message.contains("invalid type") {
        format!("quote text that looks like a number, a boolean or null; {guide} shows every form")
    } else {
        format!("{guide} shows every form with an example")
    };
    Mistake { line, column, message: message.to_owned(), help }
}

/// A carriage return alone ends a line for YAML and for no editor of today: places would be counted differently.
fn lone_return(text: &str) -> Option<Mistake> {
    let at = text.match_indices('\r').map(|(at, _)| at).find(|at| text.as_bytes().get(at + 1) != Some(&b'\n'))?;
    let before = &text[..at];
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() as u64 + 1;
    Some(Mistake {
        line,
        column,
        message: "a carriage return that no line feed follows".to_owned(),
        help: "end lines with a line feed; write the octet as { hex: \"0d\" }".to_owned(),
    })
}

fn options() -> serde_yaml::Options {
    let mut budget = serde_yaml::Budget::default();
    budget.max_events = 200_000;
    budget.max_nodes = 200_000;
    budget.max_aliases = 64;
    budget.max_anchors = 64;
    budget.max_depth = 24;
    budget.max_documents = 1;
    budget.max_reader_input_bytes = Some(FILE_OCTETS_MAX as usize);
    let mut options = serde_yaml::Options::default();
    options.budget = Some(budget);
    options.strict_booleans = true;
    options.no_schema = true;
    options.reject_unsupported_tags = true;
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
scenario: scan/x
title: A scan
clauses: [SCAN-1]
matrix:
  direction: [forward, reverse]
  bound:
    - { name: below, end: a, rows: [] }
    - { name: at, end: b, rows: [[b, "2"]] }
steps:
  - put_batch: [[b, "2"], [{ hex: "00 ff" }, { repeat: 0xff * 3 }]]
    as: n
    expect: { sequence: $fresh + 1 }
  - range_scan: { end: "${bound.end}", direction: "${direction}", limit: 10 }
    expect: { rows: "${bound.rows}" }
  - get: b
    expect: { any_of: [{ value: null }, error, { value: { concat: [ab, { hex: "00" }] } }] }
  - get_batch: $n + 1
  - delete_batch: { generate: { keys: 10 } }
    times: 3
"#;

    #[test]
    fn a_scenario_expands_over_its_matrix() {
        let cases = load_text("scan/x.yaml", GOOD).expect("a good scenario");
        let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        assert_eq!(ids, ["scan/x#forward,below", "scan/x#reverse,below", "scan/x#forward,at", "scan/x#reverse,at"]);
        let sent = serde_json::to_string(&cases[3]).expect("cases serialise");
        assert_eq!(serde_json::from_str::<Case>(&sent).expect("cases parse"), cases[3]);
    }

    /// Each mistake: what is replaced in the good file by what, where it is found, what the message says, and the
    /// remedy.
    #[test]
    fn every_mistake_has_a_place_and_a_remedy() {
        for (from, to, place, message, help) in [
            ("as: n", "ass: n", (12, 5), "unknown field `ass`", "check the spelling"),
            ("b, \"2\"], [{", "b, 2], [{", (11, 21), "integer `2`", "quote text"),
            ("hex: \"00 ff\"", "hex: \"0 ff\"", (11, 28), "bad hex `0 ff`", "every form"),
            ("$n + 1", "$m + 1", (18, 5), "`$m` is used here but never bound", "bound so far: $current, $fresh, $n"),
            ("get: b", "get: b\n    get_many: [a]", (16, 5), "exactly one call", "start a new step"),
            ("\"${direction}\"", "\"${dir}\"", (14, 5), "`${dir}` names no axis", "direction, bound"),
            ("times: 3", "times: x", (20, 12), "invalid", "every form"),
            ("value: null", "sequence: 3", (16, 5), "never replies with `sequence`", "expect `value`"),
            ("title: A scan", "title: A scan\ntitle: b", (4, 1), "uplicate", "each field once"),
            ("SCAN-1]", "SCAN-99]", (4, 11), "unknown clause `SCAN-99`", "did you mean `SCAN-9"),
            ("scenario: scan/x", "scenario: scan/y", (2, 11), "differs from the file's place", "scenario: scan/x"),
            ("{ name: below, end: a", "{ end: a", (6, 3), "a map without `name`", "labels the case"),
            (
                "[[b, \"2\"], [{",
                "[[b, { repeat: 0x61 * 2000000 }], [{",
                (2, 11),
                "over the 1048576",
                "profile: standard",
            ),
            ("title: A scan", "title: A\rscan", (3, 9), "no line feed follows", "end lines with"),
            ("get_batch: $n + 1", "get_batch: $n +", (18, 16), "bad number `$n +`", "every form"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let error = load_text("scan/x.yaml", &text).expect_err(to);
            assert_eq!((error.line, error.column), place, "{to}: {error}");
            assert!(error.message.contains(message), "{to}: {error}");
            assert!(error.help.contains(help), "{to}: {error}");
            assert!(error.to_string().contains("--> scan/x.yaml:"), "{to}: {error}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_by_the_budget() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..10 {
            let refs = vec![format!("*a{}", i - 1); 10].join(", ");
            text.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
        }
        let bomb = format!(
            "scenario: scan/x\ntitle: t\nclauses: [SCAN-1]\nmatrix:\n{}",
            text.replace("\na", "\n  a").replacen("a0", "  a0", 1)
        );
        let error = load_text("scan/x.yaml", &bomb).expect_err("a bomb");
        assert!(error.line > 0 && !error.message.is_empty(), "{error}");
        let deep = format!("scenario: {}{}", "[".repeat(20_000), "]".repeat(20_000));
        load_text("scan/x.yaml", &deep).expect_err("a deep file");
    }

    #[test]
    fn files_that_are_too_large_or_not_text_are_refused() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("x.yaml");
        std::fs::write(&path, vec![b'#'; 2 << 20]).expect("writable");
        let error = load_file(&path, Some("x.yaml")).expect_err("2 MiB");
        assert!(error.message.contains("2097152 octets"), "{error}");
        std::fs::write(&path, b"scenario: x\ntitle: \xff").expect("writable");
        let error = load_file(&path, Some("x.yaml")).expect_err("not UTF-8");
        assert_eq!((error.line, error.column), (2, 8), "{error}");
        let error = load_file(&dir.path().join("none.yaml"), None).expect_err("missing");
        assert!(error.message.contains("cannot read"), "{error}");
    }
}
