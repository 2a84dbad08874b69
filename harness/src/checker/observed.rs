//! What a history shows of guarantees that the contract grades or leaves open, each with how often it was looked at.

use serde::{Deserialize, Serialize};

/// How often something was looked at, and how often it was so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Replies that could have shown it.
    pub of: u64,
    /// Replies that did.
    pub seen: u64,
}

impl Tally {
    pub(super) fn look(&mut self, seen: bool) {
        self.of += 1;
        self.seen += u64::from(seen);
    }

    fn add(&mut self, other: Self) {
        self.of += other.of;
        self.seen += other.seen;
    }
}

/// The tallies of a history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// Scans that some write overlapped, and those whose rows no one State explains (ISO-3).
    pub scans_not_of_one_state: Tally,
    /// `get_many` replies of several keys that some write overlapped, and those that no one State explains (MANY-4).
    pub many_not_of_one_state: Tally,
    /// The same replies, and those whose keys, in their order, no States in the order of writes explain (MANY-4).
    pub many_not_in_order: Tally,
    /// Replies of `current_sequence`, and those below a number that was acknowledged before the call (PUT-7).
    pub behind_acknowledged: Tally,
    /// Replies of `current_sequence`, and those below the number of a write whose data a read had seen (SEQ-3).
    pub behind_data: Tally,
    /// Writes, and those whose number is not the one before plus one (PUT-4).
    pub holes: Tally,
    /// Writes, and those that returned while one of a smaller number had not (PUT-6).
    pub overtaking: Tally,
}

impl Observed {
    /// Takes in what another history showed.
    pub fn add(&mut self, other: &Self) {
        self.scans_not_of_one_state.add(other.scans_not_of_one_state);
        self.many_not_of_one_state.add(other.many_not_of_one_state);
        self.many_not_in_order.add(other.many_not_in_order);
        self.behind_acknowledged.add(other.behind_acknowledged);
        self.behind_data.add(other.behind_data);
        self.holes.add(other.holes);
        self.overtaking.add(other.overtaking);
    }
}
