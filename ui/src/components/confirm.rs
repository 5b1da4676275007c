//! A native dialog that names the act it confirms.

use leptos::{html, prelude::*};
use std::time::Duration;

/// Opens and closes with the signal. Escape closes it, and the focus goes back to where it was; a click beside it does
/// not, because that would throw away what was typed.
#[component]
pub fn Dialog(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let wanted = open.get();
        if let Some(element) = dialog.get() {
            if wanted && !element.open() {
                // The content is drawn in the same turn; only when it stands can the dialog put the focus into it.
                set_timeout(
                    move || {
                        if open.try_get_untracked() == Some(true) && !element.open() {
                            // It fails only when the dialog has left the page.
                            let _ = element.show_modal();
                        }
                    },
                    Duration::ZERO,
                );
            } else if !wanted && element.open() {
                element.close();
            }
        }
    });
    view! {
        <dialog node_ref=dialog aria-label=move || title.get() on:close=move |_| open.set(false)>
            <Show when=move || open.get()>
                <h2>{move || title.get()}</h2>
                {children()}
            </Show>
        </dialog>
    }
}
