//! Keys can be moved: scenarios say the same below a prefix, on a store that already holds a key of somebody else.

use std::time::Duration;

use storecheck::Level;
use storecheck::call::{Action, Call, Outcome};
use storecheck::driver::{Driver, InProcess, Prefixed};
use storecheck::judged::Options;
use storecheck::octets::Octets;
use storecheck::scenario::builtin;
use storecheck::scenario::run::run;

#[test]
fn scenarios_can_be_moved_below_a_prefix() {
    let engine = storecheck_btree::engine();
    let options = Options { declared: engine.declarations(), frontier_deadline: Duration::from_secs(1) };
    let dir = std::env::temp_dir();
    for id in [
        "scan/end-is-inclusive#forward,between",
        "scan/end-is-inclusive#reverse,at-the-first",
        "scan/empty-values",
        "scan/no-deleted-keys",
        "delete/as-first-write",
        "isolation/newest-write-wins",
    ] {
        let Some(case) = builtin::case(id).or_else(|| first_case(id)) else { continue };
        let inner = InProcess::new(engine.clone(), &dir, case.executor).expect("a plain thread needs nothing");
        let mut driver = Lived { inner: Prefixed::new(inner, Octets::text("moved/")), elsewhere: None };
        let result = run(&case, &mut driver, options);
        let wrong: Vec<_> = result.failures.iter().filter(|failure| failure.finding.level == Level::Must).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", case.id);
        assert!(driver.elsewhere.is_some(), "{}: the store was not lived in", case.id);
    }
}

fn first_case(scenario: &str) -> Option<storecheck::scenario::Case> {
    builtin::cases().ok()?.into_iter().find(|case| case.scenario() == scenario)
}

/// A store that others have written to before the program starts.
struct Lived {
    inner: Prefixed<InProcess>,
    elsewhere: Option<Outcome>,
}

impl Driver for Lived {
    fn perform(&mut self, action: &Action) -> Outcome {
        let outcome = self.inner.perform(action);
        if matches!(action, Action::Open {}) {
            // Written and deleted below the prefix too, so that only the number shows that somebody was here.
            self.inner.call(Call::PutBatch(vec![(Octets::text("gone"), Octets::text("1"))]));
            self.elsewhere = Some(self.inner.call(Call::DeleteBatch(vec![Octets::text("gone")])));
            self.inner.call(Call::PruneBatchLog(storecheck::octets::Decimal(u64::MAX)));
        }
        outcome
    }
}
