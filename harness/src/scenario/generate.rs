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
}
