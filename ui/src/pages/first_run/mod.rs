//! Before a profile is open: three doors.

use crate::{
    backend::call,
    components::icon::{Icon, Mark, Symbol},
    contexts::use_shell,
    route::{Page, Route},
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{ApiError, command::gateway::ProfileOpen, model::gateway::ProfileKind};

/// The three doors.
#[component]
pub fn FirstRun() -> impl IntoView {
    let shell = use_shell();
    let opening = RwSignal::new(None::<ProfileKind>);
    let failed = RwSignal::new(None::<ApiError>);
    let open = move |kind: ProfileKind, then: Page| {
        if opening.get_untracked().is_some() {
            return;
        }
        opening.set(Some(kind));
        failed.set(None);
        spawn_local(async move {
            match call(ProfileOpen { kind }).await {
                Ok(_) => {
                    shell.go(&shell.href(then));
                    shell.refresh();
                }
                Err(error) => failed.set(Some(error)),
            }
            opening.set(None);
        });
    };
    let attach = Route {
        page: Page::Attach,
        query: Vec::new(),
    }
    .to_hash();
    view! {
        <main class="alone doors-page">
            <div class="hello"><Mark/><h1>"Weir"</h1>
                <p>"See what language models cost, and hold it where you want it. Everything runs on this computer, and no account is needed."</p>
            </div>
            <div class="doors">
                <button type="button" class="door primary-door" data-testid="door-local" disabled=move || opening.get().is_some()
                    on:click=move |_| open(ProfileKind::Local, Page::Start)>
                    <Icon symbol=Symbol::Local/><strong>"Run locally"</strong>
                    <span>"A gateway on this computer with its own database. Point a client at it and watch."</span>
                    <em>{move || if opening.get() == Some(ProfileKind::Local) { "Starting…" } else { "Under a minute" }}</em>
                </button>
                <button type="button" class="door" data-testid="door-sample" disabled=move || opening.get().is_some()
                    on:click=move |_| open(ProfileKind::Sample, Page::Overview)>
                    <Icon symbol=Symbol::Sample/><strong>"Look around with sample data"</strong>
                    <span>"Made-up traffic in a throw-away database, labelled on every screen."</span>
                    <em>{move || if opening.get() == Some(ProfileKind::Sample) { "Filling…" } else { "Nothing to set up" }}</em>
                </button>
                <a class="door" href=attach data-testid="door-attach">
                    <Icon symbol=Symbol::Attach/><strong>"Attach to production"</strong>
                    <span>"A Postgres database that your gateways share."</span>
                    <em>"Opens a window of its own"</em>
                </a>
            </div>
            {move || failed.get().map(|error| view! { <p class="form-error" role="alert">{error.message}</p> })}
        </main>
    }
}
