//! An engine that cannot be started, judged through a real command line: this executable, which registers two such
//! engines, is started again as one.

use std::process::{Command, ExitCode};
use std::time::Duration;

use storecheck::Engine;
use storecheck::cli::{self, Registry};

/// Set when this executable is to be the command line and not the test.
const AS_CLI: &str = "START_TEST_AS_CLI";

fn refuses() -> Engine {
    Engine::new("refuses", |_| Err::<storecheck_btree::BTree, _>("the flux is not calibrated".to_owned()))
}

fn hangs() -> Engine {
    Engine::new("hangs", |_| {
        loop {
            // The engine under test hangs; nothing waits for this to end.
            std::thread::sleep(Duration::from_secs(60));
        }
        #[expect(unreachable_code, reason = "it gives the closure its type")]
        Ok(storecheck_btree::BTree::new())
    })
}

fn main() -> ExitCode {
    if std::env::var_os(AS_CLI).is_some() {
        return cli::main(&Registry { program: "start", engines: vec![refuses(), hangs()], ..Registry::default() });
    }
    let refuses = libtest_mimic::Trial::test("an_engine_that_refuses_to_open_exits_with_6", || {
        expect("refuses", "the engine refuses could not be started: open -> Err(\"the flux is not calibrated\")")
    });
    let hangs = libtest_mimic::Trial::test("an_engine_that_hangs_while_it_opens_exits_with_6", || {
        expect("hangs", "the engine hangs could not be started: open: no answer within 1.0 s")
    });
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), vec![refuses, hangs]).exit_code()
}

/// Judges the engine and compares the exit code and the one message.
fn expect(engine: &str, says: &str) -> Result<(), libtest_mimic::Failed> {
    let dir = tempfile::tempdir()?;
    let output = Command::new(std::env::current_exe()?)
        .args(["conform", "--engine", engine, "--call-timeout", "1"])
        .current_dir(dir.path())
        .env(AS_CLI, "1")
        .output()?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() != Some(6) {
        return Err(format!("exit {:?}: {message}", output.status.code()).into());
    }
    if !message.contains(says) {
        return Err(format!("{says} is not in:\n{message}").into());
    }
    Ok(())
}
