//! The cache: how well it pays, what is in it, and how to clear it safely.

pub mod clear;
pub mod clears;
pub mod state;

use crate::{
    components::{
        badge::VerdictBadge,
        state::{Empty, Panel},
    },
    contexts::{Query, clock, query, use_shell},
    format, local_time,
    pages::{requests::row::or_nothing, semantic::Semantic},
};
use clear::{Clear, ClearForm};
use clears::Clears;
use leptos::prelude::*;
use weir_contract::{
    command::cache::{CacheEntryPage, CacheList, CacheStatsGet},
    model::{
        cache::{CacheEntryRow, CacheSelector, CacheStats, IntentCacheStats},
        tier::Tier,
    },
};

/// The page.
#[component]
pub fn Cache() -> impl IntoView {
    let shell = use_shell();
    let stats = query(move || CacheStatsGet {
        range: shell.time_range(),
    });
    let entries = query(|| CacheList {
        selector: CacheSelector::All,
        cursor: None,
        limit: 100,
    });
    let clear = Clear::new();
    view! {
        <Panel query=stats rows=3>{move || stats.value.get().map(|stats| view! { <Figures stats/> })}</Panel>
        <section class="card flush"><h2 class="pad">"By intent"</h2>
            <Panel query=stats>{move || stats.value.with(|stats| stats.as_ref().map(|stats| intents(stats, clear)))}</Panel>
        </section>
        <Semantic/>
        <ClearForm clear/>
        <Clears clear/>
        <section class="card flush"><h2 class="pad">"Entries"<span class="unit">"newest first"</span></h2>
            <Entries entries clear/>
        </section>
    }
}

#[component]
fn Figures(stats: CacheStats) -> impl IntoView {
    let asked = stats.hits + stats.misses;
    let rate = (asked > 0).then(|| stats.hits as f64 / asked as f64);
    let tile = |label: &'static str, value: String, note: String| {
        view! { <div class="card kpi"><span class="kpi-label">{label}</span><span class="kpi-value">{value}</span><span class="kpi-note">{note}</span></div> }
    };
    view! {
        <section class="kpis four" aria-label="Cache figures">
            <div class="card kpi"><span class="kpi-label">"Hit rate"</span>
                <span class="kpi-value">{format::percent_or_nothing(rate)}</span>
                <span class="kpi-note"><VerdictBadge verdict=stats.verdict/>" "{stats.reason}</span>
            </div>
            {tile("Saved", format::money(stats.saved_nanousd), format!("by {}", format::plural(stats.hits, "hit", "hits")))}
            {tile("Stored", format::plural(stats.stored.entries, "entry", "entries"), format::bytes(stats.stored.bytes))}
            {tile("In memory", format::plural(stats.memory_entries, "entry", "entries"), format!("{}; {} bypassed the cache", format::bytes(stats.memory_bytes), format::count(stats.bypassed)))}
        </section>
    }
}

fn intents(stats: &CacheStats, clear: Clear) -> AnyView {
    if stats.intents.is_empty() {
        return view! { <Empty title="No request asked the cache in this range">"Hit rates appear here with the first requests."</Empty> }.into_any();
    }
    let line = |intent: &IntentCacheStats| {
        let asked = intent.hits + intent.misses;
        let rate = (asked > 0).then(|| intent.hits as f64 / asked as f64);
        let name = intent.intent.clone();
        view! {
            <tr><th scope="row">{format::visible(&or_nothing(&intent.intent))}</th>
                <td class="num">{format::percent_or_nothing(rate)}</td>
                <td class="num">{format::count(intent.hits)}</td><td class="num">{format::count(intent.misses)}</td><td class="num">{format::count(intent.bypassed)}</td>
                <td class="num" title=format::money_exact(intent.saved_nanousd)>{format::money_in_column(intent.saved_nanousd)}</td>
                <td class="wrap"><VerdictBadge verdict=intent.verdict/>" "<span class="muted">{intent.reason.clone()}</span></td>
                <td class="num"><button type="button" class="small" aria-label=format!("Clear the answers of {}", format::visible(&or_nothing(&intent.intent))) on:click=move |_| clear.preview(CacheSelector::Intent(name.clone()))>"Clear…"</button></td>
            </tr>
        }
    };
    view! {
        <div class="scroll"><table><thead><tr>
            <th scope="col">"Intent"</th><th scope="col" class="num">"Hit rate"</th><th scope="col" class="num">"Hits"</th><th scope="col" class="num">"Misses"</th>
            <th scope="col" class="num">"Bypassed"</th><th scope="col" class="num">"Saved"</th><th scope="col">"Verdict"</th><th scope="col"><span class="sr">"Act"</span></th>
        </tr></thead><tbody>{stats.intents.iter().map(line).collect_view()}</tbody></table></div>
    }
    .into_any()
}

#[component]
fn Entries(entries: Query<CacheEntryPage>, clear: Clear) -> impl IntoView {
    let rows = Memo::new(move |_| {
        entries
            .value
            .with(|page| page.as_ref().map(|page| page.rows.clone()).unwrap_or_default())
    });
    let has_more = move || {
        entries
            .value
            .with(|page| page.as_ref().is_some_and(|page| page.next_cursor.is_some()))
    };
    view! {
        <Panel query=entries>
            <Show when=move || rows.with(|rows| !rows.is_empty()) fallback=|| view! { <Empty title="Nothing is cached">"Answers appear here after the first miss."</Empty> }>
                <div class="scroll tall"><table class="dense"><thead><tr>
                    <th scope="col">"Label"</th><th scope="col">"Intent"</th><th scope="col">"Model"</th><th scope="col">"Tier"</th><th scope="col" class="num">"Hits"</th><th scope="col" class="num">"Saved"</th>
                    <th scope="col" class="num">"Size"</th><th scope="col">"Stored"</th><th scope="col">"Expires"</th><th scope="col"><span class="sr">"Act"</span></th>
                </tr></thead><tbody><For each=move || rows.get() key=|row| (row.key.clone(), row.hits) let:row><EntryLine row clear/></For></tbody></table></div>
                <Show when=has_more><p class="pad muted">"The newest 100 are shown. Clear by prefix reaches all."</p></Show>
            </Show>
        </Panel>
    }
}

#[component]
fn EntryLine(row: CacheEntryRow, clear: Clear) -> impl IntoView {
    let now = clock::now_ms();
    let saved = weir_contract::NanoUsd(row.cost_nanousd.0.saturating_mul(row.hits));
    let key = row.key.clone();
    view! {
        <tr><th scope="row" class="clip" title=format::visible(&row.label)>{format::visible(&or_nothing(&row.label))}</th>
            <td>{format::visible(&or_nothing(&row.intent))}</td><td>{format::visible(&row.model)}</td><td>{row.tier.map_or(format::NOTHING, Tier::as_str)}</td>
            <td class="num">{format::count(row.hits)}</td><td class="num" title=format::money_exact(saved)>{format::money_in_column(saved)}</td><td class="num">{format::bytes(row.bytes)}</td>
            <td title=clock::moment(row.created_ms)>{local_time::ago(row.created_ms, now)}</td><td title=clock::moment(row.expires_ms)>{local_time::until(row.expires_ms, now)}</td>
            <td class="num"><button type="button" class="small" aria-label=format!("Clear {}", format::visible(&row.label))
                on:click=move |_| clear.preview(CacheSelector::Entry(key.clone()))>"Clear…"</button></td>
        </tr>
    }
}
