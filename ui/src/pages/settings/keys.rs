//! Virtual keys: what each may do, what holds it and what it spent; create, change, rotate, revoke.

use super::{
    key_draft::{KeyDraft, scopes_in_words},
    key_form::{EditDialog, KeyDetails, KeyFields, RevokeDialog, RotateDialog},
};
use crate::{
    backend::call,
    components::{
        badge::{Badge, Tone},
        copy::CopyButton,
        field::{FormError, TextField},
        state::{Empty, Panel},
    },
    contexts::{Query, clock, query, use_shell},
    format, local_time,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::keys::{CreatedKey, KeysEndOverlap, KeysList},
    model::key::{KeyState, VirtualKey},
};

/// From so long before its end a key's row warns.
const SOON_MS: i64 = 7 * 86_400_000;

type Keys = Query<Vec<KeyState>>;

/// What a row's buttons choose.
#[derive(Clone, Copy)]
struct Chosen {
    editing: RwSignal<Option<VirtualKey>>,
    rotating: RwSignal<Option<VirtualKey>>,
    revoking: RwSignal<Option<VirtualKey>>,
}

/// The list and the form.
#[component]
pub fn Keys() -> impl IntoView {
    let keys = query(|| KeysList {});
    let chosen = Chosen {
        editing: RwSignal::new(None),
        rotating: RwSignal::new(None),
        revoking: RwSignal::new(None),
    };
    let made = RwSignal::new(None::<CreatedKey>);
    let is_empty = move || keys.value.with(|keys| keys.as_ref().is_none_or(Vec::is_empty));
    let lines = move || {
        let states = keys.value.get().unwrap_or_default();
        states
            .into_iter()
            .map(|state| view! { <Line state chosen keys/> })
            .collect_view()
    };
    view! {
        <section class="card"><h2>"Virtual keys"</h2>
            <p class="muted">"What clients present. Keys of one team share cached answers; a key without a team shares with nobody."</p>
            <Create keys made/>
            <Secret made/>
            <Panel query=keys>
                <Show when=move || !is_empty() fallback=|| view! { <Empty title="No keys yet">"Clients need one to be served."</Empty> }>
                    <div class="scroll"><table><thead><tr><th scope="col">"Name"</th><th scope="col">"Team"</th><th scope="col">"Key"</th><th scope="col">"Holds"</th>
                        <th scope="col" class="num">"Spent this month"</th><th scope="col">"Last used"</th><th scope="col"><span class="sr">"Act"</span></th></tr></thead>
                        <tbody>{lines}</tbody></table></div>
                </Show>
            </Panel>
            <EditDialog chosen=chosen.editing keys/>
            <RotateDialog chosen=chosen.rotating keys made/>
            <RevokeDialog chosen=chosen.revoking keys/>
        </section>
    }
}

#[component]
fn Create(keys: Keys, made: RwSignal<Option<CreatedKey>>) -> impl IntoView {
    let fields = KeyFields::fresh();
    let (problem, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let create = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || fields.name.with_untracked(|name| name.trim().is_empty()) {
            return;
        }
        let args = match untrack(|| fields.draft().create(clock::offset_minutes)) {
            Ok(args) => args,
            Err(text) => return problem.set(Some(text)),
        };
        problem.set(None);
        busy.set(true);
        spawn_local(async move {
            match call(args).await {
                Ok(created) => {
                    made.set(Some(created));
                    fields.fill(KeyDraft::fresh());
                    keys.reload();
                }
                Err(error) => problem.set(Some(error.message)),
            }
            busy.set(false);
        });
    };
    view! {
        <form on:submit=create>
            <div class="inline-form">
                <TextField label="Name" value=fields.name testid="key-name".to_owned()/>
                <TextField label="Team" value=fields.team testid="key-team".to_owned()/>
                <button type="submit" class="primary" data-testid="key-create" aria-disabled=move || (busy.get() || fields.name.with(|name| name.trim().is_empty())).to_string()>"Create key"</button>
            </div>
            <FormError error=problem/>
            <details><summary>"Owner, scopes, end, limit and cap"</summary><KeyDetails fields with_cap=true/></details>
        </form>
    }
}

/// The secret of a new or rotated key, once.
#[component]
fn Secret(made: RwSignal<Option<CreatedKey>>) -> impl IntoView {
    let text = Signal::derive(move || {
        made.with(|made| made.as_ref().map(|made| made.secret.clone()))
            .unwrap_or_default()
    });
    view! {
        <Show when=move || made.with(Option::is_some)>
            <div class="secret"><code data-testid="key-secret">{move || text.get()}</code><CopyButton text label="Copy the key"/>
                <button type="button" class="quiet small" on:click=move |_| made.set(None)>"Done"</button></div>
            <p class="field-hint">"Shown only now. Weir keeps a hash of it, never the key itself."</p>
        </Show>
    }
}

/// Whether the key works, and until when.
fn standing(key: &VirtualKey, now_ms: i64) -> Option<(String, Tone)> {
    if let Some(ms) = key.revoked_ms {
        return Some((format!("revoked {}", local_time::ago(ms, now_ms)), Tone::Neutral));
    }
    let expires_ms = key.expires_ms?;
    Some(match expires_ms - now_ms {
        ..=0 => (
            format!("expired {}", local_time::ago(expires_ms, now_ms)),
            Tone::Bad,
        ),
        1..SOON_MS => (in_days(expires_ms, now_ms), Tone::Warn),
        _ => (in_days(expires_ms, now_ms), Tone::Neutral),
    })
}

/// `expires in 3 days`, the last two days by the hour.
fn in_days(expires_ms: i64, now_ms: i64) -> String {
    let days = (expires_ms - now_ms) / 86_400_000;
    if days < 2 {
        return format!("expires {}", local_time::until(expires_ms, now_ms));
    }
    format!("expires in {days} days")
}

#[component]
fn Line(state: KeyState, chosen: Chosen, keys: Keys) -> impl IntoView {
    let now = clock::now_ms();
    let key = state.key.clone();
    let used = key
        .last_used_ms
        .map_or_else(|| "never".to_owned(), |ms| local_time::ago(ms, now));
    let masked = format!("sk-weir-{}-…{}", key.id, key.last_four);
    let title = key.expires_ms.map(clock::moment);
    let badge =
        standing(&key, now).map(|(text, tone)| view! { <span title=title.clone()><Badge text tone/></span> });
    let owner = (!key.owner.is_empty())
        .then(|| view! { <div class="muted">"of "{format::visible(&key.owner)}</div> });
    let month = state.month_spent_nanousd;
    let (testid, created) = (
        format!("key-{}", key.id),
        format!("created {}", clock::moment(key.created_ms)),
    );
    let fingerprint = key.fingerprint.clone();
    let (name, team) = (format::visible(&key.name), format::visible(&key.team));
    view! {
        <tr data-testid=testid>
            <th scope="row">{name}{owner}{badge}</th><td>{team}</td>
            <td><code>{masked}</code><div class="muted" title="A short hash of the secret: it tells secrets apart and gives nothing away">"fingerprint "<code>{fingerprint}</code></div>
                <Previous key=key.clone() keys/></td>
            <td><Holds state=state.clone()/></td>
            <td class="num" title=format::money_exact(month)>{format::money(month)}</td>
            <td title=created>{used}</td>
            <td><Acts key chosen/></td></tr>
    }
}

/// The secret before the last rotation, while it works.
#[component]
fn Previous(key: VirtualKey, keys: Keys) -> impl IntoView {
    let shell = use_shell();
    let now = clock::now_ms();
    let previous = key
        .previous
        .clone()
        .filter(|previous| previous.until_ms > now && key.revoked_ms.is_none());
    let (id, name) = (key.id.clone(), key.name.clone());
    let stop = move |_| {
        let (id, name) = (id.clone(), name.clone());
        spawn_local(async move {
            match call(KeysEndOverlap { id }).await {
                Ok(_) => shell.say(format!("Only the newest secret of \"{name}\" works now.")),
                Err(error) => shell.complain(&error),
            }
            keys.reload();
        });
    };
    previous.map(|previous| {
        view! {
            <div class="muted" title=clock::moment(previous.until_ms)>"old secret "<code>"…"{previous.last_four}</code>" ("<code>{previous.fingerprint}</code>") works on, it stops "{local_time::until(previous.until_ms, now)}" "
                <button type="button" class="small quiet" on:click=stop>"Stop it now"</button></div>
        }
    })
}

/// Scopes, caps and limits of a key.
#[component]
fn Holds(state: KeyState) -> impl IntoView {
    let scopes = scopes_in_words(&state.key.scopes).map(|words| view! { <li>{format::visible(&words)}</li> });
    let caps = state.caps.into_iter().map(|cap| {
        let off = if cap.enabled { "" } else { " (switched off)" };
        let spent = format::money(cap.spent_nanousd);
        let limit = format::money(cap.limit_nanousd);
        view! { <li title=format!("starts again {}", cap.resets_text)>{format!("cap {}{off}: {spent} of {limit}", cap.name)}</li> }
    });
    let own = state.key.limit.map(|limit| {
        let window = format::seconds(u64::from(limit.window_seconds));
        view! { <li>{format!("own limit: {} calls in any {window}", limit.max_requests)}</li> }
    });
    let limits = state
        .limits
        .into_iter()
        .map(|name| view! { <li>{format!("limit {name}")}</li> });
    view! { <ul class="plain">{scopes}{caps.collect_view()}{own}{limits.collect_view()}</ul> }
}

#[component]
fn Acts(key: VirtualKey, chosen: Chosen) -> impl IntoView {
    let is_revoked = key.revoked_ms.is_some();
    let act = move |word: &'static str, signal: RwSignal<Option<VirtualKey>>| {
        let (key, label) = (key.clone(), format!("{word} \"{}\"", key.name));
        view! { <button type="button" class="small" aria-label=label on:click=move |_| signal.set(Some(key.clone()))>{word}</button> }
    };
    (!is_revoked).then(|| {
        view! { <div class="cell-acts">{act("Change…", chosen.editing)}{act("Rotate…", chosen.rotating)}{act("Revoke…", chosen.revoking)}</div> }
    })
}

#[cfg(test)]
mod tests {
    use super::{Tone, standing};
    use weir_contract::model::key::VirtualKey;

    #[test]
    fn an_end_is_shown_before_it_comes() {
        let at = |expires_ms| {
            let key = VirtualKey {
                expires_ms: Some(expires_ms),
                ..VirtualKey::default()
            };
            standing(&key, 0).unwrap()
        };
        const DAY_MS: i64 = 86_400_000;
        assert_eq!(at(3 * DAY_MS + 5), ("expires in 3 days".to_owned(), Tone::Warn));
        assert_eq!(at(40 * DAY_MS), ("expires in 40 days".to_owned(), Tone::Neutral));
        assert_eq!(at(DAY_MS / 2), ("expires in 12 h".to_owned(), Tone::Warn));
        assert_eq!(at(0).1, Tone::Bad);
        assert_eq!(standing(&VirtualKey::default(), 0), None);
    }
}
