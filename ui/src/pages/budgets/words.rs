//! A cap in words: its period, its steps, and what is wrong with it.

use weir_contract::model::cap::{Cap, CapAction, CapPeriod, CapScope};

/// What the engine would say of a cap, without the names of fields.
#[must_use]
pub fn in_page_words(problem: &str) -> String {
    let sentence = problem.split_once(": ").map_or(problem, |(_, rest)| rest);
    let words = CapAction::ALL.iter().fold(sentence.to_owned(), |text, action| {
        text.replace(action.as_str(), &action.as_str().replace('_', " "))
    });
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// The period's key in the form.
#[must_use]
pub fn period_key(period: CapPeriod) -> &'static str {
    match period {
        CapPeriod::Day => "day",
        CapPeriod::Week => "week",
        CapPeriod::Month => "month",
        CapPeriod::RollingHours(_) => "rolling",
    }
}

/// What an action does, to stand behind "from 80 %:".
#[must_use]
pub fn effect(action: CapAction) -> &'static str {
    match action {
        CapAction::Notify => "needs attention",
        CapAction::StepDown => "auto uses one tier lower",
        CapAction::CloseTopTier => "the top tier is closed",
        CapAction::CacheOnly => "only cached answers",
        CapAction::Refuse => "refuses",
    }
}

/// The cap in one sentence.
#[must_use]
pub fn sentence(cap: &Cap) -> String {
    let what = match &cap.scope {
        CapScope::Global => "All spend".to_owned(),
        CapScope::One { subject, value } => format!("Spend of {} {value}", subject.as_str()),
        CapScope::Each(subject) => format!("Each {} on its own", subject.as_str()),
    };
    let when = match cap.period {
        CapPeriod::RollingHours(hours) => format!("in any {hours} hours"),
        other => format!("per {}", period_key(other)),
    };
    let mut sorted = cap.steps.clone();
    sorted.sort_unstable();
    let steps: Vec<String> = sorted
        .iter()
        .map(|step| format!("at {} % {}", step.percent, effect(step.action)))
        .collect();
    format!("{what}, {when}: {}.", steps.join(", "))
}
