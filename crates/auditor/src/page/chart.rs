//! Charts, as SVG without styles or scripts of its own: the style sheet knows their classes. Each says in words what it
//! shows, and has its table beside it.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::parts::grouped;

/// Width of a bar with its gap, and height of the chart, in units of the drawing.
const SLOT: usize = 10;
const BAR: usize = 8;
const HEIGHT: f64 = 100.0;

/// The longest duration that is drawn: a hundred days, in seconds.
const LONGEST_S: f64 = 8_640_000.0;

/// Bars over time. `said` is the chart in a sentence.
pub(crate) fn bars(said: &str, points: &[(String, u64)]) -> Markup {
    let most = points.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let (first, last) = (points.first(), points.last());
    let bars = html! {
        @for (place, (label, count)) in points.iter().enumerate() {
            @let height = height(*count, most);
            rect.bar x=(left(place)) y=(format!("{:.1}", HEIGHT - height)) width=(BAR) height=(format!("{height:.1}")) {
                title { (label) ": " (grouped(*count)) }
            }
        }
    };
    html! {
        figure.bars {
            div.most aria-hidden="true" { (grouped(most)) }
            (drawing(Some(said), points.len(), &bars))
            div.axis aria-hidden="true" {
                @if let Some((label, _)) = first { span { (label) } }
                @if points.len() > 1 { @if let Some((label, _)) = last { span { (label) } } }
            }
        }
    }
}

/// The same, small and beside the number that says it.
pub(crate) fn spark(counts: impl Iterator<Item = u64>) -> Markup {
    let counts: Vec<_> = counts.collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let mut bars = String::new();
    for (place, count) in counts.iter().enumerate() {
        let (x, height) = (left(place), height(*count, most));
        let _ = write!(bars, "M{x} 100v-{height:.1}h{BAR}V100z");
    }
    let bars = html! { path.bar d=(bars) {} };
    drawing(None, counts.len(), &bars)
}

/// What is drawn of so many bars, on their ground.
fn drawing(said: Option<&str>, slots: usize, bars: &Markup) -> Markup {
    let width = slots.max(1) * SLOT;
    html! {
        svg viewBox={ "0 0 " (width) " 100" } preserveAspectRatio="none" role=[said.map(|_| "img")] aria-label=[said]
            aria-hidden=[said.is_none().then_some("true")] focusable="false" {
            line.ground x1="0" y1="100" x2=(width) y2="100" {}
            (bars)
        }
    }
}

/// Where a bar begins.
fn left(place: usize) -> usize {
    place * SLOT + (SLOT - BAR) / 2
}

/// How high a bar is; what is there is seen.
fn height(count: u64, most: u64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    #[allow(clippy::cast_precision_loss)] // a drawing
    let part = count as f64 / most.max(1) as f64;
    (part * HEIGHT).max(1.5)
}

/// A share of a whole, beside its number.
pub(crate) fn meter(share: f64) -> Markup {
    let width = format!("{:.1}", share.clamp(0.0, 1.0) * 100.0);
    html! {
        svg.meter viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.whole x="0" y="0" width="100" height="6" {}
            rect.bar x="0" y="0" width=(width) height="6" {}
        }
    }
}

/// Parts of a whole, one after the other; each part's shade is its place.
pub(crate) fn parts(counts: &[u64]) -> Markup {
    let whole: u64 = counts.iter().sum();
    let ends = counts.iter().scan(0, |end, count| {
        *end += count;
        Some((*end - count, *count))
    });
    html! {
        svg.parts viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.whole x="0" y="0" width="100" height="6" {}
            @for (place, (start, count)) in ends.enumerate() {
                rect class={ "shade" (place) } x=(part(start, whole)) y="0" width=(part(count, whole)) height="6" {}
            }
        }
    }
}

#[allow(clippy::cast_precision_loss)] // a drawing
fn part(count: u64, whole: u64) -> String {
    format!("{:.2}", count as f64 / whole.max(1) as f64 * 100.0)
}

/// From median to p90 on a scale from a second to a hundred days, each ten times the last.
pub(crate) fn span(median: Option<u64>, p90: Option<u64>) -> Markup {
    #[allow(clippy::cast_precision_loss)] // a drawing
    let place =
        |seconds: u64| ((seconds.max(1) as f64).ln() / LONGEST_S.ln()).clamp(0.0, 1.0) * 100.0;
    let from = median.map(place);
    let to = p90.map_or(100.0, place);
    html! {
        svg.span viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            line.ground x1="0" y1="4" x2="100" y2="4" {}
            @if let Some(from) = from {
                rect.range x=(format!("{from:.1}")) y="2.5" width=(format!("{:.1}", (to - from).max(0.5))) height="3" {}
                rect.bar x=(format!("{:.1}", (from - 0.6).max(0.0))) y="0" width="1.2" height="8" {}
            }
        }
    }
}

/// A footprint, walking to the right. Every other one is the left foot's.
pub(crate) fn footprint(place: usize) -> Markup {
    let class = if place.is_multiple_of(2) {
        "foot right"
    } else {
        "foot left"
    };
    html! {
        svg class=(class) viewBox="0 0 44 22" aria-hidden="true" focusable="false" {
            ellipse cx="29" cy="11" rx="13" ry="8.2" {}
            ellipse cx="7" cy="11" rx="6.2" ry="5.4" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_of_nothing_are_drawn_too() {
        for points in [
            vec![],
            vec![("2026-11-22".to_owned(), 0)],
            vec![("2026-11-22".to_owned(), u64::MAX)],
        ] {
            let drawn = bars("nothing", &points).into_string();
            assert!(
                drawn.contains("aria-label=\"nothing\"")
                    && !drawn.contains("NaN")
                    && !drawn.contains("inf"),
                "{drawn}"
            );
        }
        assert!(parts(&[0, 0]).into_string().contains("0.00"));
        assert!(span(Some(0), None).into_string().contains("100.0"));
        assert!(!meter(f64::NAN).into_string().contains("style"));
    }

    #[test]
    fn the_highest_bar_is_as_high_as_the_chart() {
        let drawn = bars("two", &[("a".into(), 1), ("b".into(), 4)]).into_string();
        assert!(
            drawn.contains(r#"height="100.0""#) && drawn.contains(r#"height="25.0""#),
            "{drawn}"
        );
    }
}
