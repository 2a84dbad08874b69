//! The templates of HTML pages, and how a page is made of one: a single file that works offline, without scripts, in light
//! and dark, by keyboard and with a screen reader. What engines say reaches a template as text, which minijinja escapes.

use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

const TEMPLATES: [(&str, &str); 4] = [
    ("base.html", include_str!("html/base.html")),
    ("matrix.html", include_str!("html/matrix.html")),
    ("compare.html", include_str!("html/compare.html")),
    ("history.html", include_str!("html/history.html")),
];

/// A picture with the line below it. The picture is markup of this crate's own; the line is text.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    pub(super) svg: String,
    pub(super) caption: String,
}

/// The page of template `name` that shows `page`.
pub(super) fn render(name: &str, page: &impl Serialize) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    environment.get_template(name)?.render(Value::from(Serde(page)))
}
