//! What was cleared lately: undo it, remove it for good, see which gateways have followed.

use super::{clear::Clear, state};
use crate::{
    backend::call,
    components::{
        badge::{Badge, Tone},
        confirm::Dialog,
        field::{FormError, TextField},
        state::Panel,
    },
    contexts::{clock, query, use_shell},
    format, local_time,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::cache::{CacheClears, CachePurgeClear},
    model::cache::{CacheClearRow, ClearState},
};

/// Most clears that are shown.
const MOST: u32 = 20;
/// What is typed before a clear is purged.
const WORD: &str = "purge";

/// The list and the dialog of *purge now*.
#[component]
pub fn Clears(clear: Clear) -> impl IntoView {
    let clears = query(|| CacheClears { limit: MOST });
    let purging = RwSignal::new(None::<CacheClearRow>);
    let open = RwSignal::new(false);
    let rows = Memo::new(move |_| clears.value.get().unwrap_or_default());
    let purge = Callback::new(move |row: CacheClearRow| {
        purging.set(Some(row));
        open.set(true);
    });
    view! {
        <Show when=move || rows.with(|rows| !rows.is_empty())>
            <section class="card flush"><h2 class="pad">"Clears"<span class="unit">"newest first"</span></h2>
                <Panel query=clears rows=2><div class="scroll" tabindex="0" role="region" aria-label="Clears"><table><thead><tr>
                    <th scope="col" class="num">"Clear"</th><th scope="col">"What"</th><th scope="col">"When"</th><th scope="col">"Who"</th>
                    <th scope="col" class="num">"Entries"</th><th scope="col" class="num">"Size"</th><th scope="col">"State"</th>
                    <th scope="col">"Followed"</th><th scope="col"><span class="sr">"Acts"</span></th>
                </tr></thead><tbody><For each=move || rows.get() key=|row| (row.id, row.state, row.confirmed, row.gateways) let:row><Line row clear purge/></For></tbody></table></div></Panel>
            </section>
        </Show>
        <PurgeDialog purging open/>
    }
}

#[component]
fn Line(row: CacheClearRow, clear: Clear, purge: Callback<CacheClearRow>) -> impl IntoView {
    let id = row.id;
    let tone = match row.state {
        ClearState::Cleared => Tone::Warn,
        ClearState::Undone => Tone::Good,
        ClearState::Purged => Tone::Neutral,
    };
    let ended = row.ended_ms.map_or_else(
        || format!("can be undone until {}", clock::moment(row.undo_until_ms)),
        clock::moment,
    );
    let missing = format::visible(&row.waiting.join(", "));
    let acts = (row.state == ClearState::Cleared).then(|| {
        let row = row.clone();
        view! {
            <button type="button" class="small" data-testid=format!("cache-undo-{id}") aria-label=format!("Undo clear {id}") on:click=move |_| clear.undo(id)>"Undo"</button>" "
            <button type="button" class="small danger-quiet" data-testid=format!("cache-purge-{id}") aria-label=format!("Purge clear {id} now")
                on:click=move |_| purge.run(row.clone())>"Purge now…"</button>
        }
    });
    view! {
        <tr data-testid="cache-clear-row"><td class="num">{format::count(id)}</td><th scope="row" class="clip" title=format::visible(&row.what)>{format::visible(&row.what)}</th>
            <td title=clock::moment(row.at_ms)>{local_time::ago(row.at_ms, clock::now_ms())}</td><td>{format::visible(&row.who)}</td>
            <td class="num">{format::count(row.entries)}</td><td class="num">{format::bytes(row.bytes)}</td>
            <td title=ended><Badge text=state::state_word(row.state) tone/></td>
            <td title=(!missing.is_empty()).then(|| format!("Not yet: {missing}"))>{state::followed(&row)}</td>
            <td class="num">{acts}</td>
        </tr>
    }
}

#[component]
fn PurgeDialog(purging: RwSignal<Option<CacheClearRow>>, open: RwSignal<bool>) -> impl IntoView {
    let shell = use_shell();
    let (typed, busy) = (RwSignal::new(String::new()), RwSignal::new(false));
    let error = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if open.get() {
            typed.set(String::new());
            error.set(None);
        }
    });
    let may = move || typed.with(|typed| typed.trim().eq_ignore_ascii_case(WORD)) && !busy.get();
    let entries = move || purging.with(|row| row.as_ref().map_or(0, |row| row.entries));
    let title = move || {
        purging.with(|row| {
            row.as_ref().map_or_else(String::new, |row| {
                format!("Purge clear {} ({})?", row.id, format::visible(&row.what))
            })
        })
    };
    let confirm = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(id) = purging.with_untracked(|row| row.as_ref().map(|row| row.id)) else {
            return;
        };
        if !untrack(may) {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match call(CachePurgeClear { id }).await {
                Ok(gone) => {
                    open.set(false);
                    shell.say(format!(
                        "{} removed for good.",
                        format::plural(gone.entries, "entry was", "entries were")
                    ));
                    shell.refresh();
                }
                Err(problem) => error.set(Some(problem.message)),
            }
            busy.set(false);
        });
    };
    view! {
        <Dialog open title=Signal::derive(title)>
            <p class="muted">"Its answers are served no more already. Purging removes them from the database now instead of within 24 hours. This cannot be undone. The texts of recorded requests stay until their own days are over, and backups keep what they hold."</p>
            <form on:submit=confirm>
                <TextField label=format!("Type \"{WORD}\" to confirm") value=typed autofocus=true testid="cache-purge-word".to_owned()/>
                <FormError error/>
                <div class="dialog-acts">
                    <button type="button" on:click=move |_| open.set(false)>"Cancel"</button>
                    <button type="submit" class="danger" data-testid="cache-purge-confirm" disabled=move || !may()>
                        {move || format!("Purge {}", format::plural(entries(), "entry", "entries"))}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
