//! Rows that own none of their octets.

use bytes::Bytes;
use storecheck::{Eccentric, StoreEngine};

use crate::base::{Memory, Pair};
use crate::declare::{served, volatile};
use crate::oddity::Oddity;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![served(
        volatile("shared-buffer-bytes", SharedBuffer::default),
        "All rows of a scan, and all pairs of a batch, are slices of one buffer that holds more besides (SCAN-10)",
    )]
}

#[derive(Default)]
struct SharedBuffer(Memory);

impl Oddity for SharedBuffer {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        Ok(in_one_buffer(&self.0.range_scan(start, end, limit, forward)?))
    }

    fn get_batch(&self, number: u64) -> Result<Option<Vec<Pair>>, String> {
        Ok(self.0.get_batch(number)?.map(|pairs| in_one_buffer(&pairs)))
    }
}

/// The same pairs, as slices of a buffer that begins and ends with octets of none of them.
fn in_one_buffer(pairs: &[Pair]) -> Vec<Pair> {
    const AROUND: &[u8] = b"not a part of any row";
    let mut octets = AROUND.to_vec();
    for (key, value) in pairs {
        octets.extend_from_slice(key);
        octets.extend_from_slice(value);
    }
    octets.extend_from_slice(AROUND);
    let mut rest = Bytes::from(octets).slice(AROUND.len()..);
    pairs.iter().map(|(key, value)| (rest.split_to(key.len()), rest.split_to(value.len()))).collect()
}

#[cfg(test)]
mod tests {
    use crate::tests::open;
    use bytes::Bytes;

    #[test]
    fn rows_lie_side_by_side() {
        let store = open("shared-buffer-bytes");
        let batch = [("a", "1"), ("b", ""), ("c", "333")].map(|(key, value)| (Bytes::from(key), Bytes::from(value)));
        store.put_batch(&batch).unwrap();
        let scanned = store.range_scan(b"", b"", usize::MAX, true).unwrap();
        let logged = store.get_batch(1).unwrap().unwrap();
        for rows in [scanned, logged] {
            assert_eq!(rows, batch);
            let parts: Vec<&Bytes> = rows.iter().flat_map(|(key, value)| [key, value]).collect();
            let touch = |two: &[&Bytes]| two[0].as_ptr_range().end == two[1].as_ptr();
            assert!(parts.windows(2).all(touch), "one buffer, one part after the other");
        }
    }
}
