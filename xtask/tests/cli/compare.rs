//! Several engines in one page, through the binary.

use crate::binary::{folder, line};

#[test]
fn engines_and_their_speed_share_a_page() {
    let dir = folder();
    for (engine, name) in [("btree", "right"), ("mutant:get-stale-after-third-write", "wrong")] {
        let conform =
            format!("conform --engine {engine} --check get/* --check stress/hot-key --profile quick --report {name}");
        let (code, out, err) = line(dir.path(), &conform);
        assert_eq!(code, i32::from(name == "wrong"), "{out}{err}");
    }
    let bench = "bench --engine btree --workload get-hit --profile quick --seconds 0.01 --report b";
    assert_eq!(line(dir.path(), bench).0, 0);
    let (code, out, err) = line(dir.path(), "compare right/report.json wrong/report.json b/bench.json --out page");
    assert_eq!((code, out.as_str()), (0, "page: 2 engines, 1 benchmark runs\n"), "{err}");
    let html = std::fs::read_to_string(dir.path().join("page/index.html")).expect("a page");
    assert!(html.contains("<th scope=\"col\">get-stale-after-third-write</th>") && html.contains("<svg "), "{html}");
    let page = std::fs::read_to_string(dir.path().join("page/README.md")).expect("a page");
    assert!(page.contains("| clause | btree | get-stale-after-third-write |"), "{page}");
    let clause = page.lines().find(|line| line.starts_with("| GET-1 ")).expect("a row for each clause");
    assert!(clause.contains("| pass (MUST) | **FAIL (MUST): "), "{clause}");
    assert!(page.contains("<details><summary>get/after-delete-and-put-again (fail)"), "{page}");
    assert!(page.contains("| scan isolation (ISO-3) | ") && page.contains("\n## Speed\n"), "{page}");
}

#[test]
fn what_is_no_report_is_told_in_a_line() {
    let dir = folder();
    std::fs::write(dir.path().join("r.json"), "{}").expect("writable");
    let (code, _, err) = line(dir.path(), "compare r.json");
    assert!(code == 2 && err.starts_with("error: r.json: ") && err.lines().count() == 1, "{err}");
}
