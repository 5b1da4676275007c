//! Clearing: choose, see what would go, confirm the act by its name.

use super::state;
use crate::{
    backend::call,
    components::{
        confirm::Dialog,
        field::{CheckField, FormError, SelectField, TextField, choices},
    },
    contexts::{Shell, clock, use_shell},
    format,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::cache::{CacheClear, CacheClearPreview, CacheUndoClear},
    model::cache::{CacheCleared, CacheExtent, CacheSelector},
};

/// The flow's state, shared by all places that start it.
#[derive(Clone, Copy)]
pub struct Clear {
    shell: Shell,
    open: RwSignal<bool>,
    /// The selector and what its dry run found.
    found: RwSignal<Option<(CacheSelector, CacheExtent)>>,
    typed: RwSignal<String>,
    /// Remove the rows at once, without an undo.
    purge: RwSignal<bool>,
    /// What the last clear did, until it is undone.
    done: RwSignal<Option<CacheCleared>>,
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
            purge: RwSignal::new(false),
            done: RwSignal::new(None),
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
                    self.purge.set(false);
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
        let purge = self.purge.get_untracked();
        self.busy.set(true);
        spawn_local(async move {
            match call(CacheClear { selector, purge }).await {
                Ok(cleared) => {
                    self.open.set(false);
                    self.done.set(Some(cleared));
                    self.shell.refresh();
                }
                Err(error) => self.error.set(Some(error.message)),
            }
            self.busy.set(false);
        });
    }

    /// Takes a clear back.
    pub fn undo(self, id: i64) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            match call(CacheUndoClear { id }).await {
                Ok(back) => {
                    if self
                        .done
                        .with_untracked(|done| done.as_ref().is_some_and(|done| done.id == id))
                    {
                        self.done.set(None);
                    }
                    self.shell.say(format!(
                        "{} served again.",
                        format::plural(back.entries, "entry is", "entries are")
                    ));
                    self.shell.refresh();
                }
                Err(error) => self.shell.complain(&error),
            }
            self.busy.set(false);
        });
    }

    fn may(self) -> bool {
        self.found.with(|found| {
            found.as_ref().is_some_and(|(selector, extent)| {
                self.typed
                    .with(|typed| state::may_clear(selector, *extent, typed, self.purge.get()))
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
        ("source", "Source"),
        ("user", "User"),
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
            <p class="muted">"You first see what would go: entries, size and what they saved. What is cleared is served no more, by any gateway, and can be brought back for 24 hours."</p>
            <form class="inline-form" on:submit=preview>
                <SelectField label="Which" value=kind options=Signal::stored(kinds) testid="cache-clear-kind".to_owned()/>
                <TextField label="Value" value testid="cache-clear-value".to_owned()/>
                <button type="submit" data-testid="cache-clear-preview" aria-disabled=move || clear.busy.get().to_string()>"Preview"</button>
                <span class="spacer"></span>
                <button type="button" class="danger-quiet" data-testid="cache-clear-all" aria-disabled=move || clear.busy.get().to_string()
                    on:click=move |_| clear.preview(CacheSelector::All)>"Clear everything…"</button>
            </form>
            <FormError error=problem/>
            <Done clear/>
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
        clear
            .found
            .with(|found| found.as_ref().map(|found| found.0.in_words()).unwrap_or_default())
    };
    let word = move || {
        let purge = clear.purge.get();
        clear.found.with(|found| {
            found
                .as_ref()
                .filter(|found| purge || found.1.entries > 0)
                .and_then(|found| state::word(&found.0, purge))
        })
    };
    let outcome = move || {
        if clear.purge.get() {
            "The rows are removed at once, with what was cleared before and could still be brought back. This cannot be undone. The texts of recorded requests stay until their own days are over, and backups keep what they hold."
        } else if extent().entries == 0 && extent().collection_items == 0 {
            "Nothing matches, so there is nothing to clear."
        } else if extent().collection_items > 0 {
            "The next request for each answer is a miss and is paid for again. You can undo this for 24 hours, but collection items are deleted at once and do not come back."
        } else {
            "The next request for each of them is a miss and is paid for again. You can undo this for 24 hours."
        }
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
                <Show when=move || { extent().collection_items > 0 }><dt>"Collection items"</dt><dd>{move || format::count(extent().collection_items)}</dd></Show>
                <dt>"Saved so far"</dt><dd title=move || format::money_exact(extent().saved_nanousd)>{move || format::money(extent().saved_nanousd)}</dd>
            </dl>
            <p class="muted">{outcome}</p>
            <form on:submit=confirm>
            <CheckField label="Purge now: remove the rows for good (for privacy requests)" value=clear.purge/>
            {move || word().map(|word| view! {
                <TextField label=format!("Type \"{word}\" to confirm") value=clear.typed autofocus=true testid="cache-clear-word".to_owned()/>
            })}
            <FormError error=clear.error/>
            <div class="dialog-acts">
                <button type="button" autofocus=true on:click=move |_| clear.open.set(false)>"Cancel"</button>
                <button type="submit" class="danger" data-testid="cache-clear-confirm" disabled=move || !clear.may()>
                    {move || state::act(extent(), clear.purge.get())}
                </button>
            </div>
            </form>
        </Dialog>
    }
}

/// What the last clear did, with the way back.
#[component]
fn Done(clear: Clear) -> impl IntoView {
    let sentence = move || {
        clear.done.get().map(|done| {
            let what = format!(
                "{} ({})",
                format::plural(done.entries, "entry", "entries"),
                format::bytes(done.bytes)
            );
            let items = done.collection_items;
            let gone = if items == 0 {
                String::new()
            } else {
                let items = format::plural(items, "collection item was", "collection items were");
                format!(" {items} deleted for good.")
            };
            match done.undo_until_ms {
                Some(until_ms) => format!(
                    "Clear {}: {what} taken out of service. It can be undone until {}.{gone}",
                    done.id,
                    clock::moment(until_ms)
                ),
                None => format!("Clear {}: {what} removed for good.{gone}", done.id),
            }
        })
    };
    let undoable = move || {
        clear
            .done
            .get()
            .filter(|done| done.undo_until_ms.is_some())
            .map(|done| done.id)
    };
    view! {
        <p role="status" data-testid="cache-clear-done">{sentence}" "
            {move || undoable().map(|id| view! {
                <button type="button" data-testid="cache-clear-undo" aria-disabled=move || clear.busy.get().to_string()
                    on:click=move |_| clear.undo(id)>"Undo"</button>
            })}
        </p>
    }
}
