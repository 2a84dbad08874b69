//! What a file holds: pages of which only those that were written take room.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Octets of a page, the least that a kernel writes back.
pub(super) const PAGE: u64 = 4096;

type Page = [u8; PAGE as usize];

/// Octets from 0 to a size. Pages are shared between copies until one of them is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Content {
    size: u64,
    pages: BTreeMap<u64, Arc<Page>>,
}

impl Content {
    #[cfg(test)]
    pub(super) fn of(octets: &[u8]) -> Self {
        let mut content = Self::default();
        content.write(0, octets);
        content
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// What stands at `offset`, at most `length` octets.
    pub(super) fn read(&self, offset: u64, length: u64) -> Vec<u8> {
        let end = offset.saturating_add(length).min(self.size);
        let mut octets = Vec::new();
        let mut at = offset;
        while at < end {
            let (page, from) = (at / PAGE, at % PAGE);
            let to = (PAGE - from).min(end - at) + from;
            match self.pages.get(&page) {
                Some(page) => octets.extend(&page[from as usize..to as usize]),
                None => octets.resize(octets.len() + (to - from) as usize, 0),
            }
            at += to - from;
        }
        octets
    }

    pub(super) fn write(&mut self, offset: u64, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        self.size = self.size.max(offset + octets.len() as u64);
        let mut at = offset;
        let mut left = octets;
        while !left.is_empty() {
            let (page, from) = (at / PAGE, (at % PAGE) as usize);
            let length = (PAGE as usize - from).min(left.len());
            self.page(page)[from..from + length].copy_from_slice(&left[..length]);
            left = &left[length..];
            at += length as u64;
        }
    }

    pub(super) fn resize(&mut self, size: u64) {
        if size < self.size {
            self.pages.split_off(&size.div_ceil(PAGE));
            if !size.is_multiple_of(PAGE)
                && let Some(page) = self.pages.get_mut(&(size / PAGE))
            {
                Arc::make_mut(page)[(size % PAGE) as usize..].fill(0);
            }
        }
        self.size = size;
    }

    /// The pages that are not all holes, by their numbers.
    pub(super) fn pages(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pages.iter().map(|(number, page)| (*number, &page[..]))
    }

    fn page(&mut self, number: u64) -> &mut Page {
        Arc::make_mut(self.pages.entry(number).or_insert_with(|| Arc::new([0; PAGE as usize])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_where_they_were_written_and_holes_are_zeros() {
        let mut content = Content::of(b"abc");
        content.write(PAGE * 2 - 1, b"xy");
        assert_eq!(content.size(), PAGE * 2 + 1);
        assert_eq!(content.read(0, 4), b"abc\0");
        assert_eq!(content.read(PAGE * 2 - 2, 100), b"\0xy");
        assert_eq!(content.pages().count(), 3);
    }

    #[test]
    fn what_was_cut_off_does_not_come_back() {
        let mut content = Content::of(b"abcdef");
        let copy = content.clone();
        content.resize(2);
        content.resize(6);
        assert_eq!(content.read(0, 10), b"ab\0\0\0\0");
        assert_eq!(copy.read(0, 10), b"abcdef");
    }
}
