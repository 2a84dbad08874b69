//! How the themes declare their engines, so that each says only what is special about it.

use storecheck::{Eccentric, Engine, Target};

use crate::oddity::{Odd, Oddity};

/// An engine that keeps a batch log and forgets everything when it is dropped.
pub(crate) fn volatile<T: Oddity>(name: &str, open: impl Fn() -> T + Send + Sync + 'static) -> Engine {
    Engine::new(name, move |_| Ok(Odd(open()))).version(env!("CARGO_PKG_VERSION")).batch_log(true)
}

/// An oddity that the published server can live with.
pub(crate) fn served(engine: Engine, line: &'static str) -> Eccentric {
    Eccentric { engine, line, target: Target::Served }
}

/// An oddity that only the trait allows.
pub(crate) fn trait_only(engine: Engine, line: &'static str) -> Eccentric {
    Eccentric { engine, line, target: Target::Trait }
}
