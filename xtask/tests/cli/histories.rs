//! Histories from anywhere, checked alone.

use crate::binary::{folder, line};

const HEAD: &str = r#"{"history":1,"engine":"mine","frontier":"immediate","batch_log":true,"fresh":"0"}"#;
/// `put_batch(a: 1)`, `put_batch(a: 2)`, and a client that then still reads 1.
const STALE: [&str; 3] = [
    r#"{"client":0,"call":0,"ret":0,"ns":[10,20],"request":{"put_batch":[["YQ==","MQ=="]]},"outcome":{"reply":{"sequence":"1"}}}"#,
    r#"{"client":0,"call":1,"ret":1,"ns":[30,40],"request":{"put_batch":[["YQ==","Mg=="]]},"outcome":{"reply":{"sequence":"2"}}}"#,
    r#"{"client":1,"call":2,"ret":2,"ns":[50,60],"request":{"get":"YQ=="},"outcome":{"reply":{"value":"MQ=="}}}"#,
];

const EXPECTED: &str = "\
stale-read of key \"a\"
  ISO-1 Single keys are linearizable
  call #1 stands in line 2 of the file, and so on
  proof     stale-read of key \"a\"
    #1 client 0: put_batch([\"a\": \"1\"]) -> sequence 1
    #2 client 0, after #1 returned: put_batch([\"a\": \"2\"]) -> sequence 2
    #3 client 1, after #1 and #2 returned: get(\"a\") -> \"1\"
            #1  c0 ├──────────┤                                               put_batch
            #2  c0                       ├──────────┤                         put_batch
    >       #3  c1                                             ├──────────┤   get
                   50 ns from end to end
mine: 3 calls, 1 violation

 guarantee                  seen                                      looked at              clause
 scan isolation             not looked at                             0 overlapped scans     ISO-3
 get_many isolation         not looked at                             0 overlapped get_many  MANY-4
 frontier                   not looked at                             0 current_sequence     PUT-7
 data before its number     not looked at                             0 current_sequence     SEQ-3
 contiguity                 no holes                                  2 writes               PUT-4
 order of acknowledgements  in the order of numbers                   2 writes               PUT-6
 longest wait of a reader   0 calls of others, 10 ns; mean 0.0 calls  1 calls                ISO-5
 longest wait of a writer   0 calls of others, 10 ns; mean 0.0 calls  2 calls                ISO-5
";

fn check(text: &str) -> (i32, String, String) {
    let dir = folder();
    std::fs::write(dir.path().join("h.jsonl"), text).expect("writable");
    line(dir.path(), "check h.jsonl")
}

#[test]
fn a_violation_comes_with_the_calls_that_prove_it() {
    let (code, out, err) = check(&format!("{HEAD}\n{}\n", STALE.join("\n")));
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(out, EXPECTED);
}

#[test]
fn a_right_history_is_explained() {
    let fresh = STALE[2].replace("MQ==", "Mg==");
    let (code, out, _) = check(&format!("{HEAD}\n{}\n{}\n{fresh}\n", STALE[0], STALE[1]));
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("mine: 3 calls, explained by one order of effects\n"), "{out}");
    // The read began before the second write returned: it may come first.
    let early = STALE[2].replace("\"call\":2", "\"call\":1");
    assert_eq!(check(&format!("{HEAD}\n{}\n{}\n{early}\n", STALE[0], STALE[1])).0, 0);
}

#[test]
fn what_is_behind_a_write_of_unknown_outcome_is_undecided() {
    let lost = STALE[1]
        .replace("\"ret\":1", "\"ret\":null")
        .replace(r#"{"reply":{"sequence":"2"}}"#, r#"{"timed_out":"30000"}"#);
    let (code, out, _) = check(&format!("{HEAD}\n{}\n{lost}\n{}\n", STALE[0], STALE[2]));
    assert_eq!(code, 5, "{out}");
    assert!(out.contains("2 undecided, behind a write whose outcome is not known"), "{out}");
}

#[test]
fn a_history_with_a_mistake_is_refused_at_its_line() {
    let lines = |second: &str| format!("{HEAD}\n{}\n{second}\n", STALE[1]);
    for (text, says) in [
        (String::new(), "the file is empty"),
        (STALE[0].to_owned(), "line 1: unknown field `client`"),
        (HEAD.replace("\"history\":1", "\"history\":9"), "line 1: form 9, and this version reads form 1"),
        (lines("{"), "line 3: EOF while parsing"),
        (lines(STALE[0]), "line 3: the call began before the one on the line above"),
        (lines(&STALE[2].replace("\"ret\":2", "\"ret\":1")), "line 3: the call returned before it began"),
        (
            lines(&STALE[2].replace("\"client\":1,\"call\":2", "\"client\":0,\"call\":1")),
            "line 3: the client had not got its last reply yet",
        ),
    ] {
        let (code, out, err) = check(&text);
        assert_eq!((code, out.as_str()), (2, ""), "{says}");
        assert!(err.starts_with("error: h.jsonl: ") && err.contains(says), "{says} is not in: {err}");
    }
    let (code, _, err) = line(folder().path(), "check none.jsonl");
    assert_eq!(code, 2);
    assert!(err.contains("none.jsonl: cannot be read"), "{err}");
}
