//! The rail on the left: the pages, and the theme.

use crate::{
    components::icon::{Icon, Mark, Symbol},
    contexts::{theme::Theme, use_shell},
    route::Page,
};
use leptos::prelude::*;

const LINKS: [(Page, Symbol, &str, &str); 9] = [
    (Page::Overview, Symbol::Overview, "Overview", "nav-overview"),
    (Page::Requests, Symbol::Requests, "Requests", "nav-requests"),
    (Page::Cache, Symbol::Cache, "Cache", "nav-cache"),
    (Page::Budgets, Symbol::Budgets, "Budgets", "nav-budgets"),
    (Page::Limits, Symbol::Limits, "Limits", "nav-limits"),
    (Page::Rollouts, Symbol::Rollouts, "Rollouts", "nav-rollouts"),
    (Page::Alerts, Symbol::Alerts, "Alerts", "nav-alerts"),
    (Page::Changes, Symbol::Changes, "Changes", "nav-changes"),
    (Page::Settings, Symbol::Settings, "Settings", "nav-settings"),
];

/// True when the rail's entry stands for this page.
fn covers(entry: &Page, page: &Page) -> bool {
    entry == page || (*entry == Page::Requests && matches!(page, Page::Request(_)))
}

/// The rail.
#[component]
pub fn Nav() -> impl IntoView {
    let shell = use_shell();
    let link = move |(page, symbol, word, testid): (Page, Symbol, &'static str, &'static str)| {
        let entry = page.clone();
        let current = move || {
            shell
                .route
                .with(|route| covers(&entry, &route.page))
                .then_some("page")
        };
        view! {
            <li><a class="nav-link" href=move || shell.href(page.clone()) aria-current=current data-testid=testid>
                <Icon symbol/><span>{word}</span>
            </a></li>
        }
    };
    view! {
        <nav class="rail" aria-label="Pages">
            <a class="brand" href=move || shell.href(Page::Overview)><Mark/><span>"Weir"</span></a>
            <ul>{LINKS.map(link).collect_view()}</ul>
            <div class="rail-foot"><ThemeToggle/></div>
        </nav>
    }
}

/// Goes round: system, light, dark.
#[component]
pub fn ThemeToggle() -> impl IntoView {
    let shell = use_shell();
    let toggle = move |_| {
        let next = shell.theme.get_untracked().next();
        next.apply();
        shell.theme.set(next);
    };
    let face = move || match shell.theme.get() {
        Theme::System => (Symbol::Auto, "System theme"),
        Theme::Light => (Symbol::Sun, "Light theme"),
        Theme::Dark => (Symbol::Moon, "Dark theme"),
    };
    view! {
        <button type="button" class="nav-link" data-testid="theme-toggle" on:click=toggle>
            {move || view! { <Icon symbol=face().0/><span>{face().1}</span> }}
        </button>
    }
}
