//! What needs an admin, most urgent first. Pure: from figures to sentences.

use super::attention_caps::{dollars, drifted, is_near, is_reached, item, near, reached};
use weir_contract::{
    NanoUsd,
    model::{
        alert::{AlertChannel, Delivery, DeliveryState},
        cap::CapState,
        catalog::{BreakerPosition, KeyStatus, ProviderProtocol, ProviderState},
        chart::{Attention, Totals},
        ledger::LedgerCheck,
    },
};

/// Errors per hundred requests above which somebody should look.
const ERROR_PERCENT: i64 = 5;

/// The list, in order of urgency: nothing can be answered, answers fail, money runs out, money is uncertain, play money.
pub(super) fn find(
    current: &Totals,
    caps: &[CapState],
    providers: &[ProviderState],
    last_check: Option<&LedgerCheck>,
) -> Vec<Attention> {
    let mut found = Vec::new();
    found.extend(missing_key(providers));
    found.extend(open_breakers(providers));
    found.extend(caps.iter().filter(|state| is_reached(state)).map(reached));
    found.extend(last_check.into_iter().flat_map(drifted));
    found.extend(errors(current));
    found.extend(
        caps.iter()
            .filter(|state| !is_reached(state) && is_near(state))
            .map(near),
    );
    found.extend(uncertain_money(current));
    found.extend(simulated_default(providers));
    found
}

fn missing_key(providers: &[ProviderState]) -> Option<Attention> {
    let default = providers.iter().find(|provider| provider.is_default)?;
    (default.key_status == KeyStatus::Missing).then(|| {
        let name = &default.config.name;
        item(
            "settings",
            format!(
                "The default provider \"{name}\" has no key, so its calls fail; enter one in the settings"
            ),
        )
    })
}

fn open_breakers(providers: &[ProviderState]) -> impl Iterator<Item = Attention> {
    providers.iter().filter_map(|provider| {
        let open: Vec<&str> = provider
            .breakers
            .iter()
            .filter(|(_, position)| *position == BreakerPosition::Open)
            .map(|(model, _)| model.as_str())
            .collect();
        (!open.is_empty()).then(|| {
            let (name, models) = (&provider.config.name, open.join(", "));
            item(
                "settings",
                format!(
                    "Provider \"{name}\" keeps failing for {models}; calls go elsewhere until it recovers"
                ),
            )
        })
    })
}

fn errors(current: &Totals) -> Option<Attention> {
    (current.errors * 100 > current.requests * ERROR_PERCENT).then(|| {
        let (errors, requests) = (current.errors, current.requests);
        item(
            "requests",
            format!("{errors} of {requests} requests failed or were cut in this range"),
        )
    })
}

fn uncertain_money(current: &Totals) -> impl Iterator<Item = Attention> {
    let unknown = (current.price_unknown > 0).then(|| {
        item(
            "requests",
            format!("{} requests had no known price and were charged at the highest of their tier; add a price to the configuration", current.price_unknown),
        )
    });
    let unsettled = (current.unsettled_nanousd > NanoUsd::ZERO).then(|| {
        let amount = dollars(current.unsettled_nanousd);
        item(
            "budgets",
            format!("{amount} of the spend is an estimate, because providers never said what was used; correct it below the caps when you know"),
        )
    });
    unknown.into_iter().chain(unsettled)
}

fn simulated_default(providers: &[ProviderState]) -> Option<Attention> {
    let default = providers.iter().find(|provider| provider.is_default)?;
    (default.config.protocol == ProviderProtocol::Simulated).then(|| {
        item("settings", "Answers come from the simulated provider and costs are play money; choose a real one in the settings".to_owned())
    })
}

/// Channels whose newest delivery was given up: whoever relies on them hears nothing.
pub(super) fn unheard(
    channels: impl Iterator<Item = AlertChannel>,
    newest: &[Delivery],
) -> impl Iterator<Item = Attention> {
    let given_up = channels.filter(|channel| {
        let lost = |one: &Delivery| one.channel == channel.name && one.state == DeliveryState::GivenUp;
        channel.enabled && newest.iter().any(lost)
    });
    given_up.map(|channel| {
        item(
            "alerts",
            format!(
                "The last alert to channel \"{}\" did not arrive; the alerts page says why, and can test it",
                channel.name
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{
        AlertChannel, Attention, CapState, Delivery, DeliveryState, KeyStatus, LedgerCheck, NanoUsd,
        ProviderProtocol, ProviderState, Totals, dollars, unheard,
    };
    use weir_contract::model::{
        alert::ChannelTarget,
        cap::{Cap, CapPeriod, CapScope, CapStep},
        catalog::{BreakerPosition, KeySource, ProviderConfig},
        ledger::{LedgerMismatch, LedgerSum},
    };

    fn find(current: &Totals, caps: &[CapState], providers: &[ProviderState]) -> Vec<Attention> {
        super::find(current, caps, providers, None)
    }

    fn cap(spent: i64, limit: i64) -> CapState {
        CapState {
            cap: Cap {
                name: "global-daily".into(),
                scope: CapScope::Global,
                period: CapPeriod::Day,
                time_zone: "UTC".into(),
                limit_nanousd: NanoUsd(limit),
                steps: CapStep::tell_and_refuse(80),
                enabled: true,
                manner: weir_contract::model::cap::CapManner::default(),
            },
            version: 1,
            spent_nanousd: NanoUsd(spent),
            reserved_nanousd: NanoUsd::ZERO,
            unsettled_nanousd: NanoUsd::ZERO,
            period_start_ms: 0,
            resets_ms: 86_400_000,
            resets_text: "1970-01-02 00:00 UTC".into(),
            in_force: Vec::new(),
            values: Vec::new(),
            overrun_nanousd: NanoUsd::ZERO,
            trips: Vec::new(),
        }
    }

    fn provider(protocol: ProviderProtocol, key_status: KeyStatus) -> ProviderState {
        ProviderState {
            config: ProviderConfig {
                name: "main".into(),
                protocol,
                base_url: String::new(),
                key: KeySource::None,
            },
            key_status,
            is_default: true,
            from_file: false,
            version: 1,
            breakers: Vec::new(),
        }
    }

    fn messages(found: &[Attention]) -> String {
        found
            .iter()
            .map(|item| format!("{}: {}\n", item.page, item.message))
            .collect()
    }

    #[test]
    fn all_well_is_an_empty_list() {
        let fine = Totals {
            requests: 100,
            errors: 5,
            ..Totals::default()
        };
        let found = find(
            &fine,
            &[cap(79, 100)],
            &[provider(ProviderProtocol::Openai, KeyStatus::Present)],
        );
        assert_eq!(messages(&found), "");
    }

    #[test]
    fn a_cap_is_named_with_spent_limit_and_reset() {
        let dollar = NanoUsd::PER_USD;
        let found = messages(&find(&Totals::default(), &[cap(8 * dollar, 10 * dollar)], &[]));
        for part in ["budgets", "80 %", "$8.00", "$10", "1970-01-02 00:00 UTC"] {
            assert!(found.contains(part), "{found}");
        }
        assert!(messages(&find(&Totals::default(), &[cap(10, 10)], &[])).contains("used up"));
        let mut off = cap(10, 10);
        off.cap.enabled = false;
        assert_eq!(messages(&find(&Totals::default(), &[off], &[])), "");
    }

    #[test]
    fn a_drifted_balance_is_named_with_both_sums_and_what_still_works() {
        let mismatch = |cap: &str, ledger, balance| LedgerMismatch {
            cap: cap.into(),
            period_start_ms: 86_400_000,
            sum: LedgerSum::Spent,
            ledger_nanousd: NanoUsd(ledger),
            balance_nanousd: NanoUsd(balance),
        };
        let mut check = LedgerCheck {
            at_ms: 90_000_000,
            mismatches: vec![mismatch("daily", 2_000_000_000, 500_000_000)],
        };
        let told = |check: &LedgerCheck| messages(&super::find(&Totals::default(), &[], &[], Some(check)));
        let found = told(&check);
        for part in [
            "\"daily\"",
            "1970-01-02 00:00 UTC",
            "$2 by the ledger",
            "$0.5 by the balance",
            "calls go on",
            "let too much through",
            "1970-01-02 01:00 UTC",
        ] {
            assert!(found.contains(part), "{found} lacks {part}");
        }
        check.mismatches = (0..5).map(|n| mismatch(&format!("c{n}"), 0, 1)).collect();
        let found = told(&check);
        assert!(
            found.contains("too early") && found.contains("2 more sums"),
            "{found}"
        );
        check.mismatches.clear();
        assert_eq!(told(&check), "");
    }

    #[test]
    fn huge_caps_do_not_overflow() {
        let most = 9_000_000_000_000_000_000;
        assert!(messages(&find(&Totals::default(), &[cap(most - 1, most)], &[])).contains("99 %"));
    }

    #[test]
    fn the_most_urgent_comes_first() {
        let totals = Totals {
            requests: 10,
            errors: 1,
            price_unknown: 2,
            unsettled_nanousd: NanoUsd(5),
            ..Totals::default()
        };
        let mut broken = provider(ProviderProtocol::Openai, KeyStatus::Missing);
        broken.breakers = vec![
            ("a".into(), BreakerPosition::Open),
            ("b".into(), BreakerPosition::Closed),
        ];
        let found = find(&totals, &[cap(10, 10)], &[broken]);
        let order = [
            "has no key",
            "keeps failing for a;",
            "used up",
            "1 of 10 requests",
            "no known price",
            "estimate",
        ];
        assert_eq!(found.len(), order.len(), "{}", messages(&found));
        for (item, part) in found.iter().zip(order) {
            assert!(item.message.contains(part), "{} lacks {part}", item.message);
        }
    }

    #[test]
    fn play_money_is_said() {
        let found = find(
            &Totals::default(),
            &[],
            &[provider(ProviderProtocol::Simulated, KeyStatus::NotNeeded)],
        );
        assert!(messages(&found).contains("play money"));
    }

    #[test]
    fn a_channel_that_nobody_hears_is_named() {
        let channel = |name: &str| AlertChannel {
            name: name.into(),
            target: ChannelTarget::Desktop,
            enabled: true,
        };
        let delivery = |name: &str, state| Delivery {
            id: 1,
            event_id: 1,
            channel: name.into(),
            state,
            attempts: 1,
            next_attempt_ms: 0,
            last_attempt_ms: None,
            note: String::new(),
        };
        let newest = [
            delivery("dead", DeliveryState::GivenUp),
            delivery("fine", DeliveryState::Delivered),
            delivery("gone", DeliveryState::GivenUp),
        ];
        let channels = [channel("dead"), channel("fine"), channel("new")];
        let found: Vec<_> = unheard(channels.into_iter(), &newest).collect();
        assert_eq!(found.len(), 1, "{}", messages(&found));
        assert!(messages(&found).starts_with("alerts: The last alert to channel \"dead\""));
    }

    #[test]
    fn small_amounts_keep_their_digits() {
        assert_eq!(dollars(NanoUsd(12_000)), "$0.000012");
        assert_eq!(dollars(NanoUsd(1_239_999_999)), "$1.23");
    }
}
