//! The log of changes in words; nothing here touches the page.

use crate::format;
use weir_contract::{
    NanoUsd,
    model::change::{Actor, ChainCheck, Change},
};

/// The kinds that the filter offers: in the log, and for people.
pub const KINDS: [(&str, &str); 13] = [
    ("", "Everything"),
    ("cap", "Caps"),
    ("limit", "Rate limits"),
    ("rollout", "Rollouts"),
    ("provider", "Providers"),
    ("virtual_key", "Virtual keys"),
    ("alert_rule", "Alert rules"),
    ("alert_channel", "Channels"),
    ("snooze", "Snoozes"),
    ("cache", "Cache clears"),
    ("request", "Cost corrections"),
    ("bill", "Bills"),
    ("setting", "Settings"),
];

/// What was done, in a word: `created`, `changed`, `removed`.
#[must_use]
pub fn deed(change: &Change) -> &'static str {
    if change.undoes.is_some() {
        return "undone";
    }
    match (change.before.is_some(), change.after.is_some()) {
        (false, true) => "created",
        (true, false) if change.kind == "cache" => "cleared",
        (true, false) => "removed",
        (true, true) => "changed",
        (false, false) => "noted",
    }
}

/// `cap "global-daily"`.
#[must_use]
pub fn what(change: &Change) -> String {
    let kind = change.kind.replace('_', " ");
    format::visible(&format!("{kind} \"{}\"", change.name))
}

/// `ana, by the window of the profile local (owner, Weir 0.1.0)`.
#[must_use]
pub fn who_exactly(actor: &Actor) -> String {
    let user = if actor.user.is_empty() {
        "Weir itself"
    } else {
        &actor.user
    };
    let mut text = format!("{user}, by {}", actor.door);
    if !actor.profile.is_empty() {
        text.push_str(&format!(", profile {}", actor.profile));
    }
    if !actor.role.is_empty() {
        text.push_str(&format!(", role {}", actor.role));
    }
    format::visible(&format!("{text}, Weir {}", actor.version))
}

/// A field's value for people: money as money; what is missing as a dash.
#[must_use]
pub fn value(path: &str, text: Option<&str>) -> String {
    let Some(text) = text else {
        return "–".to_owned();
    };
    if path.ends_with("_nanousd")
        && let Ok(nanousd) = text.parse::<i64>()
    {
        return format::money_exact(NanoUsd(nanousd));
    }
    format::visible(text)
}

/// The field without its unit, where the value says it.
#[must_use]
pub fn field(path: &str) -> String {
    if path.is_empty() {
        return "value".to_owned();
    }
    path.replace("_nanousd", "").replace('_', " ")
}

/// What the check of the chain found.
#[must_use]
pub fn verdict(check: &ChainCheck) -> String {
    match &check.problem {
        Some(problem) => format!(
            "The chain is broken: {problem}. Rows 1 to {} are as they were written. Calls go on.",
            format::count(check.rows)
        ),
        None => format!("The chain is intact to row {}.", format::count(check.rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::{deed, field, value, verdict, what};
    use weir_contract::model::change::{Actor, ChainCheck, Change};

    fn change(before: Option<&str>, after: Option<&str>) -> Change {
        Change {
            seq: 1,
            at_ms: 0,
            actor: Actor::default(),
            command: "caps.save".into(),
            kind: "virtual_key".into(),
            name: "abc".into(),
            before: before.map(Into::into),
            after: after.map(Into::into),
            reason: String::new(),
            config_version: None,
            undoes: None,
            sha256: String::new(),
        }
    }

    #[test]
    fn deeds_are_told_apart() {
        assert_eq!(deed(&change(None, Some("1"))), "created");
        assert_eq!(deed(&change(Some("1"), Some("2"))), "changed");
        assert_eq!(deed(&change(Some("1"), None)), "removed");
        assert_eq!(what(&change(None, None)), "virtual key \"abc\"");
    }

    #[test]
    fn money_is_shown_as_money() {
        assert_eq!(value("cap.limit_nanousd", Some("25000000000")), "$25.00 USD");
        assert_eq!(value("steps[0].percent", Some("80")), "80");
        assert_eq!(value("x", None), "–");
        assert_eq!(field("limit_nanousd"), "limit");
    }

    #[test]
    fn a_broken_chain_says_what_still_holds() {
        let check = |problem: Option<&str>| ChainCheck {
            rows: 12,
            head_seq: 12,
            head_sha256: String::new(),
            problem: problem.map(Into::into),
        };
        assert!(verdict(&check(None)).contains("intact to row 12"));
        assert!(verdict(&check(Some("row 13 is missing"))).contains("row 13 is missing"));
    }
}
