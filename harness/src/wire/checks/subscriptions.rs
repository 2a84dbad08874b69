//! Subscriptions: live and from a cursor, across deletes and prunes, read at once and late.

use std::collections::BTreeSet;

use super::super::client::{Batch, EVICTED, Entry, Keep, OLDEST};
use super::super::connect::{Frames, Refusal};
use super::super::witness::{Over, Witness, shown_batch};
use super::{Need, WireCheck};
use crate::octets::Decimal;

pub(super) const LIVE: WireCheck = WireCheck {
    name: "subscribe-live",
    title: "A live subscriber is sent every put once, in order, as it was passed, across deletes",
    clauses: &["LOG-6", "LOG-1", "DEL-4", "PUT-4"],
    needs: Need::Log,
    run: |witness, _| live(witness),
};

pub(super) const FROM: WireCheck = WireCheck {
    name: "subscribe-from",
    title: "A subscriber is sent what follows its cursor, wherever that is, and then what is put",
    clauses: &["LOG-6", "LOG-1", "DEL-4", "PUT-4"],
    needs: Need::Log,
    run: |witness, _| from(witness),
};

pub(super) const REFUSED: WireCheck = WireCheck {
    name: "subscribe-refused",
    title: "A put that is refused, if it is, leaves no hole that ends a subscription",
    clauses: &["PUT-9", "PUT-4", "LOG-6"],
    needs: Need::Log,
    run: |witness, _| refused(witness),
};

pub(super) const PRUNED: WireCheck = WireCheck {
    name: "subscribe-pruned",
    title: "A cursor that was pruned is refused with what is left; a retained one is not",
    clauses: &["PRN-1", "OLD-1", "LOG-6"],
    needs: Need::LogOfItsOwn,
    run: |witness, _| pruned(witness),
};

pub(super) const STALLED: WireCheck = WireCheck {
    name: "subscribe-stalled",
    title: "A subscriber that does not read holds up nobody and misses nothing, unless it is pruned",
    clauses: &["LOG-6", "LOG-1", "GEN-2"],
    needs: Need::LogOfItsOwn,
    run: |witness, _| stalled(witness),
};

/// What was written, for a subscriber to be sent.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) puts: Vec<Batch>,
    pub(super) deletes: BTreeSet<u64>,
    /// Whether a put was refused among them.
    pub(super) refused: bool,
}

impl Sent {
    /// Puts, with a key twice, one that changes nothing, and a delete that nobody is sent.
    pub(super) fn write(&mut self, witness: &mut Witness<'_>, name: &[u8]) -> Result<(), Over> {
        self.put(witness, vec![witness.entry(name, b"1"), witness.entry(b"b", b""), witness.entry(name, b"2")])?;
        self.deletes.insert(witness.delete(&[name])?);
        self.put(witness, vec![witness.entry(name, b"3")])?;
        self.put(witness, vec![witness.entry(name, b"3")])
    }

    /// Puts 1,200 pairs at once.
    fn write_many(&mut self, witness: &mut Witness<'_>) -> Result<(), Over> {
        let entries = (0..1_200_u32).map(|nth| witness.entry(nth.to_string().as_bytes(), b"v")).collect();
        self.put(witness, entries)
    }

    /// Every number that a write was given.
    pub(super) fn numbers(&self) -> BTreeSet<u64> {
        self.puts.iter().map(|batch| batch.sequence_number.0).chain(self.deletes.iter().copied()).collect()
    }

    pub(super) fn put(&mut self, witness: &mut Witness<'_>, entries: Vec<Entry>) -> Result<(), Over> {
        let number = witness.put(&entries)?;
        if let Some(last) = self.numbers().last().filter(|last| **last >= number) {
            return Err(witness.fail(&["PUT-3"], format!("a number above {last}"), number.to_string()));
        }
        self.puts.push(Batch { sequence_number: Decimal(number), entries });
        Ok(())
    }

    /// Reads the puts from `first` on, which is below them and above all that was read before.
    pub(super) fn read(&self, witness: &mut Witness<'_>, frames: &mut Frames, first: u64) -> Result<(), Over> {
        let mut seen = first.saturating_sub(1);
        for batch in self.puts.iter().filter(|batch| batch.sequence_number.0 >= first) {
            match witness.next(frames)? {
                Ok(Some(got)) if got == *batch => seen = batch.sequence_number.0,
                Ok(Some(got)) => return Err(witness.fail(&["LOG-1"], shown_batch(batch), shown_batch(&got))),
                Ok(None) => return Err(witness.fail_served(&["LOG-6"], shown_batch(batch), "the stream ends")),
                Err(refusal) => return Err(self.lost(witness, seen, batch, &refusal)),
            }
        }
        Ok(())
    }

    /// Why a subscriber that has seen everything up to `seen` does not get the next batch.
    pub(super) fn lost(&self, witness: &mut Witness<'_>, seen: u64, batch: &Batch, refusal: &Refusal) -> Over {
        let wanted = shown_batch(batch);
        if refusal.code == "internal" {
            return witness.fail(&["GEN-12"], wanted, refusal.to_string());
        }
        if refusal.reason() != EVICTED {
            return witness.fail_served(&["LOG-6"], wanted, refusal.to_string());
        }
        for number in seen + 1..=batch.sequence_number.0 {
            match witness.batch(number) {
                Err(over) => return over,
                Ok(Ok(_)) => {}
                Ok(Err(_)) => {
                    let got = format!("the subscription ends: {refusal}; there is no batch {number}");
                    let put = self.puts.iter().any(|put| put.sequence_number.0 == number);
                    return if self.deletes.contains(&number) {
                        witness.fail_served(&["DEL-4", "LOG-6"], wanted, format!("{got}, which is a delete's"))
                    } else if put {
                        witness.fail(&["LOG-1", "LOG-6"], wanted, got)
                    } else {
                        let clauses: &[&'static str] =
                            if self.refused { &["PUT-9", "PUT-4", "LOG-6"] } else { &["PUT-4", "LOG-6"] };
                        witness.fail_served(clauses, wanted, format!("{got}, which no write was given"))
                    };
                }
            }
        }
        let got = format!("the subscription ends: {refusal}; now every batch is there");
        witness.fail_served(&["PUT-6", "LOG-6"], wanted, got)
    }
}

/// Opens a subscription. Whether it was granted is told with its first batch.
pub(super) fn granted(witness: &mut Witness<'_>, since: Option<u64>) -> Result<Frames, Over> {
    match witness.subscribe(since)? {
        Ok(frames) => Ok(frames),
        Err(refusal) => Err(witness.fail_served(&["LOG-6"], "a subscription", refusal.to_string())),
    }
}

fn live(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("a subscriber before the first write");
    let first = witness.current()?.saturating_add(1);
    let mut early = granted(witness, None)?;
    let mut sent = Sent::default();
    sent.write(witness, b"a")?;
    witness.enter("a live subscriber");
    let mut frames = granted(witness, None)?;
    let second = witness.current()?.saturating_add(1);
    sent.write_many(witness)?;
    for name in [&b"c"[..], b"\x00\xff"] {
        sent.write(witness, name)?;
    }
    sent.read(witness, &mut frames, second)?;
    witness.enter("a subscriber before the first write");
    sent.read(witness, &mut early, first)
}

fn from(witness: &mut Witness<'_>) -> Result<(), Over> {
    let mut sent = Sent::default();
    witness.enter("writing");
    for name in [&b"a"[..], b"c", b"d"] {
        sent.write(witness, name)?;
    }
    let (first, last) = (sent.puts[0].sequence_number.0, sent.puts[sent.puts.len() - 1].sequence_number.0);
    let mut open = Vec::new();
    for since in sent.numbers() {
        witness.enter(&format!("a subscriber from {since}, of {first} to {last}"));
        let mut frames = granted(witness, Some(since))?;
        sent.read(witness, &mut frames, since)?;
        open.push((since, frames));
    }
    for since in [0, last.saturating_add(1), last.saturating_add(100), u64::MAX] {
        witness.enter(&format!("a subscriber from {since}, before or past {first} to {last}: live"));
        open.push((since, granted(witness, Some(since))?));
    }
    witness.enter("writing more");
    let mut more = Sent::default();
    more.write(witness, b"e")?;
    for (since, frames) in &mut open {
        witness.enter(&format!("the subscriber from {since}, sent what was put after it subscribed"));
        more.read(witness, frames, last + 1)?;
    }
    Ok(())
}

/// A batch of 20,000 pairs, which an engine may refuse (PUT-15), between puts that it may not.
fn refused(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("a live subscriber");
    let mut sent = Sent::default();
    let mut frames = granted(witness, None)?;
    sent.write(witness, b"a")?;
    let entries: Vec<Entry> = (0..20_000_u32).map(|nth| witness.entry(&nth.to_be_bytes(), b"")).collect();
    let put = witness.ask("Put(20,000 pairs)", |n| format!("sequence {n}"), |server| server.put(&entries))?;
    let answer = match put {
        Ok(number) => {
            sent.puts.push(Batch { sequence_number: Decimal(number), entries });
            "stored"
        }
        Err(_) => {
            sent.refused = true;
            "refused"
        }
    };
    witness.enter(&format!("after a put of 20,000 pairs that was {answer}"));
    sent.write(witness, b"c")?;
    let first = sent.puts[0].sequence_number.0;
    sent.read(witness, &mut frames, first)
}

fn pruned(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("writing");
    let mut sent = Sent::default();
    for name in [&b"a"[..], b"c", b"d", b"e"] {
        sent.write(witness, name)?;
    }
    let (first, last) = (sent.puts[0].sequence_number.0, sent.puts[sent.puts.len() - 1].sequence_number.0);
    let kept = sent.puts[4].sequence_number.0;
    witness.enter(&format!("{first} to {last}, pruned below {kept}"));
    witness.prune_log(Keep::From(kept))?;
    for since in sent.numbers().range(..kept).copied() {
        evicted(witness, since, Some(kept))?;
    }
    for since in sent.numbers().range(kept..).copied() {
        let mut frames = granted(witness, Some(since))?;
        sent.read(witness, &mut frames, since)?;
    }
    witness.enter("everything pruned");
    witness.prune_log(Keep::Nothing)?;
    evicted(witness, last, None)?;
    let mut frames = granted(witness, Some(last + 1))?;
    let mut more = Sent::default();
    more.write(witness, b"f")?;
    more.read(witness, &mut frames, last + 1)
}

/// A subscription is refused, and says what is left.
fn evicted(witness: &mut Witness<'_>, since: u64, left: Option<u64>) -> Result<(), Over> {
    let wanted = left.map_or_else(|| format!("{EVICTED}, nothing retained"), |n| format!("{EVICTED}, {OLDEST} {n}"));
    let mut frames = granted(witness, Some(since))?;
    match witness.next(&mut frames)? {
        Ok(Some(batch)) => Err(witness.fail(&["PRN-1"], wanted, shown_batch(&batch))),
        Ok(None) => Err(witness.fail_served(&["LOG-6"], wanted, "the stream ends")),
        Err(refusal) if refusal.reason() == EVICTED && refusal.number(OLDEST) == left => Ok(()),
        Err(refusal) => Err(witness.fail(&["OLD-1"], wanted, refusal.to_string())),
    }
}

/// More than a connection holds on its way: 48 batches of 256 KiB.
fn stalled(witness: &mut Witness<'_>) -> Result<(), Over> {
    const BATCHES: u8 = 48;
    let value = vec![b'v'; 256 << 10];
    witness.enter("a subscriber that reads nothing yet");
    let mut live = granted(witness, None)?;
    let mut sent = Sent::default();
    for nth in 0..BATCHES {
        sent.put(witness, vec![witness.entry(&[nth], &value)])?;
    }
    let first = sent.puts[0].sequence_number.0;
    let mut behind = granted(witness, Some(first))?;
    witness.enter("the subscriber, reading everything late");
    sent.read(witness, &mut live, first)?;
    witness.enter("another, whose batches are pruned before it reads them");
    witness.prune_log(Keep::Nothing)?;
    for (nth, batch) in sent.puts.iter().enumerate() {
        match witness.next(&mut behind)? {
            Ok(Some(got)) if got == *batch => {}
            // What was on its way before the prune arrives; the rest is gone, and it is told so.
            Err(refusal) if nth > 0 && refusal.reason() == EVICTED && refusal.number(OLDEST).is_none() => return Ok(()),
            Err(refusal) => {
                return Err(witness.fail(&["OLD-1"], format!("{EVICTED}, nothing retained"), refusal.to_string()));
            }
            Ok(Some(got)) => return Err(witness.fail(&["LOG-1"], shown_batch(batch), shown_batch(&got))),
            Ok(None) => return Err(witness.fail_served(&["LOG-6"], shown_batch(batch), "the stream ends")),
        }
    }
    Ok(())
}
