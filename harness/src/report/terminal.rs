//! stub
/// s
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// s
    pub colour: bool,
    /// s
    pub width: Option<u16>,
}
/// s
pub fn render(r: &super::Report, _: Style) -> String {
    let mut s = String::new();
    for c in r
        .checks
        .iter()
        .filter(|c| c.verdict.is_failure() || !c.failures.is_empty() || c.verdict == super::CheckVerdict::Error)
        .take(12)
    {
        s.push_str(&super::evidence::text(c));
    }
    s.push_str(&format!(
        "{:?} {:?} {} ms\nnotes {:#?}\nbehaviours {:#?}",
        r.counts,
        r.verdicts,
        r.run.duration_ms,
        r.notes,
        r.behaviours.iter().map(|b| format!("{} {}", b.name, b.observed)).collect::<Vec<_>>()
    ));
    s
}
