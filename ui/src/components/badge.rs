//! Small labels: a colour always comes with its word.

use leptos::prelude::*;
use weir_contract::model::{
    cache::Verdict,
    request::{CacheOutcome, RequestStatus},
};

/// The mood of a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Good,
    Warn,
    Bad,
    Accent,
}

impl Tone {
    /// The badge's class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Tone::Neutral => "badge",
            Tone::Good => "badge good",
            Tone::Warn => "badge warn",
            Tone::Bad => "badge bad",
            Tone::Accent => "badge accent",
        }
    }
}

/// A word on a tinted ground.
#[component]
pub fn Badge(#[prop(into)] text: String, tone: Tone) -> impl IntoView {
    view! { <span class=tone.class()>{text}</span> }
}

/// How a request ended.
#[component]
pub fn StatusBadge(status: RequestStatus) -> impl IntoView {
    let (word, tone) = match status {
        RequestStatus::Ok => ("ok", Tone::Good),
        RequestStatus::Failed => ("failed", Tone::Bad),
        RequestStatus::Cut => ("cut", Tone::Bad),
        RequestStatus::Refused => ("refused", Tone::Warn),
        RequestStatus::ClientGone => ("client gone", Tone::Neutral),
    };
    view! { <Badge text=word tone/> }
}

/// Where the answer came from.
#[component]
pub fn CacheBadge(cache: CacheOutcome) -> impl IntoView {
    let (word, tone) = match cache {
        CacheOutcome::Response => ("hit", Tone::Accent),
        CacheOutcome::Semantic => ("semantic hit", Tone::Accent),
        CacheOutcome::Miss => ("miss", Tone::Neutral),
        CacheOutcome::Bypass => ("bypass", Tone::Neutral),
    };
    view! { <Badge text=word tone/> }
}

/// A verdict on the cache.
#[component]
pub fn VerdictBadge(verdict: Verdict) -> impl IntoView {
    let (word, tone) = match verdict {
        Verdict::Good => ("good", Tone::Good),
        Verdict::Ok => ("ok", Tone::Neutral),
        Verdict::Review => ("review", Tone::Warn),
        Verdict::TooFew => ("too few to say", Tone::Neutral),
    };
    view! { <Badge text=word tone/> }
}

/// Play money is said to be play money wherever it appears.
#[component]
pub fn SimulatedBadge() -> impl IntoView {
    view! { <span class="badge simulated" title="Answered by the built-in simulated provider: its cost is play money.">"simulated"</span> }
}
