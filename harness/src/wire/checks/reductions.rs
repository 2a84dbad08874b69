//! Reduce: what the server computes from the rows between two keys.

use serde_json::json;

use super::super::client::Reduced;
use super::super::connect::Answered;
use super::super::witness::{Over, Witness};
use super::{Need, WireCheck};

pub(super) const REDUCE: WireCheck = WireCheck {
    name: "reduce",
    title: "Reduce counts the rows between two keys and finds the least and the greatest of them",
    clauses: &["SCAN-1", "SCAN-3"],
    needs: Need::Requests,
    run: |witness, _| reduce(witness),
};

/// The numbers that are keys, as eight octets.
const NUMBERS: [u64; 9] = [0, 1, 255, 256, 257, 65_535, 1 << 32, u64::MAX - 1, u64::MAX];

fn reduce(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("keys that are numbers, two of them deleted");
    let entries: Vec<_> = NUMBERS.iter().map(|number| witness.entry(&number.to_be_bytes(), b"v")).collect();
    witness.put(&entries)?;
    witness.delete(&[&255_u64.to_be_bytes(), &(1_u64 << 32).to_be_bytes()])?;
    let left: Vec<u64> = NUMBERS.iter().copied().filter(|number| ![255, 1 << 32].contains(number)).collect();
    for (start, end) in [(0, u64::MAX), (1, 257), (256, 256), (255, 255), (257, 256), (258, u64::MAX - 1)] {
        let rows: Vec<u64> = left.iter().copied().filter(|number| (start..=end).contains(number)).collect();
        reduce_one(witness, (&start.to_be_bytes(), &end.to_be_bytes()), &rows)?;
    }
    if witness.prefix.is_empty() {
        reduce_one(witness, (b"", b""), &left)?;
    }
    Ok(())
}

fn reduce_one(witness: &mut Witness<'_>, (start, end): (&[u8], &[u8]), rows: &[u64]) -> Result<(), Over> {
    let (start, end) = (witness.key(start), witness.key(end));
    let field =
        json!({ "field": { "key": { "bitOffset": witness.prefix.len() * 8, "kind": "KV_FIELD_KIND_UINT64" } } });
    let params = json!({ "reducers": [
        { "op": "RANGE_REDUCE_OP_COUNT_ALL" },
        { "op": "RANGE_REDUCE_OP_MIN_FIELD", "expr": field },
        { "op": "RANGE_REDUCE_OP_MAX_FIELD", "expr": field },
    ] });
    let number = |number: Option<&u64>| match number {
        Some(number) => json!({ "value": { "uint64Value": number.to_string() } }),
        None => json!({}),
    };
    let wanted =
        Reduced { results: vec![number(Some(&(rows.len() as u64))), number(rows.first()), number(rows.last())] };
    let shown = |reduced: &Reduced| serde_json::Value::from(reduced.results.clone()).to_string();
    let answer: Answered<Reduced> = witness.get_answer(
        &["SCAN-1"],
        format!("Reduce({start}..={end}: count, least, greatest)"),
        |answer: &Answered<Reduced>| shown(&answer.message),
        |server| server.reduce(&start, &end, &params, None),
    )?;
    witness.expect(&["SCAN-1", "SCAN-3"], &wanted, &answer.message, shown)?;
    witness.number_of(&answer).map(|_| ())
}
