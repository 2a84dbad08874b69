//! Which clauses a wrong list of rows speaks against.

use super::{LONG_KEY, value_clauses, with_suspects};
use crate::call::{Pair, Range};
use crate::model::Past;
use crate::model::world::World;
use crate::octets::Octets;

pub(super) fn scan(world: &World, past: &Past, range: &Range, rows: &[Pair]) -> Vec<&'static str> {
    let reversed_bounds = !range.end.is_empty() && range.start > range.end;
    if range.limit.0 == 0 {
        return vec!["SCAN-5", "SCAN-4"];
    }
    if reversed_bounds {
        return vec!["SCAN-7"];
    }
    let ordered = rows.windows(2).all(|two| if range.forward { two[0].0 < two[1].0 } else { two[0].0 > two[1].0 });
    let outside = |key: &Octets| *key < range.start || (!range.end.is_empty() && *key > range.end);
    let expected = world.rows(range);
    let mut clauses = Vec::new();
    if !ordered {
        clauses.push("SCAN-2");
    }
    if rows.len() as u64 > range.limit.0 {
        clauses.push("SCAN-4");
    }
    if rows.iter().any(|(key, _)| outside(key)) {
        clauses.push("SCAN-1");
    }
    for (key, value) in rows.iter().filter(|(key, _)| !outside(key)) {
        if world.newest(key) != Some(value) {
            clauses.push("SCAN-10");
            if world.versions(key).is_none() {
                clauses.push("GEN-11");
            }
            clauses.extend(value_clauses(world, past, key, Some(value)));
            break;
        }
    }
    let missing: Vec<&Pair> = expected.iter().filter(|row| !rows.iter().any(|(key, _)| *key == row.0)).collect();
    if let Some((key, _)) = missing.first() {
        clauses.extend(missing_row(range, rows, expected.len(), key));
    }
    if clauses.is_empty() {
        clauses.push("SCAN-4");
    }
    if range.start.len().max(range.end.len()) >= LONG_KEY {
        clauses.push("SCAN-11");
    }
    let mut unique = Vec::new();
    for clause in with_suspects(past, clauses) {
        if !unique.contains(&clause) {
            unique.push(clause);
        }
    }
    unique
}

/// A row that should be there is not: at a bound, or cut off.
fn missing_row(range: &Range, rows: &[Pair], expected: usize, key: &Octets) -> Vec<&'static str> {
    let mut clauses = Vec::new();
    let at_bound = *key == range.start || *key == range.end;
    if at_bound && range.start == range.end {
        clauses.push("SCAN-8");
    }
    if range.end.is_empty() || key.is_empty() {
        clauses.push("SCAN-3");
    }
    if at_bound {
        clauses.push("SCAN-1");
    }
    if rows.len() < expected {
        clauses.push("SCAN-9");
        if range.limit.0 > u64::from(u32::MAX) {
            clauses.push("SCAN-6");
        }
    } else {
        clauses.push("SCAN-4");
    }
    clauses
}
