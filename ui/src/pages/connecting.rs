//! What the window shows until its gateway answers.

use crate::{
    components::{icon::Mark, state::Failure},
    contexts::use_shell,
};
use leptos::prelude::*;
use std::time::Duration;

/// A start takes no longer, unless an update has something to do first.
const USUAL: Duration = Duration::from_secs(3);

/// The name, how far it is, and what failed.
#[component]
pub fn Connecting() -> impl IntoView {
    let shell = use_shell();
    let is_long = RwSignal::new(false);
    set_timeout(
        move || {
            let _ = is_long.try_set(true);
        },
        USUAL,
    );
    view! {
        <main class="alone">
            <div class="hello"><Mark/><h1>"Weir"</h1></div>
            {shell.gateway().map(|status| view! { <Failure query=status/> })}
            <Show when=move || shell.gateway().is_some_and(|status| status.error.with(Option::is_none))>
                <div class="connecting" role="status">
                    <p>"Connecting to the gateway…"</p>
                    <Show when=move || is_long.get()>
                        <p class="muted" data-testid="long-start">
                            "After an update, a large local database is copied and brought up to date before the first start: about a minute for ten million requests. If Weir is closed meanwhile, nothing is lost; the next start begins anew."
                        </p>
                    </Show>
                </div>
            </Show>
        </main>
    }
}
