//! One line of the requests table.

use crate::{
    components::badge::{CacheBadge, SimulatedBadge, StatusBadge},
    contexts::{clock, use_shell},
    format,
    route::Page,
};
use leptos::prelude::*;
use weir_contract::{
    NanoUsd,
    model::{
        request::{CostBasis, RequestRow},
        tier::Tier,
    },
};

/// A line; the whole of it leads to the request.
#[component]
pub fn RequestLine(row: RequestRow) -> impl IntoView {
    let shell = use_shell();
    let id = row.id.clone();
    let link = move || shell.href(Page::Request(id.clone()));
    let click_link = link.clone();
    let tokens = format!(
        "{} in, {} out",
        format::count(row.tokens.input_total()),
        format::count(row.tokens.output_total())
    );
    let overhead = format!(
        "{} in Weir, {} at providers",
        format::duration_us(row.duration_us - row.upstream_us),
        format::duration_us(row.upstream_us)
    );
    let basis = match (row.price_unknown, row.cost_basis) {
        (true, _) => "assumed",
        (_, CostBasis::Unsettled) => "estimated",
        _ => "",
    };
    view! {
        <tr class="request-row" data-testid="request-row" on:click=move |_| shell.go(&click_link())>
            <td><a href=link>{clock::moment(row.started_ms)}</a></td>
            <td>{format::visible(&or_nothing(&row.intent))}</td>
            <td class="model">{format::visible(&or_nothing(&row.model))}{row.simulated.then(|| view! { " "<SimulatedBadge/> })}</td>
            <td>{row.tier.map_or(format::NOTHING, Tier::as_str)}</td>
            <td><CacheBadge cache=row.cache/></td>
            <td><StatusBadge status=row.status/></td>
            <td class="num" title=tokens>{format::count(row.tokens.total())}</td>
            <td class="num" title=overhead>{format::duration_us(row.duration_us)}</td>
            <td class="num" title=format::money_exact(row.cost_nanousd)>{(!basis.is_empty()).then(|| view! { <span class="muted">{basis}" "</span> })}{amount(row.cost_nanousd)}</td>
            <td class="num" class:saved=row.saved_nanousd != NanoUsd::ZERO title=format::money_exact(row.saved_nanousd)>{amount(row.saved_nanousd)}</td>
        </tr>
    }
}

fn amount(amount: NanoUsd) -> String {
    if amount == NanoUsd::ZERO {
        format::NOTHING.to_owned()
    } else {
        format::money_in_column(amount)
    }
}

/// The text, or a dash where there is none.
#[must_use]
pub fn or_nothing(text: &str) -> String {
    if text.is_empty() {
        format::NOTHING.to_owned()
    } else {
        text.to_owned()
    }
}
