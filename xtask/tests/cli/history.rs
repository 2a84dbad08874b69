//! The trend of engines over their versions, through the binary.

use std::path::Path;

use serde_json::Value;

use crate::binary::{folder, line, report};

/// A run of `engine` whose report says that it was `version`.
fn judged(dir: &Path, engine: &str, version: &str) {
    let name = format!("all/mine/{version}");
    let (code, out, err) = line(dir, &format!("conform --engine {engine} --check get/* --report {name}"));
    assert!(code < 2, "{out}{err}");
    let mut text = report(&dir.join(&name));
    text["engine"]["name"] = "mine".into();
    text["engine"]["version"] = version.into();
    std::fs::write(dir.join(&name).join("report.json"), text.to_string()).expect("writable");
}

/// A benchmark of `version`, `times` as fast as the machine measured, with no error to speak of.
fn measured(dir: &Path, version: &str, times: f64) {
    let bench = dir.join("b/bench.json");
    let mut text: Value = serde_json::from_slice(&std::fs::read(bench).expect("there")).expect("JSON");
    text["engines"][0]["version"] = version.into();
    let rounds: Vec<f64> = [100.0, 101.0, 100.5].iter().map(|figure| figure * times).collect();
    text["workloads"][0]["engines"][0]["rounds"] = rounds.clone().into();
    text["workloads"][0]["twin"]["rounds"] = rounds.into();
    std::fs::write(dir.join("all").join(format!("{version}.json")), text.to_string()).expect("writable");
}

#[test]
fn versions_stand_in_their_order_with_what_each_changed() {
    let dir = folder();
    let at = dir.path();
    judged(at, "btree", "0.9.0");
    judged(at, "mutant:get-stale-after-third-write", "0.10.0");
    judged(at, "btree", "0.11.0-rc.1");
    let bench = "bench --engine btree --workload get-hit --profile quick --seconds 0.01 --report b";
    assert_eq!(line(at, bench).0, 0);
    for (version, times) in [("0.9.0", 1.0), ("0.10.0", 0.8), ("0.11.0-rc.1", 0.802)] {
        measured(at, version, times);
    }
    let (code, out, err) = line(at, "history all");
    let told = "all/history.html: 3 reports, 3 benchmark runs; 3 other JSON files left out\n";
    assert_eq!((code, out.as_str()), (0, told), "{err}");

    let page = std::fs::read_to_string(at.join("all/history.html")).expect("a page");
    let places: Vec<usize> = ["0.11.0-rc.1", "0.10.0", "0.9.0"]
        .iter()
        .map(|version| page.find(&format!("<th scope=\"row\">{version}</th>")).expect("a row for each version"))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    let row = |nth: usize| &page[places[nth]..places[nth] + page[places[nth]..].find("</tr>").expect("a row ends")];
    let failing = report(&at.join("all/mine/0.10.0"))["counts"]["fail"].as_u64().expect("it fails");
    assert!(row(0).contains(&format!("0 broken, {failing} fixed")), "{}", row(0));
    assert!(row(1).contains(&format!("{failing} broken, 0 fixed")), "{}", row(1));
    assert!(row(2).contains("the first") && !row(2).contains("broken"), "{}", row(2));
    assert!(page.contains("<li>broken: get"), "{page}");

    // A fifth slower is said of the version that was; a hair faster is not said of the one after it.
    let speed = &page[page.find("<th scope=\"row\">get-hit</th>").expect("a row for the workload")..];
    let cells: Vec<&str> = speed.split("</td>").take(3).collect();
    assert!(!cells[0].contains("er:") && cells[1].contains(", slower: 0.8"), "{cells:?}");
    assert!(!cells[2].contains("er:") && cells[2].contains("80."), "{cells:?}");
}

#[test]
fn a_folder_without_reports_is_told_in_a_line() {
    let dir = folder();
    std::fs::write(dir.path().join("badge.json"), "{}").expect("writable");
    let (code, _, err) = line(dir.path(), "history .");
    assert_eq!((code, err.as_str()), (2, "error: . has no report: name a folder that has some below it\n"));
    std::fs::write(dir.path().join("report.json"), "{").expect("writable");
    let (code, _, err) = line(dir.path(), "history .");
    assert!(code == 2 && err.starts_with("error: ./report.json: EOF"), "{err}");
    let (code, _, err) = line(dir.path(), "history none");
    assert!(code == 2 && err.starts_with("error: none cannot be read: "), "{err}");
}
