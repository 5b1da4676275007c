//! Alerts: what is watched, whom it is told to, and what became of each telling.

pub mod channel_form;
pub mod channel_text;
pub mod channels;
pub mod history;
pub mod rule_form;
pub mod rule_text;
pub mod rules;
pub mod snooze;

use crate::contexts::query;
use channels::Channels;
use history::History;
use leptos::prelude::*;
use rules::Rules;
use weir_contract::command::channels::ChannelsList;

/// The page.
#[component]
pub fn Alerts() -> impl IntoView {
    let channels = query(|| ChannelsList {});
    view! {
        <div class="page-head"><p class="lead">"Each alert is told once per window, however many gateways see it. Without a channel it stands here alone."</p></div>
        <div class="stack">
            <Rules channels/>
            <Channels channels/>
            <History/>
        </div>
    }
}
