//! Engines over the wire by name: `wire:NAME` for any engine behind the published server, `exoware:URL` for a live
//! endpoint, and `exoware:URL#NAMESPACE` for one that others use. What an endpoint declares, which it cannot be asked, is
//! the URL's query: `exoware:URL?frontier=lagging&batch_log=false`.

use super::engines::{self, Found};
use super::exit::Exit;
use super::{Failure, ProcessEngine, Registry};
use crate::engine::{Declarations, Frontier};
use crate::wire::{self, Door};

/// What the name of an engine behind a server of ours starts with.
const WIRE: &str = "wire:";
/// What the name of a live endpoint starts with.
const ENDPOINT: &str = "exoware:";

/// The version of the server and of its protocol.
const VERSION: &str = "2026.4.1";

/// Whether `spec` names an engine over the wire.
pub(super) fn is_wired(spec: &str) -> bool {
    spec.starts_with(WIRE) || spec.starts_with(ENDPOINT)
}

/// The engine over the wire called `spec`, as a worker finds it: what is to be built or asked was before.
pub(super) fn find(registry: &Registry, spec: &str) -> Option<Found> {
    if let Some(name) = spec.strip_prefix(WIRE) {
        let server = registry.server.as_ref()?;
        return behind(server, &engines::find(registry, name)?).ok();
    }
    let Address { url, namespace, declared } = address(spec).ok()?;
    Some(endpoint(Door::Endpoint { url: url.to_owned(), namespace: namespace.to_owned() }, spec, declared))
}

/// The same for a run: builds the server, or asks the endpoint what it is and whether it is free.
pub(super) fn resolve(registry: &Registry, spec: &str) -> Result<Found, Failure> {
    if let Some(name) = spec.strip_prefix(WIRE) {
        if is_wired(name) {
            return Err(Failure::usage(format!("{name:?} is reached over the wire already")));
        }
        let found = engines::resolve(registry, name)?;
        let Some(server) = &registry.server else {
            return Err(Failure::usage(format!(
                "this build has no server to put {name} behind; `exoware:http://HOST:PORT` drives one that runs"
            )));
        };
        engines::build(server)?;
        return behind(server, &found)
            .map_err(|error| Failure::new(Exit::CannotStart, format!("{spec}: where is this program? {error}")));
    }
    let Address { url, namespace, declared } =
        address(spec).map_err(|wrong| Failure::usage(format!("{spec:?}: {wrong}")))?;
    if !url.starts_with("http://") {
        return Err(Failure::usage(format!(
            "{spec:?}: an endpoint is `exoware:http://HOST:PORT`; behind TLS, name a local proxy"
        )));
    }
    let door = wire::claim(url, namespace).map_err(|message| Failure::new(Exit::CannotStart, message))?;
    Ok(endpoint(door, spec, declared))
}

/// Builds the server that engines are put behind.
pub(super) fn build(registry: &Registry) -> Result<(), Failure> {
    let none = || Failure::usage("this build has no server to put engines behind");
    engines::build(registry.server.as_ref().ok_or_else(none)?)
}

/// What the name of an endpoint says.
struct Address<'a> {
    url: &'a str,
    namespace: &'a str,
    declared: Declarations,
}

/// Reads `exoware:URL?NAME=VALUE&…#NAMESPACE`.
fn address(spec: &str) -> Result<Address<'_>, String> {
    let text = spec.strip_prefix(ENDPOINT).unwrap_or(spec);
    let (text, namespace) = text.split_once('#').unwrap_or((text, ""));
    let (url, query) = text.split_once('?').unwrap_or((text, ""));
    let mut declared = wire::declared();
    for one in query.split('&').filter(|one| !one.is_empty()) {
        match one {
            "frontier=immediate" => declared.frontier = Frontier::Immediate,
            "frontier=lagging" => declared.frontier = Frontier::Lagging,
            "batch_log=true" => declared.batch_log = true,
            "batch_log=false" => declared.batch_log = false,
            _ => {
                return Err(format!(
                    "{one:?} is nothing that an endpoint declares; `frontier=lagging` and `batch_log=false` are, of \
                     what differs from what is taken for granted"
                ));
            }
        }
    }
    Ok(Address { url, namespace, declared })
}

fn behind(server: &ProcessEngine, found: &Found) -> std::io::Result<Found> {
    let spec = format!("{WIRE}{}", found.spec);
    let door = Door::loopback(&server.command, &found.engine, &found.spec)?;
    let engine = door.engine(&spec, found.engine.version_text(), found.engine.declarations());
    Ok(Found { engine, spec })
}

fn endpoint(door: Door, spec: &str, declared: Declarations) -> Found {
    Found { engine: door.engine(spec, VERSION, declared), spec: spec.to_owned() }
}
