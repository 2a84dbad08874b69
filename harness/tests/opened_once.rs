//! A store that cannot be opened again, as an endpoint that somebody else runs, is not called wrong for it.

use std::time::Duration;

use storecheck::call::{Action, Outcome, Reply};
use storecheck::driver::{Driver, InProcess};
use storecheck::judged::Options;
use storecheck::scenario::builtin;
use storecheck::scenario::run::run;

const WHY: &str = "opening it again";

#[test]
fn what_wants_to_open_a_store_again_ends_there() {
    let engine = storecheck_btree::engine();
    let options = Options { declared: engine.declarations(), frontier_deadline: Duration::from_secs(1) };
    let cases = builtin::cases().expect("the suite is whole");
    let mut ended = 0;
    for case in cases.iter().filter(|case| case.id.starts_with("durability/") && case.octets() < 1 << 20) {
        let inner = InProcess::new(engine.clone(), &std::env::temp_dir(), case.executor).expect("a runtime starts");
        let result = run(case, &mut Once { inner, opened: false }, options);
        assert_eq!(result.failures, [], "{}", case.id);
        ended += result.not_carried.get(WHY).copied().unwrap_or(0);
    }
    assert!(ended > 20, "only {ended} wanted to");
}

struct Once {
    inner: InProcess,
    opened: bool,
}

impl Driver for Once {
    fn perform(&mut self, action: &Action) -> Outcome {
        if *action != (Action::Open {}) {
            return self.inner.perform(action);
        }
        if std::mem::replace(&mut self.opened, true) {
            return Outcome::NotCarried(WHY.to_owned());
        }
        let outcome = self.inner.perform(action);
        assert_eq!(outcome, Outcome::Reply(Reply::Done {}));
        outcome
    }
}
