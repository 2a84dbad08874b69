//! `protocol`: the schema, the conversation that the documentation shows, and hosts with one mistake each.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary::{folder, run};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What `protocol check` says of the engine in Python with `from` replaced by `to` in its source.
fn checked(from: &str, to: &str, options: &[&str]) -> (i32, String) {
    let dir = folder();
    let source = std::fs::read_to_string(Path::new(ROOT).join("engines/python/store.py")).expect("the source");
    assert!(source.contains(from), "nothing to replace: {from}");
    std::fs::write(dir.path().join("store.py"), source.replacen(from, to, 1)).expect("writable");
    let (code, out, err) = run(dir.path(), &[&["protocol", "check", "exec python3 store.py"], options].concat());
    (code, format!("{out}{err}"))
}

#[test]
fn a_host_without_mistakes_is_told_so() {
    let (code, out) = checked("import sys", "import sys", &[]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("12 steps, 0 not reached; mistakes of the adapter: 0, of the engine: 0"), "{out}");
}

#[test]
fn the_adapters_mistakes_are_told_from_the_engines() {
    for (from, to, whose, what) in [
        // The adapter's.
        (
            r#"return {"sequence": str(self.number)}"#,
            r#"return {"sequence": self.number}"#,
            "ADAPTER",
            "invalid type: integer",
        ),
        (
            r#"return {"value": self.state.get(key)}"#,
            r#"return {"values": []}"#,
            "ADAPTER",
            "is a reply to another call",
        ),
        (
            r#"raise OSError("the store is not open")"#,
            r#"return store, {"value": None}"#,
            "ADAPTER",
            "no store is open, which is an `error`",
        ),
        (
            "bisect.insort(self.keys, decoded(key))",
            "bisect.insort(self.keys, decoded(key)); self.keys.sort(key=encoded)",
            "ADAPTER",
            "the order of their base64",
        ),
        (
            r#"return {"value": self.state.get(key)}"#,
            r#"return {"value": encoded(decoded(self.state[key]).decode(errors="replace").encode()) if key in self.state else None}"#,
            "ADAPTER",
            "octets were taken for text",
        ),
        (r#"for key in keys]}"#, r#"for key in sorted(keys)]}"#, "ADAPTER", "in another order than the keys"),
        (
            r#"        send({"id": message["id"], "answer": answer})"#,
            r#"        send({"id": message["id"], "reply": answer})"#,
            "ADAPTER",
            "unknown field `reply`, expected one of `hello`, `id`, `answer`",
        ),
        (
            r#"        send({"id": message["id"], "answer": answer})"#,
            r#"        send({"id": message["id"], "answer": answer}); print("debug", file=replies, flush=True)"#,
            "ADAPTER",
            r#"a line that is no answer: "debug""#,
        ),
        (
            r#"        send({"id": message["id"], "answer": answer})"#,
            r#"        send({"id": message["id"], "answer": answer}); send({"id": message["id"], "answer": answer})"#,
            "ADAPTER",
            "a second answer to request 0",
        ),
        (
            r#"            return
        try:"#,
            r#"            sys.exit(3)
        try:"#,
            "ADAPTER",
            "shutdown: answered, and then: the process died: exited with code 3",
        ),
        // The engine's.
        (r#"self.log[number], self.number = [], number"#, r#"self.number = number - 1"#, "ENGINE", "(PUT-3)"),
        (r#"if not span["forward"]:"#, "if False:", "ENGINE", "range_scan"),
        (
            r#"return {"value": self.state.get(key)}"#,
            "os.abort()",
            "ENGINE",
            "the process died: killed by signal 6 (SIGABRT)",
        ),
        (r#"return {"value": self.state.get(key)}"#, "return 1 / 0", "ENGINE", "panicked"),
        (r#"return {"batch": self.log.get(int(number))}"#, r#"return {"batch": []}"#, "ENGINE", "get_batch"),
    ] {
        let (code, out) = checked(from, to, &[]);
        assert_eq!(code, 1, "{to}: {out}");
        let first =
            out.lines().find(|line| line.starts_with("  ADAPTER") || line.starts_with("  ENGINE")).unwrap_or("");
        assert!(first.trim_start().starts_with(whose) && out.contains(what), "{to}: {out}");
    }
}

const ANSWER: &str = r#"        send({"id": message["id"], "answer": answer})"#;

/// Holds the answers to the sixteen gets of `many-…` back, and gives each to the request beside its own.
const MIXED_UP: &str = r#"        held = perform.__dict__.setdefault("held", [])
        if "bWFueS0" in line and '"get"' in line:
            held.append((message["id"], answer))
            for (one, _), (_, other) in zip(held, held[1:] + held[:1]) if len(held) == 16 else []:
                send({"id": one, "answer": other})
        else:
            send({"id": message["id"], "answer": answer})"#;

/// Reads nothing more after the sixteenth of them: the line that comes next is longer than any pipe.
const DEAF: &str = r#"        send({"id": message["id"], "answer": answer})
        held = perform.__dict__.setdefault("held", [])
        held.extend(["bWFueS0"] if "bWFueS0" in line and '"get"' in line else [])
        if len(held) == 16:
            import signal
            signal.pause()"#;

#[test]
fn answers_that_are_mixed_up_are_the_adapters() {
    let (code, out) = checked(ANSWER, MIXED_UP, &[]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("  ADAPTER") && out.contains("which is another request's"), "{out}");
}

#[test]
fn a_late_answer_a_hang_and_a_host_that_stops_reading_are_told_apart() {
    // The first answer waits for the second request: it is late however fast this machine is.
    let late = r#"        if message["id"] == "0":
            sys.stdin.readline()
        send({"id": message["id"], "answer": answer})"#;
    let (code, out) = checked(ANSWER, late, &["--timeout", "0.3"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("  ADAPTER") && out.contains("a late answer to request 0, which was given up"), "{out}");

    let (code, out) = checked(ANSWER, "        import signal; signal.pause()", &["--timeout", "0.3"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("no answer within 0.300 s") && out.contains("1 steps, 11 not reached"), "{out}");

    let (code, out) = checked(ANSWER, DEAF, &["--timeout", "2"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("  ENGINE   a long line is taken and given") && out.contains("no answer within"), "{out}");
}

#[test]
fn a_line_that_is_too_long_is_the_adapters() {
    let (code, out) = checked(ANSWER, "        replies.write(\"x\" * ((512 << 20) + 1)); replies.flush()", &[]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("  ADAPTER") && out.contains("a line of more than 536870912 octets"), "{out}");
}

#[test]
fn a_host_that_cannot_be_started_is_exit_code_6() {
    let dir = folder();
    let (code, _, err) = run(dir.path(), &["protocol", "check", "exit 3"]);
    assert_eq!(code, 6, "{err}");
    assert!(err.contains("`exit 3`: the host exited with code 3 before its first line"), "{err}");
    let (code, _, err) = run(dir.path(), &["protocol", "check", "true", "--timeout", "0"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("a number of seconds above 0 is wanted"), "{err}");
}

/// The documentation's conversation: what the harness says in it, a host of this build takes, and answers so.
#[test]
fn the_conversation_in_the_documentation_is_what_is_said() {
    let dir = folder();
    let text = std::fs::read_to_string(Path::new(ROOT).join("harness/protocol/README.md")).expect("the documentation");
    let conversation =
        text.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a conversation");
    let lines = |mark: &str| -> Vec<String> {
        let lines = conversation.lines().filter_map(|line| line.strip_prefix(mark));
        lines.map(|line| line.replace("/scratch/7", &dir.path().display().to_string())).collect()
    };
    let mut host = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .env("STORECHECK_HOST", "append-log")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a host");
    let mut stdin = host.stdin.take().expect("its stdin");
    // Requests in flight may be answered in any order, and one may see what another has not done yet: one by one.
    let mut replies = std::io::BufRead::lines(std::io::BufReader::new(host.stdout.take().expect("its stdout")));
    let hello = replies.next().expect("a line").expect("readable");
    assert!(hello.starts_with(r#"{"hello":{"protocol":1,"engine":"append-log","#), "{hello}");
    let mut said = BTreeMap::new();
    for line in lines("> ") {
        stdin.write_all(format!("{line}\n").as_bytes()).expect("taken");
        let reply = replies.next().expect("a line").expect("readable");
        let id = reply.split('"').nth(3).expect("an id").to_owned();
        said.insert(id, reply);
    }
    let shown: BTreeMap<String, String> =
        lines("< ").into_iter().skip(1).map(|line| (line.split('"').nth(3).expect("an id").to_owned(), line)).collect();
    assert_eq!(said, shown);
    assert!(host.wait().expect("an end").success());
}

/// Every line of a whole conversation, as `--transcript` writes it, is of the schema, and what is not, is not.
#[test]
fn lines_are_of_the_schema() {
    let dir = folder();
    let store = Path::new(ROOT).join("engines/python/store.py");
    let command = format!("exec python3 {}", store.display());
    let (code, out, err) = run(dir.path(), &["protocol", "check", &command, "--transcript", "t"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, schema, err) = run(dir.path(), &["protocol", "schema"]);
    assert_eq!(code, 0, "{err}");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let transcript = std::fs::read_to_string(dir.path().join("t")).expect("written");
    let whole = transcript.lines().filter(|line| !line.ends_with(" octets)"));
    let mut count = 0;
    for line in whole {
        let line = line.get(2..).expect("a mark before each line");
        let value = serde_json::from_str(line).expect("JSON");
        assert!(schema.is_valid(&value), "{line}");
        count += 1;
    }
    assert!(count > 90, "{count} lines");
    for wrong in [
        r#"{"id":"1","reply":{"done":{}}}"#,
        r#"{"id":1,"answer":{"reply":{"done":{}}}}"#,
        r#"{"id":"1","answer":{"reply":{"sequence":7}}}"#,
        r#"{"id":"1","answer":{"reply":{"sequences":"7"}}}"#,
        r#"{"id":"1","request":{"flush":{}}}"#,
    ] {
        assert!(!schema.is_valid(&serde_json::from_str(wrong).expect("JSON")), "{wrong}");
    }
}
