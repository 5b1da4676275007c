//! What a cap would have done with recorded traffic: when its steps would have acted, and what it would have refused. Pure.

use super::{
    period::{PeriodBounds, PeriodError, period_bounds},
    steps::acts_from,
};
use std::collections::VecDeque;
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapAction, CapPeriod},
};

const HOUR_MS: i64 = 3_600_000;

/// A bought request, or those of one hour taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub at_ms: i64,
    pub requests: i64,
    pub cost_nanousd: i64,
}

/// What one step did over all periods of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepTally {
    pub times: i64,
    pub first_ms: Option<i64>,
    /// What came while it acted.
    pub requests: i64,
    pub cost_nanousd: i64,
}

/// What was refused in one period; of a rolling one, in one hour after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    pub from_ms: i64,
    pub requests: i64,
    pub cost_nanousd: i64,
}

/// What came of one value's traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// In the order of the cap's steps.
    pub steps: Vec<StepTally>,
    pub refused: Vec<Refused>,
    /// The pieces in which something changed; of an hour, its requests tell when.
    pub changed_at: Vec<usize>,
}

/// Sends the pieces, oldest first, through the cap. An hour of which only a part has room is divided in proportion.
///
/// # Errors
/// The cap's time zone is unknown.
pub fn replay_pieces(cap: &Cap, pieces: &[Piece]) -> Result<Replayed, PeriodError> {
    let mut window = Window::new(cap);
    let bound = cap.refuses_at().map(|bound| bound.0);
    let mut done = Replayed {
        steps: vec![StepTally::default(); cap.steps.len()],
        ..Replayed::default()
    };
    let mut acting = vec![false; cap.steps.len()];
    let mut is_refusing = false;
    for (index, piece) in pieces.iter().enumerate() {
        is_refusing &= !window.move_to(piece.at_ms)?;
        let before = window.used;
        for (step, acts) in cap.steps.iter().zip(&mut acting) {
            *acts = before >= acts_from(step.percent, cap.limit_nanousd).0 && before > 0;
        }
        let (requests, cost) = within(piece, bound.map(|bound| bound - before));
        let refused = Refused {
            from_ms: piece.at_ms,
            requests: piece.requests - requests,
            cost_nanousd: piece.cost_nanousd - cost,
        };
        window.add(cost);
        let mut changed = refused.requests > 0 && requests > 0;
        for (n, step) in cap.steps.iter().enumerate() {
            let tally = &mut done.steps[n];
            if step.action == CapAction::Refuse {
                continue;
            }
            if acting[n] {
                tally.requests += piece.requests;
                tally.cost_nanousd += piece.cost_nanousd;
            } else if window.used >= acts_from(step.percent, cap.limit_nanousd).0 && window.used > 0 {
                tally.times += 1;
                tally.first_ms.get_or_insert(piece.at_ms);
                changed = true;
            }
        }
        if refused.requests > 0 {
            changed |= !is_refusing;
            done.refuse(cap, refused, is_refusing);
            is_refusing = true;
        } else if matches!(cap.period, CapPeriod::RollingHours(_)) {
            is_refusing = false;
        }
        if changed && piece.requests > 1 {
            done.changed_at.push(index);
        }
    }
    Ok(done)
}

/// How many of the piece's requests have room, and what they cost.
fn within(piece: &Piece, room: Option<i64>) -> (i64, i64) {
    let Some(room) = room.map(|room| room.max(0)) else {
        return (piece.requests, piece.cost_nanousd);
    };
    if piece.cost_nanousd <= room {
        return (piece.requests, piece.cost_nanousd);
    }
    if piece.requests <= 1 {
        return (0, 0);
    }
    let share = i128::from(piece.requests) * i128::from(room) / i128::from(piece.cost_nanousd.max(1));
    let fit = i64::try_from(share).unwrap_or(0);
    let cost = i128::from(piece.cost_nanousd) * i128::from(fit) / i128::from(piece.requests);
    (fit, i64::try_from(cost).unwrap_or(0))
}

impl Replayed {
    /// Adds to the refusals that are going on, or begins new ones.
    fn refuse(&mut self, cap: &Cap, refused: Refused, goes_on: bool) {
        let refuses = |n: &usize| cap.steps[*n].action == CapAction::Refuse;
        if let Some(n) = (0..cap.steps.len()).find(refuses) {
            let tally = &mut self.steps[n];
            tally.times += i64::from(!goes_on);
            tally.first_ms.get_or_insert(refused.from_ms);
            tally.requests += refused.requests;
            tally.cost_nanousd += refused.cost_nanousd;
        }
        match self.refused.last_mut() {
            Some(last) if goes_on => {
                last.requests += refused.requests;
                last.cost_nanousd += refused.cost_nanousd;
            }
            _ => self.refused.push(refused),
        }
    }
}

/// What counts now.
struct Window<'c> {
    cap: &'c Cap,
    used: i64,
    bounds: Option<PeriodBounds>,
    /// Of a rolling period: each clock hour that counts, and what was spent in it.
    hours: VecDeque<(i64, i64)>,
}

impl Window<'_> {
    fn new(cap: &Cap) -> Window<'_> {
        Window {
            cap,
            used: 0,
            bounds: None,
            hours: VecDeque::new(),
        }
    }

    /// Forgets what no longer counts at this time; true when a new period has begun.
    fn move_to(&mut self, at_ms: i64) -> Result<bool, PeriodError> {
        if let Some(bounds) = self.bounds
            && at_ms < bounds.end_ms
        {
            return Ok(false);
        }
        let bounds = period_bounds(self.cap.period, &self.cap.time_zone, at_ms)?;
        let is_first = self.bounds.replace(bounds).is_none();
        let CapPeriod::RollingHours(length) = self.cap.period else {
            self.used = 0;
            return Ok(!is_first);
        };
        while let Some((hour_ms, spent)) = self.hours.front().copied()
            && hour_ms + (i64::from(length) + 1) * HOUR_MS <= at_ms
        {
            self.used -= spent;
            self.hours.pop_front();
        }
        self.hours.push_back((bounds.start_ms, 0));
        Ok(false)
    }

    fn add(&mut self, cost: i64) {
        self.used = self.used.saturating_add(cost);
        if let Some((_, spent)) = self.hours.back_mut() {
            *spent = spent.saturating_add(cost);
        }
    }
}

/// The least that must be spent for anything of the cap to act.
#[must_use]
pub fn least_that_acts(cap: &Cap) -> NanoUsd {
    let percent = cap.steps.iter().map(|step| step.percent).min().unwrap_or(100);
    acts_from(percent, cap.limit_nanousd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use weir_contract::model::cap::{CapManner, CapScope, CapStep};

    const DAY_MS: i64 = 24 * HOUR_MS;

    fn cap(period: CapPeriod, limit: i64) -> Cap {
        Cap {
            name: "draft".into(),
            scope: CapScope::Global,
            period,
            time_zone: "UTC".into(),
            limit_nanousd: NanoUsd(limit),
            steps: vec![
                CapStep::at(50, CapAction::Notify),
                CapStep::at(80, CapAction::StepDown),
                CapStep::at(100, CapAction::Refuse),
            ],
            enabled: true,
            manner: CapManner::default(),
        }
    }

    fn single(at_ms: i64, cost_nanousd: i64) -> Piece {
        Piece {
            at_ms,
            requests: 1,
            cost_nanousd,
        }
    }

    #[test]
    fn each_step_is_told_with_its_first_time_and_what_came_after() {
        let day: Vec<Piece> = (0..12).map(|n| single(n * 1_000, 10)).collect();
        let next = day.iter().map(|piece| single(piece.at_ms + DAY_MS, 10));
        let pieces: Vec<Piece> = day.iter().copied().chain(next).collect();
        let done = replay_pieces(&cap(CapPeriod::Day, 100), &pieces).unwrap();
        let tally = |times, first, requests| StepTally {
            times,
            first_ms: Some(first),
            requests,
            cost_nanousd: requests * 10,
        };
        assert_eq!(
            done.steps,
            [tally(2, 4_000, 14), tally(2, 7_000, 8), tally(2, 10_000, 4)]
        );
        let refused = |from_ms| Refused {
            from_ms,
            requests: 2,
            cost_nanousd: 20,
        };
        assert_eq!(done.refused, [refused(10_000), refused(10_000 + DAY_MS)]);
    }

    #[test]
    fn a_rolling_cap_has_room_again_when_its_oldest_hour_goes() {
        let pieces = [
            single(0, 60),
            single(HOUR_MS, 40),
            single(2 * HOUR_MS, 1),
            single(3 * HOUR_MS, 60),
            single(3 * HOUR_MS + 1, 1),
        ];
        let done = replay_pieces(&cap(CapPeriod::RollingHours(2), 100), &pieces).unwrap();
        let from: Vec<_> = done
            .refused
            .iter()
            .map(|refused| refused.from_ms / HOUR_MS)
            .collect();
        assert_eq!(from, [2, 3]);
    }

    #[test]
    fn an_hour_that_does_not_fit_is_divided_and_told_of() {
        let hour = Piece {
            at_ms: 0,
            requests: 100,
            cost_nanousd: 1_000,
        };
        let done = replay_pieces(&cap(CapPeriod::Day, 400), &[hour]).unwrap();
        assert_eq!(
            (done.refused[0].requests, done.refused[0].cost_nanousd),
            (60, 600)
        );
        assert_eq!(done.changed_at, [0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// Nothing is invented or lost, and what remains never passes the cap in any of its periods.
        #[test]
        fn what_is_let_through_fits_and_the_rest_is_refused(
            traffic in prop::collection::vec((0..40_000_i64, 1..80_i64), 0..200),
            limit in 1..600_i64,
            rolling in prop::option::of(1..30_u16),
        ) {
            let mut at_ms = 0;
            let mut pieces = Vec::new();
            for (gap_s, cost) in traffic {
                at_ms += gap_s * 1_000;
                pieces.push(single(at_ms, cost));
            }
            let period = rolling.map_or(CapPeriod::Day, CapPeriod::RollingHours);
            let cap = cap(period, limit);
            let done = replay_pieces(&cap, &pieces).unwrap();
            let refused: i64 = done.refused.iter().map(|refused| refused.cost_nanousd).sum();
            prop_assert_eq!(refused, done.steps[2].cost_nanousd);
            // A second pass without what the cap itself lets through one by one.
            let mut kept: Vec<Piece> = Vec::new();
            for piece in &pieces {
                let mut longer = kept.clone();
                longer.push(*piece);
                if replay_pieces(&cap, &longer).unwrap().refused.is_empty() {
                    kept = longer;
                }
                if kept.len() > 60 {
                    break;
                }
            }
            for piece in &kept {
                let span = match period {
                    CapPeriod::RollingHours(hours) => piece.at_ms..=piece.at_ms + i64::from(hours) * HOUR_MS,
                    _ => {
                        let start = piece.at_ms - piece.at_ms % DAY_MS;
                        start..=start + DAY_MS - 1
                    }
                };
                let spent: i64 = kept.iter().filter(|other| span.contains(&other.at_ms)).map(|other| other.cost_nanousd).sum();
                prop_assert!(spent <= limit);
            }
        }
    }
}
