//! What recording costs: four clients call btree with the stress family's mix, puts of 8 pairs, gets, and scans of 100
//! rows, with a recorder each and without.
//!
//! `cargo bench -p storecheck --bench recording`; `docs/measurements.md` has the figures. As in a stress check, what is
//! recorded is handed over in chunks to one more thread, which keeps it until the program is over.

#![expect(clippy::print_stdout, reason = "what it prints is what it is run for")]

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use storecheck::call::{Action, Call, Range};
use storecheck::driver::{Driver, Executor, InProcess, Shared};
use storecheck::history::record::{Clock, Recorder};
use storecheck::octets::{Decimal, Octets};
use storecheck::scenario::generate::SplitMix;

const CLIENTS: u32 = 4;
const KEYS: u64 = 1000;
const CHUNK: usize = 48;

fn key(draws: &mut SplitMix) -> Octets {
    Octets::text(&format!("key{:06}", draws.below(KEYS)))
}

/// A put, a get or a scan, as often as clients of the mix `hot-groups` do them.
fn call(draws: &mut SplitMix, turn: u64) -> Call {
    match draws.below(7) {
        0..3 => {
            let value = Octets::text(&format!("value of call {turn}"));
            Call::PutBatch((0..8).map(|_| (key(draws), value.clone())).collect())
        }
        3..5 => Call::Get(key(draws)),
        _ => Call::RangeScan(Range { start: key(draws), end: Octets::default(), limit: Decimal(100), forward: true }),
    }
}

/// The time in which all clients together make so many calls.
fn run(store: &Shared, calls: u64, recorded: bool) -> Duration {
    let (clock, barrier) = (Arc::new(Clock::default()), Barrier::new(CLIENTS as usize + 1));
    let (sender, receiver) = sync_channel(64);
    std::thread::scope(|threads| {
        for client in 0..CLIENTS {
            let (clock, barrier, sender) = (Arc::clone(&clock), &barrier, sender.clone());
            threads.spawn(move || {
                let mut draws = SplitMix::new(u64::from(client));
                let mut recorder = Recorder::new(clock, client);
                barrier.wait();
                for turn in 0..calls / u64::from(CLIENTS) {
                    let call = call(&mut draws, turn);
                    if recorded {
                        recorder.record(call, |call| store.call(call));
                        if recorder.len() == CHUNK {
                            sender.send(recorder.take()).expect("the receiver outlives the clients");
                        }
                    } else {
                        drop(store.call(&call));
                    }
                }
                barrier.wait();
            });
        }
        drop(sender);
        let keeper = threads.spawn(move || receiver.iter().collect::<Vec<_>>());
        barrier.wait();
        let began = Instant::now();
        barrier.wait();
        let took = began.elapsed();
        drop(keeper.join());
        took
    })
}

/// Calls of a program, about as many as one of a stress check makes, and programs of each kind, which take turns so that
/// a slow moment of the machine hits both.
const CALLS: u64 = 10_000;
const ROUNDS: usize = 301;

fn main() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut driver =
        InProcess::new(storecheck_btree::engine(), folder.path(), Executor::Thread).expect("a thread needs no runtime");
    driver.perform(&Action::Open {});
    let store = driver.shared().expect("btree opens");
    let mut draws = SplitMix::new(1);
    for turn in 0..KEYS {
        drop(store.call(&Call::PutBatch(vec![(key(&mut draws), Octets::text(&turn.to_string()))])));
    }
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 0..2 * ROUNDS {
        // The log grows with every put; it is no part of what is measured.
        drop(store.call(&Call::PruneBatchLog(Decimal(u64::MAX))));
        let recorded = round % 2 == 1;
        seconds[usize::from(recorded)].push(run(&store, CALLS, recorded).as_secs_f64());
    }
    let [without, with] = seconds.map(|mut all| {
        all.sort_by(f64::total_cmp);
        CALLS as f64 / all[ROUNDS / 2]
    });
    println!(
        "calls a second, medians of {ROUNDS} programs: {without:.0} without recording, {with:.0} with: {:.3}",
        with / without
    );
}
