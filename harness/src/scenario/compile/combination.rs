//! Matrix expansion: the combinations of a scenario's axes, and what its syntax means under one of them.

use std::collections::BTreeSet;

use serde::de::{Deserialize, IntoDeserializer};
use serde_json::Value;

use super::{Result, Wrong, wrong};
use crate::call::Pair;
use crate::octets::Octets;
use crate::scenario::case::{Expectation, Keys, Operation, Pairs};
use crate::scenario::expression::{NumberExpression, OctetsExpression};
use crate::scenario::syntax::{Direction, ExpectSyntax, KeysSyntax, PairsSyntax, Slot, StepSyntax};

/// The most cases one scenario may expand to.
const CASES_MAX: usize = 512;

#[derive(Default, Clone)]
pub(super) struct Combination<'a>(Vec<(&'a str, &'a Value, String)>);

pub(super) fn combinations(axes: &[(String, Vec<Value>)]) -> Result<Vec<Combination<'_>>> {
    let mut all = vec![Combination::default()];
    for (axis, values) in axes {
        if values.is_empty() {
            return wrong(format!("axis `{axis}` has no values"), "give it at least one value, or take it out");
        }
        let mut seen = BTreeSet::new();
        let mut grown = Vec::new();
        for value in values {
            let label = label(axis, value)?;
            if !seen.insert(label.clone()) {
                return wrong(
                    format!("axis `{axis}` has two values labelled `{label}`"),
                    "give each a `name` of its own",
                );
            }
            for combination in &all {
                let mut combination = combination.clone();
                combination.0.push((axis, value, label.clone()));
                grown.push(combination);
            }
        }
        all = grown;
        if all.len() > CASES_MAX {
            return wrong(
                format!("the matrix makes more than {CASES_MAX} cases"),
                "split the scenario, or take values out that show nothing new",
            );
        }
    }
    Ok(all)
}

fn label(axis: &str, value: &Value) -> Result<String> {
    let label = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Object(fields) => match fields.get("name") {
            Some(Value::String(name)) => name.clone(),
            _ => {
                return wrong(
                    format!("a value of axis `{axis}` is a map without `name`"),
                    "add `name: ...`: it labels the case",
                );
            }
        },
        Value::Null | Value::Array(_) => {
            return wrong(
                format!("a value of axis `{axis}` is {value}, which has no label"),
                "write `{ name: some-label, value: ... }` and use it as `${axis.value}`",
            );
        }
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if label.is_empty() || !label.chars().all(fits) {
        return wrong(
            format!("`{label}` cannot label a case"),
            format!(
                "labels are letters, digits, `-`, `_`, `.` and `+`: write `{{ name: some-label, value: ... }}` and use it as `${{{axis}.value}}`"
            ),
        );
    }
    Ok(label)
}

impl Combination<'_> {
    pub(super) fn labelled(&self, id: &str) -> String {
        if self.0.is_empty() {
            return id.to_owned();
        }
        let labels: Vec<&str> = self.0.iter().map(|(_, _, label)| label.as_str()).collect();
        format!("{id}#{}", labels.join(","))
    }

    fn lookup(&self, path: &str) -> Result<&Value> {
        let mut parts = path.split('.');
        let axis = parts.next().unwrap_or_default();
        let Some(&(_, mut value, _)) = self.0.iter().find(|(name, _, _)| *name == axis) else {
            let axes: Vec<&str> = self.0.iter().map(|(name, _, _)| *name).collect();
            return wrong(
                format!("`${{{path}}}` names no axis of the matrix"),
                format!("the axes are: {}; quote text that starts with `${{` as {{ text: .. }}", axes.join(", ")),
            );
        };
        for part in parts {
            value = match value.get(part) {
                Some(field) => field,
                None => {
                    return wrong(
                        format!("`${{{path}}}`: a value of `{axis}` has no field `{part}`"),
                        "add the field to every value of the axis",
                    );
                }
            };
        }
        Ok(value)
    }

    /// What `slot` holds, or the matrix value it names; `None` for `null`.
    fn fill_nullable<T: Clone + for<'de> Deserialize<'de>>(&self, slot: &Slot<T>) -> Result<Option<T>> {
        match slot {
            Slot::Is(value) => Ok(Some(value.clone())),
            Slot::Null => Ok(None),
            Slot::Axis(path) => match self.lookup(path)? {
                Value::Null => Ok(None),
                value => T::deserialize(value.into_deserializer()).map(Some).map_err(|error| {
                    Wrong(
                        format!("`${{{path}}}` does not fit here: {error}"),
                        "give the axis values of the right form, or use another field of them".to_owned(),
                    )
                }),
            },
        }
    }

    pub(super) fn fill<T: Clone + for<'de> Deserialize<'de>>(&self, slot: &Slot<T>) -> Result<T> {
        match self.fill_nullable(slot)? {
            Some(value) => Ok(value),
            None => wrong(
                "null does not fit here",
                "only `value`, `batch`, `oldest` and the values of `values` may be null",
            ),
        }
    }

    fn octets_of(&self, expression: &OctetsExpression) -> Result<Octets> {
        match expression {
            OctetsExpression::Known(octets) => Ok(octets.clone()),
            OctetsExpression::Concat(parts) => {
                let mut whole = Vec::new();
                for part in parts {
                    whole.extend_from_slice(&self.octets(part)?);
                }
                Ok(whole.into())
            }
        }
    }

    fn octets(&self, slot: &Slot<OctetsExpression>) -> Result<Octets> {
        self.octets_of(&self.fill(slot)?)
    }

    fn optional_octets(&self, slot: Option<&Slot<OctetsExpression>>) -> Result<Octets> {
        slot.map_or_else(|| Ok(Octets::default()), |slot| self.octets(slot))
    }

    fn nullable_octets(&self, slot: &Slot<OctetsExpression>) -> Result<Option<Octets>> {
        self.fill_nullable(slot)?.map(|expression| self.octets_of(&expression)).transpose()
    }

    fn pairs(&self, syntax: &PairsSyntax) -> Result<Pairs> {
        Ok(match syntax {
            PairsSyntax::List(list) => Pairs::List(
                list.iter()
                    .map(|(key, value)| Ok((self.octets(key)?, self.octets(value)?)))
                    .collect::<Result<Vec<Pair>>>()?,
            ),
            PairsSyntax::Generate(generator) => Pairs::Generate {
                count: generator.pairs,
                prefix: self.optional_octets(generator.prefix.as_ref())?,
                from: generator.from,
                octets: generator.octets,
                seed: generator.seed,
            },
        })
    }

    fn keys(&self, syntax: &KeysSyntax) -> Result<Keys> {
        Ok(match syntax {
            KeysSyntax::List(list) => Keys::List(list.iter().map(|key| self.octets(key)).collect::<Result<_>>()?),
            KeysSyntax::Generate(generator) => Keys::Generate {
                count: generator.keys,
                prefix: self.optional_octets(generator.prefix.as_ref())?,
                from: generator.from,
            },
        })
    }

    fn number(&self, slot: &Slot<NumberExpression>, names: &BTreeSet<String>) -> Result<NumberExpression> {
        let number = self.fill(slot)?;
        for name in number.names() {
            if !names.contains(name) {
                let bound: Vec<String> = names.iter().map(|name| format!("${name}")).collect();
                return wrong(
                    format!("`${name}` is used here but never bound before"),
                    format!("name an earlier reply with `as: {name}`; bound so far: {}", bound.join(", ")),
                );
            }
        }
        Ok(number)
    }

    pub(super) fn expectation(&self, syntax: &ExpectSyntax, names: &BTreeSet<String>) -> Result<Expectation> {
        let number = |slot| self.number(slot, names);
        Ok(match syntax {
            ExpectSyntax::Model => Expectation::Model,
            ExpectSyntax::Ok => Expectation::Ok,
            ExpectSyntax::Error => Expectation::Error,
            ExpectSyntax::Done => Expectation::Done,
            ExpectSyntax::Sequence(slot) => Expectation::Sequence(number(slot)?),
            ExpectSyntax::Removed(slot) => Expectation::Removed(number(slot)?),
            ExpectSyntax::Oldest(slot) => Expectation::Oldest(match self.fill_nullable(slot)? {
                None => None,
                Some(_) => Some(number(slot)?),
            }),
            ExpectSyntax::Value(slot) => Expectation::Value(self.nullable_octets(slot)?),
            ExpectSyntax::Values(slot) => Expectation::Values(
                self.fill(slot)?
                    .iter()
                    .map(|(key, value)| Ok((self.octets(key)?, self.nullable_octets(value)?)))
                    .collect::<Result<_>>()?,
            ),
            ExpectSyntax::Rows(slot) => Expectation::Rows(self.pairs(&self.fill(slot)?)?),
            ExpectSyntax::Batch(slot) => {
                Expectation::Batch(self.fill_nullable(slot)?.map(|pairs| self.pairs(&pairs)).transpose()?)
            }
            ExpectSyntax::AnyOf(slots) => Expectation::AnyOf(
                slots.iter().map(|slot| self.expectation(&self.fill(slot)?, names)).collect::<Result<_>>()?,
            ),
        })
    }

    /// The operations that the step names; a step names one.
    pub(super) fn operations(&self, step: &StepSyntax, names: &BTreeSet<String>) -> Result<Vec<Operation>> {
        let mut found = Vec::new();
        if let Some(pairs) = &step.put_batch {
            found.push(Operation::PutBatch(self.pairs(&self.fill(pairs)?)?));
        }
        if let Some(keys) = &step.delete_batch {
            found.push(Operation::DeleteBatch(self.keys(&self.fill(keys)?)?));
        }
        if let Some(key) = &step.get {
            found.push(Operation::Get(self.octets(key)?));
        }
        if let Some(keys) = &step.get_many {
            found.push(Operation::GetMany(self.keys(&self.fill(keys)?)?));
        }
        if let Some(range) = &step.range_scan {
            found.push(Operation::RangeScan {
                start: self.optional_octets(range.start.as_ref())?,
                end: self.optional_octets(range.end.as_ref())?,
                limit: match &range.limit {
                    None => NumberExpression::max(),
                    Some(slot) => self.number(slot, names)?,
                },
                forward: match &range.direction {
                    None => true,
                    Some(slot) => matches!(self.fill(slot)?, Direction::Forward),
                },
            });
        }
        if let Some(slot) = &step.get_batch {
            found.push(Operation::GetBatch(self.number(slot, names)?));
        }
        if let Some(slot) = &step.prune_batch_log {
            found.push(Operation::PruneBatchLog(self.number(slot, names)?));
        }
        let plain = [
            (&step.current_sequence, Operation::CurrentSequence),
            (&step.oldest_retained_batch, Operation::OldestRetainedBatch),
            (&step.reopen, Operation::Reopen),
            (&step.open_again, Operation::OpenAgain),
            (&step.audit, Operation::Audit),
        ];
        found.extend(plain.into_iter().filter(|(given, _)| given.is_some()).map(|(_, operation)| operation));
        Ok(found)
    }
}
