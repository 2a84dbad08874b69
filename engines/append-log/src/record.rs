//! The octets of the file: its header, and one record with the frame around it. The crate's front page has the tables.

use storecheck::Bytes;

/// A key and its value.
pub(crate) type Pair = (Bytes, Bytes);

/// What one record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// A `put_batch`, as it was passed.
    Put(Vec<Pair>),
    /// A `delete_batch`.
    Delete(Vec<Bytes>),
    /// Batch-log entries below this number are gone.
    Prune(u64),
    /// Pairs of State, in a base.
    State(Vec<Pair>),
    /// An entry of the batch log, in a base.
    Entry(Vec<Pair>),
    /// All before this record was synced.
    Close,
}

/// What a record's frame holds beside its body, and what its checksum covers beside its octets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) salt: u64,
    pub(crate) offset: u64,
    pub(crate) synced: u64,
    pub(crate) sequence: u64,
}

/// Octets of a frame: checksum, length, sequence number, synced, kind.
pub(crate) const FRAME: usize = 25;

/// Octets of a count or a length within a body.
const COUNT: u64 = 4;

impl Record {
    /// Whether the record is a write, with a number of its own.
    pub(crate) fn is_write(&self) -> bool {
        matches!(self, Self::Put(_) | Self::Delete(_))
    }

    /// Whether the record belongs into a base, and not into a group.
    pub(crate) fn is_base(&self) -> bool {
        matches!(self, Self::State(_) | Self::Entry(_))
    }

    /// The record as it goes into the file; none when lengths and counts do not fit their fields.
    pub(crate) fn draft(&self) -> Option<Draft> {
        match self {
            Self::Put(pairs) => Draft::pairs(1, pairs),
            Self::Delete(keys) => Draft::delete(&keys.iter().map(|key| &**key).collect::<Vec<_>>()),
            Self::Prune(cutoff) => Some(Draft::prune(*cutoff)),
            Self::State(pairs) => Draft::pairs(4, pairs),
            Self::Entry(pairs) => Draft::pairs(5, pairs),
            Self::Close => Some(Draft::close()),
        }
    }

    /// What `body` says. The pairs of a batch are slices of it and keep all of it alive, as long as the batch's entry is
    /// in the log; pairs of State, which may live longer than their neighbours, have octets of their own.
    fn decode_body(kind: u8, body: &Bytes) -> Option<Self> {
        let mut fields = Fields(body);
        let shared = |octets: &[u8]| body.slice_ref(octets);
        let record = match kind {
            1 => Self::Put(fields.pairs(shared)?),
            2 => Self::Delete(fields.list(|fields| fields.string().map(shared))?),
            3 => Self::Prune(fields.u64()?),
            4 => Self::State(fields.pairs(Bytes::copy_from_slice)?),
            5 => Self::Entry(fields.pairs(shared)?),
            6 => Self::Close,
            _ => return None,
        };
        fields.0.is_empty().then_some(record)
    }
}

/// Octets that a pair takes within a body.
pub(crate) fn pair_size(key: &[u8], value: &[u8]) -> u64 {
    2 * COUNT + key.len() as u64 + value.len() as u64
}

/// A record on its way into the file: all of its octets, but for what its place decides.
#[derive(Debug)]
pub(crate) struct Draft(Vec<u8>);

impl Draft {
    /// A `put_batch`. The caller's pairs are slices of a whole request body, which must not be kept alive (GEN-9): their
    /// octets are copied here, and what the index gets are slices of this one copy.
    pub(crate) fn put(pairs: &[Pair]) -> Option<Self> {
        Self::pairs(1, pairs)
    }

    fn pairs(kind: u8, pairs: &[Pair]) -> Option<Self> {
        let size = COUNT + pairs.iter().map(|(key, value)| pair_size(key, value)).sum::<u64>();
        let mut draft = Self::with_body(kind, size)?;
        draft.count(pairs.len());
        for (key, value) in pairs {
            draft.string(key);
            draft.string(value);
        }
        Some(draft)
    }

    /// A `delete_batch`.
    pub(crate) fn delete(keys: &[&[u8]]) -> Option<Self> {
        let size = COUNT + keys.iter().map(|key| COUNT + key.len() as u64).sum::<u64>();
        let mut draft = Self::with_body(2, size)?;
        draft.count(keys.len());
        keys.iter().for_each(|key| draft.string(key));
        Some(draft)
    }

    /// Batch-log entries below `cutoff` are gone.
    pub(crate) fn prune(cutoff: u64) -> Self {
        let mut draft = Self::with_body(3, 8).expect("eight octets fit");
        draft.0.extend_from_slice(&cutoff.to_le_bytes());
        draft
    }

    /// All before this record was synced.
    pub(crate) fn close() -> Self {
        Self::with_body(6, 0).expect("nothing fits")
    }

    fn with_body(kind: u8, size: u64) -> Option<Self> {
        let length = u32::try_from(size).ok()?;
        let mut octets = Vec::with_capacity(FRAME + usize::try_from(size).ok()?);
        octets.resize(FRAME, 0);
        octets[4..8].copy_from_slice(&length.to_le_bytes());
        octets[FRAME - 1] = kind;
        Some(Self(octets))
    }

    fn count(&mut self, count: usize) {
        // No string and no list is longer than the body it stands in, whose length fits.
        self.0.extend_from_slice(&u32::try_from(count).expect("the record fits").to_le_bytes());
    }

    fn string(&mut self, octets: &[u8]) {
        self.count(octets.len());
        self.0.extend_from_slice(octets);
    }

    /// Whether the record is a write, with a number of its own.
    pub(crate) fn is_write(&self) -> bool {
        matches!(self.0[FRAME - 1], 1 | 2)
    }

    /// The octets for the place that `stamp` names.
    pub(crate) fn seal(&mut self, stamp: &Stamp) -> &[u8] {
        self.0[8..16].copy_from_slice(&stamp.sequence.to_le_bytes());
        self.0[16..24].copy_from_slice(&stamp.synced.to_le_bytes());
        let checksum = checksum(stamp.salt, stamp.offset, &self.0[4..]);
        self.0[..4].copy_from_slice(&checksum.to_le_bytes());
        &self.0
    }

    /// What the record says.
    pub(crate) fn into_record(self) -> Record {
        let (kind, mut octets) = (self.0[FRAME - 1], Bytes::from(self.0));
        Record::decode_body(kind, &octets.split_off(FRAME)).expect("a draft is of its kind's shape")
    }
}

fn checksum(salt: u64, offset: u64, octets: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(&offset.to_le_bytes());
    hasher.update(octets);
    hasher.finalize()
}

/// A record found in the file, its checksum good, its body not yet looked into.
#[derive(Debug)]
pub(crate) struct Framed<'a> {
    pub(crate) sequence: u64,
    pub(crate) synced: u64,
    kind: u8,
    body: &'a [u8],
}

impl<'a> Framed<'a> {
    /// The record at `offset` of a file's `octets`, if a good one begins there.
    pub(crate) fn at(octets: &'a [u8], offset: usize, salt: u64) -> Option<Self> {
        let rest = octets.get(offset..)?;
        let mut fields = Fields(rest);
        let (sum, length) = (fields.u32()?, fields.u32()?);
        let (sequence, synced, kind) = (fields.u64()?, fields.u64()?, fields.u8()?);
        // Before the checksum, which costs as much as the body is long: a search calls this at every octet.
        if !(1..=6).contains(&kind) || synced > offset as u64 {
            return None;
        }
        let body = fields.take(length as usize)?;
        let covered = &rest[4..FRAME + body.len()];
        (checksum(salt, offset as u64, covered) == sum).then_some(Self { sequence, synced, kind, body })
    }

    /// Octets from the frame's beginning to the body's end.
    pub(crate) fn size(&self) -> usize {
        FRAME + self.body.len()
    }

    /// What the record says; `None` when the body is not of its kind's shape.
    pub(crate) fn record(&self) -> Option<Record> {
        Record::decode_body(self.kind, &Bytes::copy_from_slice(self.body))
    }
}

/// What a file begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) salt: u64,
    /// The current sequence number at the end of the base.
    pub(crate) sequence: u64,
    /// Where the base ends.
    pub(crate) base_end: u64,
}

impl Header {
    pub(crate) const SIZE: usize = 40;
    const MAGIC: &'static [u8; 8] = b"storelog";
    const VERSION: u32 = 1;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(Self::SIZE);
        octets.extend_from_slice(Self::MAGIC);
        octets.extend_from_slice(&Self::VERSION.to_le_bytes());
        octets.extend_from_slice(&[0; 4]);
        for field in [self.salt, self.sequence, self.base_end] {
            octets.extend_from_slice(&field.to_le_bytes());
        }
        let sum = Self::checksum(&octets);
        octets[12..16].copy_from_slice(&sum.to_le_bytes());
        octets
    }

    /// Reads the header at the beginning of a file.
    pub(crate) fn decode(octets: &[u8]) -> Result<Self, String> {
        let short = || "the file is shorter than its header".to_owned();
        let octets = octets.get(..Self::SIZE).ok_or_else(short)?;
        let mut fields = Fields(octets);
        if fields.take(8) != Some(Self::MAGIC) {
            return Err("the file is not an append-log store".to_owned());
        }
        let version = fields.u32().ok_or_else(short)?;
        if fields.u32() != Some(Self::checksum(octets)) {
            return Err("the file's header is damaged".to_owned());
        }
        if version != Self::VERSION {
            return Err(format!("the file has format version {version}, this engine reads {}", Self::VERSION));
        }
        let mut field = || fields.u64().ok_or_else(short);
        Ok(Self { salt: field()?, sequence: field()?, base_end: field()? })
    }

    fn checksum(octets: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&octets[..12]);
        hasher.update(&octets[16..]);
        hasher.finalize()
    }
}

/// What is left to read of a header, a frame or a body. Every step answers `None` past the end.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|octets| octets[0])
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    fn pairs(&mut self, kept: impl Fn(&[u8]) -> Bytes) -> Option<Vec<Pair>> {
        self.list(|fields| Some((kept(fields.string()?), kept(fields.string()?))))
    }

    // Collecting through `Option` reserves nothing by the count, which is only a number that the file states.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.u32()?;
        (0..count).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    fn every_kind() -> Vec<Record> {
        let pairs = vec![(bytes("key"), bytes("value")), (bytes(""), bytes("")), (bytes("key"), bytes("again"))];
        vec![
            Record::Put(pairs.clone()),
            Record::Put(Vec::new()),
            Record::Delete(vec![bytes("key"), bytes("")]),
            Record::Prune(u64::MAX),
            Record::State(pairs.clone()),
            Record::Entry(pairs),
            Record::Close,
        ]
    }

    const STAMP: Stamp = Stamp { salt: 77, offset: 3, synced: 2, sequence: 9 };

    fn encoded(record: &Record) -> Vec<u8> {
        let mut octets = vec![0xEE; 3];
        octets.extend_from_slice(record.draft().expect("it fits").seal(&STAMP));
        octets
    }

    #[test]
    fn every_kind_comes_back_as_it_was() {
        for record in every_kind() {
            let octets = encoded(&record);
            let framed = Framed::at(&octets, 3, 77).expect("a good record");
            assert_eq!((framed.sequence, framed.synced), (9, 2));
            assert_eq!(framed.size(), octets.len() - 3);
            assert_eq!(record.draft().map(Draft::into_record).as_ref(), Some(&record));
            assert_eq!(framed.record().as_ref(), Some(&record));
        }
    }

    #[test]
    fn a_record_is_good_only_where_and_as_it_was_written() {
        for record in every_kind() {
            let octets = encoded(&record);
            assert!(Framed::at(&octets, 3, 78).is_none(), "another file's {record:?}");
            assert!(Framed::at(&octets[1..], 2, 77).is_none(), "{record:?} moved");
            for at in 3..octets.len() {
                let mut damaged = octets.clone();
                damaged[at] ^= 0x10;
                assert!(Framed::at(&damaged, 3, 77).is_none(), "{record:?} damaged at {at}");
                assert!(Framed::at(&octets[..at], 3, 77).is_none(), "{record:?} cut at {at}");
            }
        }
    }

    #[test]
    fn a_header_comes_back_or_is_refused() {
        let header = Header { salt: 1, sequence: u64::MAX, base_end: 40 };
        let octets = header.encode();
        assert_eq!((octets.len(), Header::decode(&octets)), (Header::SIZE, Ok(header)));
        for at in 0..octets.len() {
            let mut damaged = octets.clone();
            damaged[at] ^= 1;
            assert!(Header::decode(&damaged).is_err(), "damaged at {at}");
            assert!(Header::decode(&octets[..at]).is_err(), "cut at {at}");
        }
    }
}
