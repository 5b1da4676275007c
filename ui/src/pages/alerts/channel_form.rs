//! The form of one channel, new or existing.

use super::channel_text::{self, ChannelText};
use crate::{
    backend::call,
    components::{
        confirm::Dialog,
        field::{CheckField, FormError, SelectField, TextField, choices},
    },
    contexts::{Query, use_shell},
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::channels::ChannelsSave,
    model::{alert::ChannelState, catalog::KeyStatus},
};

/// The form's signals.
#[derive(Clone, Copy)]
pub struct ChannelFields {
    is_open: RwSignal<bool>,
    /// Zero for a new channel.
    version: RwSignal<i64>,
    name: RwSignal<String>,
    kind: RwSignal<String>,
    url: RwSignal<String>,
    host: RwSignal<String>,
    port: RwSignal<String>,
    security: RwSignal<String>,
    user: RwSignal<String>,
    from: RwSignal<String>,
    to: RwSignal<String>,
    source: RwSignal<String>,
    variable: RwSignal<String>,
    enabled: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
}

impl ChannelFields {
    /// A closed, empty form.
    #[must_use]
    pub fn new() -> ChannelFields {
        let text = || RwSignal::new(String::new());
        ChannelFields {
            is_open: RwSignal::new(false),
            version: RwSignal::new(0),
            name: text(),
            kind: text(),
            url: text(),
            host: text(),
            port: text(),
            security: text(),
            user: text(),
            from: text(),
            to: text(),
            source: text(),
            variable: text(),
            enabled: RwSignal::new(true),
            problem: RwSignal::new(None),
        }
    }

    /// Opens it on an existing channel, or empty.
    pub fn open(self, existing: Option<ChannelState>) {
        self.version
            .set(existing.as_ref().map_or(0, |state| state.version));
        let text = existing.map_or_else(
            || ChannelText {
                kind: "slack".to_owned(),
                url: "https://".to_owned(),
                port: "587".to_owned(),
                security: "start_tls".to_owned(),
                source: "keychain".to_owned(),
                enabled: true,
                ..ChannelText::default()
            },
            |state| ChannelText::of(&state.channel),
        );
        self.problem.set(None);
        self.name.set(text.name);
        self.kind.set(text.kind);
        self.url.set(text.url);
        self.host.set(text.host);
        self.port.set(text.port);
        self.security.set(text.security);
        self.user.set(text.user);
        self.from.set(text.from);
        self.to.set(text.to);
        self.source.set(text.source);
        self.variable.set(text.variable);
        self.enabled.set(text.enabled);
        self.is_open.set(true);
    }

    fn text(self) -> ChannelText {
        ChannelText {
            name: self.name.get_untracked(),
            kind: self.kind.get_untracked(),
            url: self.url.get_untracked(),
            host: self.host.get_untracked(),
            port: self.port.get_untracked(),
            security: self.security.get_untracked(),
            user: self.user.get_untracked(),
            from: self.from.get_untracked(),
            to: self.to.get_untracked(),
            source: self.source.get_untracked(),
            variable: self.variable.get_untracked(),
            enabled: self.enabled.get_untracked(),
        }
    }
}

impl Default for ChannelFields {
    fn default() -> Self {
        ChannelFields::new()
    }
}

/// The dialog.
#[component]
pub fn ChannelForm(fields: ChannelFields, channels: Query<Vec<ChannelState>>) -> impl IntoView {
    let shell = use_shell();
    let save = Callback::new(move |()| {
        let channel = match fields.text().read() {
            Ok(channel) => channel,
            Err(text) => return fields.problem.set(Some(text)),
        };
        let expected_version = fields.version.get_untracked();
        spawn_local(async move {
            match call(ChannelsSave {
                channel,
                expected_version,
            })
            .await
            {
                Ok(saved) => {
                    let next = match saved.secret_status {
                        KeyStatus::Missing => " Its secret is still missing.",
                        _ => "",
                    };
                    shell.say(format!("Saved channel \"{}\".{next}", saved.channel.name));
                    fields.is_open.set(false);
                    channels.reload();
                }
                Err(error) => fields.problem.set(Some(error.message)),
            }
        });
    });
    let is_new = move || fields.version.get() == 0;
    let title = Signal::derive(move || {
        if is_new() {
            "Add channel".to_owned()
        } else {
            format!("Edit channel \"{}\"", fields.name.get())
        }
    });
    let is = move |kind: &'static str| move || fields.kind.with(|now| now == kind);
    view! {
        <Dialog open=fields.is_open title>
            <form on:submit=move |event| { event.prevent_default(); save.run(()); }>
                <div class="fields">
                    <Show when=is_new><TextField label="Name" value=fields.name hint="Short and unique" testid="channel-name".to_owned()/></Show>
                    <SelectField label="Kind" value=fields.kind options=Signal::stored(choices(&channel_text::TARGETS))/>
                    <Show when=is("webhook")><TextField label="Address" value=fields.url hint="Leading elsewhere unbinds the stored secret"/></Show>
                    <Show when=is("email")><Mail fields/></Show>
                    <Show when=move || fields.kind.with(|kind| kind != "desktop")><Source fields/></Show>
                </div>
                <CheckField label="In use" value=fields.enabled/>
                <FormError error=fields.problem/>
                <div class="dialog-acts"><button type="button" on:click=move |_| fields.is_open.set(false)>"Cancel"</button><button type="submit" class="primary" data-testid="channel-save">"Save channel"</button></div>
            </form>
        </Dialog>
    }
}

#[component]
fn Mail(fields: ChannelFields) -> impl IntoView {
    let securities = choices(&[
        ("start_tls", "STARTTLS (587)"),
        ("tls", "TLS (465)"),
        ("none", "None, this computer only"),
    ]);
    view! {
        <TextField label="Mail server" value=fields.host hint="smtp.example.com"/>
        <TextField label="Port" value=fields.port/>
        <SelectField label="Protection" value=fields.security options=Signal::stored(securities)/>
        <TextField label="User" value=fields.user hint="Empty where none is asked for"/>
        <TextField label="From" value=fields.from/>
        <TextField label="To" value=fields.to hint="Several with commas"/>
    }
}

#[component]
fn Source(fields: ChannelFields) -> impl IntoView {
    let sources = choices(&[("keychain", "The keychain"), ("env", "An environment variable")]);
    view! {
        <SelectField label="Secret comes from" value=fields.source options=Signal::stored(sources)/>
        <Show when=move || fields.source.get() == "env"><TextField label="Variable" value=fields.variable hint="Begins with WEIR_ALERT_"/></Show>
    }
}
