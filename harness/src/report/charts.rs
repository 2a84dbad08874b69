//! Charts as SVG that follows the page's colours: bars with their error, percentiles on a scale of powers of ten. Each has
//! a title that says in words what it shows, and the table below the charts has every number.

use std::fmt::Write as _;

use super::bench::{short, spanned, time};
use super::timeline::escaped;
use crate::bench::compare::{Interval, mean};
use crate::bench::document::{Figures, WorkloadReport};

const WIDTH: f64 = 340.0;
const BAR: f64 = 16.0;
const GAP: f64 = 6.0;
/// Room for the figures behind the bars.
const ROOM: f64 = 80.0;
/// Half of the widest time below an axis.
const MARGIN: f64 = 26.0;
/// Classes that the page has colours for.
const COLOURS: usize = 8;

// Writing to a String cannot fail, here and below.

/// A bar: what stands before it, and the figure with its interval; none when there is no figure.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it is of; not escaped.
    pub label: String,
    /// How long it is.
    pub figure: Option<Interval>,
}

/// Letters of a label that there is room for.
const LABEL: usize = 12;
const LETTER: f64 = 7.0;

/// Calls a second of every engine as bars of its colour, with the interval as a line; empty when none has figures. What
/// the machine allows, in calls a second, is a broken line across them, unless it is so far off that the bars would be
/// too short to compare.
#[must_use]
pub fn throughput(workload: &WorkloadReport, limit: Option<f64>) -> String {
    let bars: Vec<Bar> = workload
        .engines
        .iter()
        .map(|engine| Bar { label: engine.spec.clone(), figure: mean(&engine.rounds) })
        .collect();
    if bars.iter().all(|bar| bar.figure.is_none()) {
        return String::new();
    }
    drawn(&workload.name, " a second", &bars, 0.0, limit)
}

/// Bars of one colour, each with its label before it.
#[must_use]
pub fn bars(title: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0).min(LABEL);
    drawn(title, "", bars, longest as f64 * LETTER + GAP, None)
}

/// How much longer than the longest bar a limit may be.
const FAR: f64 = 2.5;

/// Octets on disk for each octet of the pairs that the store holds, engine by engine; empty when none has any.
#[must_use]
pub fn space(workload: &WorkloadReport) -> String {
    let bar = |engine: &Figures| Bar {
        label: engine.spec.clone(),
        figure: engine.space.map(|space| Interval { middle: space, low: space, high: space }),
    };
    let all: Vec<Bar> = workload.engines.iter().map(bar).collect();
    if all.iter().all(|bar| bar.figure.is_none()) {
        return String::new();
    }
    drawn(&format!("{}, octets on disk for each of its pairs", workload.name), "", &all, 0.0, None)
}

/// The bars, from `left` on; labels are drawn when there is room for them.
fn drawn(title: &str, unit: &str, bars: &[Bar], left: f64, limit: Option<f64>) -> String {
    let highest = bars.iter().filter_map(|bar| bar.figure).map(|figure| figure.high).fold(0.0, f64::max);
    let limit = limit.filter(|limit| *limit <= FAR * highest);
    let most = limit.map_or(highest, |limit| highest.max(limit));
    let height = bars.len() as f64 * (BAR + GAP);
    let words: Vec<String> = bars
        .iter()
        .map(|bar| match bar.figure {
            Some(figure) if exact(figure) => format!("{} {}", bar.label, alone(figure)),
            Some(figure) => format!("{} {}{unit}", bar.label, spanned(figure)),
            None => format!("{} has no figure", bar.label),
        })
        .collect();
    let mut svg = open(height, &format!("{title}: {}", words.join("; ")));
    for (nth, Bar { label, figure }) in bars.iter().enumerate() {
        let top = nth as f64 * (BAR + GAP);
        let middle = top + BAR / 2.0;
        let colour = if left > 0.0 { 0 } else { nth % COLOURS };
        if left > 0.0 {
            let short: String = label.chars().take(LABEL).collect();
            let _ = write!(svg, "<text x=\"0\" y=\"{:.1}\">{}</text>", middle + 4.0, escaped(&short));
        }
        let Some(figure) = figure else {
            let _ = write!(svg, "<text x=\"{:.1}\" y=\"{}\">none</text>", left + 4.0, middle + 4.0);
            continue;
        };
        let at = |figure: f64| if most > 0.0 { left + figure / most * (WIDTH - ROOM - left) } else { left };
        let (low, high) = (at(figure.low), at(figure.high));
        let _ = write!(
            svg,
            "<rect class=\"f{colour}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\"/>",
            (at(figure.middle) - left).max(1.0)
        );
        if high > low {
            let _ = write!(
                svg,
                "<path class=\"error\" fill=\"none\" d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {0:.1}v8M{high:.1} {0:.1}v8\"/>",
                middle - 4.0
            );
        }
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", high + 6.0, middle + 4.0, alone(*figure));
    }
    if let Some(limit) = limit {
        let x = left + limit / most * (WIDTH - ROOM - left);
        let _ = write!(svg, "<path class=\"limit\" fill=\"none\" d=\"M{x:.1} 0V{height:.1}\"/>");
    }
    svg.push_str("</svg>");
    svg
}

/// Whether a figure has no error.
fn exact(figure: Interval) -> bool {
    figure.high <= figure.low
}

/// A figure without its interval: whole when it was counted.
fn alone(figure: Interval) -> String {
    if exact(figure) && figure.middle.fract() == 0.0 { figure.middle.to_string() } else { short(figure.middle) }
}

/// Times of calls of every engine: the half, 90, 99 and 99.9 of 100, and the longest, on a scale of powers of ten.
#[must_use]
pub fn latency(workload: &WorkloadReport) -> String {
    let measured: Vec<_> = workload.engines.iter().enumerate().filter(|(_, engine)| engine.latency.timed > 0).collect();
    let least = measured.iter().map(|(_, engine)| engine.latency.p50).min().unwrap_or(0).max(1) as f64;
    let most = measured.iter().map(|(_, engine)| engine.latency.max).max().unwrap_or(0) as f64;
    if most <= least {
        return String::new();
    }
    let (from, to) = (least.log10().floor(), most.log10().ceil());
    let at = |nanoseconds: u64| {
        (((nanoseconds.max(1)) as f64).log10() - from) / (to - from) * (WIDTH - 2.0 * MARGIN) + MARGIN
    };
    let height = measured.len() as f64 * (BAR + GAP) + 20.0;
    let words: Vec<String> = measured
        .iter()
        .map(|(_, engine)| {
            let told = engine.latency;
            format!(
                "{}: half within {}, 99 of 100 within {}, longest {}",
                engine.spec,
                time(told.p50),
                time(told.p99),
                time(told.max)
            )
        })
        .collect();
    let mut svg = open(height, &format!("{}, times of calls. {}", workload.name, words.join("; ")));
    let mut power = from;
    while power <= to {
        // Powers of ten of nanoseconds, at most those of a day.
        let nanoseconds = 10_f64.powf(power) as u64;
        let x = at(nanoseconds);
        let label = time(nanoseconds).replace(".0", "");
        let _ = write!(
            svg,
            "<path class=\"axis\" d=\"M{x:.1} 0V{:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            height - 16.0,
            height - 3.0
        );
        power += if to - from > 4.0 { 2.0 } else { 1.0 };
    }
    for (line, (nth, engine)) in measured.iter().enumerate() {
        let middle = line as f64 * (BAR + GAP) + BAR / 2.0;
        let told = engine.latency;
        let colour = nth % COLOURS;
        let _ = write!(svg, "<path class=\"s{colour}\" d=\"M{:.1} {middle:.1}H{:.1}\"/>", at(told.p50), at(told.max));
        for (point, radius) in [(told.p50, 5.0), (told.p90, 4.0), (told.p99, 4.0), (told.p999, 3.0), (told.max, 3.0)] {
            let _ =
                write!(svg, "<circle class=\"f{colour}\" cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"{radius}\"/>", at(point));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// How calls a second grow with clients, a line for each engine; of workloads that are the same but for their clients.
#[must_use]
pub fn scaling(workloads: &[&WorkloadReport]) -> String {
    let most_clients = workloads.iter().map(|workload| workload.clients).max().unwrap_or(0);
    let figure = |workload: &WorkloadReport, nth: usize| {
        workload.engines.get(nth).and_then(|engine| mean(&engine.rounds)).map(|figure| figure.middle)
    };
    let engines = workloads.first().map_or(0, |workload| workload.engines.len());
    let all = workloads.iter().flat_map(|workload| (0..engines).filter_map(move |nth| figure(workload, nth)));
    let most = all.fold(0.0, f64::max);
    if most <= 0.0 || most_clients < 2 {
        return String::new();
    }
    let height = 160.0;
    let x = |clients: u32| 10.0 + f64::from(clients).log2() / f64::from(most_clients).log2() * (WIDTH - 80.0);
    let y = |figure: f64| height - 20.0 - figure / most * (height - 40.0);
    let mut words = Vec::new();
    let mut drawn = String::new();
    for nth in 0..engines {
        let points: Vec<(u32, f64)> =
            workloads.iter().filter_map(|workload| Some((workload.clients, figure(workload, nth)?))).collect();
        let Some((clients, last)) = points.last().copied() else { continue };
        let path: Vec<String> =
            points.iter().map(|(clients, figure)| format!("{:.1} {:.1}", x(*clients), y(*figure))).collect();
        let _ = write!(drawn, "<path class=\"s{}\" d=\"M{}\"/>", nth % COLOURS, path.join("L"));
        let _ = write!(drawn, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x(clients) + 6.0, y(last) + 4.0, short(last));
        let told: Vec<String> =
            points.iter().map(|(clients, figure)| format!("{clients} clients {}", short(*figure))).collect();
        words.push(format!("{}: {}", workloads[0].engines[nth].spec, told.join(", ")));
    }
    let mut svg = open(height, &format!("Calls a second by number of clients. {}", words.join("; ")));
    let _ = write!(svg, "<path class=\"axis\" fill=\"none\" d=\"M10 0V{0:.1}H{1:.1}\"/>", height - 20.0, WIDTH - 60.0);
    for workload in workloads {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(workload.clients),
            height - 5.0,
            workload.clients
        );
    }
    svg.push_str(&drawn);
    svg.push_str("</svg>");
    svg
}

fn open(height: f64, words: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\"><title>{0}</title>",
        escaped(words)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload() -> WorkloadReport {
        let figures = |spec: &str, calls: f64, space: Option<f64>| Figures {
            spec: spec.to_owned(),
            rounds: vec![calls; 3],
            space,
            ..Figures::default()
        };
        WorkloadReport {
            name: "load-<x>".to_owned(),
            title: String::new(),
            clients: 1,
            only_reads: false,
            rate: None,
            engines: vec![figures("a", 100.0, Some(1.5)), figures("<b>", 50.0, None)],
            twin: None,
        }
    }

    #[test]
    fn a_limit_is_a_line_unless_it_dwarfs_the_bars() {
        let line = |limit: f64| throughput(&workload(), Some(limit)).split("class=\"limit\"").nth(1).map(str::to_owned);
        // Bars reach to 260; twice the longest is where it ends.
        assert!(line(200.0).is_some_and(|rest| rest.contains("d=\"M260.0 0V")), "{:?}", line(200.0));
        assert!(line(50.0).is_some_and(|rest| rest.contains("d=\"M130.0 0V")), "{:?}", line(50.0));
        assert_eq!(line(1000.0), None);
        let bars = |svg: &str| svg.matches("<rect ").count();
        assert_eq!((bars(&throughput(&workload(), Some(200.0))), bars(&throughput(&workload(), None))), (2, 2));
    }

    #[test]
    fn what_is_drawn_is_said_and_escaped() {
        let drawn = space(&workload());
        assert!(
            drawn.contains(
                "<title>load-&lt;x&gt;, octets on disk for each of its pairs: a 1.50; &lt;b&gt; has no figure</title>"
            ),
            "{drawn}"
        );
        assert!(drawn.contains(">1.50</text>") && drawn.contains(">none</text>"), "{drawn}");
        let counted = |label: &str, figure: f64| Bar {
            label: label.to_owned(),
            figure: Some(Interval { middle: figure, low: figure, high: figure }),
        };
        let drawn = bars("Clauses that fail", &[counted("0.1.0", 0.0), counted("<0.2.0>", 15.0)]);
        assert!(drawn.contains(">15</text>") && drawn.contains("&lt;0.2.0&gt;") && !drawn.contains("<0.2"), "{drawn}");
    }
}
