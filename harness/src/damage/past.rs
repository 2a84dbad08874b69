//! What clients knew when a disk's recording was so long: the account that an image of it is audited by.

use super::desk::Event;
use super::ledger::{Known, Ledger};

/// What was known at the start, and what became known where.
#[derive(Debug, Clone)]
pub(super) struct Past {
    pub(super) start: Known,
    pub(super) events: Vec<(usize, Event)>,
}

impl Past {
    /// What was known when the recording had `at` operations. A write that was begun by then is in flight, one that
    /// was acknowledged by then had its operations before.
    pub(super) fn known(&self, at: usize) -> Known {
        let mut ledger = Ledger::from(self.start.clone());
        for (place, event) in &self.events {
            if *place > at {
                break;
            }
            match event {
                Event::Begun(call) => {
                    ledger.begin(call);
                }
                // What is wrong with a number was said when it was given.
                Event::Acknowledged(ticket, number) => drop(ledger.acknowledged(*ticket, *number)),
                Event::Pruned(ticket) => ledger.pruned(*ticket),
            }
        }
        ledger.lost()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::octets::Octets;

    #[test]
    fn a_write_is_in_flight_until_it_was_acknowledged() {
        let put = |key: &str| Call::PutBatch(vec![(Octets::text(key), Octets::text(key))]);
        let events = vec![
            (0, Event::Begun(put("a"))),
            (3, Event::Acknowledged(0, 1)),
            (3, Event::Begun(put("b"))),
            (5, Event::Acknowledged(1, 2)),
        ];
        let past = Past { start: Known::default(), events };
        let so_many = |at| {
            let known = past.known(at);
            (known.writes.len(), known.in_flight.len())
        };
        assert_eq!([0, 2, 3, 4, 5].map(so_many), [(0, 1), (0, 1), (1, 1), (1, 1), (2, 0)]);
    }
}
