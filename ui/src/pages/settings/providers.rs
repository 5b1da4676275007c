//! The providers: health, key, test, default.

use super::{
    provider_form::{ProviderFields, ProviderForm},
    state,
};
use crate::{
    backend::call,
    components::{
        badge::{Badge, SimulatedBadge, Tone},
        confirm::Dialog,
        icon::{Icon, Symbol},
        state::Panel,
    },
    contexts::{Query, query, use_shell},
    format,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::{
        gateway::SecretsSet,
        providers::{ProvidersList, ProvidersSetDefault, ProvidersTest},
    },
    model::catalog::{BreakerPosition, KeySource, KeyStatus, ProviderProtocol, ProviderState},
};

/// The list.
#[component]
pub fn Providers() -> impl IntoView {
    let providers = query(|| ProvidersList {});
    let names = providers.names();
    let fields = ProviderFields::new();
    view! {
        <section class="card"><header class="chart-head"><h2>"Providers"</h2>
            <button type="button" class="small" on:click=move |_| fields.open(None)><Icon symbol=Symbol::Plus/>"Add provider"</button></header>
            <Panel query=providers>
                <Show when=move || names.with(|names| !names.is_empty()) fallback=|| view! { <p class="muted">"None is stored in this database. Gateways may have theirs in their configuration files, which do not show here."</p> }>
                    <ul class="rows"><For each=move || names.get() key=|name| name.clone() let:name><Line name providers fields/></For></ul>
                </Show>
            </Panel>
            <ProviderForm fields providers/>
        </section>
    }
}

#[component]
fn Line(name: String, providers: Query<Vec<ProviderState>>, fields: ProviderFields) -> impl IntoView {
    let shell = use_shell();
    let state = providers.member(name.clone());
    let outcome = RwSignal::new(None::<(bool, String)>);
    let asking_key = RwSignal::new(false);
    let (tested, chosen, testid) = (name.clone(), name.clone(), format!("provider-{name}"));
    let test = move |_| {
        let name = tested.clone();
        outcome.set(Some((true, "Asking…".to_owned())));
        spawn_local(async move {
            outcome.set(Some(match call(ProvidersTest { name }).await {
                Ok(test) if test.ok => (
                    true,
                    format!(
                        "{} ({}; {})",
                        test.message,
                        format::duration_us(test.latency_ms.saturating_mul(1_000)),
                        models(&test.models)
                    ),
                ),
                Ok(test) => (false, test.message),
                Err(error) => (false, error.message),
            }));
        });
    };
    let make_default = move |_| {
        let name = chosen.clone();
        spawn_local(async move {
            match call(ProvidersSetDefault { name }).await {
                Ok(()) => providers.reload(),
                Err(error) => shell.complain(&error),
            }
        });
    };
    let is_default = move || state.with(|state| state.as_ref().is_some_and(|state| state.is_default));
    let is_fixed = move || state.with(|state| state.as_ref().is_some_and(|state| state.from_file));
    let wants_key = move || {
        state.with(|state| {
            state
                .as_ref()
                .is_some_and(|state| matches!(state.config.key, KeySource::Keychain(_)))
        })
    };
    view! {
        <li class="row-line" data-testid=testid>
            <div class="row-main">{move || state.get().map(|state| view! { <Facts state/> })}
                {move || outcome.get().map(|(ok, text)| view! { <p class=if ok { "muted" } else { "form-error" } role="status">{format::visible(&text)}</p> })}</div>
            <div class="row-acts">
                <Show when=wants_key><button type="button" class="small" on:click=move |_| asking_key.set(true)>"Set key…"</button></Show>
                <button type="button" class="small" on:click=test>"Test"</button>
                <Show when=move || !is_fixed()><button type="button" class="small" on:click=move |_| fields.open(state.get_untracked())>"Edit"</button></Show>
                <button type="button" class="small" disabled=is_default on:click=make_default>"Make default"</button>
            </div>
            <KeyDialog name asking=asking_key providers/>
        </li>
    }
}

fn models(models: &[String]) -> String {
    let some = models.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    if models.len() > 3 {
        format!("{some} and {} more models", models.len() - 3)
    } else {
        some
    }
}

#[component]
fn Facts(state: ProviderState) -> impl IntoView {
    let key = match state.key_status {
        KeyStatus::NotNeeded => None,
        KeyStatus::Present => Some(("key present", Tone::Good)),
        KeyStatus::Missing => Some(("key missing", Tone::Warn)),
    };
    let breakers: Vec<_> = state
        .breakers
        .iter()
        .filter(|breaker| breaker.1 != BreakerPosition::Closed)
        .map(|(model, position)| {
            format!(
                "{model}: {}",
                if *position == BreakerPosition::Open {
                    "breaker open"
                } else {
                    "breaker trying again"
                }
            )
        })
        .collect();
    let is_simulated = state.config.protocol == ProviderProtocol::Simulated;
    let protocol = state::PROTOCOLS
        .iter()
        .find(|(key, _)| *key == state::protocol_key(state.config.protocol))
        .map_or("", |(_, word)| word);
    let url = if state.config.base_url.is_empty() {
        "built in, no network".to_owned()
    } else {
        format::visible(&state.config.base_url)
    };
    view! {
        <p class="row-title"><strong>{format::visible(&state.config.name)}</strong>
            {is_simulated.then(|| view! { <SimulatedBadge/> })}
            {state.is_default.then(|| view! { <Badge text="default" tone=Tone::Accent/> })}
            {key.map(|(word, tone)| view! { <Badge text=word tone/> })}
            {breakers.into_iter().map(|text| view! { <Badge text tone=Tone::Warn/> }).collect_view()}</p>
        <p class="muted">{protocol}" · "{url}" · "{state::key_words(&state)}{state.from_file.then_some(" · set in the configuration, not editable here")}</p>
    }
}

/// Takes a key and hands it on; it is never shown again and never kept in the page.
#[component]
fn KeyDialog(name: String, asking: RwSignal<bool>, providers: Query<Vec<ProviderState>>) -> impl IntoView {
    let shell = use_shell();
    let secret = RwSignal::new(String::new());
    let title = Signal::stored(format!("Key of {name}"));
    let set = Callback::new(move |()| {
        let args = SecretsSet {
            provider: name.clone(),
            secret: secret.get_untracked().trim().to_owned().into(),
        };
        secret.set(String::new());
        spawn_local(async move {
            match call(args).await {
                Ok(()) => {
                    shell.say("The key is stored and in use.");
                    asking.set(false);
                    providers.reload();
                }
                Err(error) => shell.complain(&error),
            }
        });
    });
    let place = move || match shell.status().map(|status| status.secret_store) {
        Some(store) if store == "keychain" => {
            "It goes into the operating system's keychain, never into the database."
        }
        _ => "No keychain is available here: the key is kept in memory and forgotten when the window closes.",
    };
    view! {
        <Dialog open=asking title>
            <form on:submit=move |event| { event.prevent_default(); set.run(()); }>
                <p class="muted">{place}</p>
                <label class="field"><span class="field-label">"Key"</span>
                    <input type="password" autocomplete="off" prop:value=move || secret.get() on:input=move |event| secret.set(event_target_value(&event))/></label>
                <div class="dialog-acts"><button type="button" on:click=move |_| { secret.set(String::new()); asking.set(false); }>"Cancel"</button>
                    <button type="submit" class="primary" disabled=move || secret.with(|secret| secret.trim().is_empty())>"Store key"</button></div>
            </form>
        </Dialog>
    }
}
