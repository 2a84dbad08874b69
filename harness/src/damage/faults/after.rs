//! What is left after a run under a fault: closed and opened again, and once more as a power failure would have left it.

use super::super::crash::{CLOSED, KILLED};
use super::super::desk;
use super::super::explain::Class;
use super::super::ledger::Known;
use super::super::power::{POWER, place};
use super::super::trial::{Over, PATIENCE, unopened};
use super::case::Case;
use crate::call::{Action, Call, Outcome, Reply};
use crate::contract::Level;
use crate::disk::{Data, Fault, Image, Names, Plan, Survival};
use crate::engine::Durability;
use crate::finding::Finding;
use crate::protocol::Process;

impl Case<'_, '_> {
    /// The store is closed and looked at once more; so is what the power would have left of it.
    pub(super) fn end(&mut self, process: &Process) -> Result<(), Over> {
        let recording = self.disk.recording();
        let before = self.known.clone();
        self.trial.close(process)?;
        self.trace("close -> done".to_owned());
        if std::mem::take(&mut self.troubled) {
            self.pruned = 0;
        }
        let declared = self.trial.declared.durability;
        if declared < Durability::CleanClose || self.blind() {
            return Ok(());
        }
        let dir = self.trial.disk.clone();
        let again = self.trial.start(&dir)?;
        let class = if matches!(self.plan, Some(Plan { fault: Fault::Hung, .. })) { KILLED } else { CLOSED };
        self.reopened(&again, class)?;
        if declared < Durability::PowerLoss {
            return Ok(());
        }
        // Nothing but what was synced is the hardest; the rest is what the power-loss family is about.
        let survival = Survival { names: Names::Journal, data: Data::Synced, seed: self.trial.seed };
        let image = recording.image(recording.len(), survival);
        self.failed_power(&image, &before)
    }

    /// The store after a reopen: all that was acknowledged is there, and what was pruned is gone.
    fn reopened(&mut self, process: &Process, class: Class) -> Result<(), Over> {
        let outcome = process.perform(&Action::Open {}, PATIENCE);
        self.trace(format!("open -> {outcome}"));
        match outcome {
            Outcome::Reply(Reply::Done {}) => {}
            Outcome::Reply(Reply::Error(message)) => {
                return self.fail(vec![unopened(class, &message)], "open", process);
            }
            outcome => return Err(self.trial.trouble(desk::trouble(&Action::Open {}, &outcome), process)),
        }
        self.look(process, class)?;
        let oldest = process.perform(&Action::Call(Call::OldestRetainedBatch {}), PATIENCE);
        match oldest {
            Outcome::Reply(Reply::Oldest(Some(oldest))) if oldest.0 < self.pruned => {
                let expected = format!("after a clean reopen nothing below {} is retained", self.pruned);
                let clauses = ["PRN-7", "LOG-5", "DUR-1", "GEN-5"];
                let got = format!("oldest_retained_batch is {}", oldest.0);
                self.fail(vec![Finding::new(Level::Must, &clauses, expected, got)], "audit", process)
            }
            _ => Ok(()),
        }
    }

    /// What the power leaves after errors: an error that was not told may have let go of a write.
    fn failed_power(&mut self, image: &Image, known: &Known) -> Result<(), Over> {
        let dir = place(self.trial, image)?;
        let process = self.trial.start(&dir)?;
        self.trace.push("instead of the close the power fails, and leaves what was synced".to_owned());
        self.known = known.clone();
        let pruned = std::mem::take(&mut self.pruned);
        self.reopened(&process, POWER)?;
        self.pruned = pruned;
        Ok(())
    }
}
