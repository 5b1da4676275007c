//! The fields of a key, and the dialogs that change one: edit, rotate, revoke.

use super::key_draft::KeyDraft;
use crate::{
    backend::call,
    components::{
        adding::AddDialog,
        confirm::Dialog,
        field::{SelectField, TextField},
    },
    contexts::{Query, clock, use_shell},
    format,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::keys::{CreatedKey, KeysRevoke, KeysRotate},
    model::key::{KeyState, VirtualKey},
};

/// One signal per text of the form.
#[derive(Clone, Copy)]
pub struct KeyFields {
    pub name: RwSignal<String>,
    pub team: RwSignal<String>,
    owner: RwSignal<String>,
    endpoints: RwSignal<String>,
    models: RwSignal<String>,
    tiers: RwSignal<String>,
    intents: RwSignal<String>,
    expires: RwSignal<String>,
    calls: RwSignal<String>,
    seconds: RwSignal<String>,
    cap: RwSignal<String>,
    cap_period: RwSignal<String>,
    time_zone: RwSignal<String>,
}

impl KeyFields {
    /// Empty fields.
    #[must_use]
    pub fn fresh() -> KeyFields {
        let fields = KeyFields {
            name: RwSignal::default(),
            team: RwSignal::default(),
            owner: RwSignal::default(),
            endpoints: RwSignal::default(),
            models: RwSignal::default(),
            tiers: RwSignal::default(),
            intents: RwSignal::default(),
            expires: RwSignal::default(),
            calls: RwSignal::default(),
            seconds: RwSignal::default(),
            cap: RwSignal::default(),
            cap_period: RwSignal::default(),
            time_zone: RwSignal::default(),
        };
        fields.fill(KeyDraft::fresh());
        fields
    }

    /// Puts these texts into the form.
    pub fn fill(self, draft: KeyDraft) {
        self.name.set(draft.name);
        self.owner.set(draft.owner);
        self.team.set(draft.team);
        self.endpoints.set(draft.endpoints);
        self.models.set(draft.models);
        self.tiers.set(draft.tiers);
        self.intents.set(draft.intents);
        self.expires.set(draft.expires);
        self.calls.set(draft.calls);
        self.seconds.set(draft.seconds);
        self.cap.set(draft.cap);
        self.cap_period.set(draft.cap_period);
        self.time_zone.set(draft.time_zone);
    }

    /// What is typed now.
    #[must_use]
    pub fn draft(self) -> KeyDraft {
        KeyDraft {
            name: self.name.get(),
            owner: self.owner.get(),
            team: self.team.get(),
            endpoints: self.endpoints.get(),
            models: self.models.get(),
            tiers: self.tiers.get(),
            intents: self.intents.get(),
            expires: self.expires.get(),
            calls: self.calls.get(),
            seconds: self.seconds.get(),
            cap: self.cap.get(),
            cap_period: self.cap_period.get(),
            time_zone: self.time_zone.get(),
        }
    }
}

/// Owner, scopes, end and limit; with a new key its cap, too.
#[component]
pub fn KeyDetails(fields: KeyFields, #[prop(optional)] with_cap: bool) -> impl IntoView {
    let periods = Signal::stored(
        [("day", "a day"), ("week", "a week"), ("month", "a month")]
            .map(|(value, word)| (value.to_owned(), word.to_owned()))
            .to_vec(),
    );
    view! {
        <div class="fields">
            <TextField label="Owner" value=fields.owner hint="Who answers for it" testid="key-owner".to_owned()/>
            <TextField label="Expires" value=fields.expires kind="datetime-local" hint="Your time; empty never expires" testid="key-expires".to_owned()/>
            <TextField label="Endpoints" value=fields.endpoints hint="chat_completions, messages, embeddings, listings; empty allows all" testid="key-endpoints".to_owned()/>
            <TextField label="Models" value=fields.models hint="provider/model or a name; empty allows all" testid="key-models".to_owned()/>
            <TextField label="Tiers" value=fields.tiers hint="T0, T1 …; empty allows all" testid="key-tiers".to_owned()/>
            <TextField label="Intents" value=fields.intents hint="Empty allows all" testid="key-intents".to_owned()/>
            <TextField label="Own limit: calls" value=fields.calls hint="Empty sets none" testid="key-calls".to_owned()/>
            <TextField label="in any … seconds" value=fields.seconds testid="key-seconds".to_owned()/>
            {with_cap.then(|| view! {
                <TextField label="Own cap" value=fields.cap prefix="$" hint="Empty sets none; change it later under Budgets" testid="key-cap".to_owned()/>
                <SelectField label="per" value=fields.cap_period options=periods/>
                <TextField label="Time zone of the cap" value=fields.time_zone/>
            })}
        </div>
    }
}

/// A dialog's signal that follows a choice: it opens with one, and closing forgets it.
fn follows(chosen: RwSignal<Option<VirtualKey>>) -> RwSignal<bool> {
    let is_open = RwSignal::new(false);
    Effect::new(move |_| is_open.set(chosen.with(Option::is_some)));
    // Escape closes the dialog itself; the choice goes with it.
    Effect::new(move |was_open: Option<bool>| {
        let open = is_open.get();
        if was_open == Some(true) && !open {
            chosen.set(None);
        }
        open
    });
    is_open
}

fn name_of(chosen: RwSignal<Option<VirtualKey>>) -> String {
    let name = |key: &Option<VirtualKey>| key.as_ref().map(|key| format::visible(&key.name));
    chosen.with(name).unwrap_or_default()
}

/// Changes everything but the secret.
#[component]
pub fn EditDialog(chosen: RwSignal<Option<VirtualKey>>, keys: Query<Vec<KeyState>>) -> impl IntoView {
    let shell = use_shell();
    let open = follows(chosen);
    let fields = KeyFields::fresh();
    Effect::new(move |_| {
        if let Some(key) = chosen.get() {
            let offset = clock::offset_minutes(key.expires_ms.unwrap_or(0));
            fields.fill(KeyDraft::of(&key, offset));
        }
    });
    let read = Callback::new(move |()| {
        let key = chosen.with(|key| key.as_ref().map(|key| (key.id.clone(), key.version)));
        let (id, version) =
            key.ok_or_else(|| "The key is not there any more; close this and look again.".to_owned())?;
        fields.draft().update(&id, version, clock::offset_minutes)
    });
    let added = Callback::new(move |key: VirtualKey| {
        shell.say(format!("Changed \"{}\". Its secret stays.", key.name));
        keys.reload();
    });
    view! {
        <AddDialog open title="Change the key" act="Save" read added testid="key-edit-save">
            <div class="fields"><TextField label="Name" value=fields.name/><TextField label="Team" value=fields.team hint="Another team sees other cached answers"/></div>
            <KeyDetails fields/>
        </AddDialog>
    }
}

/// Gives a key a new secret; `made` gets it, to be shown once.
#[component]
pub fn RotateDialog(
    chosen: RwSignal<Option<VirtualKey>>,
    keys: Query<Vec<KeyState>>,
    made: RwSignal<Option<CreatedKey>>,
) -> impl IntoView {
    let open = follows(chosen);
    let overlap = RwSignal::new("86400".to_owned());
    let overlaps = Signal::stored(
        [
            ("0", "not at all: it stops now"),
            ("3600", "for an hour"),
            ("86400", "for a day"),
            ("604800", "for a week"),
            ("2592000", "for 30 days"),
        ]
        .map(|(value, word)| (value.to_owned(), word.to_owned()))
        .to_vec(),
    );
    let read = Callback::new(move |()| {
        let id = chosen.with(|key| key.as_ref().map(|key| key.id.clone()));
        Ok(KeysRotate {
            id: id.ok_or_else(|| "The key is not there any more; close this and look again.".to_owned())?,
            overlap_seconds: overlap
                .get()
                .parse()
                .map_err(|_| "Choose how long the old secret works on.")?,
        })
    });
    let added = Callback::new(move |rotated: CreatedKey| {
        made.set(Some(rotated));
        keys.reload();
    });
    view! {
        <AddDialog open title="Rotate the key" act="Make a new secret" read added testid="key-rotate-save">
            <p class="muted">"\""{move || name_of(chosen)}"\" gets a new secret that works at once. Scopes, caps, limits and what was spent stay."</p>
            <SelectField label="The old secret works on" value=overlap options=overlaps testid="key-overlap".to_owned()/>
        </AddDialog>
    }
}

/// Stops a key for good.
#[component]
pub fn RevokeDialog(chosen: RwSignal<Option<VirtualKey>>, keys: Query<Vec<KeyState>>) -> impl IntoView {
    let shell = use_shell();
    let is_open = follows(chosen);
    let title = Signal::derive(move || format!("Revoke \"{}\"?", name_of(chosen)));
    let revoke = move |_| {
        let Some(key) = chosen.get_untracked() else {
            return;
        };
        spawn_local(async move {
            match call(KeysRevoke { id: key.id }).await {
                Ok(revoked) => shell.say(format!("Revoked \"{}\".", revoked.name)),
                Err(error) => shell.complain(&error),
            }
            chosen.set(None);
            keys.reload();
        });
    };
    view! {
        <Dialog open=is_open title>
            <p class="muted">"Clients that present it are refused at once, its old secret too. It cannot be taken back."</p>
            <div class="dialog-acts"><button type="button" autofocus=true on:click=move |_| is_open.set(false)>"Cancel"</button>
                <button type="button" class="danger" on:click=revoke>{move || format!("Revoke \"{}\"", name_of(chosen))}</button></div>
        </Dialog>
    }
}
