//! The list of known failures that `STORECHECK_EXPECT` names; only with the feature `expect`, which brings what reading
//! one takes.

#[cfg(feature = "expect")]
pub(super) use with::Known;
#[cfg(not(feature = "expect"))]
pub(super) use without::Known;

#[cfg(feature = "expect")]
mod with {
    use std::path::Path;

    use crate::engine::Target;
    use crate::report::expectation::Expectations;
    use crate::report::{CheckReport, Report};
    use crate::scenario::Case;
    use crate::suite::Check;

    /// A list, read.
    #[derive(Debug)]
    pub(in crate::face) struct Known {
        file: String,
        list: Expectations,
    }

    impl Known {
        pub(in crate::face) fn read(path: &Path) -> Result<Self, String> {
            let file = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("STORECHECK_EXPECT={file}: cannot be read: {error}"))?;
            let list = Expectations::read(&file, &text).map_err(|error| error.to_string())?;
            Ok(Self { file, list })
        }

        pub(in crate::face) fn scenarios(&self, engine: &str, checks: &[Check]) -> Vec<Case> {
            self.list.scenarios(engine, checks)
        }

        pub(in crate::face) fn expects(&self, engine: &str, target: Target, check: &CheckReport) -> bool {
            self.list.expects(engine, target, check)
        }

        /// Marks what is expected. The entries that are used up, in words, and the list as it should be.
        pub(in crate::face) fn mark(&self, report: &mut Report) -> (Vec<String>, String) {
            let outcome = self.list.mark(report);
            let stale = outcome.stale.iter().map(|(line, why)| format!("{}:{line}: {why}", self.file));
            (stale.collect(), self.list.corrected(&outcome, report))
        }
    }
}

#[cfg(not(feature = "expect"))]
mod without {
    use std::path::Path;

    use crate::engine::Target;
    use crate::report::{CheckReport, Report};
    use crate::scenario::Case;
    use crate::suite::Check;

    /// No list can be read.
    #[derive(Debug)]
    pub(in crate::face) enum Known {}

    impl Known {
        pub(in crate::face) fn read(path: &Path) -> Result<Self, String> {
            Err(format!(
                "STORECHECK_EXPECT={}: lists of known failures need storecheck's feature `expect`: \
                 storecheck = {{ …, features = [\"expect\"] }}",
                path.display()
            ))
        }

        pub(in crate::face) fn scenarios(&self, _: &str, _: &[Check]) -> Vec<Case> {
            match *self {}
        }

        pub(in crate::face) fn expects(&self, _: &str, _: Target, _: &CheckReport) -> bool {
            match *self {}
        }

        pub(in crate::face) fn mark(&self, _: &mut Report) -> (Vec<String>, String) {
            match *self {}
        }
    }
}
