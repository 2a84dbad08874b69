//! Live endpoints that are not what they should be: one clear message each, and nothing written that was not agreed to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use crate::binary::{folder, line};

/// What the stand-in for a server answers to a request for `path`: a status and JSON, or nothing for closing the
/// connection.
type Answers = fn(&str) -> Option<(u16, String)>;

/// A stand-in for a server. It remembers what it was asked for.
struct StandIn {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || answer(stream, answers, &log));
            }
        });
        Self { url, asked }
    }

    fn asked(&self, path: &str) -> usize {
        self.asked.lock().expect("the log").iter().filter(|asked| asked.ends_with(path)).count()
    }
}

fn answer(mut stream: TcpStream, answers: Answers, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let (mut request, mut length, mut streamed) = (String::new(), 0, false);
    if reader.read_line(&mut request).is_err() {
        return;
    }
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).is_err() || header.trim().is_empty() {
            break;
        }
        let header = header.to_ascii_lowercase();
        streamed |= header.contains("connect+json");
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().expect("the log").push(path.clone());
    let Some((status, json)) = answers(&path) else { return };
    let frame = |flag: u8, text: &str| [&[flag][..], &(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let octets = match streamed {
        true if json.contains("results") => [frame(0, &json), frame(2, "{}")].concat(),
        true => frame(2, &json),
        false => json.into(),
    };
    let detail = "x-store-query-detail-bin: CAA=\r\n";
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{detail}connection: close\r\n\r\n", octets.len());
    let _ = stream.write_all(&[head.as_bytes(), &octets].concat());
}

/// An error with a reason, as servers write it: the reason is a protobuf message in base64.
fn refusal(code: &str, reason: &str) -> String {
    error(code, &field(1, reason))
}

/// The same, with a piece of metadata.
fn refusal_with(code: &str, reason: &str, name: &str, value: &str) -> String {
    let entry = [field(1, name), field(2, value)].concat();
    error(code, &[field(1, reason), [&[0x1a, entry.len() as u8][..], &entry].concat()].concat())
}

fn field(number: u8, text: &str) -> Vec<u8> {
    [&[number << 3 | 2, text.len() as u8][..], text.as_bytes()].concat()
}

fn error(code: &str, info: &[u8]) -> String {
    use base64::Engine as _;
    let info = base64::engine::general_purpose::STANDARD.encode(info);
    format!(r#"{{"code":"{code}","message":"m","details":[{{"type":"google.rpc.ErrorInfo","value":"{info}"}}]}}"#)
}

/// An empty endpoint of the right version.
fn empty(path: &str) -> Option<(u16, String)> {
    Some(match path {
        "/store.query.v1.Service/Get" | "/store.query.v1.Service/Range" => (200, "{}".to_owned()),
        "/store.stream.v1.Service/Get" => (400, refusal("out_of_range", "BATCH_EVICTED")),
        "/store.compact.v1.Service/Prune" => (400, refusal("invalid_argument", "INVALID_PRUNE_REQUEST")),
        _ => (404, "{}".to_owned()),
    })
}

fn conform(url: &str, more: &str) -> (i32, String, String) {
    let dir = folder();
    line(dir.path(), &format!("conform --engine exoware:{url} --check wire/get --report r {more}"))
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let (code, _, err) = conform(&format!("http://127.0.0.1:{port}"), "");
    assert_eq!(code, 6, "{err}");
    assert!(
        err.contains("the connection to the server is lost") && err.contains("is a server running there?"),
        "{err}"
    );
}

#[test]
fn an_address_without_a_scheme_is_explained() {
    let (code, _, err) = conform("127.0.0.1:80", "");
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("an endpoint is `exoware:http://HOST:PORT`"), "{err}");
}

#[test]
fn what_an_endpoint_cannot_declare_is_explained() {
    let (code, _, err) = conform("http://127.0.0.1:80?durability=power-loss", "");
    assert_eq!(code, 2, "{err}");
    assert!(err.contains(r#""durability=power-loss" is nothing that an endpoint declares"#), "{err}");
}

#[test]
fn what_an_endpoint_declares_is_in_its_name() {
    let forgetful = StandIn::start(|path| match path {
        "/store.ingest.v1.Service/Put" => Some((200, r#"{"sequenceNumber":"1"}"#.to_owned())),
        other => empty(other),
    });
    let (code, out, err) = conform(&format!("{}?frontier=lagging&batch_log=false#mine/", forgetful.url), "");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("declares no batch log, volatile durability, lagging frontier"), "{out}");
}

#[test]
fn another_server_is_told_from_an_exoware_server() {
    let other = StandIn::start(|_| Some((200, "<html>hello</html>".to_owned())));
    let (code, _, err) = conform(&other.url, "");
    assert_eq!(code, 6, "{err}");
    assert!(err.contains(r#""<html>hello</html>"; it is not, or not of the version 2026.4.1 of, an Exoware"#), "{err}");
}

#[test]
fn another_version_is_told_before_anything_is_written() {
    let other = StandIn::start(|path| match path {
        "/store.compact.v1.Service/Prune" => {
            Some((404, r#"{"code":"unimplemented","message":"no such method"}"#.to_owned()))
        }
        path => empty(path),
    });
    let (code, _, err) = conform(&other.url, "");
    assert_eq!(code, 6, "{err}");
    assert!(err.contains("unimplemented: no such method; it is not, or not of the version 2026.4.1 of"), "{err}");
    assert_eq!(other.asked("Put"), 0);
}

#[test]
fn an_endpoint_that_holds_data_is_left_alone() {
    let full = StandIn::start(|path| match path {
        "/store.query.v1.Service/Range" => Some((200, r#"{"results":[{"key":"YQ==","value":"MQ=="}]}"#.to_owned())),
        path => empty(path),
    });
    let (code, _, err) = conform(&full.url, "");
    assert_eq!(code, 6, "{err}");
    assert!(err.contains(r#"holds data, such as the key "a"; nothing was written"#), "{err}");
    let (code, _, err) = conform(&format!("{}#mine/", full.url), "");
    assert_eq!(code, 6, "{err}");
    assert!(err.contains(r#"holds the key "a" below the namespace "mine/"; nothing was written"#), "{err}");
    assert_eq!((full.asked("Put"), full.asked("Prune")), (0, 2), "what is asked of Prune is refused");
}

#[test]
fn an_endpoint_that_was_used_wants_a_namespace() {
    let used = StandIn::start(|path| match path {
        "/store.stream.v1.Service/Get" => {
            Some((400, refusal_with("out_of_range", "BATCH_EVICTED", "oldest_retained", "3")))
        }
        path => empty(path),
    });
    let (code, _, err) = conform(&used.url, "");
    assert_eq!(code, 6, "{err}");
    assert!(err.contains("was used: its number is 0; nothing was written") && err.contains("#NAMESPACE`"), "{err}");
    assert_eq!(used.asked("Put"), 0);
}

#[test]
fn a_server_that_dies_in_the_middle_is_said_to() {
    let dying = StandIn::start(|path| if path.ends_with("Put") { None } else { empty(path) });
    let (code, out, err) = conform(&dying.url, "");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("MUST GEN-4") && out.contains("the connection to the server is lost"), "{out}");
}

#[test]
fn a_server_that_answers_nonsense_is_said_to() {
    let mad = StandIn::start(|path| if path.ends_with("Put") { Some((200, "{]".to_owned())) } else { empty(path) });
    let (code, out, err) = conform(&mad.url, "");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("MUST GEN-12") && out.contains(r#"no answer of an Exoware server"#), "{out}");
}

#[test]
fn a_server_that_hangs_is_given_up() {
    let hanging = StandIn::start(|path| {
        if path.ends_with("Put") {
            // Until the test is over.
            let (_keep, never) = mpsc::channel::<()>();
            let _ = never.recv();
        }
        empty(path)
    });
    let (code, out, err) = conform(&hanging.url, "--call-timeout 0.5");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("wire/get: timeout") && out.contains("no answer within 0.5 s"), "{out}");
}
