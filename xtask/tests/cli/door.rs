//! Engines in processes of their own: one in Python, and scripts that break the protocol, each in one way.

use std::path::Path;

use crate::binary::{folder, report, run};

const HELLO: &str = r#"{"hello":{"protocol":1,"engine":"stub","declarations":{"batch_log":true,"durability":"volatile","frontier":"immediate"}}}"#;

fn python() -> String {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engines/python/store.py");
    format!("cmd:python3 {}", store.display())
}

#[test]
fn an_engine_in_python_is_judged_like_any_other() {
    let dir = folder();
    let args =
        ["conform", "--engine", &python(), "--check", "durability/*", "--check", "crash/writes", "--profile", "quick"];
    let (code, out, err) = run(dir.path(), &[&args[..], &["--report", "r"]].concat());
    assert_eq!(code, 0, "{out}{err}");
    let report = report(&dir.path().join("r"));
    assert_eq!((&report["engine"]["name"], &report["engine"]["version"]), (&"python".into(), &"0.1.0".into()));
    assert_eq!(report["durability"]["demonstrated"], "process-crash");
}

/// What the command line says of an engine that is this script.
fn said(script: &str) -> (i32, String) {
    let dir = folder();
    std::fs::write(dir.path().join("engine.sh"), script).expect("a script");
    let engine = format!("cmd:exec sh {}", dir.path().join("engine.sh").display());
    let (code, out, err) =
        run(dir.path(), &["conform", "--engine", &engine, "--check", "put/key-lengths", "--report", "r"]);
    (code, format!("{out}{err}"))
}

#[test]
fn a_host_that_does_not_start_is_told_in_one_line() {
    for (script, what) in [
        ("exit 3", "the host exited with code 3 before its first line"),
        ("echo no such library >&2; exit 1", "; it wrote: no such library"),
        ("kill -9 $$", "the host killed by signal 9 (SIGKILL) before its first line"),
        ("echo listening on port 80", "the host's first line is no handshake: \"listening on port 80\""),
        (
            r#"echo '{"hello":{"protocol":9,"engine":"x","declarations":{"batch_log":true,"durability":"volatile","frontier":"immediate"}}}'"#,
            "the host speaks version 9 of the protocol, this storecheck version 1",
        ),
    ] {
        let (code, out) = said(script);
        assert_eq!(code, 6, "{script}: {out}");
        assert!(out.contains(what), "{script}: {out}");
    }
}

#[test]
fn each_break_of_the_protocol_is_told_apart() {
    let done = r#"{"id":"0","answer":{"reply":{"done":{}}}}"#;
    for (answers, what) in [
        ("echo hello".to_owned(), r#"protocol error: a line that is no answer: "hello""#),
        (
            r#"echo '{"id":"77","answer":{"reply":{"done":{}}}}'"#.to_owned(),
            "an answer to request 77, which was never made",
        ),
        (format!("echo '{HELLO}'"), "a second handshake"),
        ("exit 4".to_owned(), "the process died: exited with code 4"),
        (r#"printf '{"id":"0","ans'; exit 5"#.to_owned(), "the process died: exited with code 5"),
        ("kill -11 $$".to_owned(), "the process died: killed by signal 11 (SIGSEGV)"),
        (format!("echo '{done}'; read line; echo '{done}'; read line"), "a second answer to request 0"),
        (format!("echo '{done}'; read line; exec >&-; sleep 5"), "closed its stdout and went on running"),
        (
            format!(
                "echo '{done}'; read line; echo '{{\"id\":\"1\",\"answer\":{{\"reply\":{{\"rows\":[]}}}}}}'; read line"
            ),
            "cannot be answered by",
        ),
    ] {
        // The first start is the look at the handshake, which asks for nothing but a shutdown.
        let shaken = r#"case "$line" in *shutdown*) exit 0;; esac"#;
        let (code, out) = said(&format!("echo '{HELLO}'\nread line\n{shaken}\n{answers}\n"));
        assert!([1, 6, 7].contains(&code), "{answers}: {code} {out}");
        assert!(out.contains(what), "{answers}: {out}");
    }
}
