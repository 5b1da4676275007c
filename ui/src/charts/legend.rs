//! The legend of a chart: each series can be hidden and shown again.

use super::{reading::Reading, shape::MOST_SERIES};
use leptos::prelude::*;

/// The short stroke that stands for a series: colour and dash together.
#[component]
pub fn Swatch(position: usize) -> impl IntoView {
    let class = format!("line ink-series ink-s{}", position % MOST_SERIES);
    view! { <svg class="swatch" width="18" height="8" aria-hidden="true"><path class=class d="M1 4L17 4"></path></svg> }
}

/// The series by name, in the order of their colours.
#[component]
pub fn Legend(figure: Reading) -> impl IntoView {
    let names = Memo::new(move |_| {
        figure.data.with(|data| {
            data.as_ref()
                .map(|data| {
                    data.series
                        .iter()
                        .map(|series| series.name.clone())
                        .collect::<Vec<_>>()
                })
                .unwrap_or_default()
        })
    });
    let toggle = move |name: String| {
        figure.hidden.update(|hidden| {
            if let Some(at) = hidden.iter().position(|other| *other == name) {
                hidden.remove(at);
            } else {
                hidden.push(name);
            }
        });
    };
    let entry = move |(position, name): (usize, String)| {
        let pressed = name.clone();
        let label = name.clone();
        view! {
            <button type="button" class="legend-item" aria-pressed=move || figure.is_shown(&pressed).to_string() on:click=move |_| toggle(name.clone())>
                <Swatch position/>{label}
            </button>
        }
    };
    let rest = move || names.with(|names| names.len().saturating_sub(MOST_SERIES));
    view! {
        <div class="legend" role="group" aria-label="Series">
            {move || names.get().into_iter().enumerate().take(MOST_SERIES).map(entry).collect_view()}
            {move || (rest() > 0).then(|| view! { <span class="muted">{format!("{} more in the table", rest())}</span> })}
        </div>
    }
}
