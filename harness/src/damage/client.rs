//! What clients do to a store that will be lost: writes whose values say which write they belong to.

use super::mixes::Mix;
use crate::call::Call;
use crate::octets::{Decimal, Octets};
use crate::scenario::generate::SplitMix;

/// Keys that a program's clients write to.
const KEYS: u64 = 24;

/// What draws a client's calls.
pub(super) struct Client {
    draws: SplitMix,
    mix: &'static Mix,
    /// Which client of which crash it is: part of every value.
    name: String,
    written: u64,
}

impl Client {
    pub(super) fn new(mix: &'static Mix, seed: u64, name: String) -> Self {
        Self { draws: SplitMix::new(seed), mix, name, written: 0 }
    }

    /// The next call; `highest` is the highest number acknowledged so far.
    pub(super) fn draw(&mut self, highest: u64) -> Call {
        let draws = &mut self.draws;
        match draws.below(100) {
            share if share < self.mix.prunes => {
                // Now and then beyond the newest entry: a log that is empty must not take the number along.
                Call::PruneBatchLog(Decimal((highest + 2).saturating_sub(draws.below(8))))
            }
            share if share < self.mix.prunes + self.mix.deletes => {
                let keys = draws.between((1, 6));
                Call::DeleteBatch((0..keys).map(|_| key(draws)).collect())
            }
            _ => self.put(),
        }
    }

    /// A batch; no two batches put the same value.
    pub(super) fn put(&mut self) -> Call {
        self.written += 1;
        let draws = &mut self.draws;
        let pairs = match draws.below(10) {
            0..3 => 1,
            3..8 => draws.between((2, 8)),
            _ => draws.between((9, 20)),
        };
        let pairs = (0..pairs).map(|nth| {
            let length = match draws.below(10) {
                0..6 => draws.below(60),
                6..9 => draws.below(600),
                _ => draws.below(self.mix.value_max),
            };
            let mut value = format!("{}.{}.{nth} ", self.name, self.written).into_bytes();
            let filler = draws.draw().to_le_bytes();
            value.extend(filler.iter().cycle().take(length as usize));
            (key(draws), Octets::from(value))
        });
        Call::PutBatch(pairs.collect())
    }
}

fn key(draws: &mut SplitMix) -> Octets {
    Octets::text(&format!("key-{:02}", draws.below(KEYS)))
}
