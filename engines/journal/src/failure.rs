//! What an error of the system leads to.

use crate::contents::Change;
use crate::habits::Failure;
use crate::journal::Inner;

impl Inner {
    /// A change could not be kept; `before` is how long the file was.
    pub(crate) fn fail(&mut self, change: &Change, error: String, before: u64) -> Result<(), String> {
        match (self.habits.failure, change) {
            (Failure::Ignored, _)
            | (Failure::IgnoredInDeletes, Change::Delete(..))
            | (Failure::IgnoredInPrunes, Change::Prune(_)) => {
                self.contents.apply(change);
                return Ok(());
            }
            (Failure::CutsAndGoesOn, _) => self.cut(before),
            (Failure::SkipsNumbers, Change::Put(number, _) | Change::Delete(number, _)) => {
                self.cut(before);
                self.contents.number = *number + 1;
            }
            (Failure::Phantom, _) => {
                self.cut(before);
                self.contents.apply(change);
            }
            (Failure::Half, Change::Put(..) | Change::Delete(..)) => {
                self.cut(before);
                self.apply_half(change);
            }
            (Failure::LeavesTorn, _) if !self.syncing => {}
            (Failure::LeavesUnsynced, _) if self.syncing => {}
            (Failure::LeavesUnsynced, _) => self.cut(before),
            (Failure::Panics, _) => {
                self.failed = true;
                panic!("{error}");
            }
            _ => {
                self.failed = true;
                // What may stand behind is no longer looked at.
                self.file.octets = before;
            }
        }
        Err(error)
    }

    /// Takes back what may have been written; a store that cannot do so stops.
    fn cut(&mut self, before: u64) {
        self.failed = self.file.cut(before).is_err();
    }

    /// Shows readers the first half of a write, under no number.
    fn apply_half(&mut self, change: &Change) {
        match change {
            Change::Put(_, pairs) => self.contents.state.extend(pairs[..pairs.len().div_ceil(2)].iter().cloned()),
            Change::Delete(_, keys) => keys[..keys.len().div_ceil(2)].iter().for_each(|key| {
                self.contents.state.remove(key);
            }),
            _ => {}
        }
    }
}
