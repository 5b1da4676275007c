//! The rules: what each watches, whom it tells, what it said last.

use super::{
    rule_form::{RuleFields, RuleForm},
    rule_text,
    snooze::SnoozeControl,
};
use crate::{
    components::{
        badge::{Badge, Tone},
        delete::DeleteButton,
        icon::{Icon, Symbol},
        state::{Empty, Panel},
    },
    contexts::{Query, clock, query},
    format, local_time,
};
use leptos::prelude::*;
use weir_contract::{
    command::alerts::{AlertsDelete, AlertsList},
    model::alert::{AlertRuleState, ChannelState, SnoozeOf},
};

/// The list.
#[component]
pub fn Rules(channels: Query<Vec<ChannelState>>) -> impl IntoView {
    let rules = query(|| AlertsList {});
    let names = rules.names();
    let fields = RuleFields::new();
    view! {
        <section class="card"><header class="chart-head"><h2>"Rules"</h2>
            <button type="button" class="small" data-testid="alert-new" on:click=move |_| fields.open(None)><Icon symbol=Symbol::Plus/>"New rule"</button></header>
            <Panel query=rules>
                <Show when=move || names.with(|names| !names.is_empty()) fallback=|| view! { <Empty title="Nothing is watched">"Add a rule to be told when spend, errors or the disk need somebody."</Empty> }>
                    <ul class="rows"><For each=move || names.get() key=|name| name.clone() let:name><Line name rules fields/></For></ul>
                </Show>
            </Panel>
            <RuleForm fields rules channels/>
        </section>
    }
}

#[component]
fn Line(name: String, rules: Query<Vec<AlertRuleState>>, fields: RuleFields) -> impl IntoView {
    let state = rules.member(name.clone());
    let until_ms = Signal::derive(move || state.with(|state| state.as_ref()?.snoozed_until_ms));
    let (testid, act, doomed) = (
        format!("alert-{name}"),
        format!("Delete alert rule \"{name}\""),
        name.clone(),
    );
    let delete = Callback::new(move |()| AlertsDelete {
        name: doomed.clone(),
        expected_version: state.with_untracked(|state| state.as_ref().map_or(0, |state| state.version)),
    });
    view! {
        <li class="row-line" data-testid=testid>
            <div class="row-main">{move || state.get().map(|state| view! { <Facts state/> })}</div>
            <div class="row-acts">
                <SnoozeControl of=SnoozeOf::Rule name=name.clone() until_ms list=rules/>
                <button type="button" class="small" on:click=move |_| fields.open(state.get_untracked())>"Edit"</button>
                <DeleteButton label="Delete…" act meaning="It is no longer watched. What it raised stays in the history." done="Deleted the rule." command=delete list=rules/>
            </div>
        </li>
    }
}

#[component]
fn Facts(state: AlertRuleState) -> impl IntoView {
    let (word, tone) = match (state.rule.enabled, state.snoozed_until_ms) {
        (false, _) => ("switched off".to_owned(), Tone::Neutral),
        (true, Some(until_ms)) => (format!("snoozed until {}", clock::moment(until_ms)), Tone::Warn),
        (true, None) => ("watching".to_owned(), Tone::Good),
    };
    let told = if state.rule.channels.is_empty() {
        "stands on this page alone".to_owned()
    } else {
        format!("tells {}", state.rule.channels.join(", "))
    };
    let last = state.last.map_or_else(
        || "never raised".to_owned(),
        |event| {
            let ago = local_time::ago(event.raised_ms, clock::now_ms());
            format!("last {ago}: {}", format::visible(&event.title))
        },
    );
    view! {
        <p class="row-title"><strong>{state.rule.name.clone()}</strong><Badge text=word tone/></p>
        <p>{rule_text::sentence(&state.rule.condition)}</p>
        <p class="muted">{told}" · "{last}</p>
    }
}
