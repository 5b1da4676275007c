//! Tests of looking ahead: more spend never leads higher, forecasts near a threshold do not flap, and it helps.

use super::{forecast_nanousd, next_tiers_down, replay, whole_hours};
use crate::budget::period::{PeriodBounds, period_bounds};
use proptest::prelude::*;
use weir_contract::{
    NanoUsd,
    model::cap::{CapDynamic, CapPeriod},
};

const MONTH: usize = 720;

fn dynamics() -> impl Strategy<Value = CapDynamic> {
    (50..=500_u16, 5..=500_u16, 1..=3_u8).prop_map(|(from_percent, every_percent, most_tiers)| CapDynamic {
        from_percent,
        every_percent,
        most_tiers,
    })
}

fn hours() -> impl Strategy<Value = Vec<i64>> {
    let spent = prop_oneof![4 => Just(0_i64), 4 => 0..2_000_i64, 1 => 0..200_000_i64];
    prop::collection::vec(spent, 0..MONTH)
}

#[test]
fn an_even_month_is_forecast_to_the_nano_dollar() {
    for passed in [72, 100, 168, 300, 720] {
        assert_eq!(
            forecast_nanousd(&vec![5; passed], MONTH),
            NanoUsd(3_600),
            "{passed}"
        );
    }
    // Of the first hours not even a busy one foretells ruin: 720 in one hour is 720 / 72 an hour.
    assert_eq!(forecast_nanousd(&[720], MONTH), NanoUsd(720 + 10 * 719));
    assert_eq!(forecast_nanousd(&[], MONTH), NanoUsd::ZERO);
    assert_eq!(forecast_nanousd(&[i64::MAX; 3], MONTH), NanoUsd(i64::MAX));
}

#[test]
fn the_ladder_goes_down_at_the_hour_the_forecast_says() {
    let limit = NanoUsd(3_600);
    let quiet_then_busy: Vec<i64> = [vec![4; 200], vec![20; 100], vec![0; 300]].concat();
    let outlooks = replay(&quiet_then_busy, MONTH, limit, CapDynamic::USUAL);
    let change = |tiers: u8| {
        outlooks
            .iter()
            .find(|outlook| outlook.tiers_down == tiers)
            .unwrap()
    };
    let (one, two) = (change(1), change(2));
    assert!(one.hour > 200 && one.hour < two.hour, "{one:?} {two:?}");
    assert!(one.forecast >= limit && outlooks[one.hour - 2].forecast < limit);
    assert!(one.spent < NanoUsd(1_200), "long before the cap: {one:?}");
    assert_eq!(
        outlooks.last().unwrap().tiers_down,
        0,
        "it comes back when the pace is low again"
    );
}

#[test]
fn months_of_every_zone_have_their_true_hours() {
    let now_ms = 1_761_500_000_000; // 2025-10-26, when Berlin sets its clocks back.
    for (zone, hours) in [("UTC", 744), ("Europe/Berlin", 745), ("Asia/Kathmandu", 743)] {
        let bounds = period_bounds(CapPeriod::Month, zone, now_ms).unwrap();
        let (first_ms, found) = whole_hours(bounds);
        assert_eq!(found, hours, "{zone}");
        assert!(first_ms >= bounds.start_ms && first_ms % 3_600_000 == 0);
    }
    let nothing = PeriodBounds {
        start_ms: 5,
        end_ms: 6,
    };
    assert_eq!(whole_hours(nothing).1, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Who spends more in any hour is never foreseen less, nor higher on the ladder.
    #[test]
    fn more_spend_never_leads_higher(
        spent in hours(), at in any::<prop::sample::Index>(), more in 0..100_000_i64,
        limit in 1..5_000_000_i64, dynamic in dynamics(),
    ) {
        prop_assume!(!spent.is_empty());
        let mut dearer = spent.clone();
        dearer[at.index(spent.len())] += more;
        let less = replay(&spent, MONTH, NanoUsd(limit), dynamic);
        let more = replay(&dearer, MONTH, NanoUsd(limit), dynamic);
        for (less, more) in less.iter().zip(&more) {
            prop_assert!(less.forecast <= more.forecast && less.tiers_down <= more.tiers_down, "{less:?} {more:?}");
            prop_assert!(less.forecast >= less.spent);
            prop_assert!(less.tiers_down <= dynamic.most_tiers);
        }
    }

    /// Once as much is spent as the ladder goes down at, it is down: nobody reaches the cap on the whole ladder.
    #[test]
    fn the_ladder_is_down_before_the_cap(
        spent in hours(), limit in 1..5_000_000_i64, dynamic in dynamics(), from_percent in 50..=100_u16,
    ) {
        let dynamic = CapDynamic { from_percent, ..dynamic };
        for outlook in replay(&spent, MONTH, NanoUsd(limit), dynamic) {
            prop_assert!(outlook.spent.0 < limit || outlook.tiers_down >= 1, "{outlook:?}");
        }
    }

    /// Forecasts that stay within ten points of percent never move the ladder to and fro.
    #[test]
    fn near_a_threshold_it_does_not_flap(
        limit in 1_000..5_000_000_i64, centre in 0..800_i64,
        wobble in prop::collection::vec(0..10_i64, 1..200), dynamic in dynamics(),
    ) {
        let mut before = 0;
        for points in wobble {
            let forecast = i128::from(limit) * i128::from(centre + points) / 100;
            let next = next_tiers_down(before, NanoUsd(i64::try_from(forecast).unwrap()), NanoUsd(limit), dynamic);
            prop_assert!(next >= before, "{before} then {next}");
            before = next;
        }
    }

    /// A user whose wishes stay the same and whose lower tiers cost less never spends more with it than without, and the cap,
    /// which refuses what does not fit, is never passed.
    #[test]
    fn it_only_ever_saves_and_the_cap_holds(
        wishes in hours(), limit in 1..5_000_000_i64, dynamic in dynamics(), cheaper in 1..=10_i64,
    ) {
        let live = |dynamic: Option<CapDynamic>| -> (i64, usize) {
            let (mut spent, mut tiers_down, mut total, mut refused) = (Vec::new(), 0_u8, 0_i64, 0);
            for wish in &wishes {
                let cost = wish / cheaper.pow(u32::from(tiers_down));
                let fits = total + cost <= limit;
                refused += usize::from(!fits);
                spent.push(if fits { cost } else { 0 });
                total += if fits { cost } else { 0 };
                if let Some(dynamic) = dynamic {
                    let forecast = forecast_nanousd(&spent, MONTH);
                    tiers_down = next_tiers_down(tiers_down, forecast, NanoUsd(limit), dynamic);
                }
            }
            (total, refused)
        };
        let (with, _) = live(Some(dynamic));
        prop_assert!(with <= limit);
        let plain: i64 = wishes.iter().sum();
        prop_assert!(with <= plain);
    }
}
