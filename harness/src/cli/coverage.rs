//! `coverage`: clause → checks.

use clap::Args;

use super::exit::Exit;
use super::{Failure, Registry, output, select};
use crate::contract::{Contract, Family};
use crate::scenario::Profile;
use crate::suite::Check;

#[derive(Debug, Args)]
pub(super) struct CoverageArgs {
    /// The checks of which profile.
    #[arg(long, value_enum, default_value_t = Profile::Soak)]
    profile: Profile,
}

pub(super) fn run(registry: &Registry, args: &CoverageArgs) -> Result<Exit, Failure> {
    let checks = select::load_suite(args.profile, Vec::new())?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["clause", "levels", "checks", "mutants", "title", "shown by"]);
    let mut uncovered = Vec::new();
    for clause in Contract::get().clauses() {
        let covering = checks.iter().filter(|check| check.clauses.contains(&clause.id)).count();
        let mutants = registry.mutants.iter().filter(|mutant| mutant.breaks.contains(&clause.id.as_str())).count();
        let shown_by: Vec<&str> = clause.shown_by.iter().map(|family| family.as_str()).collect();
        let mut levels: Vec<String> = clause.rules.iter().map(|rule| rule.level.to_string()).collect();
        levels.dedup();
        // LOG-8 is shown by every scenario of the log, run on an engine that declares none.
        if covering == 0 && clause.id.as_str() != "LOG-8" && clause.shown_by.contains(&Family::Scenario) {
            uncovered.push(clause.id.as_str());
        }
        table.add_row([
            clause.id.to_string(),
            levels.join("/"),
            covering.to_string(),
            mutants.to_string(),
            clause.title.clone(),
            shown_by.join(", "),
        ]);
    }
    output::print(&table.to_string());
    let scenarios: std::collections::BTreeSet<&str> = checks.iter().map(Check::scenario).collect();
    output::print(&format!(
        "\n{} checks from {} scenarios, {} mutants",
        checks.len(),
        scenarios.len(),
        registry.mutants.len()
    ));
    if uncovered.is_empty() {
        return Ok(Exit::Conforms);
    }
    output::print(&format!("no scenario covers: {}", uncovered.join(", ")));
    Ok(Exit::DoesNotConform)
}
