//! The suite's own scenarios, compiled into the library.

use std::sync::OnceLock;

use super::case::Case;
use super::load::{self, LoadError};
use crate::octets::fnv64;

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// The files, as paths below the scenarios' folder, with their text; sorted.
#[must_use]
pub fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// A digest of all files: two suites with the same one are the same suite.
#[must_use]
pub fn digest() -> &'static str {
    static DIGEST: OnceLock<String> = OnceLock::new();
    DIGEST.get_or_init(|| {
        let digests = FILES.iter().map(|(file, text)| fnv64(file.as_bytes()) ^ fnv64(text.as_bytes()).rotate_left(17));
        let whole: Vec<u8> = digests.flat_map(u64::to_le_bytes).collect();
        format!("{:016x}", fnv64(&whole))
    })
}

/// All cases, in order of their files.
///
/// # Errors
/// The first mistake in each file; the workspace's tests see to it that there is none.
pub fn cases() -> Result<Vec<Case>, Vec<LoadError>> {
    let (mut cases, mut errors) = (Vec::new(), Vec::new());
    for (file, text) in FILES {
        match load::load_text(file, text) {
            Ok(more) => cases.extend(more.into_iter().map(placed)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(cases) } else { Err(errors) }
}

/// The case with this very id; only its own file is read.
#[must_use]
pub fn case(id: &str) -> Option<Case> {
    let scenario = id.split('#').next()?;
    let (file, text) = FILES.iter().find(|(file, _)| file.strip_suffix(".yaml") == Some(scenario))?;
    load::load_text(file, text).ok()?.into_iter().find(|case| case.id == id).map(placed)
}

/// The case with its file as seen from the workspace's root.
fn placed(case: Case) -> Case {
    Case { file: format!("scenarios/{}", case.file), ..case }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::contract::{ClauseId, Contract, Family};
    use crate::suite::Check;

    #[test]
    fn the_suite_is_whole() {
        let cases =
            cases().unwrap_or_else(|errors| panic!("{}", errors.iter().map(ToString::to_string).collect::<String>()));
        assert!(load::duplicates(&cases).is_empty());
        let scenarios: BTreeSet<&str> = cases.iter().map(Case::scenario).collect();
        assert!(scenarios.len() >= 120 && cases.len() >= 600, "{} scenarios, {} cases", scenarios.len(), cases.len());
        let covered: BTreeSet<_> = cases.into_iter().flat_map(|case| Check::of_case(case).clauses).collect();
        let shown = Contract::get().clauses().filter(|clause| clause.shown_by.contains(&Family::Scenario));
        // LOG-8 is shown by every scenario of the log, run on an engine that declares none.
        let by_refusal = ClauseId::new("LOG-8");
        let missing: Vec<_> =
            shown.map(|clause| clause.id).filter(|id| *id != by_refusal && !covered.contains(id)).collect();
        assert!(missing.is_empty(), "no scenario covers {missing:?}");
    }

    #[test]
    fn a_case_is_found_by_its_exact_id_alone() {
        let last = cases().expect("no mistakes").pop().expect("there are cases");
        assert_eq!(case(&last.id), Some(last));
        assert_eq!(case("scan/none"), None);
    }
}
