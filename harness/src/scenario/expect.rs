//! What a step expects of a reply beyond what the model says.

use std::collections::BTreeMap;

use super::case::Expectation;
use crate::call::Reply;
use crate::octets::Decimal;

/// Whether `reply` is what is expected, with `names` bound.
pub(super) fn meets(expect: &Expectation, reply: &Reply, names: &BTreeMap<String, u64>) -> bool {
    match (expect, reply) {
        (Expectation::Model, _) => true,
        (Expectation::AnyOf(any), _) => any.iter().any(|one| meets(one, reply, names)),
        (Expectation::Error, _) => matches!(reply, Reply::Error(_)),
        (Expectation::Ok, _) => !matches!(reply, Reply::Error(_)),
        (Expectation::Done, _) => *reply == (Reply::Done {}),
        (expect, reply) => as_reply(expect, names).is_some_and(|expected| expected == *reply),
    }
}

/// The one reply that is expected, when it is one.
fn as_reply(expect: &Expectation, names: &BTreeMap<String, u64>) -> Option<Reply> {
    Some(match expect {
        Expectation::Sequence(number) => Reply::Sequence(Decimal(number.value(names))),
        Expectation::Removed(number) => Reply::Removed(Decimal(number.value(names))),
        Expectation::Oldest(number) => Reply::Oldest(number.as_ref().map(|number| Decimal(number.value(names)))),
        Expectation::Value(value) => Reply::Value(value.clone()),
        Expectation::Values(values) => Reply::Values(values.clone()),
        Expectation::Rows(rows) => Reply::Rows(rows.list(0)),
        Expectation::Batch(batch) => Reply::Batch(batch.as_ref().map(|pairs| pairs.list(0))),
        _ => return None,
    })
}

/// What is expected, in words.
pub(super) fn describe(expect: &Expectation, names: &BTreeMap<String, u64>) -> String {
    match expect {
        Expectation::Ok => "any reply but an error".to_owned(),
        Expectation::Error => "an error".to_owned(),
        Expectation::AnyOf(any) => any.iter().map(|one| describe(one, names)).collect::<Vec<_>>().join(" or "),
        other => as_reply(other, names).map_or_else(|| "what the model says".to_owned(), |reply| reply.to_string()),
    }
}
