//! Prune policies, on the batch log and on keys.

use serde_json::json;

use super::super::client::{Entry, Keep};
use super::super::witness::{Over, Witness, shown};
use super::batches::{all_there, evicted};
use super::subscriptions::Sent;
use super::{Need, WireCheck};

pub(super) const LOG: WireCheck = WireCheck {
    name: "prune-log",
    title: "Every policy on the batch log keeps what it says, and touches neither State nor numbers",
    clauses: &["PRN-1", "PRN-5", "OLD-1", "PRN-4"],
    needs: Need::LogOfItsOwn,
    run: |witness, _| log(witness),
};

pub(super) const KEYS: WireCheck = WireCheck {
    name: "prune-keys",
    title: "A policy on keys deletes what it says, all at once, under one number",
    clauses: &["DEL-1", "DEL-2", "DEL-4"],
    needs: Need::LogOfItsOwn,
    run: |witness, _| keys(witness),
};

fn log(witness: &mut Witness<'_>) -> Result<(), Over> {
    let mut sent = Sent::default();
    witness.enter("writing");
    for name in [&b"a"[..], b"c", b"d", b"e"] {
        sent.write(witness, name)?;
    }
    let before = witness.rows()?;
    let (first, last) = (sent.puts[0].sequence_number.0, sent.puts[sent.puts.len() - 1].sequence_number.0);
    // A number that no write was given stands for the next that one was.
    let numbers = sent.numbers();
    let from = |number: u64| numbers.range(number..).next().copied();
    // Each keeps less than the one before it, or as much.
    let policies = [
        (Keep::Latest(last.saturating_sub(first).saturating_add(1)), Some(first)),
        (Keep::From(0), Some(first)),
        (Keep::From(first), Some(first)),
        (Keep::Above(first), from(first + 1)),
        (Keep::From(first + 3), from(first + 3)),
        (Keep::Latest(last.saturating_sub(first + 4)), from(first + 5)),
        (Keep::Latest(last.saturating_sub(first)), from(first + 5)),
        (Keep::Above(first + 6), from(first + 7)),
        (Keep::Latest(1), Some(last)),
        (Keep::Nothing, None),
        (Keep::From(u64::MAX), None),
    ];
    for (keep, left) in policies {
        witness.enter(&format!("{first} to {last}, pruned by {}", keep.json()));
        witness.prune_log(keep)?;
        evicted(witness, 0, left)?;
        for number in numbers.iter().filter(|number| left.is_none_or(|left| **number < left)) {
            evicted(witness, *number, left)?;
        }
        all_there(witness, &sent, left.unwrap_or(u64::MAX))?;
        let current = witness.current()?;
        witness.expect(&["PRN-5"], &last, &current, |n| format!("the number {n}, as before"))?;
        let after = witness.rows()?;
        witness.expect(&["PRN-5"], &before, &after, |rows| shown(rows))?;
    }
    witness.enter("writing after everything was pruned");
    let mut more = Sent::default();
    more.write(witness, b"f")?;
    all_there(witness, &more, last + 1)?;
    let left = more.puts.first().map(|batch| batch.sequence_number.0);
    for number in [0, first, last] {
        evicted(witness, number, left)?;
    }
    witness.enter("pruned once more, below what was pruned before");
    witness.prune_log(Keep::From(first + 1))?;
    for number in [0, first, last] {
        evicted(witness, number, left)?;
    }
    all_there(witness, &more, last + 1)
}

fn keys(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("two groups of five keys");
    let names = |group: &str| (1..=5).map(|nth| format!("{group}/{nth}")).collect::<Vec<_>>();
    let all: Vec<String> = [vec!["apart".to_owned()], names("one"), names("two")].concat();
    let entries: Vec<Entry> = all.iter().map(|name| witness.entry(name.as_bytes(), b"v")).collect();
    let before = witness.put(&entries)?;
    witness.enter("keeping the latest two of each group");
    let policy = json!({
        "keys": {
            "matchKey": { "reservedBits": 0, "prefix": 0, "payloadRegex": "(?s-u)^(?P<group>[a-z]+)/(?P<nth>.)$" },
            "groupBy": { "captureGroups": ["group"] },
            "orderBy": { "captureGroup": "nth", "encoding": "POLICY_ORDER_ENCODING_BYTES_ASC" },
        },
        "retain": Keep::Latest(2).json(),
    });
    let prune = |witness: &mut Witness<'_>| {
        let policy = std::slice::from_ref(&policy);
        witness.get_answer(
            &["DEL-1"],
            "Prune(two latest of each group)",
            |()| "done".to_owned(),
            |server| server.prune(policy),
        )
    };
    prune(witness)?;
    let kept = |name: &str| !name.contains('/') || name.ends_with('4') || name.ends_with('5');
    let left: Vec<Entry> =
        all.iter().filter(|name| kept(name)).map(|name| witness.entry(name.as_bytes(), b"v")).collect();
    let got = witness.rows()?;
    witness.expect(&["DEL-1"], &left, &got, |rows| shown(rows))?;
    let number = witness.number_of_delete()?;
    if number <= before {
        return Err(witness.fail(&["DEL-2"], format!("a number above {before}"), format!("{number}")));
    }
    if witness.declared.batch_log {
        let delete = Sent { deletes: [number].into(), ..Sent::default() };
        all_there(witness, &delete, number)?;
    }
    witness.enter("once more, with nothing left to delete");
    prune(witness)?;
    let got = witness.rows()?;
    witness.expect(&["DEL-1"], &left, &got, |rows| shown(rows))?;
    let after = witness.current()?;
    witness.expect(&["SEQ-4"], &number, &after, |n| format!("the number {n}: the engine was asked for nothing"))
}
