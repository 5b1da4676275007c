//! One chart on the page: picture, legend, read-out under pointer or arrow keys, table, and the way to its requests.

use super::{
    drill, plot,
    shape::{Drawing, MOST_SERIES, Shape},
    summary,
    table::ChartTable,
};
use crate::{
    components::{
        icon::{Icon, Symbol},
        state::{Failure, Skeleton},
    },
    contexts::{Shell, clock, query, use_shell},
    route::Page,
};
use leptos::{ev, html, prelude::*};
use weir_contract::{
    command::charts::ChartsGet,
    model::chart::{ChartData, ChartKind},
};

const READOUT_WIDTH: f64 = 220.0;

/// What the parts of one figure share.
#[derive(Clone, Copy)]
struct Figure {
    shell: Shell,
    kind: ChartKind,
    title: &'static str,
    data: RwSignal<Option<ChartData>>,
    drawing: Memo<Drawing>,
    hidden: RwSignal<Vec<String>>,
    cursor: RwSignal<Option<usize>>,
    plot: NodeRef<html::Div>,
}

impl Figure {
    fn is_shown(self, name: &str) -> bool {
        self.hidden
            .with(|hidden| !hidden.iter().any(|other| other == name))
    }

    /// The bucket under a pointer, and its height inside the plot.
    fn locate(self, client_x: f64, client_y: f64) -> Option<(usize, f64)> {
        let bounds = self.plot.get_untracked()?.get_bounding_client_rect();
        let index = self
            .drawing
            .with_untracked(|drawing| drawing.frame.index_at(client_x - bounds.left()))?;
        Some((index, client_y - bounds.top()))
    }

    fn open(self, index: usize, y: Option<f64>) {
        let query = self.data.with_untracked(|data| {
            let data = data.as_ref()?;
            let series = y.and_then(|y| {
                self.drawing.with_untracked(|drawing| {
                    drill::series_at(data, &drawing.frame, index, y, |name| {
                        self.hidden
                            .with_untracked(|hidden| !hidden.iter().any(|other| other == name))
                    })
                })
            });
            Some(drill::filters(data, index, series))
        });
        if let Some(query) = query {
            self.shell
                .go(&untrack(|| self.shell.href_with(Page::Requests, query)));
        }
    }

    fn step(self, key: &str) -> bool {
        let Some(last) = self
            .drawing
            .with_untracked(|drawing| drawing.frame.buckets.checked_sub(1))
        else {
            return false;
        };
        let now = self.cursor.get_untracked();
        let next = match key {
            "ArrowLeft" => Some(now.map_or(last, |index| index.saturating_sub(1))),
            "ArrowRight" => Some(now.map_or(0, |index| (index + 1).min(last))),
            "Home" => Some(0),
            "End" => Some(last),
            "Escape" => None,
            _ => return false,
        };
        self.cursor.set(next);
        true
    }
}

/// A chart with its own data.
#[component]
pub fn ChartFigure(
    kind: ChartKind,
    title: &'static str,
    unit: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let shell = use_shell();
    let charts = query(move || ChartsGet {
        kind,
        range: shell.time_range(),
    });
    let plot = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0_u32);
    let measure = move || {
        if let Some(element) = plot.get() {
            let now = element.client_width().max(0).unsigned_abs();
            if width.get_untracked() != now {
                width.set(now);
            }
        }
    };
    Effect::new(move |_| measure());
    let on_resize = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || on_resize.remove());
    let hidden = RwSignal::new(Vec::<String>::new());
    let drawing = Memo::new(move |_| {
        let width = width.get();
        charts.value.with(|data| match data {
            Some(data) if width > 0 => {
                let offset = clock::offset_minutes(data.from_ms + data.bucket_ms * data.buckets as i64);
                plot::draw(data, width, offset, |name| {
                    hidden.with(|hidden| !hidden.iter().any(|other| other == name))
                })
            }
            _ => Drawing::default(),
        })
    });
    let figure = Figure {
        shell,
        kind,
        title,
        data: charts.value,
        drawing,
        hidden,
        cursor: RwSignal::new(None),
        plot,
    };
    let as_table = RwSignal::new(false);
    let caption = move || {
        charts.value.with(|data| {
            data.as_ref().map_or_else(
                || "Loading…".to_owned(),
                |data| summary::sentence(data, clock::offset_minutes(data.from_ms)),
            )
        })
    };
    view! {
        <figure class="card chart" data-testid=testid class:stale=move || charts.is_stale.get() class:tiers=kind == ChartKind::Cost>
            <header class="chart-head">
                <h2>{title}<span class="unit">{unit}</span></h2>
                <button type="button" class="quiet small" aria-pressed=move || as_table.get().to_string()
                    on:click=move |_| as_table.update(|on| *on = !*on)>
                    <Icon symbol=Symbol::Table/>{move || if as_table.get() { "Chart" } else { "Table" }}
                </button>
            </header>
            <div class="plot" node_ref=plot class:hidden=move || as_table.get()>
                <Picture figure/>
                <Show when=move || charts.value.with(Option::is_none)>
                    <div class="plot-over"><Show when=move || charts.error.with(Option::is_none) fallback=move || view! { <Failure query=charts/> }>
                        <Skeleton rows=4/>
                    </Show></div>
                </Show>
                <Show when=move || charts.value.with(|data| data.as_ref().is_some_and(summary::is_empty))>
                    <div class="plot-over muted"><p>"Nothing to draw in this range."</p></div>
                </Show>
            </div>
            <Show when=move || as_table.get()>
                {move || charts.value.get().map(|data| view! { <ChartTable data caption=title/> })}
            </Show>
            <Legend figure/>
            <figcaption>{caption}</figcaption>
        </figure>
    }
}

#[component]
fn Picture(figure: Figure) -> impl IntoView {
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
        Shape::Line { d, ink } => {
            view! { <path class=format!("line {}", ink.class()) d=d></path> }.into_any()
        }
        Shape::Area { d, ink } => {
            view! { <path class=format!("area {}", ink.class()) d=d></path> }.into_any()
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
fn Crosshair(figure: Figure) -> impl IntoView {
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
fn Readout(figure: Figure) -> impl IntoView {
    let content = move || {
        let index = figure.cursor.get()?;
        figure.data.with(|data| {
            let data = data.as_ref()?;
            let at_ms = data.from_ms + index as i64 * data.bucket_ms;
            let rows = data.series.iter().enumerate().take(MOST_SERIES).filter(|(_, series)| figure.is_shown(&series.name)).map(|(position, series)| {
                let value = series.values.get(index).copied().flatten();
                let text = value.map_or_else(|| crate::format::NOTHING.to_owned(), |value| plot::value_text(figure.kind, value));
                view! { <div class="readout-row"><Swatch position/><span>{series.name.clone()}</span><b>{text}</b></div> }
            });
            Some(view! { <div class="readout-time">{clock::moment(at_ms)}</div>{rows.collect_view()} })
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

/// The short stroke that stands for a series: colour and dash together.
#[component]
pub fn Swatch(position: usize) -> impl IntoView {
    let class = format!("line ink-series ink-s{}", position % MOST_SERIES);
    view! { <svg class="swatch" width="18" height="8" aria-hidden="true"><path class=class d="M1 4L17 4"></path></svg> }
}

#[component]
fn Legend(figure: Figure) -> impl IntoView {
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
