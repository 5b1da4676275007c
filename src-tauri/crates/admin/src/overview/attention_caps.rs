//! What the caps and the ledger want of an admin.

use weir_contract::{
    NanoUsd,
    model::{
        cap::CapState,
        chart::Attention,
        ledger::{LedgerCheck, LedgerSum},
    },
};
use weir_engine::budget::period::resets_text;

/// Most sums that differ from their balances which are named one by one.
const MOST_DRIFTED: usize = 3;

pub(super) fn item(page: &str, message: String) -> Attention {
    Attention {
        page: page.to_owned(),
        message,
    }
}

pub(super) fn is_reached(state: &CapState) -> bool {
    let bound = state.cap.refuses_at().unwrap_or(state.cap.limit_nanousd);
    state.cap.enabled && state.spent_nanousd >= bound
}

pub(super) fn is_near(state: &CapState) -> bool {
    let spent = i128::from(state.spent_nanousd.0) * 100;
    let alert = i128::from(state.cap.limit_nanousd.0) * i128::from(state.cap.alert_percent());
    state.cap.enabled && spent >= alert
}

pub(super) fn reached(state: &CapState) -> Attention {
    item(
        "budgets",
        format!(
            "Cap \"{}\"{} is used up: {} of {} spent; it resets {}",
            state.cap.name,
            whose(state),
            dollars(state.spent_nanousd),
            state.cap.limit_nanousd,
            state.resets_text
        ),
    )
}

pub(super) fn near(state: &CapState) -> Attention {
    let limit = i128::from(state.cap.limit_nanousd.0).max(1);
    let percent = i128::from(state.spent_nanousd.0) * 100 / limit;
    item(
        "budgets",
        format!(
            "Cap \"{}\"{} is at {percent} %: {} of {} spent; it resets {}",
            state.cap.name,
            whose(state),
            dollars(state.spent_nanousd),
            state.cap.limit_nanousd,
            state.resets_text
        ),
    )
}

/// Of a cap that counts each value on its own: whose spend this is.
pub(super) fn whose(state: &CapState) -> String {
    let (Some(subject), Some(first)) = (state.cap.scope.subject(), state.values.first()) else {
        return String::new();
    };
    let subject = subject.as_str();
    if first.value.is_empty() {
        format!(" for calls that name no {subject}")
    } else {
        format!(" for {subject} {:?}", first.value)
    }
}

/// Sums over the ledger that are not what the balances say.
pub(super) fn drifted(check: &LedgerCheck) -> Vec<Attention> {
    let moment = |at_ms: i64| resets_text(at_ms, "UTC").unwrap_or_else(|_| at_ms.to_string());
    let checked = moment(check.at_ms);
    let mut found: Vec<Attention> = check
        .mismatches
        .iter()
        .take(MOST_DRIFTED)
        .map(|one| {
            let effect = match one.sum {
                LedgerSum::Unsettled => "the cap holds as before, only the part shown as estimated is wrong",
                _ if one.balance_nanousd > one.ledger_nanousd => {
                    "calls go on, but the cap counts by its balance and may refuse too early"
                }
                _ => "calls go on, but the cap counts by its balance and may let too much through; lower its limit by the difference until this is cleared up",
            };
            item(
                "budgets",
                format!(
                    "The ledger and the balance of cap \"{}\" (period from {}) differ in what is {}: {} by the ledger, {} by the balance, checked {checked}. Nothing in the ledger is lost; {effect}",
                    one.cap,
                    moment(one.period_start_ms),
                    one.sum.as_str(),
                    one.ledger_nanousd,
                    one.balance_nanousd,
                ),
            )
        })
        .collect();
    let more = check.mismatches.len().saturating_sub(MOST_DRIFTED);
    if more > 0 {
        found.push(item(
            "budgets",
            format!("{more} more sums over the ledger differ from their balances; `ledger.check` lists all"),
        ));
    }
    found
}

/// Cents for amounts of a cent and more, every digit below: a sentence has no room for nine decimals.
pub(super) fn dollars(amount: NanoUsd) -> String {
    const CENT: i64 = NanoUsd::PER_USD / 100;
    if amount.0 < CENT {
        return amount.to_string();
    }
    let cents = amount.0 / CENT;
    format!("${}.{:02}", cents / 100, cents % 100)
}
