//! Writing a program down as a scenario file: what a failure becomes, so that it can be read, replayed and kept.
//!
//! What is written is read again by `load`, and comes to the same case but for lines. Octets are written as a person
//! would: text where they are text, long ones as what they were made from.

use std::fmt::Write as _;

use super::case::{Case, Keys, Need, Operation, Pairs};
use super::expression::NumberExpression;
use super::generate;
use crate::driver::Executor;
use crate::octets::Octets;

/// Octets that are longer are written as a recipe where one is found.
const PLAIN_MAX: usize = 24;

/// The scenario file of `case`, whose steps expect nothing beyond the model; `why` says where it comes from, in lines of
/// its own.
#[must_use]
pub fn write(case: &Case, why: &[String]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "scenario: {}", case.id);
    let _ = writeln!(out, "title: {}", text(&case.title));
    let clauses: Vec<&str> = case.clauses.iter().map(|clause| clause.as_str()).collect();
    let _ = writeln!(out, "clauses: [{}]", clauses.join(", "));
    if !case.needs.is_empty() {
        let needs: Vec<&str> = case.needs.iter().map(|need| name_of(*need)).collect();
        let _ = writeln!(out, "needs: [{}]", needs.join(", "));
    }
    if case.profile != super::Profile::Quick {
        let _ = writeln!(out, "profile: {}", case.profile);
    }
    match case.executor {
        Executor::Thread => {}
        Executor::TokioCurrentThread => out.push_str("executor: tokio-current-thread\n"),
        Executor::TokioMultiThread => out.push_str("executor: tokio-multi-thread\n"),
    }
    out.push_str("steps:\n");
    for step in &case.steps {
        let _ = writeln!(out, "  - {}", operation(&step.operation));
    }
    // Behind the steps, whose lines are then the same with and without it.
    if !why.is_empty() {
        let _ = writeln!(out, "why: |");
        for line in why.iter().flat_map(|line| line.lines()) {
            let _ = writeln!(out, "  {}", printable(line).trim_start());
        }
    }
    out
}

fn name_of(need: Need) -> &'static str {
    match need {
        Need::BatchLog => "batch_log",
        Need::Durable => "durable",
        Need::Fresh => "fresh",
    }
}

fn operation(operation: &Operation) -> String {
    match operation {
        Operation::PutBatch(pairs) => format!("put_batch: {}", self::pairs(pairs)),
        Operation::DeleteBatch(keys) => format!("delete_batch: {}", self::keys(keys)),
        Operation::Get(key) => format!("get: {}", octets(key)),
        Operation::GetMany(keys) => format!("get_many: {}", self::keys(keys)),
        Operation::RangeScan { start, end, limit, forward } => {
            let mut fields = Vec::new();
            if !start.is_empty() {
                fields.push(format!("start: {}", octets(start)));
            }
            if !end.is_empty() {
                fields.push(format!("end: {}", octets(end)));
            }
            if *limit != NumberExpression::max() {
                fields.push(format!("limit: {limit}"));
            }
            if !forward {
                fields.push("direction: reverse".to_owned());
            }
            format!("range_scan: {{ {} }}", fields.join(", ")).replace("{  }", "{}")
        }
        Operation::CurrentSequence => "current_sequence: {}".to_owned(),
        Operation::GetBatch(number) => format!("get_batch: {number}"),
        Operation::OldestRetainedBatch => "oldest_retained_batch: {}".to_owned(),
        Operation::PruneBatchLog(number) => format!("prune_batch_log: {number}"),
        Operation::Reopen => "reopen: {}".to_owned(),
        Operation::OpenAgain => "open_again: {}".to_owned(),
        Operation::Audit => "audit: {}".to_owned(),
    }
}

fn pairs(pairs: &Pairs) -> String {
    match pairs {
        Pairs::List(pairs) => list(pairs.iter().map(|(key, value)| format!("[{}, {}]", octets(key), octets(value)))),
        Pairs::Generate { count, prefix, from, octets: size, seed } => format!(
            "{{ generate: {{ pairs: {count}, prefix: {}, from: {from}, octets: {size}, seed: {seed} }} }}",
            octets(prefix)
        ),
    }
}

fn keys(keys: &Keys) -> String {
    match keys {
        Keys::List(keys) => list(keys.iter().map(octets)),
        Keys::Generate { count, prefix, from } => {
            format!("{{ generate: {{ keys: {count}, prefix: {}, from: {from} }} }}", octets(prefix))
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Octets in the shortest form that reads well.
fn octets(octets: &Octets) -> String {
    if let Some(text) = std::str::from_utf8(octets).ok().filter(|text| text.len() <= PLAIN_MAX && is_plain(text)) {
        return self::text(text);
    }
    if octets.len() <= PLAIN_MAX {
        return format!("{{ hex: {:?} }}", hex(octets));
    }
    drawn(octets).or_else(|| runs(octets)).unwrap_or_else(|| format!("{{ hex: {:?} }}", hex(octets)))
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

/// A text as YAML takes it: a word as it is, anything that could be read as something else in quotes. What YAML makes
/// of quoted text is what JSON makes of it.
fn text(text: &str) -> String {
    let word = |text: &str| {
        let mut chars = text.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && chars.all(|c| c.is_ascii_alphanumeric())
            && !["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"]
                .contains(&text.to_ascii_lowercase().as_str())
    };
    // `${x}` in a place of its own would be read as the name of a matrix value.
    match text {
        _ if word(text) => text.to_owned(),
        _ if text.starts_with("${") => format!("{{ text: {} }}", quoted(text)),
        _ => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| unreachable!("text is JSON"))
}

/// A line without what a terminal or a YAML reader would stumble over.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut digits, octet| {
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}

/// Octets that were drawn from a seed, as that seed.
fn drawn(octets: &Octets) -> Option<String> {
    let first = u64::from_le_bytes(*octets.first_chunk()?);
    let seed = generate::seed_of(first);
    let count = octets.len() as u64;
    (generate::octets(count, seed) == *octets).then(|| format!("{{ random: {{ octets: {count}, seed: {seed} }} }}"))
}

/// Octets in which few long runs stand, as those runs and what is between.
fn runs(octets: &Octets) -> Option<String> {
    /// Shorter runs are written out.
    const RUN_MIN: usize = 8;
    let mut parts: Vec<(Vec<u8>, usize)> = Vec::new();
    for run in octets.chunk_by(|left, right| left == right) {
        match parts.last_mut() {
            _ if run.len() >= RUN_MIN => parts.push((vec![run[0]], run.len())),
            Some((between, 1)) => between.extend(run),
            _ => parts.push((run.to_vec(), 1)),
        }
    }
    if parts.len() > 6 || parts.iter().any(|(between, _)| between.len() > PLAIN_MAX) {
        return None;
    }
    let mut written: Vec<String> = parts
        .iter()
        .map(|(part, times)| match times {
            1 => format!("{{ hex: {:?} }}", hex(part)),
            times => format!("{{ repeat: 0x{} * {times} }}", hex(part)),
        })
        .collect();
    Some(if written.len() == 1 { written.remove(0) } else { format!("{{ concat: [{}] }}", written.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ClauseId;
    use crate::property::{SHAPES, Suited, generate};
    use crate::scenario::load::load_text;

    fn written(operations: Vec<Operation>) -> String {
        let program = crate::property::Program { operations, executor: Executor::TokioMultiThread };
        write(
            &program.clone().into_case("found/x", "A title: with a colon", vec![ClauseId::new("GET-1")]),
            &["why\u{1b}[0m".into()],
        )
    }

    #[test]
    fn a_program_reads_as_a_person_would_write_it() {
        let text = Octets::text;
        insta::assert_snapshot!(written(vec![
            Operation::PutBatch(Pairs::List(vec![
                (text("a"), text("")),
                (text("no"), text("12")),
                (text("${x}"), text("say \"a\"")),
                (Octets::from(vec![0xff; 254]), generate::octets(4097, 7)),
                (Octets::from([vec![b'a'; 253], vec![0]].concat()), Octets::from(vec![0, 1])),
            ])),
            Operation::RangeScan {
                start: Octets::default(),
                end: Octets::default(),
                limit: NumberExpression::max(),
                forward: true
            },
            Operation::RangeScan {
                start: text("a"),
                end: Octets::from(vec![b'a', 0]),
                limit: NumberExpression::integer(1),
                forward: false
            },
            Operation::GetBatch(NumberExpression::name("current").offset(false, 1)),
            Operation::PruneBatchLog(NumberExpression::max()),
            Operation::Reopen,
        ]));
    }

    #[test]
    fn what_is_written_is_read_as_the_same_case() {
        for (shape, seed) in SHAPES.iter().flat_map(|shape| (0..10).map(move |seed| (shape, seed))) {
            let program = generate(shape, Suited { batch_log: true, reopen: true }, seed);
            let mut case = program.clone().into_case("found/x", shape.title, vec![ClauseId::new("GEN-4")]);
            case.profile = super::super::Profile::Soak;
            let file = write(&case, &[]);
            if file.len() > 1 << 20 {
                continue;
            }
            let mut read = load_text("found/x.yaml", &file).unwrap_or_else(|error| panic!("{error}"));
            let mut read = read.remove(0);
            read.file.clear();
            read.steps.iter_mut().for_each(|step| step.line = 0);
            assert_eq!(read, case, "{} {seed}", shape.name);
        }
    }
}
