//! Many writers at once, and who follows them: a subscriber, and clients that ask for the latest number and its entry.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::client::{Batch, EVICTED, Entry, NOT_FOUND};
use super::super::connect::{Frames, Server, Trouble};
use super::super::witness::{Over, Witness, shown_batch};
use super::subscriptions::{Sent, granted};
use super::{Need, WireCheck};
use crate::octets::Decimal;

pub(super) const WRITERS: WireCheck = WireCheck {
    name: "many-writers",
    title: "With many writers a subscriber is sent every put once, in order, and an entry is there once its number is told",
    clauses: &["PUT-6", "SEQ-2", "PUT-4", "LOG-6", "LOG-1"],
    needs: Need::Log,
    run: |witness, _| writers(witness),
};

const WRITERS_AT_ONCE: u8 = 3;
const PUTS_EACH: u32 = 25;
const FOLLOWERS: u8 = 2;
const ROUNDS: u8 = 16;

/// What a writer saw: its puts, and what was wrong with the entries before one of them.
#[derive(Default)]
struct Wrote {
    puts: Vec<Batch>,
    gone: Option<(u64, u64, String)>,
    trouble: Option<String>,
}

/// Puts, and looks after each whether the log has every number before it.
fn write(server: &Server, first: u64, entry: impl Fn(u32) -> Entry) -> Wrote {
    let mut wrote = Wrote::default();
    let mut seen = first;
    for nth in 0..PUTS_EACH {
        let entries = vec![entry(nth)];
        let number = match server.put(&entries) {
            Ok(number) => number,
            Err(trouble) => {
                wrote.trouble = Some(trouble.to_string());
                break;
            }
        };
        wrote.puts.push(Batch { sequence_number: Decimal(number), entries });
        for before in seen + 1..=number {
            match server.batch(before) {
                Ok(_) => {}
                Err(Trouble::Refused(refusal)) if [EVICTED, NOT_FOUND].contains(&refusal.reason()) => {
                    wrote.gone = Some((number, before, refusal.to_string()));
                    return wrote;
                }
                Err(trouble) => wrote.trouble = Some(trouble.to_string()),
            }
        }
        seen = seen.max(number);
    }
    wrote
}

/// Asks for the latest number and its entry, until the writers are done: the numbers whose entry was not there.
fn follow(server: &Server, done: &AtomicBool) -> BTreeMap<u64, String> {
    let mut gone = BTreeMap::new();
    while !done.load(Ordering::Relaxed) {
        let Ok(number) = server.current() else { break };
        if let Err(Trouble::Refused(refusal)) = server.batch(number) {
            gone.entry(number).or_insert_with(|| refusal.to_string());
        }
    }
    gone
}

fn writers(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("a live subscriber");
    let mut frames = granted(witness, None)?;
    for nth in 1..=ROUNDS {
        witness.enter(&format!("round {nth} of a live subscriber, two followers, and three writers of 25 puts each"));
        round(witness, &mut frames)?;
    }
    Ok(())
}

fn round(witness: &mut Witness<'_>, frames: &mut Frames) -> Result<(), Over> {
    let mut puts: BTreeMap<u64, Batch> = BTreeMap::new();
    let entries = vec![witness.entry(b"first", b"")];
    let first = witness.put(&entries)?;
    puts.insert(first, Batch { sequence_number: Decimal(first), entries });
    let servers: Vec<Server> = (0..WRITERS_AT_ONCE).map(|_| witness.server.clone()).collect();
    let entries: Vec<_> = (0..WRITERS_AT_ONCE)
        .map(|writer| {
            let prefix = witness.key(&[b'w', b'0' + writer]);
            move |nth: u32| Entry {
                key: [&prefix[..], nth.to_string().as_bytes()].concat().into(),
                value: nth.to_string().as_bytes().into(),
            }
        })
        .collect();
    let done = AtomicBool::new(false);
    let (wrote, gone) = witness.get_answer(
        &["GEN-1"],
        "three writers put 25 times each",
        |_: &(Vec<Wrote>, BTreeMap<u64, String>)| "done".to_owned(),
        |server| {
            Ok(std::thread::scope(|threads| {
                let followers: Vec<_> = (0..FOLLOWERS).map(|_| threads.spawn(|| follow(server, &done))).collect();
                let started: Vec<_> = servers
                    .iter()
                    .zip(&entries)
                    .map(|(server, entry)| threads.spawn(move || write(server, first, entry)))
                    .collect();
                // Neither panics; one that did is one that saw nothing.
                let wrote = started.into_iter().map(|writer| writer.join().unwrap_or_default()).collect();
                done.store(true, Ordering::Relaxed);
                (wrote, followers.into_iter().flat_map(|follower| follower.join().unwrap_or_default()).collect())
            }))
        },
    )?;
    witness.calls += u64::from(WRITERS_AT_ONCE) * u64::from(PUTS_EACH);
    if let Some(trouble) = wrote.iter().find_map(|wrote| wrote.trouble.clone()) {
        return Err(witness.fail(&["GEN-1"], "every request is answered", trouble));
    }
    for put in wrote.iter().flat_map(|wrote| &wrote.puts) {
        if let Some(other) = puts.insert(put.sequence_number.0, put.clone()) {
            let got = format!("{} and {}", shown_batch(&other), shown_batch(put));
            return Err(witness.fail(&["PUT-3"], "a number for every write", got));
        }
    }
    if let Some((number, before, refusal)) = wrote.iter().find_map(|wrote| wrote.gone.clone()) {
        return Err(missing(witness, &puts, (number, before), refusal));
    }
    // What a number without an entry belongs to that no put was given is not for this check to say.
    if let Some((number, refusal)) = gone.iter().find(|(number, _)| puts.contains_key(number)) {
        let wanted = format!("the entry {number}, once a query was answered at {number}");
        return Err(witness.fail(&["SEQ-2", "LOG-4", "PUT-6"], wanted, refusal.clone()));
    }
    let sent = Sent { puts: puts.into_values().collect(), ..Sent::default() };
    sent.read(witness, frames, first)
}

/// What it means that with the acknowledgement of `number` there was no entry `before`, which is no greater.
fn missing(
    witness: &mut Witness<'_>,
    puts: &BTreeMap<u64, Batch>,
    (number, before): (u64, u64),
    refusal: String,
) -> Over {
    let wanted = format!("with the acknowledgement of {number}, the entry {before} is there");
    if !puts.contains_key(&before) {
        return witness.fail_served(&["PUT-4", "LOG-6"], wanted, format!("{refusal}; no write was given {before}"));
    }
    if before == number {
        return witness.fail(&["LOG-4", "LOG-1"], wanted, refusal);
    }
    // All writers are done: what is there now was late.
    match witness.batch(before) {
        Err(over) => over,
        Ok(Ok(_)) => witness.fail_served(&["PUT-6", "LOG-6"], wanted, format!("{refusal}; later it is there")),
        Ok(Err(_)) => witness.fail(&["LOG-1", "LOG-4", "LOG-6"], wanted, refusal),
    }
}
