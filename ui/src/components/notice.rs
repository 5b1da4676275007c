//! The short message at the foot of the window.

use crate::contexts::use_shell;
use leptos::prelude::*;

/// Shows the shell's notice, politely.
#[component]
pub fn NoticeBar() -> impl IntoView {
    let shell = use_shell();
    view! {
        <div class="notice-place" role="status" aria-live="polite">
            {move || shell.notice.get().map(|notice| {
                let class = if notice.is_error { "notice error" } else { "notice" };
                view! {
                    <div class=class><span>{notice.text}</span>
                        <button type="button" class="quiet small" on:click=move |_| shell.notice.set(None)>"Dismiss"</button>
                    </div>
                }
            })}
        </div>
    }
}
