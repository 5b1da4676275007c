//! The gateways that share the database, and which of them run the newest configuration.

use crate::{
    components::state::Panel,
    contexts::{clock, query},
    format,
};
use leptos::prelude::*;
use weir_contract::{command::gateways::GatewaysList, model::gateway::GatewayState};

/// `v128 on 3 of 4 gateways`, and each of them.
#[component]
pub fn Gateways() -> impl IntoView {
    let fleet = query(|| GatewaysList {});
    let sentence = move || fleet.value.get().map(|fleet| fleet.sentence());
    let apart = move || fleet.value.get().and_then(|fleet| fleet.limits_apart());
    let rows = move || {
        let fleet = fleet.value.get().unwrap_or_default();
        let newest = fleet.config_version;
        let rows = fleet.gateways.into_iter().map(|one| row(&one, newest));
        rows.collect_view()
    };
    view! {
        <section class="card"><h2>"Gateways on this database"</h2>
            <p data-testid="gateways-version" role="status">{sentence}</p>
            {move || apart().map(|text| view! { <p class="form-error" role="alert" data-testid="gateways-apart">{format::visible(&text)}</p> })}
            <Panel query=fleet rows=2><div class="scroll" tabindex="0" role="region" aria-label="Gateways on this database"><table>
                <thead><tr><th scope="col">"Address"</th><th scope="col">"Configuration"</th><th scope="col">"State"</th><th scope="col">"Version"</th>
                    <th scope="col">"Running since"</th></tr></thead>
                <tbody>{rows}</tbody></table></div></Panel></section>
    }
}

fn row(one: &GatewayState, newest: i64) -> impl IntoView + use<> {
    view! {
        <tr data-testid="gateway-row"><th scope="row"><code>{format::visible(&one.address)}</code></th><td>{format!("v{}", one.config_version)}</td>
            <td>{format::visible(&words(one, newest))}</td><td>{format::visible(&one.version)}</td><td>{clock::moment(one.started_ms)}</td></tr>
    }
}

/// What it does now, and what is wrong with it.
fn words(one: &GatewayState, newest: i64) -> String {
    if one.is_silent {
        return format!("silent since {}", clock::moment(one.last_beat_ms));
    }
    if one.config_version >= newest {
        return "runs the newest configuration".to_owned();
    }
    if one.config_problem.is_empty() {
        return format!("still runs v{}", one.config_version);
    }
    format!(
        "refuses v{newest}, goes on with v{}: {}",
        one.config_version, one.config_problem
    )
}
