//! The contract as people read it: `CONTRACT.md`, rendered whole from the registry.

use std::fmt::{Display, Write as _};

use super::{Area, Clause, Condition, Contract, Meaning, Rule};

/// Renders `CONTRACT.md`.
#[must_use]
pub fn markdown(contract: &Contract) -> String {
    let mut page = Page(String::new());
    page.line("<!-- Rendered from harness/contract.yaml: edit that, then run `UPDATE=1 cargo test -p storecheck contract`. -->");
    page.block(&format!("# The StoreEngine contract, {}", contract.name));
    page.block(&contract.intro);
    page.heads(contract);
    for (index, area) in contract.areas.iter().enumerate() {
        page.area(index + 1, area);
    }
    page.0
}

/// Markdown as it grows.
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A paragraph, a heading or a table's head: something that needs an empty line before it.
    fn block(&mut self, text: &str) {
        self.0.push('\n');
        self.line(text);
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    fn table(&mut self, head: &[&str]) {
        self.0.push('\n');
        self.row(head);
        self.line(&"|---".repeat(head.len()));
        self.0.truncate(self.0.len() - 1);
        self.line("|");
    }

    fn meanings<T: Display>(&mut self, heading: &str, head: [&str; 2], meanings: &[Meaning<T>]) {
        self.block(&format!("## {heading}"));
        self.table(&head);
        for meaning in meanings {
            self.row(&[&meaning.id.to_string(), &meaning.text]);
        }
    }

    /// Everything a reader needs before the first clause.
    fn heads(&mut self, contract: &Contract) {
        self.meanings("Levels", ["level", "meaning"], &contract.levels);
        self.block("A clause holds one or more rules. What stands in brackets after a level says which engines the rule is for:");
        self.table(&["condition", "engines"]);
        for condition in contract.conditions.iter().filter(|condition| condition.id != Condition::Always) {
            self.row(&[condition.id.as_str(), &condition.text]);
        }
        self.block("## Declarations");
        self.block(&contract.declarations.intro);
        self.table(&["declaration", "values", "what it says"]);
        for entry in &contract.declarations.entries {
            self.row(&[&format!("`{}`", entry.name), &entry.values.join(", "), &entry.text]);
        }
        self.block("## Terms");
        self.table(&["term", "meaning"]);
        for term in &contract.terms {
            self.row(&[&term.name, &term.text]);
        }
        self.meanings("Where clauses come from", ["from", "source"], &contract.sources);
        self.meanings("What can show a violation", ["family", "what it does"], &contract.families);
    }

    fn area(&mut self, number: usize, area: &Area) {
        self.block(&format!("## {number} {}", area.title));
        if let Some(intro) = &area.intro {
            self.block(intro);
        }
        self.table(&["id", "title", "level", "clause", "from", "shown by"]);
        for clause in &area.clauses {
            // The anchor lets reports and messages link to one clause.
            let id = format!("<a id=\"{0}\"></a>{0}", clause.id);
            self.row(&[
                &id,
                &clause.title,
                &levels(clause),
                &text(clause),
                &listed(&clause.source),
                &listed(&clause.shown_by),
            ]);
        }
    }
}

/// The level column: each rule's level with its condition, said once.
fn levels(clause: &Clause) -> String {
    let mut levels: Vec<String> = clause.rules.iter().map(level).collect();
    levels.dedup();
    levels.join("<br>")
}

fn level(rule: &Rule) -> String {
    match rule.when {
        Condition::Always => rule.level.to_string(),
        when => format!("{} ({when})", rule.level),
    }
}

/// The clause column: the rules, each led by its level when there are several, then what is said about them.
fn text(clause: &Clause) -> String {
    let mut text = match clause.rules.as_slice() {
        [only] => only.text.clone(),
        several => several.iter().map(labelled).collect::<Vec<_>>().join("<br>"),
    };
    if let Some(note) = &clause.note {
        let _ = write!(text, "<br>Note: {note}");
    }
    if let Some(guarantee) = clause.guarantee {
        let _ = write!(text, "<br>Guarantee: `{guarantee}`.");
    }
    text
}

fn labelled(rule: &Rule) -> String {
    match &rule.part {
        Some(part) => format!("**{}**, part *{part}*: {}", level(rule), rule.text),
        None => format!("**{}**: {}", level(rule), rule.text),
    }
}

fn listed<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
