//! A fault and the requests that it hit, in the words of a proof.

use crate::disk::{Fault, Hit, Plan};

/// Groups of requests that one line of a trace tells one by one.
const TOLD: usize = 4;

/// What goes wrong in a run, and the first request that it hit. Until one was hit, it is told where it may begin: a run
/// with a fault need not ask for the same as the one without that it was planned by.
pub(super) fn place(plan: Option<Plan>, first: Option<&Hit>) -> String {
    let Some(Plan { fault, from, times }) = plan else { return "without a fault".to_owned() };
    let whole = match (fault, times) {
        (_, 1) => "",
        (Fault::Unreadable | Fault::Unsynced, _) => " after it",
        (Fault::Full | Fault::Quota, _) => ", and so does all after it that takes room",
        _ => ", and so do all after it",
    };
    match first {
        Some(Hit { nth, request }) => format!("request {nth} (the {request}) {}{whole}", fault.words()),
        None => format!("request {from} {}{whole}", fault.words()),
    }
}

/// The requests hit during one action, in order and in a line; equal ones in a row are told together.
pub(super) fn hits(hits: &[Hit]) -> Option<String> {
    if hits.is_empty() {
        return None;
    }
    let groups: Vec<&[Hit]> = hits.chunk_by(|one, next| one.request == next.request).collect();
    let mut told: Vec<String> = groups.iter().take(TOLD).map(|group| one(group)).collect();
    let more: usize = groups.iter().skip(TOLD).map(|group| group.len()).sum();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    Some(format!("  hit: {}", told.join("; ")))
}

fn one(group: &[Hit]) -> String {
    match group {
        [Hit { nth, request }] => format!("request {nth}, the {request}"),
        [Hit { nth, request }, ..] => format!("{} requests from {nth}, each the {request}", group.len()),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(nth: u64, request: &str) -> Hit {
        Hit { nth, request: request.to_owned() }
    }

    #[test]
    fn a_place_names_the_first_request_that_was_hit() {
        let plan = Plan { fault: Fault::Io, from: 70, times: u64::MAX };
        assert_eq!(place(Some(plan), None), "request 70 fails with EIO, and so do all after it");
        let first = hit(71, "write of journal");
        assert_eq!(
            place(Some(plan), Some(&first)),
            "request 71 (the write of journal) fails with EIO, and so do all after it"
        );
        let plan = Plan { fault: Fault::Unsynced, from: 1, times: u64::MAX };
        assert_eq!(place(Some(plan), None), "request 1 fails with EIO like every sync after it");
        assert_eq!(place(None, None), "without a fault");
    }

    #[test]
    fn requests_in_a_row_are_told_together_and_many_are_counted() {
        assert_eq!(hits(&[]), None);
        let few = [hit(3, "write of a"), hit(4, "sync of a"), hit(6, "sync of a")];
        assert_eq!(
            hits(&few).as_deref(),
            Some("  hit: request 3, the write of a; 2 requests from 4, each the sync of a")
        );
        let many: Vec<Hit> = (0..7).map(|nth| hit(nth, if nth % 2 == 0 { "read of a" } else { "read of b" })).collect();
        let told = hits(&many).expect("a line");
        assert!(told.ends_with("request 3, the read of b; and 3 more"), "{told}");
    }
}
