//! A conversation with a host, for whoever writes one: each kind of request at least once, so that mistakes of the
//! adapter, which speaks the protocol, are told from those of the engine behind it.
//!
//! It is no judgement of the engine: that is what the suite is for. What a call answers is looked at as far as a mistake
//! in carrying it would show.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use super::client::{Process, StartError};
use super::command::HostCommand;
use super::message::Hello;
use crate::call::{Action, Call, Outcome, Pair, Range, Reply};
use crate::engine::Durability;
use crate::octets::{Decimal, Octets};

/// Who has to mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Whoever speaks the protocol for the engine.
    Adapter,
    /// The engine.
    Engine,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) whose: Whose,
    /// What was asked, and what came.
    pub(crate) what: String,
}

/// One step of the conversation, and what was wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) mistake: Option<Mistake>,
}

/// What came of a conversation.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) hello: Hello,
    pub(crate) steps: Vec<Step>,
    /// Steps that were not reached, since the host was gone.
    pub(crate) left: Vec<&'static str>,
    /// The end of what the host wrote to stderr.
    pub(crate) output: String,
}

/// What is wrong in a step; nothing if it is right.
type Judged = Result<(), Mistake>;

/// One step of the conversation.
type Ask = fn(&mut Talk<'_>) -> Judged;

const STEPS: [(&str, Ask); 12] = [
    ("a call before the store is open is refused", before_open),
    ("a fresh store opens and is empty", fresh),
    ("a write has a number, and octets of every kind come back as they were", octets_come_back),
    ("keys are compared as octets, and the limit and the direction count", scans),
    ("a delete has a number, and its key is gone", deletes),
    ("the batch log answers as declared", batch_log),
    ("many requests in flight each have their own answer", many_at_once),
    ("a long line is taken and given", long_line),
    ("the store opened again while it is open is answered", open_again),
    ("a closed store refuses calls, and opens again", closes),
    ("after a shutdown the process ends with exit code 0", shuts_down),
    ("at the end of stdin the process ends with exit code 0", hangs_up),
];

/// Keys whose order as octets is another than that of their base64, and none of which is text.
const KEYS: [&[u8]; 4] = [b"a", &[0xfb], &[0x00, 0xff], b"~\"\\\n"];
/// Of a line that no pipe holds at once.
const LONG: usize = 1 << 20;
/// What a host may take to say hello.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Requests in flight at once.
const MANY: usize = 16;

/// Talks to a host that `command` starts. Its store is in `dir`; each answer may take `patience`.
///
/// # Errors
/// When no host starts.
pub(crate) fn check(
    command: &HostCommand,
    dir: &Path,
    patience: Duration,
    record: Option<File>,
) -> Result<Checked, StartError> {
    let process = Process::start_recorded(command, dir, HANDSHAKE, record)?;
    let hello = process.hello().clone();
    let mut talk = Talk { command, dir, patience, process: Some(process), hello, last: 0, output: String::new() };
    let mut steps = Vec::new();
    let mut left = Vec::new();
    let mut gone = false;
    for (name, step) in STEPS {
        if gone {
            left.push(name);
            continue;
        }
        let mut mistake = step(&mut talk).err();
        if let Some(mistake) = &mut mistake {
            gone = talk.is_gone(mistake);
        }
        steps.push(Step { name, mistake });
    }
    let output = talk.process.as_ref().map_or(talk.output, Process::output);
    Ok(Checked { hello: talk.hello, steps, left, output })
}

struct Talk<'a> {
    command: &'a HostCommand,
    dir: &'a Path,
    patience: Duration,
    process: Option<Process>,
    hello: Hello,
    /// The largest number that a write had.
    last: u64,
    output: String,
}

impl Talk<'_> {
    fn perform(&self, action: &Action) -> Outcome {
        match &self.process {
            Some(process) => process.perform(action, self.patience),
            None => Outcome::Died("ended".to_owned()),
        }
    }

    fn call(&self, call: Call) -> Result<Reply, Mistake> {
        let action = Action::Call(call);
        self.reply(&action)
    }

    /// The reply to what a store may not refuse.
    fn reply(&self, action: &Action) -> Result<Reply, Mistake> {
        match self.perform(action) {
            Outcome::Reply(Reply::Error(message)) => engine(action, &format!("it was refused: {message:?}")),
            Outcome::Reply(reply) => Ok(reply),
            outcome => Err(mistake(action, &outcome)),
        }
    }

    fn done(&self, action: &Action) -> Judged {
        match self.reply(action)? {
            Reply::Done {} => Ok(()),
            other => unfit(action, &other),
        }
    }

    /// A call that has no store to be made on: an error, and neither a death nor a reply of the store that was.
    fn refused(&self) -> Judged {
        let action = Action::Call(Call::Get(Octets::from(KEYS[0])));
        match self.perform(&action) {
            Outcome::Reply(Reply::Error(_)) => Ok(()),
            Outcome::Reply(other) => {
                adapter(&action, &format!("no store is open, which is an `error`; it was answered {other}"))
            }
            outcome => adapter(&action, &format!("no store is open, which is an `error`; instead {outcome}")),
        }
    }

    /// The number of a write, which is larger than any before (PUT-3).
    fn write(&mut self, call: Call) -> Result<u64, Mistake> {
        let action = Action::Call(call);
        match self.reply(&action)? {
            Reply::Sequence(number) if number.0 > self.last => {
                self.last = number.0;
                Ok(number.0)
            }
            Reply::Sequence(number) => {
                engine(&action, &format!("a number above {} was expected, and {} came (PUT-3)", self.last, number.0))
            }
            other => unfit(&action, &other),
        }
    }

    fn expect(&self, call: Call, expected: &Reply) -> Judged {
        let action = Action::Call(call);
        let got = self.reply(&action)?;
        if got == *expected {
            return Ok(());
        }
        if std::mem::discriminant(&got) != std::mem::discriminant(expected) {
            return unfit(&action, &got);
        }
        let what = format!("{expected} was expected, and {got} came");
        match carried_badly(expected, &got) {
            Some(why) => adapter(&action, &format!("{what}: {why}")),
            None => engine(&action, &what),
        }
    }

    /// Whether nothing more comes from the host. What it says instead may be a late answer, and is noted.
    fn is_gone(&self, mistake: &mut Mistake) -> bool {
        let Some(process) = &self.process else { return true };
        let outcome = process.perform(&Action::Call(Call::CurrentSequence {}), self.patience);
        if let Outcome::ProtocolError(what) = &outcome
            && !mistake.what.contains(what)
        {
            mistake.whose = Whose::Adapter;
            mistake.what = format!("{}; then {outcome}", mistake.what);
        }
        !matches!(outcome, Outcome::Reply(_))
    }
}

fn adapter<T>(action: &Action, what: &str) -> Result<T, Mistake> {
    Err(Mistake { whose: Whose::Adapter, what: format!("{action}: {what}") })
}

fn engine<T>(action: &Action, what: &str) -> Result<T, Mistake> {
    Err(Mistake { whose: Whose::Engine, what: format!("{action}: {what}") })
}

fn unfit<T>(action: &Action, reply: &Reply) -> Result<T, Mistake> {
    adapter(action, &format!("{reply} is a reply to another call"))
}

/// What is no reply: the protocol is the adapter's, panics and deaths in a call are the engine's.
fn mistake(action: &Action, outcome: &Outcome) -> Mistake {
    let whose = match outcome {
        Outcome::ProtocolError(_) | Outcome::NotCarried(_) => Whose::Adapter,
        Outcome::Reply(_) | Outcome::Panicked { .. } | Outcome::Died(_) | Outcome::TimedOut(_) => Whose::Engine,
    };
    Mistake { whose, what: format!("{action}: {outcome}") }
}

/// Ways to be wrong that come of carrying alone.
fn carried_badly(expected: &Reply, got: &Reply) -> Option<&'static str> {
    match (expected, got) {
        (Reply::Value(Some(expected)), Reply::Value(Some(got))) => {
            let text = String::from_utf8_lossy(expected);
            (**got == *text.as_bytes()).then_some("octets were taken for text, and what is none was replaced")
        }
        (Reply::Rows(expected), Reply::Rows(got)) => {
            let base64 = |pair: &Pair| serde_json::to_string(&pair.0).unwrap_or_default();
            let mut by_text = expected.clone();
            by_text.sort_by_key(base64);
            (by_text == *got).then_some("keys are in the order of their base64; they are to be decoded first")
        }
        (Reply::Values(expected), Reply::Values(got)) => {
            let mut sorted = got.clone();
            sorted.sort();
            let mut right = expected.clone();
            right.sort();
            (sorted == right).then_some("the values are there, in another order than the keys that were asked for")
        }
        _ => None,
    }
}

fn before_open(talk: &mut Talk<'_>) -> Judged {
    talk.refused()
}

fn fresh(talk: &mut Talk<'_>) -> Judged {
    talk.done(&Action::Open {})?;
    let action = Action::Call(Call::CurrentSequence {});
    match talk.reply(&action)? {
        Reply::Sequence(number) => talk.last = number.0,
        other => return unfit(&action, &other),
    }
    talk.expect(Call::Get(Octets::from(KEYS[0])), &Reply::Value(None))?;
    talk.expect(scan(u64::MAX, true), &Reply::Rows(Vec::new()))
}

/// The pairs that are written: values of every octet, none at all, and text.
fn pairs() -> Vec<Pair> {
    let every: Vec<u8> = (0..=u8::MAX).collect();
    let values = [Octets::from(every), Octets::default(), Octets::text("1"), Octets::text("null")];
    KEYS.into_iter().map(Octets::from).zip(values).collect()
}

fn sorted() -> Vec<Pair> {
    let mut pairs = pairs();
    pairs.sort();
    pairs
}

fn scan(limit: u64, forward: bool) -> Call {
    Call::RangeScan(Range { start: Octets::default(), end: Octets::default(), limit: Decimal(limit), forward })
}

fn octets_come_back(talk: &mut Talk<'_>) -> Judged {
    talk.write(Call::PutBatch(pairs()))?;
    for (key, value) in pairs() {
        talk.expect(Call::Get(key), &Reply::Value(Some(value)))?;
    }
    let missing = Octets::text("missing");
    let mut keys: Vec<Octets> = pairs().into_iter().map(|(key, _)| key).rev().collect();
    let mut values: Vec<_> = pairs().into_iter().map(|(key, value)| (key, Some(value))).rev().collect();
    keys.insert(1, missing.clone());
    values.insert(1, (missing, None));
    talk.expect(Call::GetMany(keys), &Reply::Values(values))
}

fn scans(talk: &mut Talk<'_>) -> Judged {
    talk.expect(scan(u64::MAX, true), &Reply::Rows(sorted()))?;
    let last = sorted().into_iter().rev().take(2).collect();
    talk.expect(scan(2, false), &Reply::Rows(last))?;
    talk.expect(scan(0, true), &Reply::Rows(Vec::new()))
}

fn deletes(talk: &mut Talk<'_>) -> Judged {
    let key = Octets::from(KEYS[3]);
    talk.write(Call::DeleteBatch(vec![key.clone()]))?;
    talk.expect(Call::Get(key), &Reply::Value(None))
}

fn batch_log(talk: &mut Talk<'_>) -> Judged {
    let batch = vec![(Octets::text("logged"), Octets::text("yes"))];
    let number = talk.write(Call::PutBatch(batch.clone()))?;
    let number = Decimal(number);
    if !talk.hello.declarations.batch_log {
        // What a store without a log answers is the engine's; that it answers is looked at here.
        return talk.call(Call::GetBatch(number)).map(|_| ());
    }
    talk.expect(Call::GetBatch(number), &Reply::Batch(Some(batch)))?;
    let action = Action::Call(Call::PruneBatchLog(number));
    match talk.reply(&action)? {
        Reply::Removed(_) => {}
        other => return unfit(&action, &other),
    }
    talk.expect(Call::OldestRetainedBatch {}, &Reply::Oldest(Some(number)))?;
    talk.expect(Call::GetBatch(Decimal(u64::MAX)), &Reply::Batch(None))
}

fn many_at_once(talk: &mut Talk<'_>) -> Judged {
    let pair = |nth: usize| (Octets::text(&format!("many-{nth:02}")), Octets::text(&format!("value of {nth}")));
    talk.write(Call::PutBatch((0..MANY).map(pair).collect()))?;
    let asked = &*talk;
    let outcomes: Vec<Outcome> = std::thread::scope(|threads| {
        let calls: Vec<_> =
            (0..MANY).map(|nth| threads.spawn(move || asked.perform(&Action::Call(Call::Get(pair(nth).0))))).collect();
        let gone = |_| Outcome::ProtocolError("the caller panicked".to_owned());
        calls.into_iter().map(|call| call.join().unwrap_or_else(gone)).collect()
    });
    for (nth, outcome) in outcomes.iter().enumerate() {
        let (key, value) = pair(nth);
        let action = Action::Call(Call::Get(key));
        match outcome {
            Outcome::Reply(Reply::Value(Some(got))) if *got == value => {}
            Outcome::Reply(reply @ Reply::Value(Some(got))) if (0..MANY).any(|other| pair(other).1 == *got) => {
                let what =
                    format!("it was answered {reply}, which is another request's: an answer has the id of its request");
                return adapter(&action, &what);
            }
            Outcome::Reply(reply @ Reply::Value(_)) => {
                return engine(&action, &format!("{value} was expected, and {reply} came"));
            }
            Outcome::Reply(other) => return unfit(&action, other),
            outcome => return Err(mistake(&action, outcome)),
        }
    }
    Ok(())
}

fn long_line(talk: &mut Talk<'_>) -> Judged {
    let (key, value) = (Octets::text("long"), Octets::from(vec![0xa5; LONG]));
    talk.write(Call::PutBatch(vec![(key.clone(), value.clone())]))?;
    talk.expect(Call::Get(key), &Reply::Value(Some(value)))
}

fn open_again(talk: &mut Talk<'_>) -> Judged {
    match talk.perform(&Action::OpenAgain {}) {
        Outcome::Reply(Reply::Done {} | Reply::Error(_)) => {}
        Outcome::Reply(other) => return unfit(&Action::OpenAgain {}, &other),
        outcome => return Err(mistake(&Action::OpenAgain {}, &outcome)),
    }
    // Whatever became of the second, the first goes on.
    talk.expect(Call::Get(Octets::from(KEYS[2])), &Reply::Value(Some(Octets::text("1"))))
}

fn closes(talk: &mut Talk<'_>) -> Judged {
    talk.done(&Action::Close {})?;
    talk.refused()?;
    talk.done(&Action::Open {})?;
    if talk.hello.declarations.durability >= Durability::CleanClose {
        talk.expect(Call::Get(Octets::from(KEYS[2])), &Reply::Value(Some(Octets::text("1"))))?;
    }
    talk.done(&Action::Close {})
}

fn shuts_down(talk: &mut Talk<'_>) -> Judged {
    let Some(process) = talk.process.take() else { return Ok(()) };
    let (answer, end) = process.farewell(talk.patience);
    talk.output = process.output();
    let wrong = |what: String| Err(Mistake { whose: Whose::Adapter, what: format!("shutdown: {what}") });
    match (answer, end) {
        (Outcome::Reply(Reply::Done {}), Outcome::Died(how)) if how == ENDED => Ok(()),
        (Outcome::Reply(Reply::Done {}), end) => wrong(format!("answered, and then: {end}")),
        (answer, _) => wrong(format!("`done` was expected, and {answer} came")),
    }
}

/// How a process that ended in good order is described.
const ENDED: &str = "exited with code 0";

fn hangs_up(talk: &mut Talk<'_>) -> Judged {
    let wrong = |what: String| Err(Mistake { whose: Whose::Adapter, what: format!("the end of stdin: {what}") });
    match Process::start(talk.command, talk.dir, HANDSHAKE) {
        Err(error) => wrong(format!("the host did not start a second time: {error}")),
        Ok(process) => match process.hang_up(talk.patience) {
            Outcome::Died(how) if how == ENDED => Ok(()),
            end => wrong(end.to_string()),
        },
    }
}
