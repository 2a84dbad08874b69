//! What is judged: the [`StoreEngine`] trait, and [`Engine`], which names an implementation, says what it declares
//! and knows how to open one in a directory.
//!
//! The trait is signature for signature the published `exoware_server::StoreEngine` of version 2026.4.1, so that an
//! engine written for one fits the other with a one-line adapter. Its documentation here is the contract's, in our
//! words: ids such as `PUT-1` are clauses of `CONTRACT.md`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::contract::Family;
use crate::protocol::{Hello, HostCommand, Hosted};
use serde::{Deserialize, Serialize};

/// Eight calls behind which a storage engine lives, and a ninth (`get_many`) that is provided.
///
/// An engine is shared: any number of threads call any methods at once through one `Arc` (GEN-1), every call ends
/// (GEN-2), and methods are called from plain threads and from Tokio worker threads alike (GEN-3). No argument value
/// may make a method panic, abort or allocate in proportion to a number passed to it (GEN-4).
///
/// Keys are opaque octet strings, ordered as unsigned octets with a prefix before its extensions. Writes, that is
/// `put_batch` and `delete_batch`, share one series of sequence numbers.
pub trait StoreEngine: Send + Sync + 'static {
    /// Stores all pairs at once and returns the sequence number of this write.
    ///
    /// When a key stands in the list more than once its last pair wins (PUT-1), while the batch log keeps the list as
    /// it was passed (LOG-1). The number is greater than that of every write that completed before (PUT-3), and when
    /// the call returns the write is visible to every reader (PUT-7, ISO-1).
    ///
    /// Keys of 0 to 254 octets and values of 0 octets to 10 MiB are always accepted (PUT-11).
    ///
    /// # Errors
    /// A message for a person. The write then has one of three outcomes: nothing happened, the whole batch is there
    /// with its own number, or only the number was consumed (PUT-8); never a part of it. A rejected argument consumes
    /// nothing (PUT-10).
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String>;

    /// The newest value of `key`, or `None` when it was never written or its newest write is a delete (GET-1).
    ///
    /// An empty value is `Some(vec![])` (GET-2).
    ///
    /// # Errors
    /// When storage fails (GEN-5). For keys longer than the engine stores an error is tolerated, `None` preferred
    /// (GET-3).
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String>;

    /// The pairs whose keys lie in `[start, end]`, both ends inclusive, at one instant (SCAN-1, ISO-3).
    ///
    /// An empty `end` means no upper bound, in both directions (SCAN-3). Rows ascend when `forward`, and descend
    /// otherwise (SCAN-2); `limit` rows at most, the first ones in the direction of travel (SCAN-4). `limit` 0 and
    /// `start > end` give no rows (SCAN-5, SCAN-7); fewer rows than `limit` means there are no more (SCAN-9).
    ///
    /// # Errors
    /// When storage fails (GEN-5). For bounds over 254 octets an error is tolerated (SCAN-11).
    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String>;

    /// One entry per input key, in input order, repeats kept, each with the key and what `get` answers (MANY-1,
    /// MANY-2).
    ///
    /// The provided body is a loop over [`get`](Self::get); an override must not be told from it when no call is
    /// running beside it.
    ///
    /// # Errors
    /// When storage fails for any of the keys (MANY-5).
    #[expect(clippy::type_complexity, reason = "signature for signature the published trait")]
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        keys.iter().map(|key| Ok((key.to_vec(), self.get(key)?))).collect()
    }

    /// Removes all `keys` at once and returns the sequence number of this write (DEL-1, DEL-2).
    ///
    /// Missing and repeated keys are no error and take a number like any other (DEL-3). In the batch log a delete is
    /// an entry without pairs (DEL-4).
    ///
    /// # Errors
    /// As for [`put_batch`](Self::put_batch).
    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String>;

    /// The number up to which every write is visible to readers (SEQ-2); it never decreases (SEQ-1).
    ///
    /// With no write in progress and none failed it is the highest number acknowledged (SEQ-4). It is asked for with
    /// every request, so it should neither block nor search (SEQ-7).
    fn current_sequence(&self) -> u64;

    /// The pairs passed to the `put_batch` that was given `sequence_number`, as they were passed (LOG-1).
    ///
    /// `None` when the number was never assigned, not yet assigned or pruned (LOG-3). An engine without a batch log
    /// answers `None` for every number (LOG-8).
    ///
    /// # Errors
    /// When storage fails (GEN-5).
    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String>;

    /// The least number for which [`get_batch`](Self::get_batch) has an entry, `None` when there is none (OLD-1).
    ///
    /// # Errors
    /// When storage fails (GEN-5).
    fn oldest_retained_batch(&self) -> Result<Option<u64>, String>;

    /// Removes the batch-log entries with numbers below `cutoff_exclusive` and returns how many it removed (PRN-1,
    /// PRN-2).
    ///
    /// It touches neither State nor numbering (PRN-5), says nothing about entries written later (PRN-4), and is
    /// idempotent (PRN-3). Nothing else removes entries (LOG-9).
    ///
    /// # Errors
    /// When storage fails (GEN-5).
    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String>;
}

/// How much an engine promises to keep, from nothing to everything acknowledged. Each class includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Data live as long as the process does.
    Volatile,
    /// Data survive a drop and a reopen (DUR-1).
    CleanClose,
    /// Acknowledged writes survive SIGKILL at any instant (DUR-2).
    ProcessCrash,
    /// Acknowledged writes survive the loss of everything that was not synced (DUR-3).
    PowerLoss,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volatile => "volatile",
            Self::CleanClose => "clean-close",
            Self::ProcessCrash => "process-crash",
            Self::PowerLoss => "power-loss",
        })
    }
}

/// Whether `current_sequence` covers a write as soon as the write returns (PUT-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Frontier {
    /// When a write returns `n`, `current_sequence` is at least `n` on every thread.
    Immediate,
    /// `current_sequence` follows in finite time; data are readable at once all the same.
    Lagging,
}

impl fmt::Display for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Immediate => "immediate",
            Self::Lagging => "lagging",
        })
    }
}

/// The three things that an engine declares. Everything else is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Declarations {
    /// Whether the engine keeps a batch log; exact in both directions (LOG-8).
    pub batch_log: bool,
    /// The durability class it promises. Promising too much fails, too little is a note.
    pub durability: Durability,
    /// Whether `current_sequence` may trail the acknowledgement of a write (PUT-7).
    pub frontier: Frontier,
}

/// How one engine is opened: a directory in, a running engine or a message out.
type Open = dyn Fn(&Path) -> Result<Arc<dyn StoreEngine>, String> + Send + Sync;

/// An engine as the suite sees it: its name and version, its declarations, and how to open it in a directory.
///
/// ```
/// # use storecheck::{Bytes, StoreEngine};
/// # struct MyEngine;
/// # impl MyEngine { fn open(_: &std::path::Path) -> Result<Self, String> { Ok(Self) } }
/// # impl StoreEngine for MyEngine {
/// #     fn put_batch(&self, _: &[(Bytes, Bytes)]) -> Result<u64, String> { Ok(1) }
/// #     fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, String> { Ok(None) }
/// #     fn range_scan(&self, _: &[u8], _: &[u8], _: usize, _: bool) -> Result<Vec<(Bytes, Bytes)>, String> { Ok(vec![]) }
/// #     fn delete_batch(&self, _: &[&[u8]]) -> Result<u64, String> { Ok(1) }
/// #     fn current_sequence(&self) -> u64 { 0 }
/// #     fn get_batch(&self, _: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> { Ok(None) }
/// #     fn oldest_retained_batch(&self) -> Result<Option<u64>, String> { Ok(None) }
/// #     fn prune_batch_log(&self, _: u64) -> Result<u64, String> { Ok(0) }
/// # }
/// let engine = storecheck::Engine::new("my-engine", |dir: &std::path::Path| MyEngine::open(dir))
///     .version("1.2.0")
///     .batch_log(true)
///     .durability(storecheck::Durability::PowerLoss);
/// assert_eq!(engine.name(), "my-engine");
/// ```
#[derive(Clone)]
pub struct Engine {
    name: String,
    version: String,
    language: String,
    declarations: Declarations,
    open: Arc<Open>,
    others: Vec<(Durability, Arc<Open>)>,
    host: Option<HostCommand>,
    #[cfg(feature = "wire")]
    door: Option<crate::wire::Door>,
}

impl Engine {
    /// An engine named `name` that `open` opens in a directory.
    ///
    /// The harness makes the directory, empty the first time. `open` being called again with the same directory after
    /// the engine was dropped is a *reopen*. Until told otherwise the engine declares no batch log, volatile data and
    /// an immediate frontier.
    pub fn new<E, F>(name: impl Into<String>, open: F) -> Self
    where
        E: StoreEngine,
        F: Fn(&Path) -> Result<E, String> + Send + Sync + 'static,
    {
        Self {
            name: name.into(),
            version: String::new(),
            language: String::new(),
            declarations: Declarations {
                batch_log: false,
                durability: Durability::Volatile,
                frontier: Frontier::Immediate,
            },
            open: opener(open),
            others: Vec::new(),
            host: None,
            #[cfg(feature = "wire")]
            door: None,
        }
    }

    /// The engine that hosts started by `command` serve, as one of them says.
    #[must_use]
    pub fn hosted(command: HostCommand, hello: &Hello) -> Self {
        let starts = command.clone();
        let open = move |dir: &Path| Hosted::open(&starts, dir);
        Self {
            version: hello.version.clone(),
            language: hello.language.clone(),
            declarations: hello.declarations,
            host: Some(command),
            ..Self::new(hello.engine.clone(), open)
        }
    }

    /// The command that starts a host for it, if it lives in a process of its own.
    #[must_use]
    pub fn host_command(&self) -> Option<&HostCommand> {
        self.host.as_ref()
    }

    /// Says that the engine is reached over the wire.
    #[cfg(feature = "wire")]
    #[must_use]
    pub(crate) fn through(mut self, door: crate::wire::Door) -> Self {
        self.door = Some(door);
        self
    }

    /// How it is reached over the wire, if it is.
    #[cfg(feature = "wire")]
    #[must_use]
    pub fn door(&self) -> Option<&crate::wire::Door> {
        self.door.as_ref()
    }

    /// States the engine's version, for reports.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Declares whether the engine keeps a batch log (LOG-8).
    #[must_use]
    pub fn batch_log(mut self, kept: bool) -> Self {
        self.declarations.batch_log = kept;
        self
    }

    /// Declares the durability class (DUR-1 to DUR-6).
    #[must_use]
    pub fn durability(mut self, class: Durability) -> Self {
        self.declarations.durability = class;
        self
    }

    /// Declares whether `current_sequence` may trail acknowledgements (PUT-7).
    #[must_use]
    pub fn frontier(mut self, frontier: Frontier) -> Self {
        self.declarations.frontier = frontier;
        self
    }

    /// Says that the engine can also be opened so that it keeps `class`: the same store, more or less of it safe when a
    /// write returns. Known as `name@class` on the command line, and compared with its likes in benchmarks.
    #[must_use]
    pub fn also<E, F>(mut self, class: Durability, open: F) -> Self
    where
        E: StoreEngine,
        F: Fn(&Path) -> Result<E, String> + Send + Sync + 'static,
    {
        self.others.push((class, opener(open)));
        self
    }

    /// The engine as it keeps `class`: itself when it declares that, another way of opening it when there is one.
    #[must_use]
    pub fn keeping(&self, class: Durability) -> Option<Self> {
        if self.declarations.durability == class {
            return Some(self.clone());
        }
        let (_, open) = self.others.iter().find(|(other, _)| *other == class)?;
        let mut engine = Self { open: Arc::clone(open), others: Vec::new(), ..self.clone() };
        engine.declarations.durability = class;
        engine.name = format!("{}@{class}", self.name);
        Some(engine)
    }

    /// The classes beside the declared one that it can be opened for.
    pub fn other_classes(&self) -> impl Iterator<Item = Durability> + '_ {
        self.others.iter().map(|(class, _)| *class)
    }

    /// The engine's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The engine's version; empty when it states none.
    #[must_use]
    pub fn version_text(&self) -> &str {
        &self.version
    }

    /// The language that the host of an engine in a process of its own states; empty for others.
    #[must_use]
    pub fn language_text(&self) -> &str {
        &self.language
    }

    /// What the engine declares.
    #[must_use]
    pub fn declarations(&self) -> Declarations {
        self.declarations
    }

    /// Opens the engine in `dir`, which exists.
    ///
    /// # Errors
    /// Whatever the engine's own `open` says.
    pub fn open(&self, dir: &Path) -> Result<Arc<dyn StoreEngine>, String> {
        (self.open)(dir)
    }

    /// The same engine under another name.
    #[must_use]
    pub fn renamed(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

fn opener<E, F>(open: F) -> Arc<Open>
where
    E: StoreEngine,
    F: Fn(&Path) -> Result<E, String> + Send + Sync + 'static,
{
    Arc::new(move |dir: &Path| Ok(Arc::new(open(dir)?) as Arc<dyn StoreEngine>))
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("declarations", &self.declarations)
            .finish_non_exhaustive()
    }
}

/// A deliberately broken engine, as the suite's own tests see it: what it breaks and how to open it.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The engine, named as the mutant.
    pub engine: Engine,
    /// What is wrong with it, in one line.
    pub line: &'static str,
    /// The clauses it breaks. Only a failure reported for one of them counts as a kill.
    pub breaks: &'static [&'static str],
    /// Whether it also endangers the process that runs it (panics, hangs, aborts, eats memory, ...).
    pub hostile: bool,
    /// Whether it is right as long as one client calls it.
    pub concurrent: bool,
    /// The family that must find it alone, for one that is right until its process dies or its disk fails.
    pub family: Option<Family>,
    /// Why no client of the published server can see what is wrong with it, if none can.
    pub beyond_the_wire: Option<&'static str>,
}

impl Mutant {
    /// A mutant that any family may find, one client at a time, and that does its process no harm.
    #[must_use]
    pub fn new(engine: Engine, line: &'static str, breaks: &'static [&'static str]) -> Self {
        Self { engine, line, breaks, hostile: false, concurrent: false, family: None, beyond_the_wire: None }
    }
}

/// A deliberately odd but legal engine: it must conform at its target.
#[derive(Debug, Clone)]
pub struct Eccentric {
    /// The engine, named as the eccentric.
    pub engine: Engine,
    /// What is odd about it, and which clause allows it, in one line.
    pub line: &'static str,
    /// The target it conforms to.
    pub target: Target,
}

/// What an engine is asked to conform to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Every MUST rule.
    Trait,
    /// Every MUST and every SERVED rule: what the published server needs.
    Served,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trait => "trait",
            Self::Served => "served",
        })
    }
}

impl std::str::FromStr for Target {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Trait, Self::Served].into_iter().find(|target| target.to_string() == text).ok_or(())
    }
}
