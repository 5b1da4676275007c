//! Virtual keys: create, show the secret once, revoke.

use crate::{
    backend::call,
    components::{
        badge::{Badge, Tone},
        confirm::Dialog,
        copy::CopyButton,
        field::TextField,
        state::{Empty, Panel},
    },
    contexts::{Query, clock, query, use_shell},
    format, local_time,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::keys::{KeysCreate, KeysList, KeysRevoke},
    model::key::VirtualKey,
};

/// The list and the form.
#[component]
pub fn Keys() -> impl IntoView {
    let keys = query(|| KeysList {});
    let revoking = RwSignal::new(None::<VirtualKey>);
    let is_empty = move || keys.value.with(|keys| keys.as_ref().is_none_or(Vec::is_empty));
    view! {
        <section class="card"><h2>"Virtual keys"</h2>
            <p class="muted">"What clients present. Keys of one team share cached answers; a key without a team shares with nobody."</p>
            <Create keys/>
            <Panel query=keys>
                <Show when=move || !is_empty() fallback=|| view! { <Empty title="No keys yet">"Clients need one to be served."</Empty> }>
                    <div class="scroll"><table><thead><tr><th scope="col">"Name"</th><th scope="col">"Team"</th><th scope="col">"Key"</th><th scope="col">"Created"</th><th scope="col">"Last used"</th>
                        <th scope="col"><span class="sr">"Act"</span></th></tr></thead>
                        <tbody>{move || keys.value.get().unwrap_or_default().into_iter().map(|key| view! { <Line key revoking/> }).collect_view()}</tbody></table></div>
                </Show>
            </Panel>
            <RevokeDialog revoking keys/>
        </section>
    }
}

#[component]
fn Create(keys: Query<Vec<VirtualKey>>) -> impl IntoView {
    let shell = use_shell();
    let (name, team) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let secret = RwSignal::new(None::<String>);
    let create = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if name.with_untracked(|name| name.trim().is_empty()) {
            return;
        }
        let args = KeysCreate {
            name: name.get_untracked().trim().to_owned(),
            team: team.get_untracked().trim().to_owned(),
        };
        spawn_local(async move {
            match call(args).await {
                Ok(created) => {
                    secret.set(Some(created.secret));
                    name.set(String::new());
                    keys.reload();
                }
                Err(error) => shell.complain(&error),
            }
        });
    };
    let text = Signal::derive(move || secret.get().unwrap_or_default());
    view! {
        <form class="inline-form" on:submit=create>
            <TextField label="Name" value=name testid="key-name".to_owned()/>
            <TextField label="Team" value=team testid="key-team".to_owned()/>
            <button type="submit" class="primary" data-testid="key-create" aria-disabled=move || name.with(|name| name.trim().is_empty()).to_string()>"Create key"</button>
        </form>
        <Show when=move || secret.with(Option::is_some)>
            <div class="secret"><code data-testid="key-secret">{move || text.get()}</code><CopyButton text label="Copy the key"/>
                <button type="button" class="quiet small" on:click=move |_| secret.set(None)>"Done"</button></div>
            <p class="field-hint">"Shown only now. Weir keeps a hash of it, never the key itself."</p>
        </Show>
    }
}

#[component]
fn Line(key: VirtualKey, revoking: RwSignal<Option<VirtualKey>>) -> impl IntoView {
    let now = clock::now_ms();
    let used = key
        .last_used_ms
        .map_or_else(|| "never".to_owned(), |ms| local_time::ago(ms, now));
    let masked = format!("sk-weir-{}-…{}", key.id, key.last_four);
    let act = match key.revoked_ms {
        Some(ms) => {
            view! { <Badge text=format!("revoked {}", local_time::ago(ms, now)) tone=Tone::Neutral/> }
                .into_any()
        }
        None => {
            let chosen = key.clone();
            view! { <button type="button" class="small" on:click=move |_| revoking.set(Some(chosen.clone()))>"Revoke…"</button> }.into_any()
        }
    };
    view! {
        <tr><th scope="row">{format::visible(&key.name)}</th><td>{format::visible(&key.team)}</td><td><code>{masked}</code></td>
            <td title=clock::moment(key.created_ms)>{local_time::ago(key.created_ms, now)}</td><td>{used}</td><td class="num">{act}</td></tr>
    }
}

#[component]
fn RevokeDialog(revoking: RwSignal<Option<VirtualKey>>, keys: Query<Vec<VirtualKey>>) -> impl IntoView {
    let shell = use_shell();
    let is_open = RwSignal::new(false);
    Effect::new(move |_| is_open.set(revoking.with(Option::is_some)));
    // Escape closes the dialog itself; the choice goes with it.
    Effect::new(move |was_open: Option<bool>| {
        let open = is_open.get();
        if was_open == Some(true) && !open {
            revoking.set(None);
        }
        open
    });
    let name = move || {
        revoking.with(|key| {
            key.as_ref()
                .map(|key| format::visible(&key.name))
                .unwrap_or_default()
        })
    };
    let title = Signal::derive(move || format!("Revoke \"{}\"?", name()));
    let revoke = move |_| {
        let Some(key) = revoking.get_untracked() else {
            return;
        };
        spawn_local(async move {
            match call(KeysRevoke { id: key.id }).await {
                Ok(revoked) => shell.say(format!("Revoked \"{}\".", revoked.name)),
                Err(error) => shell.complain(&error),
            }
            revoking.set(None);
            keys.reload();
        });
    };
    view! {
        <Dialog open=is_open title>
            <p class="muted">"Clients that present it are refused at once. It cannot be taken back."</p>
            <div class="dialog-acts"><button type="button" autofocus=true on:click=move |_| is_open.set(false)>"Cancel"</button>
                <button type="button" class="danger" on:click=revoke>{move || format!("Revoke \"{}\"", name())}</button></div>
        </Dialog>
    }
}
