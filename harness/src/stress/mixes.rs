//! The mixes of clients that the suite runs: each is a check.

use super::program::{Program, Role};
use crate::octets::Decimal;
use crate::scenario::Profile;
use crate::scenario::generate::SplitMix;

/// A mix of clients, and the keys they share. Programs of it differ in their seeds.
#[derive(Debug)]
pub struct Mix {
    /// Its name; its check is `stress/` and the name.
    pub name: &'static str,
    /// One line about it.
    pub title: &'static str,
    /// What each client does.
    pub clients: &'static [Role],
    /// So many of them, the last ones, run on Tokio workers; of a program with more clients as many times more.
    pub on_tokio: u32,
    /// Groups of keys.
    pub groups: u32,
    /// Keys of a group.
    pub keys: u32,
    /// Calls of each client in a burst.
    pub calls: u32,
}

use Role::{
    Follower, GroupWriter, Grower, KeyWriter, ManyReader, Mover, OwnWriter, Pruner, Reader, Recreator, Scanner,
    SequenceReader,
};

/// Every mix.
pub const MIXES: &[Mix] = &[
    Mix {
        name: "hot-key",
        title: "Six clients write and read one key, two on Tokio workers",
        clients: &[KeyWriter, KeyWriter, KeyWriter, Reader, Reader, Reader],
        on_tokio: 2,
        groups: 1,
        keys: 1,
        calls: 48,
    },
    Mix {
        name: "hot-groups",
        title: "Batches of whole groups against scans of them",
        clients: &[GroupWriter, GroupWriter, GroupWriter, Scanner, Scanner, Reader, ManyReader],
        on_tokio: 1,
        groups: 2,
        keys: 6,
        calls: 32,
    },
    Mix {
        name: "disjoint-keys",
        title: "Each writer has groups of its own; their numbers and the log are shared",
        clients: &[OwnWriter, OwnWriter, OwnWriter, OwnWriter, Follower, Scanner],
        on_tokio: 0,
        groups: 8,
        keys: 4,
        calls: 32,
    },
    Mix {
        name: "moving-groups",
        title: "Groups move to new keys while scanners look for them",
        clients: &[Mover, Mover, Mover, Scanner, Scanner, Scanner],
        on_tokio: 0,
        groups: 3,
        keys: 5,
        calls: 32,
    },
    Mix {
        name: "log-followers",
        title: "Followers read the newest log entries while they are written",
        clients: &[GroupWriter, KeyWriter, KeyWriter, Follower, Follower, Follower],
        on_tokio: 1,
        groups: 2,
        keys: 4,
        calls: 32,
    },
    Mix {
        name: "sequence-readers",
        title: "What is read after current_sequence is no older than its number",
        clients: &[GroupWriter, KeyWriter, KeyWriter, SequenceReader, SequenceReader, SequenceReader],
        on_tokio: 1,
        groups: 2,
        keys: 2,
        calls: 48,
    },
    Mix {
        name: "pruners",
        title: "Pruners, followers and writers share the batch log",
        clients: &[KeyWriter, KeyWriter, GroupWriter, Pruner, Pruner, Follower, Scanner],
        on_tokio: 0,
        groups: 2,
        keys: 4,
        calls: 32,
    },
    Mix {
        name: "recreate",
        title: "Keys are deleted and written again under readers",
        clients: &[Recreator, Recreator, Recreator, Reader, Reader, Scanner],
        on_tokio: 0,
        groups: 2,
        keys: 2,
        calls: 48,
    },
    Mix {
        name: "growing-batches",
        title: "Batches grow from one pair to hundreds under scans and gets",
        clients: &[Grower, Grower, Scanner, Reader, ManyReader],
        on_tokio: 0,
        groups: 2,
        keys: 24,
        calls: 16,
    },
    Mix {
        name: "many-readers",
        title: "get_many of groups that are written as a whole",
        clients: &[GroupWriter, GroupWriter, ManyReader, ManyReader, ManyReader, SequenceReader],
        on_tokio: 1,
        groups: 2,
        keys: 8,
        calls: 32,
    },
];

/// The mix of that name.
#[must_use]
pub fn mix(name: &str) -> Option<&'static Mix> {
    MIXES.iter().find(|mix| mix.name == name)
}

impl Mix {
    /// How many programs a check runs in `profile`.
    #[must_use]
    pub fn programs(&self, profile: Profile) -> u64 {
        match profile {
            Profile::Quick => 2,
            Profile::Standard => 24,
            Profile::Soak => 400,
        }
    }

    /// The program of `seed`. Some are long and some short, some disturbed and some not, and in some each client is
    /// there three or four times, so that there are more of them than processors.
    #[must_use]
    pub fn program(&self, seed: u64) -> Program {
        let mut draws = SplitMix::new(seed);
        let noise = [0, 5, 20, 60][draws.below(4) as usize];
        let bursts = [4, 8, 16, 32][draws.below(4) as usize];
        let crowd = [1, 1, 3, 4][draws.below(4) as usize];
        let clients = self.clients.repeat(crowd);
        let crowd = crowd as u32;
        Program {
            seed: Decimal(seed),
            tokio_from: clients.len() as u32 - self.on_tokio * crowd,
            clients,
            groups: self.groups,
            keys: self.keys,
            // As many calls altogether, about.
            bursts: (bursts / crowd).max(2),
            calls: self.calls,
            noise,
        }
    }
}
