//! Mixes of clients whose store is damaged, of each family, as data.

use crate::contract::Family;
use crate::scenario::Profile;
use crate::scenario::generate::SplitMix;

/// Where in the life of a store its process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// While clients call.
    Call,
    /// While a prune is in flight.
    Prune,
    /// While it opens.
    Open,
    /// While it closes.
    Close,
    /// While it makes a file that was not there: one is to be replaced, or to be begun.
    Replace,
}

/// A kind of programs.
#[derive(Debug)]
pub struct Mix {
    /// What is done to the store.
    pub family: Family,
    /// Its name; the check is the family's and this.
    pub name: &'static str,
    /// One line about it.
    pub title: &'static str,
    pub(super) clients: u64,
    /// Of a hundred calls, so many prunes,
    pub(super) prunes: u64,
    /// and so many deletes.
    pub(super) deletes: u64,
    /// The longest value, in octets.
    pub(super) value_max: u64,
    /// Calls of a client before its store is closed, and the least before it may be killed.
    pub(super) calls: (u64, u64),
    /// Times that one program's store is lost, one after the other.
    pub(super) rounds: u64,
    pub(super) aims: &'static [(u32, Aim)],
    /// Of the quick, the standard and the soak profile.
    efforts: [Effort; 3],
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Programs, each on a store of its own.
    pub programs: u64,
    /// What is tried in each round of one: images, faults, changed files. A kill is one.
    pub each: u64,
}

const fn programs(programs: u64) -> Effort {
    Effort { programs, each: 1 }
}

const fn effort(programs: u64, each: u64) -> Effort {
    Effort { programs, each }
}

/// What the suite runs.
pub static MIXES: &[Mix] = &[
    Mix {
        family: Family::Crash,
        name: "writes",
        title: "One client writes and deletes, and the process is killed in the middle of it, again and again",
        clients: 1,
        prunes: 0,
        deletes: 25,
        value_max: 3_000,
        calls: (2, 40),
        rounds: 5,
        aims: &[(9, Aim::Call), (1, Aim::Close)],
        efforts: [programs(3), programs(24), programs(200)],
    },
    Mix {
        family: Family::Crash,
        name: "many-clients",
        title: "Four clients write at once, and the process is killed under them",
        clients: 4,
        prunes: 3,
        deletes: 20,
        value_max: 1_500,
        calls: (4, 60),
        rounds: 4,
        aims: &[(1, Aim::Call)],
        efforts: [programs(2), programs(16), programs(150)],
    },
    Mix {
        family: Family::Crash,
        name: "pruning",
        title: "The log is pruned between writes, and the process is killed while it is",
        clients: 1,
        prunes: 30,
        deletes: 20,
        value_max: 1_500,
        calls: (4, 40),
        rounds: 4,
        aims: &[(3, Aim::Prune), (1, Aim::Call)],
        efforts: [programs(2), programs(16), programs(150)],
    },
    Mix {
        family: Family::Crash,
        name: "recovery",
        title: "The process is killed, and killed again while it recovers",
        clients: 1,
        prunes: 6,
        deletes: 20,
        value_max: 3_000,
        calls: (3, 40),
        rounds: 8,
        aims: &[(2, Aim::Call), (3, Aim::Open)],
        efforts: [programs(2), programs(16), programs(150)],
    },
    Mix {
        family: Family::Crash,
        name: "large",
        title: "Long values fill files quickly, so that what tidies them up is killed too",
        clients: 2,
        prunes: 25,
        deletes: 20,
        value_max: 60_000,
        calls: (10, 60),
        rounds: 4,
        aims: &[(4, Aim::Call), (4, Aim::Replace), (1, Aim::Close), (1, Aim::Open)],
        efforts: [programs(1), programs(12), programs(100)],
    },
    Mix {
        family: Family::PowerLoss,
        name: "writes",
        title: "One client writes and deletes, and the power fails at every place where that may matter",
        clients: 1,
        prunes: 6,
        deletes: 25,
        value_max: 3_000,
        calls: (6, 14),
        rounds: 3,
        aims: &[(1, Aim::Call), (1, Aim::Close)],
        efforts: [effort(1, 24), effort(6, 40), effort(30, 90)],
    },
    Mix {
        family: Family::PowerLoss,
        name: "many-clients",
        title: "Three clients write at once, and the power fails under them",
        clients: 3,
        prunes: 5,
        deletes: 20,
        value_max: 1_500,
        calls: (3, 8),
        rounds: 2,
        aims: &[(1, Aim::Call)],
        efforts: [effort(1, 20), effort(4, 40), effort(30, 90)],
    },
    Mix {
        family: Family::PowerLoss,
        name: "large",
        title: "Long values fill files quickly, so that the power fails while they are tidied up",
        clients: 1,
        prunes: 12,
        deletes: 20,
        value_max: 30_000,
        calls: (10, 20),
        rounds: 3,
        aims: &[(1, Aim::Call), (1, Aim::Close)],
        efforts: [effort(1, 20), effort(4, 40), effort(30, 90)],
    },
    Mix {
        family: Family::Fault,
        name: "errors",
        title: "Every request to the disk fails once, in every way, or until the cause is gone",
        clients: 1,
        prunes: 25,
        deletes: 20,
        value_max: 3_000,
        calls: (8, 12),
        rounds: 1,
        aims: &[(1, Aim::Call)],
        efforts: [effort(1, 60), effort(4, 100), effort(4, u64::MAX)],
    },
    Mix {
        family: Family::Rot,
        name: "files",
        title: "Octets of a closed store change, and what it then answers is counted",
        clients: 1,
        prunes: 6,
        deletes: 20,
        value_max: 3_000,
        calls: (8, 24),
        rounds: 2,
        aims: &[(1, Aim::Close)],
        efforts: [effort(1, 30), effort(4, 60), effort(20, 100)],
    },
];

impl Mix {
    /// The id of its check.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.family, self.name)
    }

    /// How much of it `profile` does.
    #[must_use]
    pub fn effort(&self, profile: Profile) -> Effort {
        self.efforts[match profile {
            Profile::Quick => 0,
            Profile::Standard => 1,
            Profile::Soak => 2,
        }]
    }

    pub(super) fn aim(&self, draws: &mut SplitMix) -> Aim {
        draws.weighted(self.aims)
    }
}

/// The mix whose check has that id.
#[must_use]
pub fn mix(id: &str) -> Option<&'static Mix> {
    MIXES.iter().find(|mix| mix.id() == id)
}
