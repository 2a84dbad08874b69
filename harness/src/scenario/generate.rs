//! Generated keys and values: the same from the same seed on every machine.

use std::fmt::Write as _;

use crate::octets::Octets;

/// SplitMix64: small, well spread, and fixed for ever, which generated data must be.
#[derive(Debug, Clone)]
pub struct SplitMix(u64);

impl SplitMix {
    /// A generator that starts from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0. Its slight bias does not matter for test data.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    /// A number of the range, both ends included.
    pub fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of the items, each as likely as its weight says. The table is not empty, and not all its weights are 0.
    pub fn weighted<T: Copy>(&mut self, table: &[(u32, T)]) -> T {
        let total: u64 = table.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (weight, item) in table {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return *item,
            }
        }
        unreachable!("the draw is below the sum of the weights")
    }

    /// One of the items, each as likely. The list is not empty.
    pub fn one<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

/// What a generator was started from, when its first draw was `drawn`: SplitMix64 can be run backwards. It is how
/// drawn octets are told from others and written as what they were drawn from.
#[must_use]
pub fn seed_of(drawn: u64) -> u64 {
    fn unshift(mixed: u64, by: u32) -> u64 {
        let mut z = mixed;
        let mut known = by;
        while known < 64 {
            z = mixed ^ (z >> by);
            known += by;
        }
        z
    }
    let z = unshift(drawn, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
    let z = unshift(z, 27).wrapping_mul(0x96de_1b17_3f11_9089);
    unshift(z, 30).wrapping_sub(0x9e37_79b9_7f4a_7c15)
}

/// `count` octets drawn from `seed`.
#[must_use]
pub fn octets(count: u64, seed: u64) -> Octets {
    let mut draws = SplitMix::new(seed);
    let mut octets = Vec::with_capacity(count as usize + 8);
    while (octets.len() as u64) < count {
        octets.extend_from_slice(&draws.draw().to_le_bytes());
    }
    octets.truncate(count as usize);
    octets.into()
}

/// The key of a counter: prefix and eight decimal digits.
#[must_use]
pub fn key(prefix: &[u8], counter: u64) -> Octets {
    let mut digits = String::new();
    // Writing to a String cannot fail.
    let _ = write!(digits, "{counter:08}");
    [prefix, digits.as_bytes()].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_data_never_change() {
        assert_eq!(octets(9, 7).to_vec(), [215, 13, 50, 89, 228, 225, 203, 99, 28]);
        assert_eq!(octets(0, 7).to_vec(), [0_u8; 0]);
        assert_eq!(key(b"k", 12).to_vec(), b"k00000012");
    }

    #[test]
    fn a_first_draw_tells_the_seed() {
        for seed in [0, 1, 7, u64::MAX, 0x1234_5678_9abc_def0] {
            assert_eq!(seed_of(SplitMix::new(seed).draw()), seed);
        }
    }

    #[test]
    fn a_weight_of_nothing_is_never_drawn() {
        let mut draws = SplitMix::new(1);
        let drawn: Vec<char> = (0..100).map(|_| draws.weighted(&[(0, 'a'), (1, 'b'), (3, 'c'), (0, 'd')])).collect();
        assert!(drawn.contains(&'b') && drawn.contains(&'c') && !drawn.contains(&'a') && !drawn.contains(&'d'));
    }
}
