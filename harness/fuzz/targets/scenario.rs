//! Scenario files from anywhere: read, or refused with a place in the file; and what was read is the same after it was
//! written down and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use storecheck::scenario::case::{Case, Expectation, Step};
use storecheck::scenario::{load_text, write};

/// Where the file claims to be: below `general`, as most are.
const FILE: &str = "general/fuzzed.yaml";

fuzz_target!(|octets: &[u8]| {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    match load_text(FILE, text) {
        Ok(cases) => cases.iter().filter(|case| is_written_whole(case)).for_each(comes_back),
        Err(error) => {
            let lines = text.split('\n').count() as u64;
            assert!(error.line <= lines + 1, "line {} of {lines}: {error}", error.line);
            assert!(!error.message.is_empty() && !error.help.is_empty(), "{error:?}");
        }
    }
});

/// Whether the case is no more than a program is: what a scenario says beyond it is not written.
fn is_written_whole(case: &Case) -> bool {
    case.steps.iter().all(|step| {
        step.name.is_none() && step.clauses.is_empty() && step.times == 1 && step.expect == Expectation::Model
    })
}

fn comes_back(case: &Case) {
    let text = write::write(&Case { id: "general/fuzzed".to_owned(), ..case.clone() }, &[]);
    let again = load_text(FILE, &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let plain = |case: &Case| -> Vec<Step> { case.steps.iter().map(|step| Step { line: 0, ..step.clone() }).collect() };
    let [again] = again.as_slice() else { panic!("{} cases come back", again.len()) };
    assert_eq!(plain(again), plain(case), "{text}");
    assert_eq!((&again.clauses, &again.title, again.executor), (&case.clauses, &case.title, case.executor), "{text}");
}
