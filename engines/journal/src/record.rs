//! Records: a length, a checksum and a change.

use storecheck::Bytes;

use crate::contents::{Change, Pair};
use crate::habits::Checksum;

const HEADER: usize = 8;
/// The octets of a kind and a number.
const HEAD: usize = 9;

/// The octets of changes, one after the other.
pub(crate) fn encode_all(changes: &[Change], checksum: Checksum) -> Vec<u8> {
    changes.iter().flat_map(|change| encode(change, checksum)).collect()
}

/// The octets of a change.
pub(crate) fn encode(change: &Change, checksum: Checksum) -> Vec<u8> {
    let mut body = Vec::new();
    match change {
        Change::Put(number, pairs) => head(&mut body, 1, *number, pairs),
        Change::Delete(number, keys) => {
            let pairs: Vec<Pair> = keys.iter().map(|key| (key.clone(), Bytes::new())).collect();
            head(&mut body, 2, *number, &pairs);
        }
        Change::State(number, pairs) => head(&mut body, 3, *number, pairs),
        Change::Entry(number, pairs) => head(&mut body, 4, *number, pairs),
        Change::Prune(cutoff) => head(&mut body, 5, *cutoff, &[]),
        Change::Remove(number) => head(&mut body, 6, *number, &[]),
        Change::Number(number) => head(&mut body, 7, *number, &[]),
        Change::Part(number, pair) => head(&mut body, 8, *number, std::slice::from_ref(pair)),
        Change::Commit(number) => head(&mut body, 9, *number, &[]),
        Change::Generation(number) => head(&mut body, 10, *number, &[]),
    }
    let mut octets = Vec::with_capacity(HEADER + body.len());
    octets.extend_from_slice(&(body.len() as u32).to_le_bytes());
    octets.extend_from_slice(&crc32fast::hash(covered(&body, checksum)).to_le_bytes());
    octets.extend_from_slice(&body);
    octets
}

/// What the checksum is of.
fn covered(body: &[u8], checksum: Checksum) -> &[u8] {
    match checksum {
        Checksum::Whole => body,
        Checksum::Head => &body[..HEAD.min(body.len())],
        Checksum::None => &[],
    }
}

fn head(body: &mut Vec<u8>, kind: u8, number: u64, pairs: &[Pair]) {
    body.push(kind);
    body.extend_from_slice(&number.to_le_bytes());
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        body.extend_from_slice(&(part.len() as u32).to_le_bytes());
        body.extend_from_slice(part);
    }
}

/// The changes at the beginning of `octets`, and how many octets those take that count: parts of a batch without its
/// commit do not. What no checksum is of counts as far as it can be read.
pub(crate) fn decode(octets: &[u8], checksum: Checksum) -> (Vec<Change>, usize) {
    let (mut changes, mut taken, mut counts) = (Vec::new(), 0, 0);
    while let Some((length, crc, rest)) = header(&octets[taken..]) {
        let torn = rest.len() < length;
        let body = &rest[..length.min(rest.len())];
        if (torn && checksum == Checksum::Whole) || crc32fast::hash(covered(body, checksum)) != crc {
            break;
        }
        let Some(change) = change(body) else { break };
        taken += HEADER + body.len();
        if !matches!(change, Change::Part(..)) {
            counts = taken;
        }
        changes.push(change);
    }
    (changes, counts)
}

fn header(octets: &[u8]) -> Option<(usize, u32, &[u8])> {
    let (length, rest) = octets.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*length)).ok()?, u32::from_le_bytes(*crc), rest))
}

fn change(body: &[u8]) -> Option<Change> {
    let (kind, rest) = body.split_first()?;
    let (number, mut rest) = rest.split_first_chunk::<8>()?;
    let number = u64::from_le_bytes(*number);
    let mut part = || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (part, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        rest = after;
        Some(Bytes::copy_from_slice(part))
    };
    let mut pairs = Vec::new();
    while let Some(pair) = part().zip(part()) {
        pairs.push(pair);
    }
    Some(match kind {
        1 => Change::Put(number, pairs),
        2 => Change::Delete(number, pairs.into_iter().map(|(key, _)| key).collect()),
        3 => Change::State(number, pairs),
        4 => Change::Entry(number, pairs),
        5 => Change::Prune(number),
        6 => Change::Remove(number),
        7 => Change::Number(number),
        8 => Change::Part(number, pairs.pop()?),
        9 => Change::Commit(number),
        10 => Change::Generation(number),
        _ => return None,
    })
}
