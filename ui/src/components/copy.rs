//! Text that is made to be copied.

use crate::{
    components::icon::{Icon, Symbol},
    contexts::use_shell,
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;

/// A button that copies and says so.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>, label: &'static str) -> impl IntoView {
    let shell = use_shell();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let written = window().navigator().clipboard().write_text(&text.get_untracked());
        spawn_local(async move {
            match JsFuture::from(written).await {
                Ok(_) => {
                    let _ = copied.try_set(true);
                    set_timeout(
                        move || {
                            let _ = copied.try_set(false);
                        },
                        Duration::from_secs(2),
                    );
                }
                Err(_) => shell.warn("Nothing was copied: the clipboard is closed to Weir. Select the text and copy it by hand."),
            }
        });
    };
    view! {
        <button type="button" class="quiet small copy" aria-label=label on:click=copy>
            {move || if copied.get() { view! { <Icon symbol=Symbol::Check/> } } else { view! { <Icon symbol=Symbol::Copy/> } }}
            <span class="copy-word">{move || if copied.get() { "Copied" } else { "Copy" }}</span>
        </button>
        <span class="sr" role="status">{move || if copied.get() { "Copied" } else { "" }}</span>
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
