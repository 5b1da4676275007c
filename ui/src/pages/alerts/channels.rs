//! The channels: where alerts go, whether that works, and a test.

use super::{
    channel_form::{ChannelFields, ChannelForm},
    channel_text,
    snooze::SnoozeControl,
};
use crate::{
    backend::call,
    components::{
        badge::{Badge, Tone},
        confirm::Dialog,
        delete::DeleteButton,
        field::{FormError, TextField},
        icon::{Icon, Symbol},
        state::{Empty, Panel},
    },
    contexts::{Query, clock, use_shell},
    format, local_time,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::channels::{ChannelsDelete, ChannelsSetSecret, ChannelsTest},
    model::{
        alert::{ChannelState, ChannelTarget, SnoozeOf},
        catalog::{KeySource, KeyStatus},
        secret::Secret,
    },
};

/// The list.
#[component]
pub fn Channels(channels: Query<Vec<ChannelState>>) -> impl IntoView {
    let names = channels.names();
    let fields = ChannelFields::new();
    view! {
        <section class="card"><header class="chart-head"><h2>"Channels"</h2>
            <button type="button" class="small" data-testid="channel-new" on:click=move |_| fields.open(None)><Icon symbol=Symbol::Plus/>"Add channel"</button></header>
            <Panel query=channels rows=2>
                <Show when=move || names.with(|names| !names.is_empty()) fallback=|| view! { <Empty title="No channels">"Alerts stand on this page alone. Add Slack, a webhook, e-mail or desktop notifications to be told elsewhere."</Empty> }>
                    <ul class="rows"><For each=move || names.get() key=|name| name.clone() let:name><Line name channels fields/></For></ul>
                </Show>
            </Panel>
            <ChannelForm fields channels/>
        </section>
    }
}

#[component]
fn Line(name: String, channels: Query<Vec<ChannelState>>, fields: ChannelFields) -> impl IntoView {
    let state = channels.member(name.clone());
    let outcome = RwSignal::new(None::<(bool, String)>);
    let asking = RwSignal::new(false);
    let until_ms = Signal::derive(move || state.with(|state| state.as_ref()?.snoozed_until_ms));
    let (tested, doomed, testid) = (name.clone(), name.clone(), format!("channel-{name}"));
    let test = move |_| {
        let name = tested.clone();
        outcome.set(Some((true, "Sending…".to_owned())));
        spawn_local(async move {
            let said = match call(ChannelsTest { name }).await {
                Ok(test) if test.ok => (true, format!("Test sent: {}.", test.message)),
                Ok(test) => (false, format!("The test did not arrive: {}.", test.message)),
                Err(error) => (false, error.message),
            };
            let _ = outcome.try_set(Some(said));
            channels.reload();
        });
    };
    let delete = Callback::new(move |()| ChannelsDelete {
        name: doomed.clone(),
        expected_version: state.with_untracked(|state| state.as_ref().map_or(0, |state| state.version)),
    });
    let wants_secret = move || {
        state.with(|state| {
            let target = state.as_ref().map(|state| &state.channel.target);
            target.is_some_and(|target| matches!(target.secret(), KeySource::Keychain(_)))
        })
    };
    let act = format!("Delete channel \"{name}\"");
    view! {
        <li class="row-line" data-testid=testid>
            <div class="row-main">{move || state.get().map(|state| view! { <Facts state/> })}
                {move || outcome.get().map(|(ok, text)| view! { <p class=if ok { "muted" } else { "form-error" } role="status">{format::visible(&text)}</p> })}</div>
            <div class="row-acts">
                <Show when=wants_secret><button type="button" class="small" on:click=move |_| asking.set(true)>"Set secret…"</button></Show>
                <button type="button" class="small" on:click=test>"Test"</button>
                <SnoozeControl of=SnoozeOf::Channel name=name.clone() until_ms list=channels/>
                <button type="button" class="small" on:click=move |_| fields.open(state.get_untracked())>"Edit"</button>
                <DeleteButton label="Delete…" act meaning="Nothing is sent there any more. Its deliveries stay in the history." done="Deleted the channel." command=delete list=channels/>
            </div>
            <SecretDialog name asking channels state/>
        </li>
    }
}

#[component]
fn Facts(state: ChannelState) -> impl IntoView {
    let kind = state.channel.target.kind();
    let kind = channel_text::TARGETS
        .iter()
        .find(|(key, _)| *key == kind)
        .map_or("", |(_, word)| *word);
    let secret = match state.secret_status {
        KeyStatus::NotNeeded => None,
        KeyStatus::Present => Some(("secret present", Tone::Good)),
        KeyStatus::Missing => Some(("secret missing", Tone::Warn)),
    };
    let off = (!state.channel.enabled).then_some(("switched off".to_owned(), Tone::Neutral));
    let snoozed = state
        .snoozed_until_ms
        .map(|until_ms| (format!("snoozed until {}", clock::moment(until_ms)), Tone::Warn));
    let last = state.last.map(|last| {
        let (word, tone) = channel_text::outcome(last.state, last.attempts);
        let when = last.last_attempt_ms.map(|ms| local_time::ago(ms, clock::now_ms()));
        view! { <p class="muted">"Last delivery: "<Badge text=word tone/>" "{when.unwrap_or_default()}" "{format::visible(&last.note)}</p> }
    });
    view! {
        <p class="row-title"><strong>{state.channel.name.clone()}</strong><span class="muted">{kind}</span>
            {secret.map(|(word, tone)| view! { <Badge text=word tone/> })}
            {off.into_iter().chain(snoozed).map(|(text, tone)| view! { <Badge text tone/> }).collect_view()}</p>
        <p class="muted">{channel_text::leads_to(&state.channel.target, &state.secret_ending)}</p>
        {last}
    }
}

#[component]
fn SecretDialog(
    name: String,
    asking: RwSignal<bool>,
    channels: Query<Vec<ChannelState>>,
    state: Memo<Option<ChannelState>>,
) -> impl IntoView {
    let shell = use_shell();
    let (secret, problem) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let title = Signal::stored(format!("Secret of channel \"{name}\""));
    let label = Memo::new(move |_| {
        state.with(|state| match state.as_ref().map(|state| &state.channel.target) {
            Some(ChannelTarget::Slack { .. }) => "Address of the incoming webhook",
            Some(ChannelTarget::Webhook { .. }) => "Signing secret (whsec_…)",
            _ => "Password of the mail server",
        })
    });
    let save = Callback::new(move |()| {
        let channel = name.clone();
        let typed = Secret::from(secret.get_untracked());
        spawn_local(async move {
            let command = ChannelsSetSecret {
                channel: channel.clone(),
                secret: typed,
            };
            match call(command).await {
                Ok(()) => {
                    secret.set(String::new());
                    problem.set(None);
                    asking.set(false);
                    shell.say(format!("Kept the secret of channel \"{channel}\"."));
                    channels.reload();
                }
                Err(error) => problem.set(Some(error.message)),
            }
        });
    });
    view! {
        <Dialog open=asking title>
            <form on:submit=move |event| { event.prevent_default(); save.run(()); }>
                {move || view! { <TextField label=label.get() value=secret kind="password" autofocus=true/> }}
                <p class="field-hint">"It goes into the operating system's keychain, or is kept until this window closes where there is none. It is never shown again."</p>
                <FormError error=problem/>
                <div class="dialog-acts"><button type="button" on:click=move |_| asking.set(false)>"Cancel"</button><button type="submit" class="primary">"Keep secret"</button></div>
            </form>
        </Dialog>
    }
}
