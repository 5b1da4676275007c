//! Text that is made to be copied.

use crate::components::icon::{Icon, Symbol};
use leptos::prelude::*;
use std::time::Duration;

/// A button that copies and says so.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>, label: &'static str) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        // The promise's outcome is not awaited: a webview that forbids the clipboard still shows the text to select.
        let _ = window().navigator().clipboard().write_text(&text.get_untracked());
        copied.set(true);
        set_timeout(move || copied.set(false), Duration::from_secs(2));
    };
    view! {
        <button type="button" class="quiet small copy" aria-label=label on:click=copy>
            {move || if copied.get() { view! { <Icon symbol=Symbol::Check/> } } else { view! { <Icon symbol=Symbol::Copy/> } }}
            <span role="status">{move || if copied.get() { "Copied" } else { "Copy" }}</span>
        </button>
    }
}

/// A block of code with its own copy button.
#[component]
pub fn CodeBlock(
    #[prop(into)] title: String,
    #[prop(into)] text: Signal<String>,
    #[prop(optional)] testid: Option<&'static str>,
) -> impl IntoView {
    view! {
        <div class="code">
            <div class="code-head"><span>{title}</span><CopyButton text label="Copy this snippet"/></div>
            <pre tabindex="0" data-testid=testid>{move || text.get()}</pre>
        </div>
    }
}
