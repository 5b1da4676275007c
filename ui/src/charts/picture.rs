//! The picture of a chart: shapes as SVG, the crosshair, and the read-out under pointer or arrow keys.

use super::{
    legend::Swatch,
    plot,
    reading::Reading,
    scale,
    shape::{MOST_SERIES, Shape},
};
use crate::contexts::clock;
use leptos::{ev, prelude::*};
use weir_contract::model::chart::ChartKind;

const READOUT_WIDTH: f64 = 220.0;

/// The picture; it can be reached and read with the keyboard.
#[component]
pub fn Picture(figure: Reading) -> impl IntoView {
    let hit = move |event: &ev::PointerEvent| {
        figure.locate(f64::from(event.client_x()), f64::from(event.client_y()))
    };
    let key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter"
            && let Some(index) = figure.cursor.get_untracked()
        {
            figure.open(index, None);
        } else if figure.step(&event.key()) {
            event.prevent_default();
        }
    };
    view! {
        <div class="picture" tabindex="0" role="group"
            aria-label=format!("{} chart. Arrow keys move between points, Enter shows the requests behind one.", figure.title)
            on:pointermove=move |event| figure.cursor.set(hit(&event).map(|(index, _)| index))
            on:pointerleave=move |_| figure.cursor.set(None)
            on:blur=move |_| figure.cursor.set(None)
            on:keydown=key
            on:click=move |event| {
                if let Some((index, y)) = figure.locate(f64::from(event.client_x()), f64::from(event.client_y())) {
                    figure.open(index, Some(y));
                }
            }>
            <svg width="100%" height=plot::HEIGHT aria-hidden="true" focusable="false">
                {move || figure.drawing.with(|drawing| drawing.shapes.iter().map(node).collect_view())}
                <Crosshair figure/>
            </svg>
            <Readout figure/>
        </div>
    }
}

fn node(shape: &Shape) -> AnyView {
    match shape.clone() {
        Shape::Path { d, ink, is_filled } => {
            let kind = if is_filled { "area" } else { "line" };
            view! { <path class=format!("{kind} {}", ink.class()) d=d></path> }.into_any()
        }
        Shape::Dot { x, y, radius, ink } => {
            view! { <circle class=format!("area {}", ink.class()) cx=x cy=y r=radius></circle> }.into_any()
        }
        Shape::Text {
            x,
            y,
            anchor,
            text,
            ink,
        } => view! { <text class=ink.class() x=x y=y text-anchor=anchor.as_str()>{text}</text> }.into_any(),
    }
}

#[component]
fn Crosshair(figure: Reading) -> impl IntoView {
    move || {
        let index = figure.cursor.get()?;
        let frame = figure.drawing.with(|drawing| drawing.frame);
        let x = frame.x_of(index);
        let dots = figure.data.with(|data| {
            let data = data.as_ref().filter(|data| data.kind != ChartKind::Cost)?;
            let dots = data.series.iter().enumerate().take(MOST_SERIES).filter(|(_, series)| figure.is_shown(&series.name)).filter_map(|(position, series)| {
                let value = series.values.get(index).copied().flatten()?;
                let y = frame.y_of(value.min(frame.y_max));
                Some(view! { <circle class=format!("cursor-dot ink-s{position}") cx=x cy=y r="4"></circle> })
            });
            Some(dots.collect_view())
        });
        Some(view! { <line class="crosshair" x1=x x2=x y1=frame.top y2=frame.bottom></line>{dots} })
    }
}

#[component]
fn Readout(figure: Reading) -> impl IntoView {
    let content = move || {
        let index = figure.cursor.get()?;
        figure.data.with(|data| {
            let data = data.as_ref()?;
            let at_ms = data.from_ms + index as i64 * data.bucket_ms;
            let rows = data.series.iter().enumerate().take(MOST_SERIES).filter(|(_, series)| figure.is_shown(&series.name)).map(|(position, series)| {
                let value = series.values.get(index).copied().flatten();
                let text = value.map_or_else(|| crate::format::NOTHING.to_owned(), |value| scale::value_text(figure.kind, value));
                view! { <div class="readout-row"><Swatch position/><span>{series.name.clone()}</span><b>{text}</b></div> }
            });
            // Stacked money reads as a sum, so the sum is said as well.
            let total = (data.kind == ChartKind::Cost).then(|| {
                let shown = data.series.iter().take(MOST_SERIES).filter(|series| figure.is_shown(&series.name));
                let sum = shown.filter_map(|series| series.values.get(index).copied().flatten()).sum();
                view! { <div class="readout-row total"><span>"Total"</span><b>{scale::value_text(figure.kind, sum)}</b></div> }
            });
            Some(view! { <div class="readout-time">{clock::moment(at_ms)}</div>{rows.collect_view()}{total} })
        })
    };
    let left = move || {
        let frame = figure.drawing.with(|drawing| drawing.frame);
        let x = figure.cursor.get().map_or(0.0, |index| frame.x_of(index));
        let flips = x + READOUT_WIDTH + 20.0 > frame.right;
        format!(
            "{:.0}px",
            if flips {
                (x - READOUT_WIDTH - 12.0).max(0.0)
            } else {
                x + 12.0
            }
        )
    };
    view! {
        <div class="readout" role="status" class:hidden=move || figure.cursor.get().is_none() style:left=left>{content}</div>
    }
}
