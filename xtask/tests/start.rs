//! Engines that cannot be started, or die wherever they are asked, judged through a real command line: this executable,
//! which registers them, is started again as one.

use std::process::{Command, ExitCode};
use std::time::Duration;

use storecheck::cli::{self, Registry};
use storecheck::{Bytes, Engine, StoreEngine};

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

/// Opens, and aborts its process at whatever it is asked.
struct Dies;

impl StoreEngine for Dies {
    fn put_batch(&self, _: &[(Bytes, Bytes)]) -> Result<u64, String> {
        std::process::abort()
    }

    fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, String> {
        std::process::abort()
    }

    fn range_scan(&self, _: &[u8], _: &[u8], _: usize, _: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        std::process::abort()
    }

    fn delete_batch(&self, _: &[&[u8]]) -> Result<u64, String> {
        std::process::abort()
    }

    fn current_sequence(&self) -> u64 {
        std::process::abort()
    }

    fn get_batch(&self, _: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        std::process::abort()
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        std::process::abort()
    }

    fn prune_batch_log(&self, _: u64) -> Result<u64, String> {
        std::process::abort()
    }
}

fn main() -> ExitCode {
    if std::env::var_os(AS_CLI).is_some() {
        return cli::main(&Registry {
            program: "start",
            engines: vec![refuses(), hangs(), Engine::new("dies", |_| Ok(Dies))],
            ..Registry::default()
        });
    }
    let refuses = libtest_mimic::Trial::test("an_engine_that_refuses_to_open_exits_with_6", || {
        expect("refuses", 6, "the engine refuses could not be started: open -> Err(\"the flux is not calibrated\")")
    });
    let hangs = libtest_mimic::Trial::test("an_engine_that_hangs_while_it_opens_exits_with_6", || {
        expect("hangs", 6, "the engine hangs could not be started: open: no answer within 1.0 s")
    });
    let dies = libtest_mimic::Trial::test("an_engine_that_always_dies_is_given_up", || {
        expect("dies", 7, "engine unusable: 5 workers were lost in a row")
    });
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), vec![refuses, hangs, dies]).exit_code()
}

/// Judges the engine and compares the exit code and what is said.
fn expect(engine: &str, code: i32, says: &str) -> Result<(), libtest_mimic::Failed> {
    let dir = tempfile::tempdir()?;
    let output = Command::new(std::env::current_exe()?)
        .args(["conform", "--engine", engine, "--call-timeout", "1"])
        .current_dir(dir.path())
        .env(AS_CLI, "1")
        .output()?;
    let message = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.code() != Some(code) {
        return Err(format!("exit {:?}: {message}", output.status.code()).into());
    }
    if !message.contains(says) {
        return Err(format!("{says} is not in:\n{message}").into());
    }
    Ok(())
}
