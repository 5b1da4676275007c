//! Settings: the address and its snippets, providers, virtual keys, tiers and intents, about.

pub mod backups;
pub mod catalog;
pub mod gateways;
pub mod key_draft;
pub mod key_form;
pub mod keys;
pub mod provider_form;
pub mod providers;
pub mod state;

use crate::{
    backend::call,
    components::copy::CopyButton,
    contexts::{clock, use_shell},
    pages::{connections::Connections, start::snippet::Snippets},
};
use backups::Backups;
use catalog::{Intents, Tiers};
use gateways::Gateways;
use keys::Keys;
use leptos::{prelude::*, task::spawn_local};
use providers::Providers;
use weir_contract::{command::gateway::ProfileOpen, model::gateway::ProfileKind};

/// The page.
#[component]
pub fn Settings() -> impl IntoView {
    let shell = use_shell();
    let is_local = Memo::new(move |_| shell.attached().is_none());
    view! {
        <div class="stack settings">
            <Show when=move || is_local.get()><Address/></Show>
            <Gateways/>
            <Show when=move || is_local.get()><Connections/></Show>
            <Providers/>
            <Keys/>
            // Each gateway has these from its own configuration file; a shared database does not know them.
            <Show when=move || is_local.get()><Tiers/><Intents/></Show>
            <Backups/>
            <Show when=move || is_local.get()><Profile/></Show>
            <About/>
        </div>
    }
}

#[component]
fn Address() -> impl IntoView {
    let shell = use_shell();
    let address = Signal::derive(move || shell.status().map(|status| status.address).unwrap_or_default());
    view! {
        <section class="card"><h2>"Gateway"</h2>
            <p class="muted">"Point clients here, with a virtual key from below instead of a provider's key."</p>
            <div class="secret"><code>{move || address.get()}</code><CopyButton text=address label="Copy the gateway address"/></div>
            <div class="snippets"><Snippets secret=Signal::stored(None::<String>) testid="settings-snippet"/></div>
        </section>
    }
}

/// Which data the window looks at, and the way to the other.
#[component]
fn Profile() -> impl IntoView {
    let shell = use_shell();
    let busy = RwSignal::new(false);
    let other = move || {
        if shell.is_sample() {
            ProfileKind::Local
        } else {
            ProfileKind::Sample
        }
    };
    let switch = move |_| {
        let kind = untrack(other);
        busy.set(true);
        spawn_local(async move {
            match call(ProfileOpen { kind }).await {
                Ok(_) => shell.refresh(),
                Err(error) => shell.complain(&error),
            }
            busy.set(false);
        });
    };
    let words = move || {
        if shell.is_sample() {
            "This is sample data, made up and thrown away."
        } else {
            "This is the traffic of this computer's own gateway."
        }
    };
    let act = move || {
        if shell.is_sample() {
            "Run locally instead"
        } else {
            "Look at sample data instead"
        }
    };
    view! {
        <section class="card"><h2>"Profile"</h2><p class="muted">{words}</p>
            <div class="inline-form"><button type="button" data-testid="profile-switch" disabled=move || busy.get() on:click=switch>{act}</button></div></section>
    }
}

#[component]
fn About() -> impl IntoView {
    let shell = use_shell();
    let facts = move || {
        shell.status().map(|status| {
            let kept = if status.attached.is_some() {
                "by each gateway"
            } else if status.secret_store == "keychain" {
                "the operating system's keychain"
            } else {
                "this session only: forgotten when the window closes"
            };
            let rows = [
                ("Version", status.version),
                ("Configuration", format!("version {}", status.config_version)),
                ("Database", status.database),
                ("Running since", clock::moment(status.started_ms)),
                ("Provider keys", kept.to_owned()),
                ("Times shown in", clock::zone_name(clock::now_ms())),
            ];
            rows.map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> })
                .collect_view()
        })
    };
    view! {
        <section class="card"><h2>"About"</h2><dl class="facts">{facts}</dl>
            <p class="muted">"A weir is the low dam that both measures a flow and regulates it. Weir sends nothing anywhere but to the providers you add."</p></section>
    }
}
