//! append-log against the model: programs that the octets spell out, reopens among them, every reply judged.
//!
//! Coverage leads to records, groups and compactions that random programs seldom reach. The program that fails is
//! printed as a scenario file, so that it can be replayed and promoted like any other.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use storecheck::driver::{Executor, InProcess};
use storecheck::engine::Target;
use storecheck::judged::Options;
use storecheck::octets::Octets;
use storecheck::property::Program;
use storecheck::scenario::case::{Keys, Operation, Pairs};
use storecheck::scenario::{NumberExpression, run, write};

/// Longer programs cost more than they show.
const OPERATIONS_MAX: usize = 60;

fuzz_target!(|octets: &[u8]| {
    let mut input = Unstructured::new(octets);
    let mut operations = Vec::new();
    while !input.is_empty() && operations.len() < OPERATIONS_MAX {
        let Ok(operation) = operation(&mut input) else { break };
        operations.push(operation);
    }
    judge(Program { operations, executor: Executor::Thread });
});

fn judge(program: Program) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let engine = storecheck_append_log::engine();
    let options = Options { declared: engine.declarations(), frontier_deadline: Duration::from_secs(1) };
    let mut driver = InProcess::new(engine, folder.path(), Executor::Thread).expect("a thread needs nothing");
    let case = program.into_case("fuzz/append-log", "append-log is right", Vec::new());
    let result = run::run(&case, &mut driver, options);
    let failure = result.failures.iter().find(|failure| failure.finding.fails(Target::Trait));
    assert!(failure.is_none(), "{failure:#?}\n{}", write::write(&case, &[]));
}

fn operation(input: &mut Unstructured<'_>) -> Result<Operation> {
    Ok(match input.int_in_range(0..=13_u8)? {
        0..=3 => Operation::PutBatch(Pairs::List(list(input, |input| Ok((key(input)?, value(input)?)))?)),
        4 => Operation::DeleteBatch(Keys::List(list(input, key)?)),
        5 => Operation::Get(key(input)?),
        6 => Operation::GetMany(Keys::List(list(input, key)?)),
        7 => Operation::RangeScan {
            start: key(input)?,
            end: key(input)?,
            limit: if input.arbitrary()? { NumberExpression::max() } else { small(input)? },
            forward: input.arbitrary()?,
        },
        8 => Operation::CurrentSequence,
        9 => Operation::GetBatch(number(input)?),
        10 => Operation::OldestRetainedBatch,
        11 => Operation::PruneBatchLog(number(input)?),
        12 => Operation::Audit,
        _ => Operation::Reopen,
    })
}

fn list<T>(input: &mut Unstructured<'_>, item: impl Fn(&mut Unstructured<'_>) -> Result<T>) -> Result<Vec<T>> {
    let count = input.int_in_range(0..=5_usize)?;
    (0..count).map(|_| item(input)).collect()
}

/// A short key of few letters, so that keys meet; now and then as long as keys may be.
fn key(input: &mut Unstructured<'_>) -> Result<Octets> {
    let length = match input.int_in_range(0..=9_u8)? {
        9 => 254,
        short => usize::from(short % 4),
    };
    let letter = *input.choose(&[0x00, b'a', b'b', 0xff])?;
    let mut octets = vec![letter; length];
    if let Some(last) = octets.last_mut() {
        *last = input.arbitrary()?;
    }
    Ok(octets.into())
}

/// A value of any octets, or a long one of few: lengths around the file's blocks among them.
fn value(input: &mut Unstructured<'_>) -> Result<Octets> {
    if input.ratio(3, 4)? {
        let length = input.int_in_range(0..=12_usize)?;
        return Ok(input.bytes(length.min(input.len()))?.into());
    }
    let length = *input.choose(&[254, 4_095, 4_096, 4_097, 65_535, 65_537, 1 << 20])?;
    Ok(vec![input.arbitrary()?; length].into())
}

/// A number near either end of the log.
fn number(input: &mut Unstructured<'_>) -> Result<NumberExpression> {
    let name = *input.choose(&["fresh", "oldest", "current"])?;
    Ok(NumberExpression::name(name).offset(input.arbitrary()?, input.int_in_range(0..=3)?))
}

fn small(input: &mut Unstructured<'_>) -> Result<NumberExpression> {
    Ok(NumberExpression::integer(input.int_in_range(0..=8)?))
}
