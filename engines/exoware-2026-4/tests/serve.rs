//! The server as an executable: its address, its end, and what it says when it cannot start.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

const ENGINE: &str = concat!("python3 '", env!("CARGO_MANIFEST_DIR"), "/../python/store.py'");

fn serve(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exoware-serve"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn refused(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = serve(arguments).output().expect("the server starts");
    assert_eq!(status.code(), Some(1));
    String::from_utf8(stderr).expect("messages are UTF-8")
}

/// The address that it says.
fn address(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    line.trim().strip_prefix("listening on http://").expect("an address").to_owned()
}

#[test]
fn a_port_in_use_is_said_to_be() {
    let dir = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let message = refused(&["--port", &port, &dir.path().to_string_lossy(), ENGINE]);
    assert_eq!(
        message.lines().last(),
        Some(&*format!(
            "exoware-serve: 127.0.0.1:{port} cannot be listened on: Address already in use (os error 98); another port is `--port N`"
        ))
    );
}

#[test]
fn an_engine_that_does_not_start_is_said_to() {
    let dir = tempfile::tempdir().expect("a folder");
    let message = refused(&[&dir.path().to_string_lossy(), "sh -c 'exit 4'"]);
    assert!(message.contains("the host exited with code 4 before its first line"), "{message}");
}

#[test]
fn it_answers_as_the_published_server_and_ends_with_its_stdin() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut child = serve(&[&dir.path().to_string_lossy(), ENGINE]).spawn().expect("the server starts");
    let mut stream = TcpStream::connect(address(&mut child)).expect("it listens");
    let body = r#"{"kvs":[{"key":"YQ==","value":"MQ=="}]}"#;
    let request = format!(
        "POST /store.ingest.v1.Service/Put HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    // In chunks or not, as the server likes.
    assert!(answer.contains(r#"{"sequenceNumber":"1"}"#), "{answer}");
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
}
