//! The form of one provider, new or existing.

use super::state;
use crate::{
    backend::call,
    components::{
        confirm::Dialog,
        field::{FormError, SelectField, TextField, choices},
    },
    contexts::{Query, use_shell},
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::providers::ProvidersSave,
    model::catalog::{KeySource, ProviderState},
};

/// The form's signals.
#[derive(Clone, Copy)]
pub struct ProviderFields {
    is_open: RwSignal<bool>,
    /// Zero for a new provider.
    version: RwSignal<i64>,
    name: RwSignal<String>,
    protocol: RwSignal<String>,
    base_url: RwSignal<String>,
    source: RwSignal<String>,
    variable: RwSignal<String>,
    problem: RwSignal<Option<String>>,
}

impl ProviderFields {
    /// A closed, empty form.
    #[must_use]
    pub fn new() -> ProviderFields {
        ProviderFields {
            is_open: RwSignal::new(false),
            version: RwSignal::new(0),
            name: RwSignal::new(String::new()),
            protocol: RwSignal::new("openai".to_owned()),
            base_url: RwSignal::new(String::new()),
            source: RwSignal::new("keychain".to_owned()),
            variable: RwSignal::new(String::new()),
            problem: RwSignal::new(None),
        }
    }

    /// Opens it on an existing provider, or empty.
    pub fn open(self, existing: Option<ProviderState>) {
        self.problem.set(None);
        self.version
            .set(existing.as_ref().map_or(0, |state| state.version));
        let config = existing.map(|state| state.config);
        self.name.set(
            config
                .as_ref()
                .map(|config| config.name.clone())
                .unwrap_or_default(),
        );
        self.protocol.set(
            config
                .as_ref()
                .map_or("openai", |config| state::protocol_key(config.protocol))
                .to_owned(),
        );
        self.base_url.set(
            config
                .as_ref()
                .map_or_else(|| "https://".to_owned(), |config| config.base_url.clone()),
        );
        let (source, variable) = match config.map(|config| config.key) {
            Some(KeySource::None) => ("none", String::new()),
            Some(KeySource::Env(name)) => ("env", name),
            _ => ("keychain", String::new()),
        };
        self.source.set(source.to_owned());
        self.variable.set(variable);
        self.is_open.set(true);
    }
}

impl Default for ProviderFields {
    fn default() -> Self {
        ProviderFields::new()
    }
}

/// The dialog.
#[component]
pub fn ProviderForm(fields: ProviderFields, providers: Query<Vec<ProviderState>>) -> impl IntoView {
    let shell = use_shell();
    let save = Callback::new(move |()| {
        let text = |signal: RwSignal<String>| signal.get_untracked();
        let read = state::read(
            &text(fields.name),
            &text(fields.protocol),
            &text(fields.base_url),
            &text(fields.source),
            &text(fields.variable),
        );
        let provider = match read {
            Ok(provider) => provider,
            Err(text) => return fields.problem.set(Some(text)),
        };
        let expected_version = fields.version.get_untracked();
        spawn_local(async move {
            match call(ProvidersSave {
                provider,
                expected_version,
            })
            .await
            {
                Ok(saved) => {
                    shell.say(format!("Saved provider \"{}\".", saved.config.name));
                    fields.is_open.set(false);
                    providers.reload();
                }
                Err(error) => fields.problem.set(Some(error.message)),
            }
        });
    });
    let is_new = move || fields.version.get() == 0;
    let title = Signal::derive(move || {
        if is_new() {
            "Add provider".to_owned()
        } else {
            format!("Edit {}", fields.name.get_untracked())
        }
    });
    let sources = choices(&[
        ("keychain", "The keychain"),
        ("env", "An environment variable"),
        ("none", "No key"),
    ]);
    view! {
        <Dialog open=fields.is_open title>
            <form on:submit=move |event| { event.prevent_default(); save.run(()); }>
                <div class="fields">
                    <Show when=is_new><TextField label="Name" value=fields.name hint="First part of provider/model"/></Show>
                    <SelectField label="Protocol" value=fields.protocol options=Signal::stored(choices(&state::PROTOCOLS))/>
                    <TextField label="Base URL" value=fields.base_url hint="Changing it unbinds the stored key"/>
                    <SelectField label="Key comes from" value=fields.source options=Signal::stored(sources.clone())/>
                    <Show when=move || fields.source.get() == "env"><TextField label="Variable" value=fields.variable/></Show>
                </div>
                <FormError error=fields.problem/>
                <div class="dialog-acts"><button type="button" on:click=move |_| fields.is_open.set(false)>"Cancel"</button><button type="submit" class="primary">"Save provider"</button></div>
            </form>
        </Dialog>
    }
}
