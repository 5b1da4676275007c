//! The band above every page of a window on a shared database: which one, what may be done, and whether it answers.

use crate::{
    backend::{LOCKED_EVENT, call},
    components::{
        confirm::Dialog,
        field::{FormError, TextField},
    },
    contexts::{Query, clock, use_shell},
    format, local_time,
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;
use weir_contract::{
    ApiError,
    command::profiles::{ProfilesLock, ProfilesUnlock},
    model::{
        gateway::GatewayStatus,
        profile::{AttachedState, TlsMode},
    },
};

/// The band; nothing in the window on this computer's own data.
#[component]
pub fn Band() -> impl IntoView {
    let shell = use_shell();
    let is_attached = Memo::new(move |_| shell.attached().is_some());
    view! { <Show when=move || is_attached.get()><Strip/></Show> }
}

#[component]
fn Strip() -> impl IntoView {
    let shell = use_shell();
    let now_ms = RwSignal::new(clock::now_ms());
    if let Ok(every_second) = set_interval_with_handle(
        move || {
            let _ = now_ms.try_set(clock::now_ms());
        },
        Duration::from_secs(1),
    ) {
        on_cleanup(move || every_second.clear());
    }
    let of =
        move |read: fn(&AttachedState) -> String| shell.attached().as_ref().map(read).unwrap_or_default();
    let colour = Memo::new(move |_| format!("band {}", of(|state| state.colour.word().to_owned())));
    let name = Memo::new(move |_| of(|state| state.name.clone()));
    let word = Memo::new(move |_| of(|state| state.environment.word().to_owned()));
    let place = Memo::new(move |_| of(|state| state.place.clone()));
    let trust = Memo::new(move |_| shell.attached().and_then(|state| untrusted(state.tls)));
    let is_unlocked = Memo::new(move |_| {
        shell
            .attached()
            .is_some_and(|state| state.unlocked_until_ms.is_some())
    });
    let left = move || {
        let until_ms = shell.attached()?.unlocked_until_ms?;
        Some(countdown(until_ms, now_ms.get()))
    };
    let lost = Memo::new(move |_| shell.attached().and_then(|state| lost_words(&state)));
    let asking = RwSignal::new(false);
    // Whoever tries to change something is shown the way; what was typed stays where it is.
    let tried = window_event_listener_untyped(LOCKED_EVENT, move |_| asking.set(true));
    on_cleanup(move || tried.remove());
    mark_read_only(Memo::new(move |_| !is_unlocked.get()));
    let lock = move |_| {
        spawn_local(async move {
            match call(ProfilesLock {}).await {
                Ok(state) => show(shell.gateway(), state),
                Err(error) => shell.complain(&error),
            }
        });
    };
    view! {
        <div class=move || colour.get() role="region" aria-label="Connection" data-testid="band">
            <strong class="band-word" data-testid="band-environment">{move || word.get()}</strong>
            <strong data-testid="band-name">{move || format::visible(&name.get())}</strong>
            <span class="band-place">{move || format::visible(&place.get())}</span>
            {move || trust.get().map(|text| view! { <span class="band-flag">{text}</span> })}
            <span class="band-lost" role="status" data-testid="band-lost">{move || lost.get()}</span>
            <span class="spacer"></span>
            <span role="status" data-testid="band-lock">{move || if is_unlocked.get() { "UNLOCKED: changes are real" } else { "read only" }}</span>
            <Show when=move || is_unlocked.get()
                fallback=move || view! { <button type="button" class="small" data-testid="band-unlock" on:click=move |_| asking.set(true)>"Unlock…"</button> }>
                <span class="band-left" role="timer" aria-label="Time until it locks" data-testid="band-left">{left}</span>
                <button type="button" class="small" data-testid="band-lock-now" on:click=lock>"Lock now"</button>
            </Show>
        </div>
        <Unlock asking/>
    }
}

/// Buttons that change something look as if they rest while the window only reads.
fn mark_read_only(is_read_only: Memo<bool>) {
    Effect::new(move |_| {
        if let Some(root) = document().document_element() {
            // The attribute's name is a valid one, so setting it cannot fail.
            let _ = root.toggle_attribute_with_force("data-read-only", is_read_only.get());
        }
    });
    on_cleanup(|| {
        if let Some(root) = document().document_element() {
            let _ = root.remove_attribute("data-read-only");
        }
    });
}

#[component]
fn Unlock(asking: RwSignal<bool>) -> impl IntoView {
    let shell = use_shell();
    let typed = RwSignal::new(String::new());
    let minutes = RwSignal::new(String::new());
    let reason = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    // Nothing that was typed the last time stands there the next time.
    Effect::new(move |_| {
        if asking.get() {
            let most = shell
                .attached_untracked()
                .map_or(15, |state| state.auto_lock_minutes);
            typed.set(String::new());
            reason.set(String::new());
            minutes.set(most.to_string());
            problem.set(None);
        }
    });
    let name = Memo::new(move |_| shell.attached().map(|state| state.name).unwrap_or_default());
    let can_unlock = Memo::new(move |_| shell.attached().is_some_and(|state| state.can_unlock));
    let matches = move || typed.get() == name.get();
    let go = move || {
        let Ok(minutes) = minutes.get_untracked().trim().parse::<u16>() else {
            return problem.set(Some("Give the time in whole minutes.".to_owned()));
        };
        let command = ProfilesUnlock {
            typed: typed.get_untracked(),
            minutes,
            reason: reason.get_untracked(),
        };
        busy.set(true);
        spawn_local(async move {
            match call(command).await {
                Ok(state) => {
                    show(shell.gateway(), state);
                    asking.set(false);
                }
                Err(ApiError { message, .. }) => problem.set(Some(message)),
            }
            busy.set(false);
        });
    };
    let title = Signal::derive(move || format!("Unlock {}?", format::visible(&name.get())));
    view! {
        <Dialog open=asking title>
            <Show when=move || can_unlock.get() fallback=|| view! { <p>"This connection names no role to change things with, so this window always only reads. Name weir_admin in the connection to change that."</p> }>
                <form on:submit=move |event| { event.prevent_default(); if matches() { go(); } }>
                    <p class="muted">"Changes reach every gateway on this database within seconds. The log of changes says who unlocked it, when and why."</p>
                    <div class="fields">
                        <TextField label="Type the connection's name" value=typed testid=String::from("unlock-typed") autofocus=true/>
                        <TextField label="For how many minutes" value=minutes testid=String::from("unlock-minutes")/>
                        <TextField label="Reason" value=reason testid=String::from("unlock-reason") hint="Stands beside every change"/>
                    </div>
                    <FormError error=problem/>
                    <div class="dialog-acts"><button type="button" data-testid="unlock-cancel" on:click=move |_| asking.set(false)>"Cancel"</button>
                        <button type="submit" class="danger" data-testid="unlock-go" disabled=move || busy.get() || !matches()>"Unlock"</button></div>
                </form>
            </Show>
        </Dialog>
    }
}

/// Shows at once what a command answered, before the next refresh.
fn show(gateway: Option<Query<GatewayStatus>>, state: AttachedState) {
    if let Some(query) = gateway {
        query.value.update(|status| {
            if let Some(status) = status {
                status.attached = Some(state);
            }
        });
        query.reload();
    }
}

/// `14:59`.
fn countdown(until_ms: i64, now_ms: i64) -> String {
    let seconds = (until_ms - now_ms).max(0) / 1000;
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

fn untrusted(tls: TlsMode) -> Option<&'static str> {
    match tls {
        TlsMode::VerifyFull => None,
        TlsMode::Disable => Some("not encrypted"),
        TlsMode::VerifyCa | TlsMode::Require => Some("TLS not verified"),
    }
}

/// `as of 14:03:10, reconnecting (attempt 3): …`; none while the database answers.
fn lost_words(state: &AttachedState) -> Option<String> {
    let lost = state.lost.as_ref()?;
    let at = local_time::clock(state.as_of_ms, clock::offset_minutes(state.as_of_ms));
    let attempt = match lost.attempt {
        0 => String::new(),
        number => format!(" (attempt {number})"),
    };
    Some(format!(
        "as of {at}, reconnecting{attempt}: {}",
        format::visible(&lost.problem)
    ))
}

#[cfg(test)]
mod tests {
    use super::countdown;

    #[test]
    fn the_countdown_ends_at_zero() {
        assert_eq!(countdown(900_000, 0), "15:00");
        assert_eq!(countdown(61_999, 0), "01:01");
        assert_eq!(countdown(0, 5_000), "00:00");
    }
}
