//! Engines that cannot be started, or die wherever they are asked, judged through a real command line: this executable,
//! which registers them, is started again as one.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use storecheck::cli::{self, ProcessEngine, Registry};
use storecheck::{Bytes, Engine, StoreEngine};
use storecheck_btree::BTree;

/// Set when this executable is to be the command line and not the test.
const AS_CLI: &str = "START_TEST_AS_CLI";

/// The command that stands in for the server that engines are put behind, if one does.
const SERVER: &str = "START_TEST_SERVER";

fn refuses() -> Engine {
    Engine::new("refuses", |_| Err::<BTree, _>("the flux is not calibrated".to_owned()))
}

fn hangs() -> Engine {
    Engine::new("hangs", |_| {
        loop {
            // The engine under test hangs; nothing waits for this to end.
            std::thread::sleep(Duration::from_secs(60));
        }
        #[expect(unreachable_code, reason = "it gives the closure its type")]
        Ok(BTree::new())
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

/// Right, but that its first put fills the disk and never returns.
struct Fills(BTree, PathBuf);

impl StoreEngine for Fills {
    fn put_batch(&self, _: &[(Bytes, Bytes)]) -> Result<u64, String> {
        std::fs::write(self.1.join("filled"), vec![1; 16 << 20]).map_err(|error| error.to_string())?;
        loop {
            // The engine under test hangs; nothing waits for this to end.
            std::thread::sleep(Duration::from_secs(60));
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.0.get(key)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        self.0.range_scan(start, end, limit, forward)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.0.delete_batch(keys)
    }

    fn current_sequence(&self) -> u64 {
        self.0.current_sequence()
    }

    fn get_batch(&self, number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        self.0.get_batch(number)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.0.oldest_retained_batch()
    }

    fn prune_batch_log(&self, cutoff: u64) -> Result<u64, String> {
        self.0.prune_batch_log(cutoff)
    }
}

fn main() -> ExitCode {
    if std::env::var_os(AS_CLI).is_some() {
        let fills = Engine::new("fills", |dir| Ok(Fills(BTree::new(), dir.to_owned())));
        return cli::main(&Registry {
            program: "start",
            engines: vec![refuses(), hangs(), Engine::new("dies", |_| Ok(Dies)), fills],
            server: std::env::var(SERVER).ok().map(|command| ProcessEngine {
                name: "server",
                command,
                workspace: None,
                features: "",
            }),
            ..Registry::default()
        });
    }
    let refuses = libtest_mimic::Trial::test("an_engine_that_refuses_to_open_exits_with_6", || {
        expect(
            &["refuses", "--call-timeout", "1"],
            6,
            "the engine refuses could not be started: open -> Err(\"the flux is not calibrated\")",
        )
    });
    let hangs = libtest_mimic::Trial::test("an_engine_that_hangs_while_it_opens_exits_with_6", || {
        expect(
            &["hangs", "--call-timeout", "1"],
            6,
            "the engine hangs could not be started: open: no answer within 1.0 s",
        )
    });
    let dies = libtest_mimic::Trial::test("an_engine_that_always_dies_is_given_up", || {
        expect(&["dies", "--call-timeout", "1"], 7, "engine unusable: 5 workers were lost in a row")
    });
    let fills = libtest_mimic::Trial::test("an_engine_that_fills_the_disk_is_stopped", || {
        let args = ["fills", "--disk-limit", "4", "--check", "get/after-put#text", "--profile", "quick"];
        expect(&args, 1, "octets on disk; the limit is 4194304")
    });
    let served = |name: &'static str, server: &'static str, says: &'static str| {
        libtest_mimic::Trial::test(name, move || expect_behind(server, &["wire:fills"], 6, says))
    };
    let trials = vec![
        refuses,
        hangs,
        dies,
        fills,
        served(
            "a_server_that_ends_at_once_is_said_to",
            "sh -c 'echo no flux >&2; exit 3' server",
            "the server exited with code 3 before it said its address; what it wrote says why",
        ),
        served(
            "a_server_that_says_something_else_is_said_to",
            "sh -c 'echo hello; cat' server",
            "instead of its address",
        ),
        libtest_mimic::Trial::test("without_a_server_engines_are_not_put_behind_one", || {
            expect(&["wire:fills"], 2, "this build has no server to put fills behind")
        }),
    ];
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit_code()
}

/// Judges the engine, which flags may follow, and compares the exit code and what is said.
fn expect(engine: &[&str], code: i32, says: &str) -> Result<(), libtest_mimic::Failed> {
    expect_behind("", engine, code, says)
}

/// The same where that command is the server, unless it is empty.
fn expect_behind(server: &str, engine: &[&str], code: i32, says: &str) -> Result<(), libtest_mimic::Failed> {
    let dir = tempfile::tempdir()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["conform", "--engine"]).args(engine).current_dir(dir.path()).env(AS_CLI, "1");
    if !server.is_empty() {
        command.env(SERVER, server);
    }
    let output = command.output()?;
    let message = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.code() != Some(code) {
        return Err(format!("exit {:?}: {message}", output.status.code()).into());
    }
    if !message.contains(says) {
        return Err(format!("{says} is not in:\n{message}").into());
    }
    Ok(())
}
