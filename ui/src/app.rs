//! The root view: which screen the hash asks for, inside the frame that all screens share.

use crate::{
    backend::{fake, tauri},
    components::{
        band::Band,
        conflict::ConflictDialog,
        nav::Nav,
        notice::NoticeBar,
        topbar::{DegradedBar, TopBar},
    },
    contexts::{Shell, clock, live},
    format,
    pages::{
        alerts::Alerts, budgets::Budgets, cache::Cache, changes::Changes, connecting::Connecting,
        connections::Attach, first_run::FirstRun, limits::Limits, overview::Overview, request::Request,
        requests::Requests, rollouts::Rollouts, settings::Settings, start::Start,
    },
    route::Page,
};
use leptos::{ev, html, prelude::*};
use weir_contract::ErrorCode;

/// Mounts the page into the document's body.
pub fn start() {
    if !tauri::is_present() {
        fake::open_from_location(&window().location().search().unwrap_or_default(), clock::now_ms());
    }
    mount_to_body(App);
    if let Some(element) = document().get_element_by_id("starting") {
        element.remove();
    }
}

/// What the window shows as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    NoProfile,
    Attach,
    Open,
}

#[component]
fn App() -> impl IntoView {
    let shell = Shell::provide();
    shell.theme.get_untracked().apply();
    live::start(shell);
    let stage = Memo::new(move |_| {
        let Some(status) = shell.gateway() else {
            return Stage::Connecting;
        };
        let has_no_profile = status.error.with(|error| {
            error
                .as_ref()
                .is_some_and(|error| error.code == ErrorCode::NoProfile)
        });
        let is_attach = shell.route.with(|route| route.page == Page::Attach);
        match (is_attach, has_no_profile, status.value.with(Option::is_some)) {
            (true, ..) => Stage::Attach,
            (_, true, _) => Stage::NoProfile,
            (_, _, true) => Stage::Open,
            _ => Stage::Connecting,
        }
    });
    view! {
        {move || match stage.get() {
            Stage::Connecting => view! { <Connecting/> }.into_any(),
            Stage::NoProfile => view! { <FirstRun/> }.into_any(),
            Stage::Attach => view! { <Attach/> }.into_any(),
            Stage::Open => view! { <Frame/> }.into_any(),
        }}
        <NoticeBar/>
        <ConflictDialog/>
    }
}

#[component]
fn Frame() -> impl IntoView {
    let shell = crate::contexts::use_shell();
    // The query may change without the screen changing; only another page mounts anew.
    let page = Memo::new(move |_| shell.route.with(|route| route.page.clone()));
    let database = Memo::new(move |_| {
        let attached = shell.attached();
        attached.map(|state| {
            format!(
                "{} · {} · ",
                format::visible(&state.name),
                state.environment.word()
            )
        })
    });
    Effect::new(move |_| {
        let database = database.get().unwrap_or_default();
        document().set_title(&format!("{database}{} · Weir", page.with(Page::title)));
    });
    let main = NodeRef::<html::Main>::new();
    let focus_main = move || {
        if let Some(main) = main.get_untracked() {
            main.set_scroll_top(0);
            // Focusing an element that is on the page cannot fail.
            let _ = main.focus();
        }
    };
    // A new page starts at its top, and with the focus on it, as a loaded document would.
    Effect::new(move |before: Option<Page>| {
        let now = page.get();
        if before.is_some_and(|before| before != now) {
            focus_main();
        }
        now
    });
    let skip = move |event: ev::MouseEvent| {
        event.prevent_default();
        focus_main();
    };
    let content = move || match page.get() {
        Page::Overview | Page::Attach => view! { <Overview/> }.into_any(),
        Page::Requests => view! { <Requests/> }.into_any(),
        Page::Request(id) => view! { <Request id/> }.into_any(),
        Page::Cache => view! { <Cache/> }.into_any(),
        Page::Budgets => view! { <Budgets/> }.into_any(),
        Page::Limits => view! { <Limits/> }.into_any(),
        Page::Rollouts => view! { <Rollouts/> }.into_any(),
        Page::Alerts => view! { <Alerts/> }.into_any(),
        Page::Changes => view! { <Changes/> }.into_any(),
        Page::Settings => view! { <Settings/> }.into_any(),
        Page::Start => view! { <Start/> }.into_any(),
    };
    view! {
        <div class="window"><Band/>
        <div class="frame" class:is-sample=move || shell.is_sample()>
            <a class="skip" href="#content" on:click=skip>"Skip to the page"</a>
            <Nav/>
            <div class="stage">
                <TopBar/>
                <DegradedBar/>
                <main class="content" id="content" tabindex="-1" node_ref=main>{content}</main>
            </div>
        </div></div>
    }
}
