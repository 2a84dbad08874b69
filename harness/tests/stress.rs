//! Programs for many clients through the public API, on btree in this process.

use storecheck::call::{Call, Outcome};
use storecheck::driver::{Executor, InProcess};
use storecheck::octets::Decimal;
use storecheck::stress::run::{Progress, Ran, run_on};
use storecheck::stress::{MIXES, Program};

fn run(program: &Program) -> Ran {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let engine = storecheck_btree::engine();
    let declared = engine.declarations();
    let mut driver = InProcess::new(engine, dir.path(), Executor::Thread).expect("a thread needs no runtime");
    let mut bursts = 0;
    let mut progress = |progress| match progress {
        Progress::Burst(burst) => {
            assert_eq!(burst, bursts + 1, "one after the other");
            bursts = burst;
        }
        Progress::Waiting(calls) => panic!("btree does not keep {calls} waiting"),
        Progress::Closing => {}
    };
    let ran = run_on(&mut driver, program, declared, &mut progress).expect("threads start");
    ran.unwrap_or_else(|failure| panic!("{failure:?}"))
}

#[test]
fn a_right_engine_has_right_histories_and_every_call_is_in_them() {
    for mix in MIXES {
        let program = mix.program(3);
        let ran = run(&program);
        assert_eq!(ran.findings.violations, [], "{}", mix.name);
        assert_eq!((ran.findings.gap, ran.findings.undecided), (None, 0), "{}", mix.name);
        assert_eq!(ran.findings.judged, ran.history.len() as u64);
        assert_eq!(ran.guarantees.calls, ran.history.len() as u64);
        let least = u64::from(program.bursts * program.calls) * program.clients.len() as u64;
        assert!(ran.guarantees.calls >= least, "{}: {} of {least}", mix.name, ran.guarantees.calls);
        assert!(ran.history.windows(2).all(|two| two[0].call <= two[1].call), "in the order of their beginnings");
    }
}

#[test]
fn one_client_alone_does_the_same_again() {
    for mix in MIXES {
        let program = Program { clients: vec![mix.clients[0]], tokio_from: 1, ..mix.program(5) };
        let calls = |ran: Ran| -> Vec<(Call, Outcome)> {
            ran.history.into_iter().map(|recorded| (recorded.request, recorded.outcome)).collect()
        };
        let first = calls(run(&program));
        assert_eq!(first, calls(run(&program)), "{}", mix.name);
        let other = Program { seed: Decimal(program.seed.0 + 1), ..program };
        assert_ne!(first, calls(run(&other)), "{}", mix.name);
    }
}

/// Each waits for the others at a barrier, so that none may be left lying in a runtime's queue.
#[test]
fn all_clients_may_run_on_tokio_workers() {
    for seed in 0..100 {
        let program = Program { tokio_from: 0, bursts: 2, calls: 4, ..MIXES[0].program(seed) };
        assert_eq!(run(&program).findings.violations, []);
    }
}
