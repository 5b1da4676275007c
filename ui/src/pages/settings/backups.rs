//! Backups of the database: when, how large, where, and one now.

use crate::{
    backend::call,
    components::{
        badge::{Badge, Tone},
        state::{Empty, Panel},
    },
    contexts::{clock, query, use_shell},
    format, local_time,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::backups::{BackupsList, BackupsMake},
    model::backup::{Backup, BackupReason},
};

/// Backups shown at once; the folder has all.
const SHOWN: usize = 5;

/// The section.
#[component]
pub fn Backups() -> impl IntoView {
    let shell = use_shell();
    let list = query(|| BackupsList {});
    let busy = RwSignal::new(false);
    let make = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match call(BackupsMake {}).await {
                Ok(made) => {
                    shell.say(format!("Backed up and checked: {}.", format::bytes(made.bytes)));
                    list.reload();
                }
                Err(error) => shell.complain(&error),
            }
            busy.set(false);
        });
    };
    let backups = move || list.value.get().map(|list| list.backups).unwrap_or_default();
    let last = move || {
        backups().first().map(|backup| {
            let when = local_time::ago(backup.taken_ms, clock::now_ms());
            format!("The last one was made {when}, {}.", format::bytes(backup.bytes))
        })
    };
    let overdue = move || {
        let is_overdue = list
            .value
            .with(|list| list.as_ref().is_some_and(|list| list.is_overdue));
        (is_overdue && !shell.is_sample())
            .then(|| view! { <p><Badge text="no daily backup for two days" tone=Tone::Warn/></p> })
    };
    let lines = move || {
        backups()
            .into_iter()
            .take(SHOWN)
            .map(|backup| view! { <Line backup/> })
            .collect_view()
    };
    let folder = move || list.value.get().map(|list| list.folder);
    let by_weir = move || list.value.get().is_none_or(|list| list.made_by_weir);
    view! {
        <section class="card" data-testid="backups"><h2>"Backups"</h2>
            <Show when=by_weir fallback=|| ()><p class="muted">"One a day by itself and one before every change of the schema, each checked; 7 daily, 4 weekly and 12 monthly ones are kept. To go back: close Weir, then "<code>"weir-gateway restore FILE"</code>"."</p></Show>
            <Panel query=list rows=2>
                {overdue}<p data-testid="backup-last">{last}</p>
                <Show when=by_weir fallback=|| ()><Show when=move || !backups().is_empty() fallback=|| view! { <Empty title="No backup yet">"The first is made within the first hour that Weir runs, or now."</Empty> }>
                    <div class="scroll"><table><thead><tr><th scope="col">"When"</th><th scope="col">"Why"</th><th scope="col" class="num">"Size"</th><th scope="col">"File"</th></tr></thead><tbody>{lines}</tbody></table></div>
                </Show></Show>
                <p class="muted" data-testid="backup-place">{move || folder().map(|folder| if by_weir() { format!("Kept in {}", format::visible(&folder)) } else { folder })}</p>
            </Panel>
            <Show when=by_weir fallback=|| ()><button type="button" data-testid="backup-now" aria-disabled=move || busy.get().to_string() on:click=make>"Back up now"</button></Show>
        </section>
    }
}

#[component]
fn Line(backup: Backup) -> impl IntoView {
    let why = match backup.reason {
        BackupReason::Daily => "daily",
        BackupReason::Migration => "before a change of the schema",
        BackupReason::Manual => "by hand; kept until you remove it",
    };
    let file = backup
        .path
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_owned();
    view! {
        <tr><td>{clock::moment(backup.taken_ms)}</td><td>{why}</td><td class="num">{format::bytes(backup.bytes)}</td>
            <td title=backup.path.clone()><code>{format::visible(&file)}</code></td></tr>
    }
}
