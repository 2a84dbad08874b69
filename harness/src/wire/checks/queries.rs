//! Get, GetMany and Range, also in frames of few rows.

use std::collections::BTreeMap;

use super::super::client::{Entry, Found, Frame, RangeRequest};
use super::super::connect::Answered;
use super::super::witness::{Over, Witness, shown};
use super::{Need, WireCheck};
use crate::octets::Octets;
use crate::scenario::generate::SplitMix;

pub(super) const GET: WireCheck = WireCheck {
    name: "get",
    title: "Get answers the newest value, absent and empty apart, with the number it was read at",
    clauses: &["GET-1", "GET-2", "PUT-7", "GEN-3"],
    needs: Need::Requests,
    run: |witness, _| get(witness),
};

pub(super) const GET_MANY: WireCheck = WireCheck {
    name: "get-many",
    title: "GetMany answers every key asked for, in order, repeats and missing ones too, in frames of any size",
    clauses: &["MANY-1", "MANY-2"],
    needs: Need::Requests,
    run: |witness, _| get_many(witness),
};

pub(super) const RANGE: WireCheck = WireCheck {
    name: "range",
    title: "Range answers the rows between two keys, both ways, limited or not, in frames of any size",
    clauses: &["SCAN-1", "SCAN-2", "SCAN-3", "SCAN-4"],
    needs: Need::Requests,
    run: |witness, _| range(witness),
};

fn get(witness: &mut Witness<'_>) -> Result<(), Over> {
    let absent: &[u8] = b"absent";
    witness.enter("after two puts and a delete");
    witness.put(&[witness.entry(b"a", b"1"), witness.entry(b"empty", b""), witness.entry(b"gone", b"3")])?;
    witness.put(&[witness.entry(b"a", b"2"), witness.entry(b"\x00\xff", b"\xff\x00")])?;
    let last = witness.delete(&[b"gone"])?;
    witness.settle(last)?;
    let wanted: [(&[u8], Option<&[u8]>); 5] =
        [(b"a", Some(b"2")), (b"empty", Some(b"")), (b"gone", None), (absent, None), (b"\x00\xff", Some(b"\xff\x00"))];
    for (name, value) in wanted {
        let key = witness.key(name);
        let value = value.map(Octets::from);
        let shown = |value: &Option<Octets>| value.as_ref().map_or_else(|| "no value".to_owned(), ToString::to_string);
        let answer = witness.get_answer(
            &["GET-1"],
            format!("Get({key})"),
            |answer: &Answered<Option<Octets>>| format!("{}, at {:?}", shown(&answer.message), answer.sequence),
            |server| server.get(&key, None),
        )?;
        let clauses: &[&'static str] = if name == b"empty" { &["GET-2", "GET-1"] } else { &["GET-1"] };
        witness.expect(clauses, &value, &answer.message, shown)?;
        let number = witness.number_of(&answer)?;
        if number < last {
            return Err(witness.fail(&["PUT-7"], format!("at {last} or later"), format!("at {number}")));
        }
    }
    Ok(())
}

fn get_many(witness: &mut Witness<'_>) -> Result<(), Over> {
    witness.enter("after a put");
    witness.put(&[witness.entry(b"a", b"1"), witness.entry(b"b", b""), witness.entry(b"c", b"3")])?;
    let names: [(&[u8], Option<&[u8]>); 7] = [
        (b"c", Some(b"3")),
        (b"x", None),
        (b"a", Some(b"1")),
        (b"a", Some(b"1")),
        (b"b", Some(b"")),
        (b"x", None),
        (b"c", Some(b"3")),
    ];
    let keys: Vec<Octets> = names.iter().map(|(name, _)| witness.key(name)).collect();
    let found =
        |(name, value): &(&[u8], Option<&[u8]>)| Found { key: witness.key(name), value: value.map(Octets::from) };
    let wanted: Vec<Found> = names.iter().map(found).collect();
    for batch in [1, 2, 3, 7, 1_000] {
        let action = format!("GetMany({} keys, {batch} in a frame)", keys.len());
        let shown = |frames: &Vec<Frame<Found>>| {
            let one = |found: &Found| match &found.value {
                Some(value) => format!("{}: {value}", found.key),
                None => format!("{}: no value", found.key),
            };
            let frame = |frame: &Frame<Found>| frame.results.iter().map(one).collect::<Vec<_>>().join(", ");
            format!("[{}]", frames.iter().map(frame).collect::<Vec<_>>().join(" | "))
        };
        let answer = witness.get_answer(
            &["MANY-1"],
            action,
            |answer: &Answered<Vec<Frame<Found>>>| shown(&answer.message),
            |server| server.get_many(&keys, batch, None),
        )?;
        let frames: Vec<Frame<Found>> =
            wanted.chunks(batch as usize).map(|results| Frame { results: results.to_vec() }).collect();
        witness.expect(&["MANY-1", "MANY-2"], &frames, &answer.message, shown)?;
        witness.number_of(&answer)?;
    }
    Ok(())
}

fn range(witness: &mut Witness<'_>) -> Result<(), Over> {
    let mut draws = SplitMix::new(7);
    let mut rows: BTreeMap<Octets, Octets> = BTreeMap::new();
    witness.enter("after puts and deletes of keys of 0 to 3 octets");
    for nth in 0..12_u64 {
        let mut entries = Vec::new();
        for _ in 0..4 {
            let name: Vec<u8> = (0..draws.below(4)).map(|_| [0, b'a', b'b', 0xff][draws.below(4) as usize]).collect();
            entries.push(witness.entry(&name, nth.to_string().as_bytes()));
        }
        witness.put(&entries)?;
        rows.extend(entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())));
        if nth % 4 == 3 {
            let name = entries[0].key[witness.prefix.len()..].to_vec();
            witness.delete(&[&name])?;
            rows.remove(&entries[0].key);
        }
    }
    for nth in 0..40_u32 {
        let mut bound =
            || -> Vec<u8> { (0..draws.below(3)).map(|_| [0, b'a', b'b', 0xff][draws.below(4) as usize]).collect() };
        let (start, end) = (witness.key(&bound()), end_key(witness, &bound()));
        let limit = [None, Some(0), Some(1), Some(5), Some(u32::MAX)][draws.below(5) as usize];
        let batch = [1, 2, 3, 1_000][draws.below(4) as usize];
        one_range(
            witness,
            &rows,
            &RangeRequest { limit, batch_size: batch, ..RangeRequest::of(&start, &end, nth % 2 == 0) },
        )?;
    }
    Ok(())
}

/// An end bound; none where the name is empty, as far as the store's part of the server goes.
fn end_key(witness: &Witness<'_>, name: &[u8]) -> Octets {
    if name.is_empty() && !witness.prefix.is_empty() { witness.key(&[0xff; 100]) } else { witness.key(name) }
}

fn one_range(witness: &mut Witness<'_>, rows: &BTreeMap<Octets, Octets>, request: &RangeRequest) -> Result<(), Over> {
    let forward = request.mode.ends_with("FORWARD");
    let within = |key: &Octets| *key >= request.start && (request.end.is_empty() || *key <= request.end);
    let mut wanted: Vec<Entry> = rows
        .iter()
        .filter(|(key, _)| within(key))
        .map(|(key, value)| Entry { key: key.clone(), value: value.clone() })
        .collect();
    if !forward {
        wanted.reverse();
    }
    wanted.truncate(request.limit.map_or(usize::MAX, |limit| limit as usize));
    let action = format!(
        "Range({}..={}, limit {}, {}, {} in a frame)",
        request.start,
        request.end,
        request.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string()),
        if forward { "forward" } else { "reverse" },
        request.batch_size
    );
    let framed =
        |frames: &Vec<Frame<Entry>>| frames.iter().map(|frame| shown(&frame.results)).collect::<Vec<_>>().join(" | ");
    let answer = witness.get_answer(
        &["SCAN-1"],
        action,
        |answer: &Answered<Vec<Frame<Entry>>>| framed(&answer.message),
        |server| server.range(request),
    )?;
    let frames: Vec<Frame<Entry>> =
        wanted.chunks(request.batch_size as usize).map(|results| Frame { results: results.to_vec() }).collect();
    let clauses: &[&'static str] = match (request.limit, request.end.is_empty(), forward) {
        (Some(_), ..) => &["SCAN-4", "SCAN-1"],
        (_, true, _) => &["SCAN-3", "SCAN-1"],
        (.., false) => &["SCAN-2", "SCAN-1"],
        _ => &["SCAN-1"],
    };
    witness.expect(clauses, &frames, &answer.message, framed)?;
    witness.number_of(&answer).map(|_| ())
}
