//! The report as JUnit XML, for CI systems: a suite per folder of scenarios, a case per check.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Document, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::document::{CheckReport, CheckVerdict, Report};
use super::evidence;
use super::verdict::reason;

/// The document.
///
/// # Errors
/// When the XML cannot be written.
pub fn render(report: &Report) -> Result<String, SerializeError> {
    let mut document = Document::new(format!("storecheck {}", report.engine.name));
    document.set_time(Duration::from_millis(report.run.duration_ms));
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for check in &report.checks {
        let folder = check.id.split('/').next().unwrap_or(&check.id);
        suites.entry(folder).or_insert_with(|| TestSuite::new(folder)).add_test_case(case(report, check));
    }
    document.add_test_suites(suites.into_values());
    document.to_string()
}

fn case(report: &Report, check: &CheckReport) -> TestCase {
    let mut case = TestCase::new(check.id.clone(), status(check));
    case.set_classname(report.engine.name.clone());
    case.set_time(Duration::from_micros(check.duration_us));
    if !check.reason.is_empty() {
        case.set_system_out(format!("{}: {}", check.verdict, check.reason));
    }
    case
}

fn status(check: &CheckReport) -> TestCaseStatus {
    let not_good = |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        if let Some(failure) = check.failures.first() {
            let clauses: Vec<&str> = failure.finding.clauses.iter().map(|clause| clause.as_str()).collect();
            status.set_type(clauses.join(" "));
            status.set_message(format!("expected {}; got {}", failure.finding.expected, failure.finding.got));
        } else {
            status.set_message(check.reason.clone());
        }
        status.set_description(evidence::text(check));
        status
    };
    match check.verdict {
        CheckVerdict::Pass | CheckVerdict::Refused => TestCaseStatus::success(),
        _ if check.expected => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{}, as expected", check.verdict));
            status.set_description(evidence::text(check));
            status
        }
        CheckVerdict::Fail | CheckVerdict::Died | CheckVerdict::Timeout => not_good(NonSuccessKind::Failure),
        CheckVerdict::Error => not_good(NonSuccessKind::Error),
        CheckVerdict::NotCarried | CheckVerdict::Unavailable | CheckVerdict::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason(check).to_owned());
            status
        }
    }
}
