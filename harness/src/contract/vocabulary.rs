//! The closed vocabularies of the contract: levels, conditions, sources, families and guarantees. Each variant has
//! one spelling, the same in YAML, JSON, the command line and reports; what it means to readers stands in
//! `contract.yaml`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Declarations, Durability, Frontier, Target};

/// An enum whose variants each have one written form, shared by serde, `Display` and `as_str`.
macro_rules! vocabulary {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every variant, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The written form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

vocabulary! {
    /// How binding a rule is. The order is from the strongest down, so the least level is the one that counts.
    Level {
        /// A violation makes an engine non-conformant.
        Must = "MUST",
        /// The published server breaks without it; demanded by the target `served`.
        Served = "SERVED",
        /// A deviation is a note.
        Should = "SHOULD",
        /// Several outcomes are allowed, and the engine's is observed.
        Open = "OPEN",
        /// Measured and reported as a guarantee.
        Graded = "GRADED",
    }
}

vocabulary! {
    /// Which engines a rule binds, as a matter of what they declare.
    #[derive(Default)]
    Condition {
        /// Every engine.
        #[default]
        Always = "always",
        /// Engines with a batch log.
        Log = "log",
        /// Engines without a batch log.
        NoLog = "no-log",
        /// Engines of any durability class but volatile.
        Persistent = "persistent",
        /// Engines of the class process-crash or above.
        ProcessCrash = "process-crash",
        /// Engines of the class power-loss.
        PowerLoss = "power-loss",
        /// Engines of any class below power-loss.
        BelowPowerLoss = "below-power-loss",
        /// Engines with an immediate frontier.
        Immediate = "immediate",
        /// Engines with a lagging frontier.
        Lagging = "lagging",
    }
}

vocabulary! {
    /// Where a clause comes from.
    Source {
        /// The trait's documentation.
        Documentation = "D",
        /// The service's protocol text.
        Protocol = "W",
        /// What the published server needs.
        Server = "S",
        /// An upstream test.
        Test = "T",
        /// A later upstream version.
        Later = "H",
        /// Measurement.
        Measured = "M",
        /// Our ruling.
        Ruling = "R",
    }
}

vocabulary! {
    /// What kind of check something is: how it produces calls and what it does to the engine meanwhile.
    Family {
        /// Calls in a row, written as a file.
        Scenario = "scenario",
        /// Random programs of one client.
        Property = "property",
        /// Many clients at once.
        Stress = "stress",
        /// The engine's process is killed.
        Crash = "crash",
        /// The disk forgets what was not synced.
        PowerLoss = "power-loss",
        /// The operating system reports errors.
        Fault = "fault",
        /// A closed store's octets are changed.
        Rot = "rot",
        /// Through a real server.
        Wire = "wire",
    }
}

vocabulary! {
    /// A property of an engine that is measured rather than demanded, or demanded and worth a line of its own.
    Guarantee {
        /// Whether a scan shows one instant.
        ScanIsolation = "scan-isolation",
        /// Whether `get_many` shows one instant.
        GetManyIsolation = "get-many-isolation",
        /// What survives which crash.
        Durability = "durability",
        /// Whether numbers have holes.
        SequenceContiguity = "sequence-contiguity",
        /// Whether silent corruption is noticed.
        CorruptionDetection = "corruption-detection",
    }
}

impl Family {
    /// The family of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|family| family.as_str() == name)
    }
}

impl Level {
    /// Whether an engine that breaks a rule of this level misses the target.
    #[must_use]
    pub const fn binds(self, target: Target) -> bool {
        match self {
            Self::Must => true,
            Self::Served => matches!(target, Target::Served),
            Self::Should | Self::Open | Self::Graded => false,
        }
    }
}

impl Condition {
    /// Whether an engine that declares this is meant.
    #[must_use]
    pub fn applies_to(self, declarations: &Declarations) -> bool {
        let Declarations { batch_log, durability, frontier } = *declarations;
        match self {
            Self::Always => true,
            Self::Log => batch_log,
            Self::NoLog => !batch_log,
            Self::Persistent => durability > Durability::Volatile,
            Self::ProcessCrash => durability >= Durability::ProcessCrash,
            Self::PowerLoss => durability >= Durability::PowerLoss,
            Self::BelowPowerLoss => durability < Durability::PowerLoss,
            Self::Immediate => frontier == Frontier::Immediate,
            Self::Lagging => frontier == Frontier::Lagging,
        }
    }
}
