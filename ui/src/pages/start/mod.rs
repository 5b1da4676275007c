//! Where the local door ends: make a key, copy a snippet, and watch the first request arrive.

pub mod snippet;

use crate::{
    backend::call,
    components::{
        badge::SimulatedBadge,
        copy::CopyButton,
        icon::{Icon, Symbol},
    },
    contexts::{query, use_shell},
    format,
    route::Page,
};
use leptos::{prelude::*, task::spawn_local};
use snippet::Snippets;
use weir_contract::command::{keys::KeysCreate, requests::RequestsList};

/// The start screen.
#[component]
pub fn Start() -> impl IntoView {
    let secret = RwSignal::new(None::<String>);
    view! {
        <div class="narrow">
            <p class="lead">"Three steps to the first request. They take less than a minute."</p>
            <ol class="steps">
                <KeyStep secret/>
                <SnippetStep secret/>
                <WaitStep/>
            </ol>
        </div>
    }
}

#[component]
fn KeyStep(secret: RwSignal<Option<String>>) -> impl IntoView {
    let shell = use_shell();
    let busy = RwSignal::new(false);
    let create = move |_| {
        busy.set(true);
        spawn_local(async move {
            match call(KeysCreate {
                name: "first key".to_owned(),
                team: String::new(),
                ..KeysCreate::default()
            })
            .await
            {
                Ok(created) => secret.set(Some(created.secret)),
                Err(error) => shell.complain(&error),
            }
            busy.set(false);
        });
    };
    let text = Signal::derive(move || secret.get().unwrap_or_default());
    view! {
        <li class="card step" class:done=move || secret.with(Option::is_some)>
            <h2>"Create a key"</h2>
            <p class="muted">"Your client presents it to Weir. It is not a provider's key."</p>
            <Show when=move || secret.with(Option::is_some) fallback=move || view! {
                <button type="button" class="primary" data-testid="create-first-key" disabled=move || busy.get() on:click=create>
                    <Icon symbol=Symbol::Plus/>"Create the first key"
                </button>
            }>
                <div class="secret"><code data-testid="first-key-secret">{move || text.get()}</code><CopyButton text label="Copy the key"/></div>
                <p class="field-hint">"Shown only now. Weir keeps a hash of it, never the key itself."</p>
            </Show>
        </li>
    }
}

#[component]
fn SnippetStep(secret: RwSignal<Option<String>>) -> impl IntoView {
    let shell = use_shell();
    let is_simulated = move || {
        shell
            .status()
            .is_some_and(|status| status.default_provider == "simulated")
    };
    view! {
        <li class="card step">
            <h2>"Send a request"</h2>
            <Snippets secret testid="start-snippet"/>
            <Show when=is_simulated>
                <p class="muted">"Answers come from the "<SimulatedBadge/>" provider: no key, no network, play money. Add a real provider's key in "
                    <a href=move || shell.href(Page::Settings)>"Settings"</a>" whenever you like."</p>
            </Show>
        </li>
    }
}

#[component]
fn WaitStep() -> impl IntoView {
    let shell = use_shell();
    let requests = query(|| RequestsList {
        filter: Default::default(),
        cursor: None,
        limit: 1,
    });
    let first = Memo::new(move |_| {
        requests
            .value
            .with(|page| page.as_ref().and_then(|page| page.rows.first().cloned()))
    });
    let has_arrived = move || first.with(Option::is_some);
    let waiting = || {
        view! { <span class="pulse" aria-hidden="true"></span><span>"Waiting for the first request…"</span> }
            .into_any()
    };
    let arrived = move || {
        first.get().map(|row| {
            let text = format!(
                "{} answered in {}, for {}",
                row.model,
                format::duration_us(row.duration_us),
                format::money(row.cost_nanousd)
            );
            let link = shell.href(Page::Request(row.id.clone()));
            view! {
                <Icon symbol=Symbol::Check/><span class="grows"><strong>"The first request arrived. "</strong>{text}</span>
                {row.simulated.then(|| view! { <SimulatedBadge/> })}
                <a href=link>"See what happened"</a>
                <a class="button primary small" href=move || shell.href(Page::Overview)>"Open the overview"</a>
            }
            .into_any()
        })
    };
    view! {
        <li class="card step" class:done=has_arrived>
            <h2>"Watch it arrive"</h2>
            <div class="waiting" class:arrived=has_arrived data-testid="first-request" role="status">
                {move || arrived().unwrap_or_else(waiting)}
            </div>
        </li>
    }
}
