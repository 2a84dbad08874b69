//! The folder of a report: the document, and the views that every run writes beside it.

use std::path::Path;

use super::document::Report;
use super::{annotations, badge, markdown, read};

/// Writes `report.json`, `report.md`, `badge.svg`, `badge.json` and `annotations.txt` to a folder that is there.
///
/// # Errors
/// The file that cannot be written, and why.
pub fn write(report: &Report, folder: &Path) -> Result<(), (&'static str, std::io::Error)> {
    read::write(report, &folder.join("report.json")).map_err(|error| ("report.json", error))?;
    let views = [
        ("report.md", markdown::render(report)),
        ("badge.svg", badge::svg(report)),
        ("badge.json", badge::json(report)),
        ("annotations.txt", annotations::render(report)),
    ];
    for (name, text) in views {
        std::fs::write(folder.join(name), text).map_err(|error| (name, error))?;
    }
    Ok(())
}
