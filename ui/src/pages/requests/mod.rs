//! Recorded requests: filters that travel in the hash, a table, and more of it on demand.

pub mod row;
pub mod state;

use crate::{
    backend::call,
    components::{
        field::Options,
        icon::{Icon, Symbol},
        state::{Empty, Failure, Skeleton},
    },
    contexts::{Shell, clock, query, use_shell},
    route::Page,
};
use leptos::{prelude::*, task::spawn_local};
use row::RequestLine;
use weir_contract::{
    command::{providers::IntentsList, requests::RequestsList},
    model::{request::RequestFilter, request::RequestRow},
};

const PAGE_ROWS: u32 = 50;

/// The page.
#[component]
pub fn Requests() -> impl IntoView {
    let shell = use_shell();
    let filter = Memo::new(move |_| {
        let range = shell.time_range();
        shell.route.with(|route| state::filter(route, range))
    });
    let first = query(move || RequestsList {
        filter: filter.get(),
        cursor: None,
        limit: PAGE_ROWS,
    });
    let more = More::new();
    // Other filters mean another list; the range that moves with the clock alone keeps what was loaded.
    let chosen = Memo::new(move |_| RequestFilter {
        range: None,
        ..filter.get()
    });
    let bucket = Memo::new(move |_| shell.route.with(state::bucket));
    Effect::new(move |_| {
        chosen.track();
        bucket.track();
        shell.range.track();
        more.reset();
    });
    let rows = Memo::new(move |_| {
        let newest = first
            .value
            .with(|page| page.as_ref().map(|page| page.rows.clone()))?;
        Some(more.older.with(|older| merge(newest, older)))
    });
    let cursor = Memo::new(move |_| {
        more.cursor.get().unwrap_or_else(|| {
            first
                .value
                .with(|page| page.as_ref().and_then(|page| page.next_cursor.clone()))
        })
    });
    let is_empty = move || rows.with(|rows| rows.as_ref().is_some_and(Vec::is_empty));
    view! {
        <Filters/>
        <section class="card flush" class:stale=move || first.is_stale.get()>
            <Failure query=first/>
            <Show when=move || rows.with(Option::is_none) && first.error.with(Option::is_none)><Skeleton rows=8/></Show>
            <Show when=is_empty>
                <Empty title="No requests here">"Widen the range or remove a filter. If nothing was ever sent, "
                    <a href=move || shell.href(Page::Start)>"send the first request"</a>"."</Empty>
            </Show>
            <Show when=move || rows.with(|rows| rows.as_ref().is_some_and(|rows| !rows.is_empty()))>
                <div class="scroll"><table class="requests dense">
                    <thead><tr>
                        <th scope="col">"Time"</th><th scope="col">"Intent"</th><th scope="col">"Model"</th><th scope="col">"Tier"</th>
                        <th scope="col">"Cache"</th><th scope="col">"Status"</th><th scope="col" class="num">"Tokens"</th>
                        <th scope="col" class="num">"Latency"</th><th scope="col" class="num">"Cost"</th><th scope="col" class="num">"Saved"</th>
                    </tr></thead>
                    <tbody>
                        <For each=move || rows.get().unwrap_or_default() key=|row| row.id.clone() let:row><RequestLine row/></For>
                    </tbody>
                </table></div>
                <div class="table-foot">
                    <span class="muted">{move || format!("{} shown, newest first", rows.with(|rows| rows.as_ref().map_or(0, Vec::len)))}</span>
                    <Show when=move || cursor.with(Option::is_some)>
                        <button type="button" data-testid="load-more" aria-disabled=move || more.busy.get().to_string()
                            on:click=move |_| more.load(filter.get_untracked(), cursor.get_untracked())>"Load more"</button>
                    </Show>
                </div>
            </Show>
        </section>
    }
}

/// The pages after the first.
#[derive(Clone, Copy)]
struct More {
    shell: Shell,
    older: RwSignal<Vec<RequestRow>>,
    /// Where the next page starts, once one was loaded; the inner none is the end.
    cursor: RwSignal<Option<Option<String>>>,
    busy: RwSignal<bool>,
}

impl More {
    fn new() -> More {
        More {
            shell: use_shell(),
            older: RwSignal::new(Vec::new()),
            cursor: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    fn reset(self) {
        self.older.set(Vec::new());
        self.cursor.set(None);
    }

    fn load(self, filter: RequestFilter, cursor: Option<String>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            match call(RequestsList {
                filter,
                cursor,
                limit: PAGE_ROWS,
            })
            .await
            {
                Ok(page) => {
                    self.older.update(|older| older.extend(page.rows));
                    self.cursor.set(Some(page.next_cursor));
                }
                Err(error) => self.shell.complain(&error),
            }
            self.busy.set(false);
        });
    }
}

/// The newest page before the older ones, each request once.
fn merge(newest: Vec<RequestRow>, older: &[RequestRow]) -> Vec<RequestRow> {
    let last = newest.last().map(|row| row.id.clone());
    let rest = older
        .iter()
        .filter(|row| last.as_ref().is_none_or(|last| row.id < *last))
        .cloned();
    let mut rows = newest.clone();
    rows.extend(rest);
    rows
}

#[component]
fn Filters() -> impl IntoView {
    let shell = use_shell();
    let intents = query(|| IntentsList {});
    let names = Signal::derive(move || {
        let names = intents.value.with(|intents| {
            intents.as_ref().map(|intents| {
                intents
                    .iter()
                    .map(|intent| intent.name.clone())
                    .collect::<Vec<_>>()
            })
        });
        pairs("Any intent", names.unwrap_or_default())
    });
    let fixed = |first: &str, words: &[&str]| {
        Signal::stored(pairs(
            first,
            words.iter().map(|word| (*word).to_owned()).collect(),
        ))
    };
    let chip = move |chip: state::Chip| {
        let names = chip.names.clone();
        let label = format!("Remove the filter {}", chip.text);
        view! {
            <button type="button" class="chip" aria-label=label data-testid="filter-chip"
                on:click=move |_| shell.go(&shell.route.with_untracked(|route| state::without(route, &names)).to_hash())>
                {chip.text}<Icon symbol=Symbol::Close/>
            </button>
        }
    };
    view! {
        <div class="filters">
            <FilterSelect name="intent" label="Intent" options=names/>
            <FilterSelect name="tier" label="Tier" options=fixed("Any tier", &["T0", "T1", "T2", "T3"])/>
            <FilterSelect name="cache" label="Cache" options=fixed("Any cache outcome", &["response", "semantic", "miss", "bypass"])/>
            <FilterSelect name="status" label="Status" options=fixed("Any status", &["ok", "failed", "cut", "refused", "client_gone"])/>
            <div class="chips">{move || shell.route.with(|route| state::chips(route, clock::moment)).into_iter().map(chip).collect_view()}</div>
        </div>
    }
}

fn pairs(first: &str, words: Vec<String>) -> Vec<(String, String)> {
    let any = (String::new(), first.to_owned());
    std::iter::once(any)
        .chain(
            words
                .into_iter()
                .map(|word| (word.clone(), state::word(&word).to_owned())),
        )
        .collect()
}

#[component]
fn FilterSelect(
    name: &'static str,
    label: &'static str,
    options: Signal<Vec<(String, String)>>,
) -> impl IntoView {
    let shell = use_shell();
    let current = Memo::new(move |_| {
        shell
            .route
            .with(|route| route.get(name).unwrap_or_default().to_owned())
    });
    let change = move |event| {
        let value = event_target_value(&event);
        shell.go(&shell
            .route
            .with_untracked(|route| state::with(route, name, &value))
            .to_hash());
    };
    view! {
        <select aria-label=label data-testid=format!("filter-{name}") class:active=move || current.with(|text| !text.is_empty()) on:change=change>
            <Options options chosen=current/>
        </select>
    }
}
