//! The family `wire`: what only a client of the published server can see, or sees otherwise than a caller of the trait.
//!
//! A check is a function that makes requests as a [`Witness`] and says what they should have come to. It has a store of
//! its own, behind a server of its own, or its part of a live endpoint.

mod batches;
mod prunes;
mod queries;
mod reductions;
mod restart;
mod subscriptions;
mod tokens;
mod writers;

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::client::EVICTED;
use super::connect::Server;
use super::endpoint::Part;
use super::server::Loopback;
use super::witness::{Over, Witness};
use super::{Door, PATIENCE};
use crate::call::Outcome;
use crate::engine::{Declarations, Durability, Engine, Frontier};
use crate::judged::Failure;
use crate::scenario::run::CaseResult;

/// One check of the family.
#[derive(Debug)]
pub struct WireCheck {
    /// Its name, after `wire/`.
    pub name: &'static str,
    /// What is shown.
    pub title: &'static str,
    /// The clauses that it covers, its subject first.
    pub clauses: &'static [&'static str],
    /// What it needs.
    needs: Need,
    /// What it does.
    run: fn(&mut Witness<'_>, &mut Again<'_>) -> Result<(), Over>,
}

/// Ends the server and starts it again.
type Again<'a> = dyn FnMut() -> io::Result<Server> + 'a;

/// What a check needs of an engine or of the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nothing but requests.
    Requests,
    /// A batch log.
    Log,
    /// A batch log that nobody else's batches are in.
    LogOfItsOwn,
    /// A server that can be ended and started again.
    Restart,
}

/// Every check of the family.
pub(crate) const CHECKS: &[WireCheck] = &[
    queries::GET,
    queries::GET_MANY,
    queries::RANGE,
    reductions::REDUCE,
    tokens::MIN_SEQUENCE,
    subscriptions::LIVE,
    subscriptions::FROM,
    subscriptions::REFUSED,
    subscriptions::PRUNED,
    subscriptions::STALLED,
    batches::BATCH,
    batches::INGEST,
    prunes::LOG,
    prunes::KEYS,
    writers::WRITERS,
    restart::RESTART,
];

/// The check of that name.
pub(crate) fn check(name: &str) -> Option<&'static WireCheck> {
    CHECKS.iter().find(|check| check.name == name)
}

/// A check to be made by a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its name.
    pub check: String,
}

/// Makes the check on a store in `dir`. What goes on is announced.
///
/// # Errors
/// When the harness itself cannot go on.
pub(crate) fn run(
    request: &Request,
    engine: &Engine,
    dir: &Path,
    announce: &mut dyn FnMut(&str),
) -> io::Result<CaseResult> {
    let check = check(&request.check)
        .ok_or_else(|| io::Error::other(format!("no check of the wire is called {:?}", request.check)))?;
    let door = engine.door().ok_or_else(|| io::Error::other("the engine is not reached over the wire"))?;
    let mut result = CaseResult::default();
    if let (Door::Endpoint { .. }, Need::LogOfItsOwn | Need::Restart) = (door, check.needs) {
        let why = "a batch log, or a server, of the check's own: the endpoint is shared".to_owned();
        result.not_carried.insert(why, 1);
        return Ok(result);
    }
    let declared = engine.declarations();
    announce("starting the server");
    let mut loopback = None;
    let (server, part) = match enter(door, declared, dir, &mut loopback) {
        Ok(entered) => entered,
        Err(message) => {
            result.failures.push(Failure::of_start(message));
            return Ok(result);
        }
    };
    let prefix = part.as_ref().map(|part| part.prefix.clone()).unwrap_or_default();
    let mut witness = Witness::new(server, declared, prefix, announce);
    let mut again = || restart(door, declared, dir, &mut loopback);
    let logless = check.needs != Need::Requests && !declared.batch_log;
    // How it ended is in the failures.
    let _ = if logless { without_log(&mut witness) } else { (check.run)(&mut witness, &mut again) };
    if logless {
        result.refusal = Some("no batch log is declared: a client must be told so (LOG-8)".to_owned());
    } else if check.needs == Need::Restart && declared.durability == Durability::Volatile {
        result.refusal = Some("volatile: after a restart the store must work, whatever it holds".to_owned());
    }
    (result.calls, result.failures) = (witness.calls, witness.failures);
    if let Some(part) = part {
        part.leave(&witness.server);
    }
    if let Some(loopback) = loopback
        && let Err(how) = loopback.close()
        && result.failures.is_empty()
    {
        result.failures.push(Failure::of_start(format!("told to end, the server {how}")));
    }
    Ok(result)
}

/// The server, and the part of it that is this store's, where it is not all of it.
fn enter(
    door: &Door,
    declared: Declarations,
    dir: &Path,
    loopback: &mut Option<Loopback>,
) -> Result<(Server, Option<Part>), String> {
    match door {
        Door::Loopback { server, host } => {
            let started = Loopback::start(server, host, dir)?;
            let server = Server::new(started.address(), PATIENCE);
            *loopback = Some(started);
            Ok((server, None))
        }
        Door::Endpoint { url, namespace } => {
            let server = Server::new(url, PATIENCE);
            let lagging = declared.frontier == Frontier::Lagging;
            let part = Part::take(&server, namespace, lagging).map_err(|trouble| trouble.to_string())?;
            Ok((server, Some(part)))
        }
    }
}

/// Ends the server, and starts one for the same store.
fn restart(door: &Door, declared: Declarations, dir: &Path, loopback: &mut Option<Loopback>) -> io::Result<Server> {
    if let Some(running) = loopback.take() {
        running.close().map_err(|how| io::Error::other(format!("told to end, the server {how}")))?;
    }
    enter(door, declared, dir, loopback).map(|(server, _)| server).map_err(io::Error::other)
}

/// What a client is told by an engine that keeps no log.
fn without_log(witness: &mut Witness<'_>) -> Result<(), Over> {
    let number = witness.put(&[witness.entry(b"a", b"1")])?;
    witness.settle(number)?;
    match witness.batch(number)? {
        Err(refusal) if refusal.reason() == EVICTED && refusal.number(super::client::OLDEST).is_none() => Ok(()),
        Err(refusal) => Err(witness.fail(&["LOG-8"], format!("{EVICTED}, nothing retained"), refusal.to_string())),
        Ok(_) => Err(witness.fail(&["LOG-8"], format!("{EVICTED}, nothing retained"), "a batch")),
    }
}

impl Failure {
    /// A server that does not start, or does not end.
    fn of_start(message: String) -> Self {
        use crate::contract::Level;
        use crate::finding::Finding;
        let got = Outcome::Died(message).to_string();
        Self {
            finding: Finding::new(Level::Must, &["GEN-12"], "the server starts and ends with the store", got),
            place: "at the server".to_owned(),
            line: 0,
            action: "open".to_owned(),
            trace: Vec::new(),
            details: String::new(),
            proof: None,
        }
    }
}
