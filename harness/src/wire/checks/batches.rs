//! Entries of the batch log, one at a time, and what is said where there is none.

use super::super::client::Keep;
use super::super::client::{Batch, EVICTED, NOT_FOUND, OLDEST};
use super::super::witness::{Over, Witness, shown_batch};
use super::subscriptions::Sent;
use super::{Need, WireCheck};
use crate::octets::Decimal;

pub(super) const BATCH: WireCheck = WireCheck {
    name: "batch",
    title: "An entry is answered as it was passed; one that is gone or not there yet says which, and what is left",
    clauses: &["LOG-1", "LOG-3", "DEL-4", "OLD-1", "SEQ-2", "PUT-5"],
    needs: Need::LogOfItsOwn,
    run: |witness, _| batch(witness),
};

pub(super) const INGEST: WireCheck = WireCheck {
    name: "ingest-prunes-nothing",
    title: "However much is put, nothing of the batch log goes away by itself",
    clauses: &["LOG-9", "OLD-1"],
    needs: Need::LogOfItsOwn,
    run: |witness, _| ingest(witness),
};

fn batch(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("before any write");
    let fresh = witness.current()?;
    evicted(witness, 0, None)?;
    not_found(witness, fresh + 1)?;
    witness.enter("after puts and deletes");
    let mut sent = Sent::default();
    for name in [&b"a"[..], b"c"] {
        sent.write(witness, name)?;
    }
    let (first, last) = (sent.puts[0].sequence_number.0, sent.puts[sent.puts.len() - 1].sequence_number.0);
    if first != fresh + 1 {
        let wanted = format!("the first write has the number {}", fresh + 1);
        return Err(witness.fail(&["PUT-5", "PUT-4"], wanted, first.to_string()));
    }
    all_there(witness, &sent, first)?;
    evicted(witness, 0, Some(first))?;
    for number in [last.saturating_add(1), last.saturating_add(1 << 40), u64::MAX] {
        not_found(witness, number)?;
    }
    let kept = sent.puts[2].sequence_number.0;
    witness.enter(&format!("pruned below {kept}"));
    witness.prune_log(Keep::From(kept))?;
    evicted(witness, 0, Some(kept))?;
    for number in sent.numbers().range(..kept) {
        evicted(witness, *number, Some(kept))?;
    }
    all_there(witness, &sent, kept)?;
    witness.enter("everything pruned");
    witness.prune_log(Keep::Nothing)?;
    for number in [0, first, last] {
        evicted(witness, number, None)?;
    }
    not_found(witness, last.saturating_add(1))
}

/// Every write from `first` on has its entry.
pub(super) fn all_there(witness: &mut Witness<'_>, sent: &Sent, first: u64) -> Result<(), Over> {
    for batch in sent.puts.iter().filter(|batch| batch.sequence_number.0 >= first) {
        there(witness, batch, false)?;
    }
    for number in sent.deletes.range(first..) {
        there(witness, &Batch { sequence_number: Decimal(*number), entries: Vec::new() }, true)?;
    }
    Ok(())
}

fn there(witness: &mut Witness<'_>, batch: &Batch, delete: bool) -> Result<(), Over> {
    match witness.batch(batch.sequence_number.0)? {
        Ok(got) if got == *batch => Ok(()),
        Ok(got) if delete => Err(witness.fail(&["DEL-4"], shown_batch(batch), shown_batch(&got))),
        Ok(got) => Err(witness.fail(&["LOG-1"], shown_batch(batch), shown_batch(&got))),
        Err(refusal) if delete => {
            Err(witness.fail_served(&["DEL-4", "LOG-6"], shown_batch(batch), refusal.to_string()))
        }
        Err(refusal) => Err(witness.fail(&["LOG-1", "LOG-9"], shown_batch(batch), refusal.to_string())),
    }
}

pub(super) fn evicted(witness: &mut Witness<'_>, number: u64, left: Option<u64>) -> Result<(), Over> {
    let wanted = left.map_or_else(|| format!("{EVICTED}, nothing retained"), |n| format!("{EVICTED}, {OLDEST} {n}"));
    match witness.batch(number)? {
        Ok(got) => Err(witness.fail(&["PRN-1", "LOG-3"], wanted, shown_batch(&got))),
        Err(refusal) if refusal.reason() == EVICTED && refusal.number(OLDEST) == left => Ok(()),
        Err(refusal) if refusal.reason() == NOT_FOUND => Err(witness.fail(&["SEQ-2"], wanted, refusal.to_string())),
        Err(refusal) => Err(witness.fail(&["OLD-1"], wanted, refusal.to_string())),
    }
}

fn not_found(witness: &mut Witness<'_>, number: u64) -> Result<(), Over> {
    match witness.batch(number)? {
        Ok(got) => Err(witness.fail(&["LOG-3"], NOT_FOUND, shown_batch(&got))),
        Err(refusal) if refusal.reason() == NOT_FOUND => Ok(()),
        Err(refusal) => Err(witness.fail(&["SEQ-2", "SEQ-4"], NOT_FOUND, refusal.to_string())),
    }
}

fn ingest(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("300 puts of one key");
    let mut sent = Sent::default();
    for nth in 0..300_u32 {
        sent.put(witness, vec![witness.entry(b"a", nth.to_string().as_bytes())])?;
    }
    let first = sent.puts[0].sequence_number.0;
    evicted(witness, 0, Some(first))?;
    all_there(witness, &sent, first)
}
