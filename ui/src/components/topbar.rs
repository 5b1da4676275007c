//! The bar above every page: where one is, whose data it is, which span, where the gateway listens.

use crate::{
    components::{copy::CopyButton, range_picker::RangePicker},
    contexts::use_shell,
    route::Page,
};
use leptos::prelude::*;
use weir_contract::model::gateway::ProfileKind;

/// The bar.
#[component]
pub fn TopBar() -> impl IntoView {
    let shell = use_shell();
    let title = move || shell.route.with(|route| route.page.title());
    let badge = move || match shell.status().map(|status| status.profile) {
        Some(ProfileKind::Sample) => ("profile-badge sample", "SAMPLE DATA"),
        Some(ProfileKind::Local) => ("profile-badge", "LOCAL"),
        // The band says which database; it stands on every page.
        Some(ProfileKind::Attached) => ("profile-badge", "ATTACHED"),
        None => ("profile-badge", "NO PROFILE"),
    };
    let has_range = move || {
        shell
            .route
            .with(|route| matches!(route.page, Page::Overview | Page::Requests | Page::Cache))
    };
    let answers = move || {
        shell
            .gateway()
            .is_some_and(|status| status.error.with(Option::is_none))
    };
    let address = Signal::derive(move || shell.status().map(|status| status.address).unwrap_or_default());
    view! {
        <header class="topbar">
            <h1>{title}</h1>
            <span class=move || badge().0 data-testid="profile-badge">{move || badge().1}</span>
            <div class="spacer"></div>
            <Show when=has_range><RangePicker/></Show>
            <Show when=move || !address.with(String::is_empty)><div class="address" title="Point your OpenAI or Anthropic client here">
                <span class="dot" class:good=answers aria-hidden="true"></span>
                <code data-testid="gateway-address">{move || address.get()}</code>
                <CopyButton text=address label="Copy the gateway address"/>
            </div></Show>
        </header>
    }
}

/// Sentences about what works less than fully; nothing when all is well.
#[component]
pub fn DegradedBar() -> impl IntoView {
    let shell = use_shell();
    let sentences = Memo::new(move |_| {
        shell
            .status()
            .map(|status| {
                let mut sentences = status.degraded;
                if !status.port_note.is_empty() {
                    sentences.insert(0, status.port_note);
                }
                sentences
            })
            .unwrap_or_default()
    });
    move || {
        let sentences = sentences.get();
        (!sentences.is_empty()).then(|| view! { <div class="degraded" role="status">{sentences.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}</div> })
    }
}
