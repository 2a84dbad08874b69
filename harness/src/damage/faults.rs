//! The fault family: each request of a short program to its disk fails once, in every way.
//!
//! A first run tells what the program asks of its disk. Then it runs again for each request and each fault that can
//! meet it. Where there is not time for all, each kind of request meets each of its faults before any does so twice: a
//! program renames a file once and writes a hundred times. Then each sync fails before anything else does so twice: to go
//! on with what only the system's memory has is the mistake that stores make, and it takes the right sync to show it.

mod after;
mod case;
mod told;

use case::Case;

use super::client::Client;
use super::trial::{Over, Trial};
use crate::call::Call;
use crate::disk::{Fault, Plan, Request};
use crate::scenario::generate::SplitMix;

/// The ways to fail, and how many requests in a row do.
const FAULTS: [(Fault, u64); 10] = [
    (Fault::Io, 1),
    (Fault::Io, u64::MAX),
    (Fault::Unreadable, u64::MAX),
    (Fault::Unsynced, u64::MAX),
    (Fault::Full, u64::MAX),
    (Fault::Short, 1),
    (Fault::Interrupted, 1),
    (Fault::Quota, 1),
    (Fault::Held, 1),
    (Fault::Hung, 1),
];

/// Runs a program with every fault, or as many as there is time for.
pub(super) fn run(trial: &mut Trial<'_>) -> Result<(), Over> {
    let calls = draw_calls(trial);
    let requests = Case::run(trial, &calls, None)?;
    let most = usize::try_from(trial.each).unwrap_or(usize::MAX);
    let plans = plans(&requests, &mut trial.draws);
    for plan in plans.into_iter().take(most) {
        Case::run(trial, &calls, Some(plan))?;
    }
    Ok(())
}

/// Calls of one client. What they change depends on numbers that faults may move, so prunes ask for what is there.
fn draw_calls(trial: &mut Trial<'_>) -> Vec<Call> {
    let count = trial.draws.between(trial.mix.calls);
    let seed = trial.draws.draw();
    let mut client = Client::new(trial.mix, seed, "1".to_owned());
    (0..count).map(|nth| client.draw(nth)).collect()
}

/// Every fault at every request that it can meet: one of each kind of request and fault, then all syncs that fail, then
/// a second of each kind, ...
fn plans(requests: &[Request], draws: &mut SplitMix) -> Vec<Plan> {
    let mut kinds: Vec<(Request, usize, Vec<Plan>)> = Vec::new();
    for (from, request) in (0..).zip(requests) {
        for (way, (fault, times)) in FAULTS.into_iter().enumerate().filter(|(_, (fault, _))| fault.meets(*request)) {
            let plan = Plan { fault, from, times };
            match kinds.iter_mut().find(|(kind, other, _)| (kind, *other) == (request, way)) {
                Some((.., plans)) => plans.push(plan),
                None => kinds.push((*request, way, vec![plan])),
            }
        }
    }
    let mut turns: Vec<(usize, u64, Plan)> = Vec::new();
    for (request, _, mut plans) in kinds {
        shuffle(&mut plans, draws);
        for (nth, plan) in plans.into_iter().enumerate() {
            let turn = match nth {
                0 => 0,
                _ if is_failed_sync(request, plan.fault) => 1,
                _ => nth + 1,
            };
            turns.push((turn, draws.draw(), plan));
        }
    }
    turns.sort_unstable_by_key(|(turn, among, _)| (*turn, *among));
    turns.into_iter().map(|(.., plan)| plan).collect()
}

fn is_failed_sync(request: Request, fault: Fault) -> bool {
    request == Request::Sync && matches!(fault, Fault::Io | Fault::Unsynced)
}

fn shuffle(plans: &mut [Plan], draws: &mut SplitMix) {
    for last in (1..plans.len()).rev() {
        let other = draws.below(last as u64 + 1);
        // It is at most `last`, which is a place in memory.
        plans.swap(last, usize::try_from(other).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_request_meets_each_of_its_faults_before_any_does_so_twice() {
        let mut requests = vec![Request::Write; 20];
        requests.push(Request::Rename);
        let plans = plans(&requests, &mut SplitMix::new(1));
        // All eight ways for a write; for a rename an error, errors for good, held up and hung.
        assert_eq!(plans.len(), 20 * 8 + 4);
        let renames = plans.iter().take(12).filter(|plan| plan.from == 20).count();
        assert_eq!(renames, 4, "{plans:?}");
        let mut distinct = plans.clone();
        distinct.sort_by_key(|plan| (plan.from, plan.fault.words(), plan.times));
        distinct.dedup();
        assert_eq!(distinct.len(), plans.len());
    }

    #[test]
    fn each_sync_fails_before_anything_else_does_so_twice() {
        let requests = [[Request::Write, Request::Sync].as_slice(); 10].concat();
        let plans = plans(&requests, &mut SplitMix::new(1));
        // Eight ways for a write and five for a sync, then nine more syncs in three ways.
        let syncs = plans.iter().skip(8 + 5).take(9 * 3);
        assert!(syncs.clone().all(|plan| plan.from % 2 == 1), "{plans:?}");
        assert!(syncs.clone().all(|plan| matches!(plan.fault, Fault::Io | Fault::Unsynced)), "{plans:?}");
        assert_eq!(plans.len(), 10 * (8 + 5));
    }
}
