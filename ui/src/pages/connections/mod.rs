//! Connections to databases that gateways share: a card each, tested step by step, opened in a window of its own.

pub mod draft;
pub mod form;
pub mod steps;

use crate::{
    backend::call,
    components::{
        badge::{Badge, Tone},
        delete::DeleteButton,
        icon::{Icon, Mark, Symbol},
        state::{Empty, Panel},
    },
    contexts::{Query, query, use_shell},
    format,
    route::{Page, Route},
};
use form::{ConnectionFields, ConnectionForm};
use leptos::{prelude::*, task::spawn_local};
use steps::Steps;
use weir_contract::{
    command::profiles::{ProfilesConnect, ProfilesDelete, ProfilesList, ProfilesTest},
    model::profile::{ProfileState, StepOutcome, TestStep, TlsMode},
};

/// The page before any profile is open, and for whoever comes by its link.
#[component]
pub fn Attach() -> impl IntoView {
    let back = Route {
        page: Page::Overview,
        query: Vec::new(),
    }
    .to_hash();
    view! {
        <main class="alone connections-page">
            <div class="hello"><Mark/><h1>"Attach to production"</h1>
                <p>"See and steer the gateways that share a Postgres database. Each connection opens a window of its own, which only reads until you unlock it."</p>
            </div>
            <Connections/>
            <p><a class="button" href=back data-testid="attach-back"><Icon symbol=Symbol::Back/>"Back"</a></p>
        </main>
    }
}

/// The section with all connections.
#[component]
pub fn Connections() -> impl IntoView {
    let list = query(|| ProfilesList {});
    let fields = ConnectionFields::new();
    let names = Memo::new(move |_| {
        list.value.with(|list| {
            let states = list.iter().flatten();
            states.map(|state| state.profile.name.clone()).collect::<Vec<_>>()
        })
    });
    view! {
        <section class="card" data-testid="connections"><header class="chart-head"><h2>"Connections"</h2>
            <button type="button" class="small" data-testid="connection-new" on:click=move |_| fields.open(None)><Icon symbol=Symbol::Plus/>"Add connection"</button></header>
            <Panel query=list rows=2>
                <Show when=move || names.with(|names| !names.is_empty()) fallback=|| view! { <Empty title="No connections yet">"Add the Postgres database that your gateways share. Paste its URL, or fill in the form."</Empty> }>
                    <ul class="rows"><For each=move || names.get() key=|name| name.clone() let:name><Line name list fields/></For></ul>
                </Show>
            </Panel>
            <ConnectionForm fields list/>
        </section>
    }
}

#[component]
fn Line(name: String, list: Query<Vec<ProfileState>>, fields: ConnectionFields) -> impl IntoView {
    let shell = use_shell();
    let wanted = name.clone();
    let state = Memo::new(move |_| {
        list.value.with(|list| {
            let mut states = list.iter().flatten();
            states.find(|state| state.profile.name == wanted).cloned()
        })
    });
    let steps = RwSignal::new(None::<Vec<TestStep>>);
    let busy = RwSignal::new(None::<&'static str>);
    let (tested, opened, doomed) = (name.clone(), name.clone(), name.clone());
    let test = move |_| {
        let name = tested.clone();
        busy.set(Some("Testing…"));
        spawn_local(async move {
            match call(ProfilesTest { name }).await {
                Ok(found) => {
                    let _ = steps.try_set(Some(found));
                }
                Err(error) => shell.complain(&error),
            }
            let _ = busy.try_set(None);
        });
    };
    let connect = move |_| {
        let name = opened.clone();
        busy.set(Some("Connecting…"));
        spawn_local(async move {
            match call(ProfilesConnect { name }).await {
                // The steps are shown where they say why there is no window.
                Ok(found) => {
                    let has_failed = found.iter().any(|step| step.outcome == StepOutcome::Failed);
                    let _ = steps.try_set(has_failed.then_some(found));
                    list.reload();
                }
                Err(error) => shell.complain(&error),
            }
            let _ = busy.try_set(None);
        });
    };
    let delete = Callback::new(move |()| ProfilesDelete { name: doomed.clone() });
    let act = format!("Delete connection \"{name}\"");
    let testid = format!("connection-{name}");
    let is_busy = move || busy.get().is_some();
    view! {
        <li class="row-line connection" data-testid=testid>
            <div class="row-main">{move || state.get().map(|state| view! { <Facts state/> })}
                <p class="muted" role="status">{move || busy.get()}</p></div>
            <div class="row-acts">
                <button type="button" class="small primary" data-testid="connection-connect" disabled=is_busy on:click=connect>{move || if state.get().is_some_and(|state| state.is_open) { "Show window" } else { "Connect" }}</button>
                <button type="button" class="small" data-testid="connection-test" disabled=is_busy on:click=test>"Test"</button>
                <button type="button" class="small" on:click=move |_| fields.open(state.get_untracked())>"Edit"</button>
                <DeleteButton label="Delete…" act meaning="The connection and its passwords are forgotten on this computer. The database is not touched." done="Deleted the connection." command=delete list/>
            </div>
            {move || steps.get().map(|steps| view! { <div class="connection-steps"><Steps steps/></div> })}
        </li>
    }
}

#[component]
fn Facts(state: ProfileState) -> impl IntoView {
    let profile = state.profile;
    let chip = format!("band-chip {}", profile.colour.word());
    let badges = [
        (profile.tls != TlsMode::VerifyFull).then_some(("TLS not verified", Tone::Warn)),
        (!state.has_password && profile.client_cert_file.is_empty())
            .then_some(("no password known", Tone::Warn)),
        profile
            .admin_user
            .is_empty()
            .then_some(("always read only", Tone::Neutral)),
        state.is_open.then_some(("open", Tone::Good)),
    ];
    let through = profile
        .ssh
        .as_ref()
        .map(|ssh| format!("through {} by SSH", ssh.host));
    view! {
        <p class="row-title"><span class=chip>{profile.environment.word()}</span><strong>{format::visible(&profile.name)}</strong>
            {badges.into_iter().flatten().map(|(text, tone)| view! { <Badge text tone/> }).collect_view()}</p>
        <p class="muted"><code>{format::visible(&profile.place())}</code>" "{through}</p>
    }
}
