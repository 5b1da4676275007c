//! The log of changes: what a row says of an act ([`redact`]), and how the rows hang together ([`chain`]). Pure, so that every
//! store keeps the same log.

pub mod chain;
pub mod key;
pub mod redact;

use redact::Salt;
use weir_contract::model::change::{Actor, Change};

/// Who does something, by which operation, when and why. Handed to every write that an admin causes; the store puts the row
/// of the log into the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Act {
    pub actor: Actor,
    /// `caps.save`.
    pub command: String,
    /// Empty when none was given.
    pub reason: String,
    /// The change that is taken back.
    pub undoes: Option<i64>,
    pub now_ms: i64,
}

impl Act {
    /// What Weir does by itself: `first start`, `alerts`.
    #[must_use]
    pub fn of_weir(door: &str, now_ms: i64) -> Act {
        Act {
            actor: Actor {
                door: door.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                ..Actor::default()
            },
            now_ms,
            ..Act::default()
        }
    }

    /// Who it was in one word, as beside bills and corrections: `window:ana`, `gateway`.
    #[must_use]
    pub fn who(&self) -> String {
        if self.actor.user.is_empty() {
            self.actor.door.clone()
        } else {
            format!("{}:{}", self.actor.door, self.actor.user)
        }
    }
}

/// What a change was made to, in full.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub kind: &'a str,
    pub name: &'a str,
    /// JSON; none when it did not exist.
    pub before: Option<&'a str>,
    /// JSON; none when it does not exist any more.
    pub after: Option<&'a str>,
    /// The version of the configuration that it makes.
    pub config_version: Option<i64>,
}

/// The row that follows `last` (its number and hash) in the log.
#[must_use]
pub fn next_row(act: &Act, subject: Subject<'_>, last: Option<(i64, &str)>, salt: &Salt) -> Change {
    let json = |text: Option<&str>| text.map(|text| redact::json(text, salt));
    let mut row = Change {
        seq: last.map_or(1, |(seq, _)| seq + 1),
        at_ms: act.now_ms,
        actor: act.actor.clone(),
        command: act.command.clone(),
        kind: subject.kind.to_owned(),
        name: redact::text(subject.name),
        before: json(subject.before),
        after: json(subject.after),
        reason: redact::text(&act.reason),
        config_version: subject.config_version,
        undoes: act.undoes,
        sha256: String::new(),
    };
    row.sha256 = chain::hash(&row, last.map_or(chain::START, |(_, sha256)| sha256));
    row
}
