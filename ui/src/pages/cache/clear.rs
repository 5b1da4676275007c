//! Clearing: choose, see what would go, confirm the act by its name.

use super::state;
use crate::{
    backend::call,
    components::{
        confirm::Dialog,
        field::{FormError, SelectField, TextField, choices},
    },
    contexts::{Shell, use_shell},
    format,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::cache::{CacheClear, CacheClearPreview},
    model::cache::{CacheExtent, CacheSelector},
};

/// The flow's state, shared by all places that start it.
#[derive(Clone, Copy)]
pub struct Clear {
    shell: Shell,
    open: RwSignal<bool>,
    /// The selector and what its dry run found.
    found: RwSignal<Option<(CacheSelector, CacheExtent)>>,
    typed: RwSignal<String>,
    busy: RwSignal<bool>,
    error: RwSignal<Option<String>>,
}

impl Clear {
    /// Nothing chosen yet.
    #[must_use]
    pub fn new() -> Clear {
        Clear {
            shell: use_shell(),
            open: RwSignal::new(false),
            found: RwSignal::new(None),
            typed: RwSignal::new(String::new()),
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Asks what would go, then opens the dialog.
    pub fn preview(self, selector: CacheSelector) {
        // The button stays enabled meanwhile: a disabled one would lose the focus that the dialog gives back.
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            match call(CacheClearPreview {
                selector: selector.clone(),
            })
            .await
            {
                Ok(extent) => {
                    self.typed.set(String::new());
                    self.found.set(Some((selector, extent)));
                    self.open.set(true);
                }
                Err(error) => self.shell.complain(&error),
            }
            self.busy.set(false);
        });
    }

    fn confirm(self) {
        let Some((selector, _)) = self.found.get_untracked() else {
            return;
        };
        self.busy.set(true);
        spawn_local(async move {
            match call(CacheClear { selector }).await {
                Ok(gone) => {
                    self.open.set(false);
                    self.shell.say(format!(
                        "Deleted {} ({}).",
                        format::plural(gone.entries, "entry", "entries"),
                        format::bytes(gone.bytes)
                    ));
                    self.shell.refresh();
                }
                Err(error) => self.error.set(Some(error.message)),
            }
            self.busy.set(false);
        });
    }

    fn may(self) -> bool {
        self.found.with(|found| {
            found.as_ref().is_some_and(|(selector, extent)| {
                self.typed
                    .with(|typed| state::may_clear(selector, *extent, typed))
            })
        }) && !self.busy.get()
    }
}

impl Default for Clear {
    fn default() -> Self {
        Clear::new()
    }
}

/// The form and its dialog.
#[component]
pub fn ClearForm(clear: Clear) -> impl IntoView {
    let kind = RwSignal::new("intent".to_owned());
    let value = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let kinds = choices(&[
        ("intent", "Intent is"),
        ("model", "Model is"),
        ("prefix", "Label starts with"),
        ("entry", "Entry key is"),
    ]);
    let preview = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match state::selector(&kind.get_untracked(), &value.get_untracked()) {
            Ok(selector) => {
                problem.set(None);
                clear.preview(selector);
            }
            Err(text) => problem.set(Some(text)),
        }
    };
    view! {
        <section class="card"><h2>"Clear cached answers"</h2>
            <p class="muted">"You first see what would go: entries, size and what they saved. Nothing is deleted before you confirm."</p>
            <form class="inline-form" on:submit=preview>
                <SelectField label="Which" value=kind options=Signal::stored(kinds) testid="cache-clear-kind".to_owned()/>
                <TextField label="Value" value testid="cache-clear-value".to_owned()/>
                <button type="submit" data-testid="cache-clear-preview" aria-disabled=move || clear.busy.get().to_string()>"Preview"</button>
                <span class="spacer"></span>
                <button type="button" class="danger-quiet" data-testid="cache-clear-all" aria-disabled=move || clear.busy.get().to_string()
                    on:click=move |_| clear.preview(CacheSelector::All)>"Clear everything…"</button>
            </form>
            <FormError error=problem/>
        </section>
        <ClearDialog clear/>
    }
}

#[component]
fn ClearDialog(clear: Clear) -> impl IntoView {
    let extent = move || {
        clear
            .found
            .with(|found| found.as_ref().map(|found| found.1).unwrap_or_default())
    };
    let what = move || {
        clear.found.with(|found| {
            found
                .as_ref()
                .map(|found| state::describe(&found.0))
                .unwrap_or_default()
        })
    };
    let is_all = move || {
        clear
            .found
            .with(|found| found.as_ref().is_some_and(|found| found.0 == CacheSelector::All))
    };
    let confirm = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(|| clear.may()) {
            clear.confirm();
        }
    };
    view! {
        <Dialog open=clear.open title=Signal::derive(move || format!("Clear {}?", format::visible(&what())))>
            <dl class="facts extent">
                <dt>"Entries"</dt><dd>{move || format::count(extent().entries)}</dd>
                <dt>"Size"</dt><dd>{move || format::bytes(extent().bytes)}</dd>
                <dt>"Saved so far"</dt><dd title=move || format::money_exact(extent().saved_nanousd)>{move || format::money(extent().saved_nanousd)}</dd>
            </dl>
            <p class="muted">{move || if extent().entries == 0 { "Nothing matches, so there is nothing to delete." } else { "The next request for each of them is a miss and is paid for again. This cannot be undone." }}</p>
            <form on:submit=confirm>
            <Show when=move || is_all() && (extent().entries > 0)>
                <TextField label=format!("Type \"{}\" to confirm", state::WORD) value=clear.typed autofocus=true testid="cache-clear-word".to_owned()/>
            </Show>
            <FormError error=clear.error/>
            <div class="dialog-acts">
                <button type="button" autofocus=true on:click=move |_| clear.open.set(false)>"Cancel"</button>
                <button type="submit" class="danger" data-testid="cache-clear-confirm" disabled=move || !clear.may()>
                    {move || state::act(extent())}
                </button>
            </div>
            </form>
        </Dialog>
    }
}
