//! The calls of a proof on a line of time, drawn to scale: as text for terminals, as SVG for pages.
//!
//! A time in which none of the calls was in flight is cut when it is long, and marked as cut.

use std::fmt::Write as _;

use crate::checker::{Proof, Witness};
use crate::stress::guarantees::Nanoseconds;

/// Columns of a text line.
const COLUMNS: f64 = 56.0;
/// A gap wider than this share of what is drawn is cut to it.
const GAP_MAX: f64 = 0.35;

/// Where the calls lie, on a scale from 0 to 1.
struct Layout {
    bars: Vec<(f64, f64)>,
    /// The middle of each cut, and how many nanoseconds it leaves out.
    cuts: Vec<(f64, u64)>,
    /// Nanoseconds from the first beginning to the last return.
    span: u64,
}

fn interval(witness: &Witness) -> (u64, u64) {
    let [began, ended] = witness.recorded.ns;
    (began, ended.max(began + 1))
}

/// Lays the calls out; times between them that are long are cut.
fn layout(calls: &[Witness]) -> Layout {
    let mut intervals: Vec<(u64, u64)> = calls.iter().map(interval).collect();
    intervals.sort_unstable();
    let (first, last) =
        (intervals.first().map_or(0, |one| one.0), intervals.iter().map(|one| one.1).max().unwrap_or(1));
    let mut gaps = Vec::new();
    let mut reached = first;
    for (began, ended) in intervals {
        if began > reached {
            gaps.push((reached, began));
        }
        reached = reached.max(ended);
    }
    let busy = (last - first) - gaps.iter().map(|(from, to)| to - from).sum::<u64>();
    // What a cut gap is as wide as, in nanoseconds of what is drawn to scale.
    let most = ((busy as f64 * GAP_MAX) as u64).max(1);
    let cut: Vec<(u64, u64)> = gaps.into_iter().filter(|(from, to)| to - from > most).collect();
    let drawn = |at: u64| {
        let left_out: u64 =
            cut.iter().map(|(from, to)| at.clamp(*from, *to) - from).map(|past| past.saturating_sub(most)).sum();
        at - first - left_out
    };
    let whole = drawn(last).max(1) as f64;
    let place = |at: u64| drawn(at) as f64 / whole;
    Layout {
        bars: calls.iter().map(interval).map(|(began, ended)| (place(began), place(ended))).collect(),
        cuts: cut.iter().map(|(from, to)| ((place(*from) + place(*to)) / 2.0, to - from - most)).collect(),
        span: last - first,
    }
}

/// The timeline as lines of text, one for each call, and a last one with its scale.
#[must_use]
pub fn text(proof: &Proof) -> Vec<String> {
    let layout = layout(&proof.calls);
    let mut lines = Vec::with_capacity(proof.calls.len() + 1);
    for (witness, (from, to)) in proof.calls.iter().zip(&layout.bars) {
        let (from, to) = ((from * COLUMNS) as usize, (to * COLUMNS).ceil() as usize);
        let width = to.saturating_sub(from).max(2);
        let mark = if witness.wrong { '>' } else { ' ' };
        let mut line =
            format!("{mark} {:>8} {:>3} ", format!("#{}", witness.nth), format!("c{}", witness.recorded.client));
        let mut drawn: Vec<char> = vec![' '; COLUMNS as usize + 2];
        for (middle, _) in &layout.cuts {
            drawn[(middle * COLUMNS) as usize] = '≈';
        }
        let from = from.min(COLUMNS as usize - 1);
        for (at, place) in drawn.iter_mut().enumerate().skip(from).take(width) {
            *place = if at == from {
                '├'
            } else if at + 1 == from + width {
                '┤'
            } else {
                '─'
            };
        }
        line.extend(drawn);
        let _ = write!(line, " {}", witness.recorded.request.method());
        lines.push(line);
    }
    let mut scale = format!("{:15}{} from end to end", "", Nanoseconds(layout.span));
    for (_, ns) in &layout.cuts {
        let _ = write!(scale, ", {} cut out at ≈", Nanoseconds(*ns));
    }
    lines.push(scale);
    lines
}

/// The timeline as a picture of its own: text stays text, and colours follow the reader's light or dark.
#[must_use]
pub fn svg(proof: &Proof) -> String {
    const LEFT: f64 = 120.0;
    const WIDTH: f64 = 600.0;
    const ROW: f64 = 46.0;
    let layout = layout(&proof.calls);
    let height = 40.0 + ROW * proof.calls.len() as f64 + 30.0;
    let title = format!("{}: {}", proof.anomaly, proof.anomaly.rule());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {total} {height}\" width=\"{total}\" height=\"{height}\" role=\"img\" aria-label=\"{label}\">\n\
         <style>text{{font:13px ui-monospace,monospace;fill:#1b1b1b}}.said{{font-size:11px}}.bar{{fill:#5b7fa6}}.wrong{{fill:#b3402e}}.cut{{stroke:#777;stroke-dasharray:3 3}}.page{{fill:#fff}}\
         @media(prefers-color-scheme:dark){{text{{fill:#e8e8e8}}.bar{{fill:#8fb4de}}.wrong{{fill:#ef8a78}}.cut{{stroke:#aaa}}.page{{fill:#16181b}}}}</style>\n\
         <rect class=\"page\" width=\"100%\" height=\"100%\"/>\n<text x=\"10\" y=\"22\">{label}</text>\n",
        total = LEFT + WIDTH + 20.0,
        label = escaped(&title),
    );
    for (middle, ns) in &layout.cuts {
        let x = LEFT + middle * WIDTH;
        let _ = writeln!(
            out,
            "<line class=\"cut\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"36\" y2=\"{:.1}\"><title>{} cut out</title></line>",
            height - 26.0,
            Nanoseconds(*ns)
        );
    }
    for (at, (witness, (from, to))) in proof.calls.iter().zip(&layout.bars).enumerate() {
        let y = 36.0 + ROW * at as f64;
        let class = if witness.wrong { "wrong" } else { "bar" };
        let said = escaped(&proof.told(witness));
        let _ = writeln!(
            out,
            "<text x=\"10\" y=\"{:.1}\">#{} client {}</text>\n\
             <rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\" rx=\"2\"><title>{said}</title></rect>\n\
             <text class=\"said\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>",
            y + 14.0,
            witness.nth,
            witness.recorded.client,
            LEFT + from * WIDTH,
            y + 3.0,
            ((to - from) * WIDTH).max(2.0),
            y + 32.0,
            shortened(&said),
        );
    }
    let mut scale = format!("{} from end to end", Nanoseconds(layout.span));
    if !layout.cuts.is_empty() {
        scale.push_str("; dashed lines are times cut out");
    }
    let _ = writeln!(out, "<text class=\"said\" x=\"{LEFT}\" y=\"{:.1}\">{scale}</text>\n</svg>", height - 10.0);
    out
}

/// As much of a text as fits below its bar. Escapes are kept whole.
fn shortened(text: &str) -> String {
    const MOST: usize = 92;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(MOST).collect();
    if let Some(at) = cut.rfind('&')
        && !cut[at..].contains(';')
    {
        cut.truncate(at);
    }
    cut.push('…');
    cut
}

/// Text as it may stand in an attribute or between tags.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Call, Outcome, Reply};
    use crate::checker::Anomaly;
    use crate::history::Recorded;
    use crate::octets::{Decimal, Octets};

    fn witness(nth: u64, ns: [u64; 2], request: Call, reply: Reply) -> Witness {
        let recorded =
            Recorded { client: nth as u32, call: nth, ret: Some(nth), ns, request, outcome: Outcome::Reply(reply) };
        Witness { nth, wrong: nth == 3, recorded }
    }

    /// A put, another a while later, and a get that still sees the first.
    fn stale(key: &str, between: u64) -> Proof {
        let put = |value: &str| Call::PutBatch(vec![(Octets::text(key), Octets::text(value))]);
        let later = 100 + between;
        Proof {
            anomaly: Anomaly::StaleRead,
            key: Some(Octets::text(key)),
            calls: vec![
                witness(1, [0, 100], put("1"), Reply::Sequence(Decimal(1))),
                witness(2, [later, later + 50], put("2"), Reply::Sequence(Decimal(2))),
                witness(
                    3,
                    [later + 50, later + 100],
                    Call::Get(Octets::text(key)),
                    Reply::Value(Some(Octets::text("1"))),
                ),
            ],
        }
    }

    #[test]
    fn bars_are_to_scale() {
        assert_eq!(
            text(&stale("a", 0)),
            [
                "        #1  c1 ├──────────────────────────┤                               put_batch",
                "        #2  c2                             ├────────────┤                 put_batch",
                ">       #3  c3                                           ├────────────┤   get",
                "               200 ns from end to end",
            ]
        );
    }

    #[test]
    fn a_long_time_between_calls_is_cut_and_said_to_be() {
        let lines = text(&stale("a", 1_000_000));
        assert!(lines.iter().take(3).all(|line| line.matches('≈').count() == 1), "{lines:?}");
        assert_eq!(lines[3], "               1.0 ms from end to end, 999.9 µs cut out at ≈");
    }

    #[test]
    fn a_picture_keeps_what_engines_say_as_text() {
        let picture = svg(&stale("<script>&\"", 0));
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
        assert!(!picture.contains("<script") && picture.contains("&lt;script&gt;&amp;"), "{picture}");
        assert_eq!(picture.matches("<rect class=\"bar\"").count(), 2);
        assert_eq!(picture.matches("<rect class=\"wrong\"").count(), 1);
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        for length in 80..100 {
            let cut = shortened(&escaped(&format!("{}<<<<<<", "x".repeat(length))));
            let rest = cut.trim_end_matches('…').trim_start_matches('x');
            assert_eq!(rest.replace("&lt;", ""), "", "{cut}");
        }
    }
}
