//! What random programs are made of, and how likely each thing is. All weights of the family stand here, as data.
//!
//! A program draws a pool of keys, then goes through phases. A phase has a kind, which says how likely each call is. The
//! tables are relative: 30 beside 10 is three times as likely. They were set by the gallery of mutants: what makes its
//! narrow mutants die in the fewest calls, while no shape neglects a clause.

use crate::scenario::Profile;

/// A sort of programs; each is a check of the family, `property/` and its name.
#[derive(Debug)]
pub struct Shape {
    /// Its name, stable: part of check ids and of what seeds are drawn from.
    pub name: &'static str,
    /// One line about it.
    pub title: &'static str,
    /// How many programs are run at the profiles quick, standard and soak.
    pub programs: [u64; 3],
    /// How many different keys a program uses.
    pub(super) pool: (u64, u64),
    /// What those keys are like; one or two sorts make a pool.
    pub(super) keys: &'static [(u32, KeySort)],
    /// What values are like.
    pub(super) values: &'static [(u32, ValueSort)],
    /// How many pairs or keys a batch has.
    pub(super) batches: &'static [(u32, (u64, u64))],
    /// How many phases a program has, and of how many steps each.
    pub(super) phases: (u64, u64),
    pub(super) steps: (u64, u64),
    /// What phases are about.
    pub(super) kinds: &'static [(u32, Phase)],
    /// A read of everything in reach follows one step in so many.
    pub(super) glance: u64,
    /// In how many of a hundred cases an audit, and a reopen, follow a phase.
    pub(super) audit: u64,
    pub(super) reopen: u64,
}

impl Shape {
    /// How many programs the profile asks for.
    #[must_use]
    pub fn programs(&self, profile: Profile) -> u64 {
        self.programs[profile as usize]
    }
}

/// The shape of that name.
#[must_use]
pub fn shape(name: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.name == name)
}

/// A sort of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeySort {
    /// Up to three of the letters a and b, the empty key among them: prefixes of each other, and neighbours.
    Words,
    /// A decimal counter of eight digits: the order of numbers, as logs and tables have it.
    Counter,
    /// Runs of 0x00, alone and behind a letter.
    Zeros,
    /// Runs of 0xff, alone and behind a letter, and what comes just below them.
    Ones,
    /// Up to three of the octets at the ends of the signed and unsigned ranges.
    Edges,
    /// The longest keys that every engine takes, 254 octets, equal up to the last one or two; and one less or more.
    Longest,
    /// Names that stores keep something of their own under.
    Names,
    /// Up to three letters of either case, spaces and tabs: keys that are one to whoever tidies text.
    Spelling,
    /// Octets drawn at random, 8 to 32 of them.
    Random,
}

/// A sort of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueSort {
    /// None at all.
    Empty,
    /// One octet.
    One,
    /// A short text that no other write uses.
    Tag,
    /// The same text each time: a rewrite that changes nothing.
    Same,
    /// A short text that other keys may hold as well, of the length of a key.
    Like,
    /// 64 octets or more, of which only one in the middle is another than in other values of the sort.
    Alike,
    /// Octets around the size of a page, 4 KiB, one less or one more.
    Page,
    /// The same around 64 KiB.
    Chunk,
    /// 1 MiB.
    Huge,
}

/// What a phase is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Everything.
    Mixed,
    /// Keys that were never written.
    Growth,
    /// The same few keys over and over.
    Churn,
    /// Deletes, until little is left.
    Clearance,
    /// The batch log.
    Log,
    /// Reads.
    Reading,
}

/// One step of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    /// A put of keys drawn from the whole pool.
    PutAny,
    /// A put of keys that hold nothing yet.
    PutNew,
    /// A put of the first few keys of the pool.
    PutHot,
    /// A put of what was deleted last.
    PutDeleted,
    /// One of the last writes, octet for octet.
    Again,
    /// A delete of keys drawn from the whole pool, absent ones among them.
    DeleteAny,
    /// A delete of keys that hold a value.
    DeleteLive,
    /// A delete of every key of the pool.
    DeleteAll,
    Get,
    GetMany,
    Scan,
    Current,
    Batch,
    Oldest,
    Prune,
    Reopen,
}

/// How likely each step is in a phase. Reads stand beside every write, so that a fault is seen near where it is done.
pub(super) fn makes(phase: Phase) -> &'static [(u32, Make)] {
    use Make::*;
    match phase {
        Phase::Mixed => &[
            (22, PutAny),
            (6, PutHot),
            (5, PutDeleted),
            (3, Again),
            (7, DeleteAny),
            (7, DeleteLive),
            (12, Get),
            (8, GetMany),
            (18, Scan),
            (3, Current),
            (9, Batch),
            (4, Oldest),
            (6, Prune),
            (3, Reopen),
        ],
        Phase::Growth => &[(60, PutNew), (10, PutAny), (8, Get), (4, GetMany), (8, Scan), (2, Batch), (1, Prune)],
        Phase::Churn => &[
            (40, PutHot),
            (4, Again),
            (12, DeleteLive),
            (10, PutDeleted),
            (14, Get),
            (6, GetMany),
            (8, Scan),
            (3, Batch),
            (1, Prune),
            (1, Reopen),
        ],
        Phase::Clearance => &[
            (40, DeleteLive),
            (10, DeleteAny),
            (1, DeleteAll),
            (6, PutDeleted),
            (10, Get),
            (6, GetMany),
            (14, Scan),
            (3, Batch),
        ],
        Phase::Log => {
            &[(24, PutAny), (8, DeleteAny), (26, Batch), (12, Oldest), (18, Prune), (4, Current), (3, Reopen)]
        }
        Phase::Reading => &[(25, Get), (20, GetMany), (40, Scan), (5, Current), (8, Batch), (3, Oldest)],
    }
}

/// Which numbers `get_batch` is asked for, relative to what the store has, with an offset drawn from a range.
pub(super) const ENTRIES: &[(u32, Number)] = &[
    (20, Number { base: Base::Current, plus: true, offset: (0, 0) }),
    (25, Number { base: Base::Current, plus: false, offset: (1, 9) }),
    (8, Number { base: Base::Current, plus: true, offset: (1, 2) }),
    (15, Number { base: Base::Oldest, plus: true, offset: (0, 0) }),
    (12, Number { base: Base::Oldest, plus: false, offset: (1, 3) }),
    (12, Number { base: Base::Oldest, plus: true, offset: (1, 9) }),
    (3, Number { base: Base::Fresh, plus: true, offset: (0, 1) }),
    (2, Number { base: Base::Zero, plus: true, offset: (0, 0) }),
    (2, Number { base: Base::Max, plus: false, offset: (0, 1) }),
    (2, Number { base: Base::Current, plus: true, offset: (1 << 32, 1 << 32) }),
];

/// Where the log is pruned. Most cutoffs leave something: an empty log shows little.
pub(super) const CUTOFFS: &[(u32, Number)] = &[
    (25, Number { base: Base::Oldest, plus: true, offset: (1, 1) }),
    (25, Number { base: Base::Oldest, plus: true, offset: (2, 6) }),
    (10, Number { base: Base::Oldest, plus: true, offset: (0, 0) }),
    (4, Number { base: Base::Oldest, plus: false, offset: (1, 2) }),
    (14, Number { base: Base::Current, plus: true, offset: (0, 0) }),
    (8, Number { base: Base::Current, plus: true, offset: (1, 1) }),
    (3, Number { base: Base::Current, plus: true, offset: (2, 9) }),
    (2, Number { base: Base::Fresh, plus: true, offset: (0, 1) }),
    (3, Number { base: Base::Zero, plus: true, offset: (0, 0) }),
    (2, Number { base: Base::Max, plus: false, offset: (0, 1) }),
];

/// What a number is relative to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Base {
    /// The highest number assigned.
    Current,
    /// The least retained entry's; one above the highest when there is none.
    Oldest,
    /// The fresh store's.
    Fresh,
    Zero,
    Max,
}

/// A number to ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) base: Base,
    pub(super) plus: bool,
    pub(super) offset: (u64, u64),
}

/// A bound of a scan, or a key to read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The empty octet string: no bound.
    Open,
    /// A key of the pool.
    At,
    /// Just above one.
    Above,
    /// Just below one.
    Below,
}

pub(super) const BOUNDS: &[(u32, Place)] =
    &[(30, Place::Open), (45, Place::At), (12, Place::Above), (13, Place::Below)];

/// Which keys are read: mostly those of the pool, whether they hold a value or not.
pub(super) const READS: &[(u32, Place)] = &[(84, Place::At), (8, Place::Above), (8, Place::Below)];

/// Limits of scans: beside the fixed ones, the number of rows in the store, and one less and more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    All,
    Fixed(u64),
    Rows,
    RowsLess,
    RowsMore,
    Below,
}

pub(super) const LIMITS: &[(u32, Limit)] = &[
    (40, Limit::All),
    (4, Limit::Fixed(0)),
    (14, Limit::Fixed(1)),
    (10, Limit::Fixed(2)),
    (8, Limit::Rows),
    (7, Limit::RowsLess),
    (5, Limit::RowsMore),
    (12, Limit::Below),
    (2, Limit::Fixed(1 << 32)),
];

const SMALL_VALUES: &[(u32, ValueSort)] = &[
    (66, ValueSort::Tag),
    (10, ValueSort::Empty),
    (8, ValueSort::One),
    (6, ValueSort::Same),
    (6, ValueSort::Like),
    (4, ValueSort::Alike),
];

const SMALL_BATCHES: &[(u32, (u64, u64))] = &[(2, (0, 0)), (50, (1, 1)), (22, (2, 2)), (20, (3, 6)), (6, (7, 16))];

/// All shapes, in the order in which they stand in reports.
pub const SHAPES: &[Shape] = &[
    Shape {
        name: "small",
        title: "short programs of every call on a few keys",
        programs: [600, 8_000, 20_000],
        pool: (2, 8),
        keys: &[
            (40, KeySort::Words),
            (10, KeySort::Counter),
            (12, KeySort::Zeros),
            (12, KeySort::Ones),
            (14, KeySort::Edges),
            (8, KeySort::Longest),
            (6, KeySort::Names),
            (4, KeySort::Random),
        ],
        values: SMALL_VALUES,
        batches: SMALL_BATCHES,
        phases: (1, 1),
        steps: (4, 40),
        kinds: &[(70, Phase::Mixed), (10, Phase::Churn), (20, Phase::Log)],
        glance: 12,
        audit: 20,
        reopen: 15,
    },
    Shape {
        name: "ranges",
        title: "scans and reads over keys that are neighbours, prefixes of each other or at the ends of their range",
        programs: [150, 2_000, 5_000],
        pool: (6, 40),
        keys: &[
            (25, KeySort::Words),
            (15, KeySort::Counter),
            (15, KeySort::Zeros),
            (15, KeySort::Ones),
            (15, KeySort::Edges),
            (10, KeySort::Longest),
            (5, KeySort::Names),
            (8, KeySort::Spelling),
            (5, KeySort::Random),
        ],
        values: SMALL_VALUES,
        batches: &[(10, (1, 1)), (30, (2, 5)), (40, (6, 20)), (20, (21, 40))],
        phases: (2, 4),
        steps: (6, 24),
        kinds: &[(20, Phase::Growth), (50, Phase::Reading), (20, Phase::Mixed), (10, Phase::Clearance)],
        glance: 16,
        audit: 20,
        reopen: 10,
    },
    Shape {
        name: "log",
        title: "the batch log under writes, deletes, prunes and reopens",
        programs: [150, 2_000, 5_000],
        pool: (2, 6),
        keys: &[(70, KeySort::Words), (30, KeySort::Edges)],
        values: SMALL_VALUES,
        batches: SMALL_BATCHES,
        phases: (2, 5),
        steps: (8, 40),
        kinds: &[(70, Phase::Log), (20, Phase::Mixed), (10, Phase::Churn)],
        glance: 16,
        audit: 50,
        reopen: 35,
    },
    Shape {
        name: "phases",
        title: "long phases of one kind of call, then a reopen",
        programs: [24, 300, 800],
        pool: (8, 120),
        keys: &[(45, KeySort::Counter), (25, KeySort::Words), (15, KeySort::Edges), (15, KeySort::Random)],
        values: &[
            (80, ValueSort::Tag),
            (8, ValueSort::Empty),
            (6, ValueSort::Same),
            (5, ValueSort::One),
            (1, ValueSort::Page),
        ],
        batches: &[(60, (1, 1)), (20, (2, 4)), (15, (5, 16)), (5, (17, 40))],
        phases: (3, 7),
        steps: (20, 200),
        kinds: &[
            (25, Phase::Growth),
            (25, Phase::Churn),
            (15, Phase::Clearance),
            (15, Phase::Log),
            (15, Phase::Mixed),
            (5, Phase::Reading),
        ],
        glance: 24,
        audit: 100,
        reopen: 45,
    },
    Shape {
        name: "long",
        title: "more than a thousand writes in one store",
        programs: [1, 8, 20],
        pool: (20, 400),
        keys: &[(70, KeySort::Counter), (30, KeySort::Random)],
        values: &[(90, ValueSort::Tag), (8, ValueSort::Empty), (2, ValueSort::One)],
        batches: &[(85, (1, 1)), (12, (2, 4)), (3, (5, 40))],
        phases: (5, 6),
        steps: (300, 500),
        kinds: &[(35, Phase::Growth), (35, Phase::Churn), (10, Phase::Clearance), (10, Phase::Log), (10, Phase::Mixed)],
        glance: 60,
        audit: 60,
        reopen: 30,
    },
    Shape {
        name: "sizes",
        title: "values around the sizes of pages and chunks, and batches of hundreds",
        programs: [10, 120, 300],
        pool: (3, 130),
        keys: &[(60, KeySort::Counter), (20, KeySort::Words), (20, KeySort::Longest)],
        values: &[
            (20, ValueSort::Tag),
            (5, ValueSort::Empty),
            (5, ValueSort::One),
            (35, ValueSort::Page),
            (30, ValueSort::Chunk),
            (1, ValueSort::Huge),
        ],
        batches: &[(60, (1, 1)), (25, (2, 5)), (10, (6, 20)), (5, (100, 130))],
        phases: (1, 3),
        steps: (4, 14),
        kinds: &[(60, Phase::Mixed), (20, Phase::Growth), (20, Phase::Churn)],
        glance: 10,
        audit: 50,
        reopen: 50,
    },
    Shape {
        name: "bulk",
        title: "batches and scans of a thousand rows and more",
        programs: [6, 30, 80],
        pool: (900, 2000),
        keys: &[(100, KeySort::Counter)],
        values: &[(90, ValueSort::Tag), (10, ValueSort::Empty)],
        batches: &[(40, (1, 3)), (30, (100, 900)), (30, (900, 2500))],
        phases: (2, 3),
        steps: (4, 10),
        kinds: &[(40, Phase::Growth), (40, Phase::Mixed), (20, Phase::Clearance)],
        glance: 6,
        audit: 20,
        reopen: 50,
    },
];
