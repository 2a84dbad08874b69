//! Any engine of storecheck's engine protocol behind the published server, on the loopback interface:
//! `exoware-serve [--port N] DIR COMMAND`, where COMMAND is what `--engine cmd:` takes.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use storecheck::Engine;
use storecheck::protocol::{HostCommand, Process};

/// What a host may take to say hello.
const HANDSHAKE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("exoware-serve: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let (port, dir, command) = match arguments {
        [flag, port, dir, command] if flag == "--port" => {
            (port.parse().map_err(|_| format!("{port:?} is no port: a number from 0 to 65535"))?, dir, command)
        }
        [dir, command] => (0, dir, command),
        _ => return Err("usage: exoware-serve [--port N] DIR COMMAND".to_owned()),
    };
    let dir = Path::new(dir);
    let host = HostCommand::Shell(command.clone());
    let first = Process::start(&host, dir, HANDSHAKE).map_err(|error| format!("`{command}`: {error}"))?;
    let engine = Engine::hosted(host, first.hello());
    first.shut_down(HANDSHAKE);
    let store = engine.open(dir)?;
    storecheck_exoware::serve(store, port)
}
