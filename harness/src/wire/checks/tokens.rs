//! A number that a query is to be answered at, or later.

use serde_json::json;

use super::super::client::RangeRequest;
use super::super::connect::{Server, Trouble};
use super::super::witness::{Over, Witness};
use super::{Need, WireCheck};
use crate::octets::{Decimal, Octets};

pub(super) const MIN_SEQUENCE: WireCheck = WireCheck {
    name: "min-sequence",
    title: "A query that asks for a number is answered once it is reached, and told what is current before",
    clauses: &["PUT-7", "SEQ-2", "SEQ-4"],
    needs: Need::Requests,
    run: |witness, _| min_sequence(witness),
};

/// Makes a query at a number or later; the number it was answered at.
type Query = (&'static str, fn(&Server, &Octets, u64) -> Result<Option<u64>, Trouble>);

const QUERIES: [Query; 4] = [
    ("Get", |server, key, least| server.get(key, Some(least)).map(|answer| answer.sequence)),
    ("GetMany", |server, key, least| {
        server.get_many(std::slice::from_ref(key), 10, Some(least)).map(|answer| answer.sequence)
    }),
    ("Range", |server, key, least| {
        let request = RangeRequest { min_sequence_number: Some(Decimal(least)), ..RangeRequest::of(key, key, true) };
        server.range(&request).map(|answer| answer.sequence)
    }),
    ("Reduce", |server, key, least| {
        let params = json!({ "reducers": [{ "op": "RANGE_REDUCE_OP_COUNT_ALL" }] });
        server.reduce(key, key, &params, Some(least)).map(|answer| answer.sequence)
    }),
];

fn min_sequence(witness: &mut Witness<'_>) -> Result<(), Over> {
    for round in 1..=5_u64 {
        witness.enter(&format!("after put {round}"));
        let number = witness.put(&[witness.entry(b"a", round.to_string().as_bytes())])?;
        witness.settle(number)?;
        for query in QUERIES {
            for least in [0, 1, number] {
                met(witness, query, least, number)?;
            }
            for least in [number.saturating_add(1), number.saturating_add(1 << 40), u64::MAX] {
                unmet(witness, query, least, number)?;
            }
        }
    }
    Ok(())
}

fn ask(witness: &mut Witness<'_>, (name, query): Query, least: u64) -> super::super::witness::Asked<Option<u64>> {
    let key = witness.key(b"a");
    witness.ask(
        format!("{name}({key}) at {least} or later"),
        |number| format!("an answer at {number:?}"),
        |server| query(server, &key, least),
    )
}

fn met(witness: &mut Witness<'_>, query: Query, least: u64, number: u64) -> Result<(), Over> {
    let wanted = format!("an answer at {number}: this number was acknowledged");
    match ask(witness, query, least)? {
        Ok(Some(got)) if got == number => Ok(()),
        Ok(got) => Err(witness.fail(&["SEQ-4", "SEQ-2"], wanted, format!("an answer at {got:?}"))),
        Err(refusal) => Err(witness.fail(&["PUT-7", "SEQ-2"], wanted, refusal.to_string())),
    }
}

fn unmet(witness: &mut Witness<'_>, query: Query, least: u64, number: u64) -> Result<(), Over> {
    let wanted = format!("CONSISTENCY_NOT_READY, current {number}, required {least}");
    match ask(witness, query, least)? {
        Err(refusal)
            if refusal.reason() == "CONSISTENCY_NOT_READY"
                && refusal.number("required_sequence_number") == Some(least)
                && refusal.number("current_sequence_number") == Some(number) =>
        {
            Ok(())
        }
        Err(refusal) => Err(witness.fail(&["SEQ-4", "SEQ-2"], wanted, refusal.to_string())),
        Ok(got) => Err(witness.fail(&["SEQ-2", "SEQ-4"], wanted, format!("an answer at {got:?}"))),
    }
}
