//! Where a run is: kept as numbers, and put into words only for those who ask.

use std::fmt;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    at: At,
    audit: bool,
    autopsy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Opening,
    Step { number: usize, turn: u32, times: u32 },
    Closing,
}

impl Place {
    /// Opening the fresh store.
    pub(crate) const OPENING: Self = Self::at(At::Opening);
    /// Closing it for good.
    pub(crate) const CLOSING: Self = Self::at(At::Closing);

    const fn at(at: At) -> Self {
        Self { at, audit: false, autopsy: false }
    }

    /// The step of that number, from 1, in its repetition `turn`, from 1, of `times`.
    pub(crate) const fn step(number: usize, turn: u32, times: u32) -> Self {
        Self::at(At::Step { number, turn, times })
    }

    /// The audit after it.
    pub(crate) const fn audit(self) -> Self {
        Self { audit: true, ..self }
    }

    /// What is looked at after a wrong answer there.
    pub(crate) const fn autopsy(self) -> Self {
        Self { autopsy: true, ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.autopsy {
            f.write_str("autopsy after ")?;
        }
        if self.audit {
            f.write_str("audit after ")?;
        }
        match self.at {
            At::Opening => f.write_str("opening the fresh store"),
            At::Step { number, times: 1, .. } => write!(f, "step {number}"),
            At::Step { number, turn, times } => write!(f, "step {number} ({turn} of {times})"),
            At::Closing => f.write_str("closing the store"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_as_words() {
        assert_eq!(Place::OPENING.to_string(), "opening the fresh store");
        assert_eq!(Place::step(3, 1, 1).audit().autopsy().to_string(), "autopsy after audit after step 3");
        assert_eq!(Place::step(3, 2, 5).to_string(), "step 3 (2 of 5)");
    }
}
