//! A badge: the verdict and its target, as an SVG that needs nothing else, and as the JSON that shields.io reads
//! (its *endpoint* schema, version 1).

use super::document::{EngineVerdict, Report};

/// What stands on the left.
const LABEL: &str = "storecheck";
/// Widths of letters differ; this is a wide one's at size 11, and the text is told to fill the room it has.
const LETTER: usize = 7;

/// The verdict in a few words, and the colour that goes with it. Words carry the meaning.
fn message(report: &Report) -> (String, &'static str) {
    let target = report.run.target;
    match report.verdicts.map(|verdicts| verdicts.at(target)) {
        Some(verdict @ EngineVerdict::Conformant) => (format!("{verdict} ({target})"), "#1a7f37"),
        Some(verdict @ EngineVerdict::Partial) => (format!("{verdict} ({target})"), "#7d4e00"),
        Some(verdict @ EngineVerdict::NonConformant) => (format!("{verdict} ({target})"), "#b42318"),
        Some(verdict @ EngineVerdict::Incomplete) => (format!("{verdict} ({target})"), "#57606a"),
        None => (format!("a selection ({target})"), "#57606a"),
    }
}

/// The badge as a picture.
#[must_use]
pub fn svg(report: &Report) -> String {
    let (message, colour) = message(report);
    // Both texts are of this crate's own words: nothing in them needs escaping.
    let [left, right] = [LABEL.len(), message.len()].map(|letters| letters * LETTER + 10);
    let whole = left + right;
    let text = |from: usize, room: usize, text: &str| {
        format!(
            "<text x=\"{}\" y=\"14\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>",
            from + 5,
            room - 10
        )
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" aria-label=\"{LABEL}: {message}\">\
         <title>{LABEL}: {message}</title><rect width=\"{left}\" height=\"20\" fill=\"#24292f\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/>\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">{}{}</g></svg>\n",
        text(0, left, LABEL),
        text(left, right, &message),
    )
}

/// The badge as shields.io asks for it.
#[must_use]
pub fn json(report: &Report) -> String {
    let (message, colour) = message(report);
    let text = serde_json::json!({ "schemaVersion": 1, "label": LABEL, "message": message, "color": colour });
    format!("{text}\n")
}
