//! The form of one connection, new or existing.

use super::draft::Draft;
use crate::{
    backend::call,
    components::{
        confirm::Dialog,
        field::{CheckField, FormError, SelectField, TextField},
    },
    contexts::{Query, use_shell},
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::profiles::{ProfilesReadUrl, ProfilesSave},
    model::{
        profile::{BandColour, ConnectionProfile, EnvironmentWord, ProfileState, TlsMode},
        secret::Secret,
    },
};

/// The form's signals.
#[derive(Clone, Copy)]
pub struct ConnectionFields {
    is_open: RwSignal<bool>,
    /// The name it had; none for a new one.
    before: RwSignal<Option<String>>,
    url: RwSignal<String>,
    name: RwSignal<String>,
    environment: RwSignal<String>,
    colour: RwSignal<String>,
    host: RwSignal<String>,
    port: RwSignal<String>,
    database: RwSignal<String>,
    user: RwSignal<String>,
    password: RwSignal<String>,
    admin_user: RwSignal<String>,
    admin_password: RwSignal<String>,
    tls: RwSignal<String>,
    tls_reason: RwSignal<String>,
    ca_file: RwSignal<String>,
    client_cert_file: RwSignal<String>,
    client_key_file: RwSignal<String>,
    through_ssh: RwSignal<bool>,
    ssh_host: RwSignal<String>,
    ssh_user: RwSignal<String>,
    ssh_port: RwSignal<String>,
    ssh_jump: RwSignal<String>,
    auto_lock: RwSignal<String>,
    problem: RwSignal<Option<String>>,
}

impl ConnectionFields {
    /// A closed form.
    #[must_use]
    pub fn new() -> ConnectionFields {
        let text = || RwSignal::new(String::new());
        ConnectionFields {
            is_open: RwSignal::new(false),
            before: RwSignal::new(None),
            url: text(),
            name: text(),
            environment: text(),
            colour: text(),
            host: text(),
            port: text(),
            database: text(),
            user: text(),
            password: text(),
            admin_user: text(),
            admin_password: text(),
            tls: text(),
            tls_reason: text(),
            ca_file: text(),
            client_cert_file: text(),
            client_key_file: text(),
            through_ssh: RwSignal::new(false),
            ssh_host: text(),
            ssh_user: text(),
            ssh_port: text(),
            ssh_jump: text(),
            auto_lock: text(),
            problem: RwSignal::new(None),
        }
    }

    /// Opens it on an existing connection, or on a new one.
    pub fn open(self, existing: Option<ProfileState>) {
        self.problem.set(None);
        for signal in [self.url, self.password, self.admin_password] {
            signal.set(String::new());
        }
        let profile = existing.map(|state| state.profile);
        self.before
            .set(profile.as_ref().map(|profile| profile.name.clone()));
        self.fill(&profile.unwrap_or_default());
        self.is_open.set(true);
    }

    fn fill(self, profile: &ConnectionProfile) {
        let draft = Draft::of(profile);
        for (signal, text) in [
            (self.name, draft.name),
            (self.environment, draft.environment),
            (self.colour, draft.colour),
            (self.host, draft.host),
            (self.port, draft.port),
            (self.database, draft.database),
            (self.user, draft.user),
            (self.admin_user, draft.admin_user),
            (self.tls, draft.tls),
            (self.tls_reason, draft.tls_reason),
            (self.ca_file, draft.ca_file),
            (self.client_cert_file, draft.client_cert_file),
            (self.client_key_file, draft.client_key_file),
            (self.ssh_host, draft.ssh_host),
            (self.ssh_user, draft.ssh_user),
            (self.ssh_port, draft.ssh_port),
            (self.ssh_jump, draft.ssh_jump),
            (self.auto_lock, draft.auto_lock),
        ] {
            signal.set(text);
        }
        self.through_ssh.set(draft.through_ssh);
    }

    fn draft(self) -> Draft {
        let text = |signal: RwSignal<String>| signal.get_untracked();
        Draft {
            name: text(self.name),
            environment: text(self.environment),
            colour: text(self.colour),
            host: text(self.host),
            port: text(self.port),
            database: text(self.database),
            user: text(self.user),
            admin_user: text(self.admin_user),
            tls: text(self.tls),
            tls_reason: text(self.tls_reason),
            ca_file: text(self.ca_file),
            client_cert_file: text(self.client_cert_file),
            client_key_file: text(self.client_key_file),
            through_ssh: self.through_ssh.get_untracked(),
            ssh_host: text(self.ssh_host),
            ssh_user: text(self.ssh_user),
            ssh_port: text(self.ssh_port),
            ssh_jump: text(self.ssh_jump),
            auto_lock: text(self.auto_lock),
        }
    }

    /// Fills the form from the URL, whose password goes into its own field.
    fn read_url(self) {
        let url = Secret::from(self.url.get_untracked());
        spawn_local(async move {
            match call(ProfilesReadUrl { url }).await {
                Ok(read) => {
                    self.fill(&read.profile);
                    self.url.set(String::new());
                    if let Some(password) = read.password {
                        self.password.set(password.reveal().to_owned());
                    }
                    self.problem.set((!read.ignored.is_empty()).then(|| {
                        format!(
                            "Weir does not use these parts of the URL: {}.",
                            read.ignored.join(", ")
                        )
                    }));
                }
                Err(error) => self.problem.set(Some(error.message)),
            }
        });
    }
}

impl Default for ConnectionFields {
    fn default() -> Self {
        ConnectionFields::new()
    }
}

/// The dialog.
#[component]
pub fn ConnectionForm(fields: ConnectionFields, list: Query<Vec<ProfileState>>) -> impl IntoView {
    let shell = use_shell();
    let save = Callback::new(move |()| {
        let profile = match fields.draft().read() {
            Ok(profile) => profile,
            Err(text) => return fields.problem.set(Some(text)),
        };
        let secret = |signal: RwSignal<String>| {
            let text = signal.get_untracked();
            (!text.is_empty()).then(|| Secret::from(text))
        };
        let command = ProfilesSave {
            profile,
            before: fields.before.get_untracked(),
            password: secret(fields.password),
            admin_password: secret(fields.admin_password),
        };
        spawn_local(async move {
            match call(command).await {
                Ok(()) => {
                    shell.say("Saved the connection.");
                    fields.password.set(String::new());
                    fields.admin_password.set(String::new());
                    fields.is_open.set(false);
                    list.reload();
                }
                Err(error) => fields.problem.set(Some(error.message)),
            }
        });
    });
    let title = Signal::derive(move || match fields.before.get() {
        None => "Add connection".to_owned(),
        Some(name) => format!("Edit {name}"),
    });
    let is_new = move || fields.before.get().is_none();
    view! {
        <Dialog open=fields.is_open title>
            <form on:submit=move |event| { event.prevent_default(); save.run(()); }>
                <Show when=is_new><div class="inline-form">
                    <TextField label="From a URL" value=fields.url kind="password" hint="postgres://user:password@host:5432/database" testid=String::from("connection-url")/>
                    <button type="button" data-testid="connection-read-url" on:click=move |_| fields.read_url()>"Fill in"</button>
                </div></Show>
                <Place fields/>
                <Encryption fields/>
                <Tunnel fields/>
                <FormError error=fields.problem/>
                <div class="dialog-acts"><button type="button" on:click=move |_| fields.is_open.set(false)>"Cancel"</button><button type="submit" class="primary" data-testid="connection-save">"Save connection"</button></div>
            </form>
        </Dialog>
    }
}

#[component]
fn Place(fields: ConnectionFields) -> impl IntoView {
    let environments = words(EnvironmentWord::ALL.map(EnvironmentWord::word));
    let colours = words(BandColour::ALL.map(BandColour::word));
    view! {
        <div class="fields">
            <TextField label="Name" value=fields.name hint="Typed to unlock" testid=String::from("connection-name")/>
            <SelectField label="Environment" value=fields.environment options=Signal::stored(environments)/>
            <SelectField label="Colour of its windows" value=fields.colour options=Signal::stored(colours)/>
            <TextField label="Host" value=fields.host testid=String::from("connection-host")/>
            <TextField label="Port" value=fields.port testid=String::from("connection-port")/>
            <TextField label="Database" value=fields.database testid=String::from("connection-database")/>
            <TextField label="User who reads" value=fields.user hint="weir_viewer: the database lets it change nothing"/>
            <TextField label="Its password" value=fields.password kind="password" hint="Kept in the keychain; empty keeps the one before"/>
            <TextField label="User who changes" value=fields.admin_user hint="weir_admin, used while unlocked; empty: never"/>
            <TextField label="Its password" value=fields.admin_password kind="password" hint="Kept in the keychain; empty keeps the one before"/>
            <TextField label="Locks after (minutes)" value=fields.auto_lock/>
        </div>
    }
}

#[component]
fn Encryption(fields: ConnectionFields) -> impl IntoView {
    let modes = words(TlsMode::ALL.map(TlsMode::word));
    view! {
        <div class="fields">
            <SelectField label="TLS" value=fields.tls options=Signal::stored(modes) testid=String::from("connection-tls")/>
            <Show when=move || fields.tls.get() != "verify-full"><TextField label="Why the server need not prove who it is" value=fields.tls_reason testid=String::from("connection-tls-reason")/></Show>
            <TextField label="CA file" value=fields.ca_file hint="Empty: the authorities that this system knows"/>
            <TextField label="Client certificate file" value=fields.client_cert_file/>
            <TextField label="Client key file" value=fields.client_key_file/>
        </div>
    }
}

#[component]
fn Tunnel(fields: ConnectionFields) -> impl IntoView {
    view! {
        <CheckField label="Through an SSH tunnel" value=fields.through_ssh/>
        <Show when=move || fields.through_ssh.get()>
            <div class="fields">
                <TextField label="SSH host" value=fields.ssh_host hint="Or its name in ~/.ssh/config"/>
                <TextField label="SSH user" value=fields.ssh_user/>
                <TextField label="SSH port" value=fields.ssh_port/>
                <TextField label="Jump host" value=fields.ssh_jump hint="user@host:22"/>
            </div>
        </Show>
    }
}

fn words<const N: usize>(words: [&'static str; N]) -> Vec<(String, String)> {
    words.map(|word| (word.to_owned(), word.to_lowercase())).into()
}
