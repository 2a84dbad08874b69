//! The contract as data: every clause with its level, its text, where it comes from and what can show it broken.
//!
//! The source is `contract.yaml` beside the manifest. Checks name clauses by [`ClauseId`], verdicts look up their
//! [`Level`] here, and `CONTRACT.md` is rendered from it ([`markdown`]). Ids are validated without reading the YAML,
//! so a worker process that only passes ids on never pays for the parse; [`Contract::get`] does it once, when texts or
//! levels are first asked for.

mod id;
mod markdown;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

pub use id::{ClauseId, UnknownClause};
pub use markdown::markdown;
pub use vocabulary::{Condition, Family, Guarantee, Level, Source};

use crate::Declarations;

/// The file all of this comes from.
const YAML: &str = include_str!("../contract.yaml");

/// The whole contract, in the order in which people read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What it is the contract of, with the version of the trait.
    #[serde(rename = "contract")]
    pub name: String,
    /// The version of the file's shape.
    pub format: u32,
    /// What the document is, in a paragraph.
    pub intro: String,
    /// What each level means.
    pub levels: Vec<Meaning<Level>>,
    /// What an engine declares.
    pub declarations: DeclarationGuide,
    /// Which engines each condition singles out.
    pub conditions: Vec<Meaning<Condition>>,
    /// Words that the clauses use in one sense only.
    pub terms: Vec<Term>,
    /// Where clauses come from.
    pub sources: Vec<Meaning<Source>>,
    /// What each family of checks does.
    pub families: Vec<Meaning<Family>>,
    /// The clauses by area.
    pub areas: Vec<Area>,
}

/// One word of a closed vocabulary with its meaning.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meaning<T> {
    /// The word.
    pub id: T,
    /// What it means.
    pub text: String,
}

/// What an engine declares, for readers; the type that carries it is [`Declarations`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclarationGuide {
    /// What declaring means.
    pub intro: String,
    /// The declarations one by one.
    pub entries: Vec<DeclarationEntry>,
}

/// One of the things an engine declares.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclarationEntry {
    /// Its name, as reports and the engine protocol spell it.
    pub name: String,
    /// The values it takes.
    pub values: Vec<String>,
    /// What it says about the engine.
    pub text: String,
}

/// A word that the clauses use in one sense only.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The word.
    pub name: String,
    /// Its sense.
    pub text: String,
}

/// The clauses about one method or subject.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// A short name, as folders of scenarios carry it.
    pub id: String,
    /// The heading.
    pub title: String,
    /// What has to be known before the clauses are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intro: Option<String>,
    /// The clauses in order.
    pub clauses: Vec<Clause>,
}

/// One numbered clause.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The id that everything cites.
    pub id: ClauseId,
    /// A few words, for tables.
    pub title: String,
    /// What it demands; more than one rule where that depends on the engine or differs between parts.
    pub rules: Vec<Rule>,
    /// Where it comes from.
    pub source: Vec<Source>,
    /// Why it is so, or what one needs to know beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The families of checks that can show a violation.
    pub shown_by: Vec<Family>,
    /// The guarantee that is graded by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guarantee: Option<Guarantee>,
}

/// One demand of a clause.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How binding it is.
    pub level: Level,
    /// Which part of the clause it is, where several rules bind the same engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Which engines it binds.
    #[serde(default)]
    pub when: Condition,
    /// The demand.
    pub text: String,
}

impl Contract {
    /// The contract this build tests, read from the embedded YAML on first use.
    pub fn get() -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| serde_yaml::from_str(YAML).expect("contract.yaml is part of the build and tested"))
    }

    /// A digest of the text, for the provenance of reports: two reports with the same one were judged by the same
    /// clauses. Needs no parse.
    #[must_use]
    pub fn hash() -> String {
        format!("{:016x}", fnv1a(YAML.as_bytes()))
    }

    /// All clauses in order.
    pub fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.areas.iter().flat_map(|area| &area.clauses)
    }

    /// The clause with this id.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses().find(|clause| clause.id.as_str() == id)
    }

    /// The area that holds the clause with this id.
    #[must_use]
    pub fn area_of(&self, id: &str) -> Option<&Area> {
        self.areas.iter().find(|area| area.clauses.iter().any(|clause| clause.id.as_str() == id))
    }

    /// The ids most like `id`, for messages about one that does not exist; empty when nothing is close.
    #[must_use]
    pub fn nearest(&self, id: &str) -> Vec<&str> {
        id::nearest(id)
    }
}

impl Clause {
    /// The rules that bind an engine with these declarations.
    pub fn rules_for(&self, declarations: &Declarations) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.when.applies_to(declarations))
    }

    /// The strongest level among the rules that bind an engine with these declarations; `None` when none does.
    #[must_use]
    pub fn level_for(&self, declarations: &Declarations) -> Option<Level> {
        self.rules_for(declarations).map(|rule| rule.level).min()
    }

    /// The level of one part of the clause; a rule without a part speaks for every part.
    #[must_use]
    pub fn level_of_part(&self, part: &str, declarations: &Declarations) -> Option<Level> {
        self.rules_for(declarations)
            .filter(|rule| rule.part.as_deref().is_none_or(|own| own == part))
            .map(|rule| rule.level)
            .min()
    }
}

/// FNV-1a, 64 bits: stable across versions of the standard library, whose own hashers are not.
fn fnv1a(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}
