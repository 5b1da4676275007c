//! The signals that every screen reads: route, range, refresh, gateway, notice.

use super::{
    clock::now_ms,
    query::{Query, query},
    range::RangeChoice,
    theme::Theme,
};
use crate::route::{Page, Route};
use leptos::prelude::*;
use std::time::Duration;
use weir_contract::{
    ApiError,
    command::gateway::GatewayStatusGet,
    model::{
        change::ConflictDetail,
        gateway::{GatewayStatus, ProfileKind},
        profile::AttachedState,
        time::TimeRange,
    },
};

/// A short message at the foot of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

/// Handles to everything shared. Copied freely; it holds only signals.
#[derive(Clone, Copy)]
pub struct Shell {
    pub route: RwSignal<Route>,
    pub range: RwSignal<RangeChoice>,
    /// Counts refreshes; whoever reads it reloads.
    pub tick: RwSignal<u64>,
    pub theme: RwSignal<Theme>,
    pub notice: RwSignal<Option<Notice>>,
    /// What somebody else changed first, until it was looked at.
    pub conflict: RwSignal<Option<ConflictDetail>>,
    /// Set by the root view once the shell is in context.
    gateway: StoredValue<Option<Query<GatewayStatus>>>,
}

impl Shell {
    /// Builds the signals from the location, and puts them into context.
    pub fn provide() -> Shell {
        let hash = window().location().hash().unwrap_or_default();
        let route = Route::from_hash(&hash);
        let range = RangeChoice::from_route(&route).unwrap_or(RangeChoice::Day);
        let shell = Shell {
            route: RwSignal::new(route),
            range: RwSignal::new(range),
            tick: RwSignal::new(0),
            theme: RwSignal::new(Theme::stored()),
            notice: RwSignal::new(None),
            conflict: RwSignal::new(None),
            gateway: StoredValue::new(None),
        };
        provide_context(shell);
        let status = query(|| GatewayStatusGet {});
        shell.gateway.set_value(Some(status));
        window_event_listener(leptos::ev::hashchange, move |_| shell.follow_location());
        shell
    }

    fn follow_location(self) {
        let route = Route::from_hash(&window().location().hash().unwrap_or_default());
        if let Some(range) = RangeChoice::from_route(&route)
            && self.range.get_untracked() != range
        {
            self.range.set(range);
        }
        self.route.set(route);
    }

    /// Everything visible reloads.
    pub fn refresh(self) {
        self.tick.update(|tick| *tick += 1);
    }

    /// The gateway's status, kept fresh.
    #[must_use]
    pub fn gateway(self) -> Option<Query<GatewayStatus>> {
        self.gateway.get_value()
    }

    /// The gateway's status as last reported.
    #[must_use]
    pub fn status(self) -> Option<GatewayStatus> {
        self.gateway().and_then(|query| query.value.get())
    }

    /// True when a profile of made-up data is open.
    #[must_use]
    pub fn is_sample(self) -> bool {
        self.status()
            .is_some_and(|status| status.profile == ProfileKind::Sample)
    }

    /// How the window stands on a shared database; none in the window on this computer's own data.
    #[must_use]
    pub fn attached(self) -> Option<AttachedState> {
        self.status().and_then(|status| status.attached)
    }

    /// The same, without reading it again when it changes.
    #[must_use]
    pub fn attached_untracked(self) -> Option<AttachedState> {
        let status = self.gateway().and_then(|query| query.value.get_untracked());
        status.and_then(|status| status.attached)
    }

    /// The chosen span of time, up to now. Refreshes with the page.
    #[must_use]
    pub fn time_range(self) -> TimeRange {
        self.tick.track();
        self.range.get().resolve(now_ms())
    }

    /// A link that keeps the range.
    #[must_use]
    pub fn href(self, page: Page) -> String {
        self.href_with(page, Vec::new())
    }

    /// A link that keeps the range and adds these filters.
    #[must_use]
    pub fn href_with(self, page: Page, extra: Vec<(String, String)>) -> String {
        let mut query = self.range.get().query();
        query.extend(extra);
        Route { page, query }.to_hash()
    }

    /// Goes there, as a link would.
    pub fn go(self, hash: &str) {
        // The only failure is a malformed URL, which `Route::to_hash` never writes.
        let _ = window().location().set_hash(hash.trim_start_matches('#'));
    }

    /// Says that something worked; it goes by itself.
    pub fn say(self, text: impl Into<String>) {
        let notice = Notice {
            text: text.into(),
            is_error: false,
        };
        self.notice.set(Some(notice.clone()));
        set_timeout(
            move || {
                if self.notice.get_untracked().as_ref() == Some(&notice) {
                    self.notice.set(None);
                }
            },
            Duration::from_secs(6),
        );
    }

    /// Says that something failed, in the error's own words.
    pub fn complain(self, error: &ApiError) {
        if let Some(conflict) = &error.conflict {
            self.conflict.set(Some((**conflict).clone()));
        }
        self.warn(error.message.clone());
    }

    /// Says that something failed; it stays until it is dismissed or something else is said.
    pub fn warn(self, text: impl Into<String>) {
        self.notice.set(Some(Notice {
            text: text.into(),
            is_error: true,
        }));
    }
}

/// The shell's signals. Every view is under the root that provides them.
#[must_use]
pub fn use_shell() -> Shell {
    expect_context::<Shell>()
}
