//! The server ends and starts again with the same store.

use super::super::client::{Entry, Keep};
use super::super::witness::{Over, Witness, shown};
use super::batches::{all_there, evicted};
use super::subscriptions::{Sent, granted};
use super::{Again, Need, WireCheck};
use crate::engine::Durability;

pub(super) const RESTART: WireCheck = WireCheck {
    name: "restart",
    title: "After the server was started again its clients find State, log and numbers, and subscribers go on",
    clauses: &["DUR-1", "DUR-5", "LOG-6"],
    needs: Need::Restart,
    run: restart,
};

fn restart(witness: &mut Witness<'_>, again: &mut Again<'_>) -> Result<(), Over> {
    witness.enter("before the restart");
    let mut sent = Sent::default();
    for name in [&b"a"[..], b"c", b"d"] {
        sent.write(witness, name)?;
    }
    let odd = [(&b""[..], &b"1"[..]), (b"\xff\xfe", b"2"), (b"\xff\xfe", b"3"), (b"long", &[b'v'; 100 << 10])];
    let entries = odd.iter().map(|(name, value)| witness.entry(name, value)).collect();
    sent.put(witness, entries)?;
    sent.deletes.insert(witness.delete(&[b"c"])?);
    let kept = sent.puts[2].sequence_number.0;
    witness.prune_log(Keep::From(kept))?;
    for nth in 1..=2 {
        let (before, last) = (witness.rows()?, witness.current()?);
        witness.enter(&format!("after restart {nth}"));
        witness.blame(Some("DUR-1"));
        match again() {
            Ok(server) => witness.server = server,
            Err(error) => return Err(witness.fail(&["DUR-1"], "the server starts again", error.to_string())),
        }
        if witness.declared.durability == Durability::Volatile {
            let number = witness.put(&[witness.entry(b"z", b"1")])?;
            return witness.settle(number);
        }
        as_before(witness, &sent, (&before, last, kept))?;
        witness.blame(None);
        let written = sent.puts.len();
        sent.write(witness, b"e")?;
        let next = sent.puts[written].sequence_number.0;
        if next <= last {
            return Err(witness.fail(&["DUR-5"], format!("a number above {last}"), next.to_string()));
        }
    }
    let mut frames = granted(witness, Some(kept))?;
    sent.read(witness, &mut frames, kept)
}

/// State, numbers and log are what they were.
fn as_before(
    witness: &mut Witness<'_>,
    sent: &Sent,
    (before, last, kept): (&Vec<Entry>, u64, u64),
) -> Result<(), Over> {
    let current = witness.current()?;
    witness.expect(&["DUR-1"], &last, &current, |n| format!("the number {n}"))?;
    let after = witness.rows()?;
    witness.expect(&["DUR-1"], before, &after, |rows| shown(rows))?;
    evicted(witness, 0, Some(kept))?;
    all_there(witness, sent, kept)?;
    let mut frames = granted(witness, Some(kept))?;
    sent.read(witness, &mut frames, kept)
}
