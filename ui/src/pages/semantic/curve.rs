//! The threshold curve of an intent's own traffic: hits against the wrong share among them, with the promise as a dial on it.

use crate::{
    components::state::{Empty, Panel},
    contexts::Query,
    format,
};
use leptos::prelude::*;
use weir_contract::model::semantic::SemanticCurvePoint;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 180.0;

/// The most hits whose measured wrong share stays within the promise, and the threshold for them.
#[must_use]
pub fn at_promise(points: &[SemanticCurvePoint], permille: u32) -> Option<SemanticCurvePoint> {
    let promised = f64::from(permille) / 1_000.0;
    let within = points
        .iter()
        .filter(|point| point.wrong_share.is_some_and(|share| share <= promised));
    within
        .max_by(|one, other| one.hit_share.total_cmp(&other.hit_share))
        .copied()
}

/// The curve as a line from left (no hits) to right (all judged requests are hits); the height is the wrong share.
fn line(points: &[SemanticCurvePoint], highest: f64) -> String {
    let known = points
        .iter()
        .filter_map(|point| Some((point.hit_share, point.wrong_share?)));
    known
        .map(|(hits, wrong)| format!("{:.1},{:.1}", hits * WIDTH, HEIGHT * (1.0 - wrong / highest)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The figure, what the dial means in words, and the numbers behind it.
#[component]
pub fn Curve(points: Query<Vec<SemanticCurvePoint>>, dial: Signal<Option<u32>>) -> impl IntoView {
    let drawn = move || {
        let points = points.value.get().unwrap_or_default();
        if points.iter().all(|point| point.wrong_share.is_none()) {
            return view! { <Empty title="No curve yet">"It is drawn from checked requests of this intent; in shadow mode every request that has a neighbour is one."</Empty> }.into_any();
        }
        view! { <Figure points dial/> }.into_any()
    };
    view! { <h3>"Hits against wrong hits, on this intent's own traffic"</h3><Panel query=points>{drawn}</Panel> }
}

#[component]
fn Figure(points: Vec<SemanticCurvePoint>, dial: Signal<Option<u32>>) -> impl IntoView {
    let highest = points
        .iter()
        .filter_map(|point| point.wrong_share)
        .fold(0.05_f64, f64::max);
    let path = line(&points, highest);
    let rows = points.clone();
    let for_words = points.clone();
    let words = move || match dial
        .get()
        .map(|permille| (permille, at_promise(&for_words, permille)))
    {
        Some((permille, Some(point))) => format!(
            "At most {} wrong: {} of judged requests would have been hits, at a probability of {:.3} or more ({} checked).",
            format::percent(f64::from(permille) / 1_000.0),
            format::percent(point.hit_share),
            point.threshold,
            format::count(point.labelled)
        ),
        Some((permille, None)) => format!(
            "At most {} wrong: no threshold kept that on this traffic.",
            format::percent(f64::from(permille) / 1_000.0)
        ),
        None => "Give a percentage to see what it is worth.".to_owned(),
    };
    let height = move || {
        let share = f64::from(dial.get().unwrap_or(0)) / 1_000.0;
        format!("{:.1}", HEIGHT * (1.0 - (share / highest).min(1.0)))
    };
    let row = |point: SemanticCurvePoint| {
        view! {
            <tr><td class="num">{format!("{:.3}", point.threshold)}</td><td class="num">{format::percent(point.hit_share)}</td>
                <td class="num">{format::percent_or_nothing(point.wrong_share)}</td><td class="num">{format::count(point.labelled)}</td><td class="num">{format::count(point.wrong)}</td></tr>
        }
    };
    view! {
        <p role="status" data-testid="semantic-dial">{words}</p>
        <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") width="100%" height="180" role="img" aria-label="Wrong share of hits over the share of hits; the table below holds the numbers" preserveAspectRatio="none">
            <polyline points=path fill="none" stroke="currentColor" stroke-width="2" vector-effect="non-scaling-stroke"></polyline>
            <line x1="0" x2=format!("{WIDTH}") y1=height y2=height stroke="currentColor" stroke-width="1" stroke-dasharray="4 4" vector-effect="non-scaling-stroke"></line>
        </svg>
        <p class="muted">{format!("From left to right: 0 to 100 % of judged requests are hits. From bottom to top: 0 to {} of them wrong. Dashed: the promise.", format::percent(highest))}</p>
        <details><summary>"The numbers"</summary><div class="scroll tall"><table class="dense"><thead><tr>
            <th scope="col" class="num">"Threshold"</th><th scope="col" class="num">"Hits"</th><th scope="col" class="num">"Wrong of hits"</th><th scope="col" class="num">"Checked"</th><th scope="col" class="num">"Differed"</th>
        </tr></thead><tbody>{rows.into_iter().map(row).collect_view()}</tbody></table></div></details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dial_takes_the_most_hits_within_the_promise() {
        let point = |hit_share, wrong_share| SemanticCurvePoint {
            threshold: 1.0 - hit_share,
            hit_share,
            labelled: 10,
            wrong: 0,
            wrong_share,
        };
        let points = [
            point(0.1, Some(0.0)),
            point(0.4, Some(0.02)),
            point(0.7, Some(0.06)),
            point(0.9, None),
        ];
        assert_eq!(at_promise(&points, 30).map(|point| point.hit_share), Some(0.4));
        assert_eq!(at_promise(&points, 100).map(|point| point.hit_share), Some(0.7));
        assert_eq!(at_promise(&points[1..], 10), None);
        assert_eq!(line(&points, 0.1).split(' ').count(), 3);
    }
}
