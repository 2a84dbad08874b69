//! Reports from anywhere: refused, or read, verified and shown; and what was read is the same after it was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use storecheck::report::terminal::{self, Style};
use storecheck::report::{evidence, junit, markdown, merge, read};

fuzz_target!(|octets: &[u8]| {
    let Ok(report) = read::parse("report.json", octets) else { return };
    // A report may say anything; what it says must be looked at, not believed.
    let _ = read::verify(&report);
    let _ = terminal::render(&report, Style::default());
    let _ = markdown::render(&report);
    let _ = junit::render(&report);
    report.checks.iter().for_each(|check| drop(evidence::text(check)));
    let twice = ["one.json", "two.json"].map(|file| (file.to_owned(), report.clone()));
    let _ = merge::merge(twice.to_vec());
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("report.json");
    read::write(&report, &file).expect("a report can be written");
    assert_eq!(read::read(&file).expect("what was written is read"), report);
});
