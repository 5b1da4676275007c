//! Lists whose members are edited in place: the names for the list, and each member by its name.
//!
//! A list that is drawn by name keeps its forms, and what is typed in them, when a member changes.

use super::query::Query;
use leptos::prelude::*;

/// What a list knows a member by.
pub trait Named: Clone + PartialEq + Send + Sync + 'static {
    /// Unique in its list, and the same for as long as the member lives.
    fn name(&self) -> &str;
}

impl Named for weir_contract::model::cap::CapState {
    fn name(&self) -> &str {
        &self.cap.name
    }
}

impl Named for weir_contract::model::limit::LimitState {
    fn name(&self) -> &str {
        &self.limit.name
    }
}

impl Named for weir_contract::model::rollout::RolloutState {
    fn name(&self) -> &str {
        &self.rollout.name
    }
}

impl Named for weir_contract::model::catalog::ProviderState {
    fn name(&self) -> &str {
        &self.config.name
    }
}

impl Named for weir_contract::model::alert::AlertRuleState {
    fn name(&self) -> &str {
        &self.rule.name
    }
}

impl Named for weir_contract::model::alert::ChannelState {
    fn name(&self) -> &str {
        &self.channel.name
    }
}

impl<T: Named> Query<Vec<T>> {
    /// The members' names, in order; none while nothing is loaded.
    #[must_use]
    pub fn names(self) -> Memo<Vec<String>> {
        Memo::new(move |_| {
            self.value.with(|members| {
                members
                    .iter()
                    .flatten()
                    .map(|member| member.name().to_owned())
                    .collect()
            })
        })
    }

    /// One member, for as long as it is in the list.
    #[must_use]
    pub fn member(self, name: String) -> Memo<Option<T>> {
        Memo::new(move |_| {
            self.value.with(|members| {
                members
                    .iter()
                    .flatten()
                    .find(|member| member.name() == name)
                    .cloned()
            })
        })
    }
}
