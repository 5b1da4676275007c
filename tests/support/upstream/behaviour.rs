//! How the fake provider answers, and which calls fail.

use super::{Fault, Reply, Tokens};
use std::{collections::HashMap, time::Duration};

/// How it answers from now on.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    pub(crate) latency: Duration,
    pub(crate) event_pause: Duration,
    pub(crate) reply: Reply,
    /// What single models say instead.
    pub(crate) reply_of: HashMap<String, Reply>,
    pub(crate) tokens: Tokens,
    /// The model it is for (none: every), the fault, and how often it still happens (none: always).
    pub(crate) faults: Vec<(Option<String>, Fault, Option<usize>)>,
}

impl Behaviour {
    /// A connection has no model yet, so only faults of every model count here.
    pub(crate) fn takes_reset_at_accept(&mut self) -> bool {
        let first = self.faults.first();
        let resets =
            first.is_some_and(|(of, fault, _)| of.is_none() && matches!(fault, Fault::ResetAtAccept));
        resets && self.fault_of("").is_some()
    }

    /// The fault of a call to this model, counted down.
    pub(crate) fn fault_of(&mut self, model: &str) -> Option<Fault> {
        let index = self
            .faults
            .iter()
            .position(|(of, _, _)| of.as_deref().is_none_or(|of| of == model))?;
        let (_, fault, left) = &mut self.faults[index];
        let fault = fault.clone();
        if let Some(left) = left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.faults.remove(index);
            }
        }
        Some(fault)
    }
}
