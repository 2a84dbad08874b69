//! A batch as one blob of the log table: for each pair the length of its key, the key, the length of its value, the
//! value; lengths as four octets, least significant first.
//!
//! One blob a batch rather than one row a pair: a batch is only ever read, written and pruned whole, the list keeps
//! its order and repeats by itself (LOG-1), and a put of many pairs does not become twice as many inserts. A batch
//! without pairs, like a delete's, is the empty blob (DEL-4).

use bytes::Bytes;

const LENGTH: usize = size_of::<u32>();

pub(crate) fn encode(pairs: &[(Bytes, Bytes)]) -> Result<Vec<u8>, String> {
    let size = pairs.iter().map(|(key, value)| 2 * LENGTH + key.len() + value.len()).sum();
    let mut blob = Vec::with_capacity(size);
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        let length = u32::try_from(part.len()).map_err(|_| "a key or value is too large".to_owned())?;
        blob.extend_from_slice(&length.to_le_bytes());
        blob.extend_from_slice(part);
    }
    Ok(blob)
}

/// The pairs of `blob`, which they share. An error means that the store is damaged.
pub(crate) fn decode(blob: &Bytes) -> Result<Vec<(Bytes, Bytes)>, String> {
    let mut rest = blob.clone();
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let pair = take_part(&mut rest).zip(take_part(&mut rest));
        pairs.push(pair.ok_or("an entry of the batch log is damaged")?);
    }
    Ok(pairs)
}

fn take_part(rest: &mut Bytes) -> Option<Bytes> {
    let length = u32::from_le_bytes(*rest.first_chunk::<LENGTH>()?);
    let end = LENGTH.checked_add(usize::try_from(length).ok()?)?;
    if end > rest.len() {
        return None;
    }
    Some(rest.split_to(end).split_off(LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_as_they_were() {
        let pairs: Vec<(Bytes, Bytes)> = [("b", "1"), ("", ""), ("b", "2"), ("a", ""), ("b", "1")]
            .map(|(key, value)| (Bytes::from(key), Bytes::from(value)))
            .to_vec();
        let blob = Bytes::from(encode(&pairs).unwrap());
        assert_eq!(decode(&blob).unwrap(), pairs);
        assert!(encode(&[]).unwrap().is_empty(), "no pairs, no octets");
    }

    #[test]
    fn a_cut_blob_is_an_error() {
        let whole = encode(&[(Bytes::from("key"), Bytes::from("value"))]).unwrap();
        for length in 1..whole.len() {
            assert!(decode(&Bytes::copy_from_slice(&whole[..length])).is_err(), "cut to {length} octets");
        }
        assert!(decode(&Bytes::from_static(&[0xFF; 8])).is_err(), "lengths beyond the blob");
    }
}
