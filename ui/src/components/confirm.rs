//! A native dialog that names the act it confirms.

use leptos::{html, prelude::*};

/// Opens and closes with the signal; Escape and the backdrop close it.
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
                // It fails only when the dialog is open already.
                let _ = element.show_modal();
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
