//! The crash family: mixes of clients whose store's process is killed, as data.

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
}

/// A kind of programs.
#[derive(Debug)]
pub struct Mix {
    /// Its name; the check is `crash/` and this.
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
    /// Kills of one program, one after the other on the same store.
    pub(super) kills: u64,
    pub(super) aims: &'static [(u32, Aim)],
    /// Programs of the quick, the standard and the soak profile.
    programs: [u64; 3],
}

/// What the suite runs.
pub static MIXES: &[Mix] = &[
    Mix {
        name: "writes",
        title: "One client writes and deletes, and the process is killed in the middle of it, again and again",
        clients: 1,
        prunes: 0,
        deletes: 25,
        value_max: 3_000,
        calls: (2, 40),
        kills: 5,
        aims: &[(9, Aim::Call), (1, Aim::Close)],
        programs: [3, 24, 200],
    },
    Mix {
        name: "many-clients",
        title: "Four clients write at once, and the process is killed under them",
        clients: 4,
        prunes: 3,
        deletes: 20,
        value_max: 1_500,
        calls: (4, 60),
        kills: 4,
        aims: &[(1, Aim::Call)],
        programs: [2, 16, 150],
    },
    Mix {
        name: "pruning",
        title: "The log is pruned between writes, and the process is killed while it is",
        clients: 1,
        prunes: 30,
        deletes: 20,
        value_max: 1_500,
        calls: (4, 40),
        kills: 4,
        aims: &[(3, Aim::Prune), (1, Aim::Call)],
        programs: [2, 16, 150],
    },
    Mix {
        name: "recovery",
        title: "The process is killed, and killed again while it recovers",
        clients: 1,
        prunes: 6,
        deletes: 20,
        value_max: 3_000,
        calls: (3, 40),
        kills: 8,
        aims: &[(2, Aim::Call), (3, Aim::Open)],
        programs: [2, 16, 150],
    },
    Mix {
        name: "large",
        title: "Long values fill files quickly, so that what tidies them up is killed too",
        clients: 2,
        prunes: 10,
        deletes: 20,
        value_max: 60_000,
        calls: (10, 60),
        kills: 4,
        aims: &[(8, Aim::Call), (1, Aim::Close), (1, Aim::Open)],
        programs: [1, 12, 100],
    },
];

impl Mix {
    /// How many programs of it `profile` runs.
    #[must_use]
    pub fn programs(&self, profile: Profile) -> u64 {
        self.programs[match profile {
            Profile::Quick => 0,
            Profile::Standard => 1,
            Profile::Soak => 2,
        }]
    }

    pub(super) fn aim(&self, draws: &mut SplitMix) -> Aim {
        draws.weighted(self.aims)
    }
}

/// The mix of that name.
#[must_use]
pub fn mix(name: &str) -> Option<&'static Mix> {
    MIXES.iter().find(|mix| mix.name == name)
}
