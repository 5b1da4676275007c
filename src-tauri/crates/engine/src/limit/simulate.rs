//! Trying a draft limit on recorded traffic: who would have been refused, when, and how often.
//!
//! A refused request is not counted, as in truth. Tokens and dollars are what the request really used. A request that came
//! again because it was refused in truth is taken as it is recorded.

use super::{
    replay_log,
    subject::{CallClass, Caller, counted},
    window::{Admission, SlidingLog},
};
use crate::store::ReplayedRequest;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
};
use weir_contract::model::limit::{Limit, LimitMeasure, LimitSimulation, SimulatedCaller, SimulatedHour};

const HOUR_MS: i64 = 3_600_000;
/// Most callers that are named.
const MOST_NAMED: usize = 20;

/// One request that the draft counts.
struct Arrival {
    at_ms: i64,
    caller: u32,
    amount: i64,
    ends_ms: i64,
}

#[derive(Default)]
struct Replayed<'a> {
    name: &'a str,
    log: SlidingLog,
    /// When calls under way end.
    ends: BinaryHeap<Reverse<i64>>,
    requests: u64,
    refused: u64,
    first_ms: i64,
    last_ms: i64,
}

/// Replays the requests of these pieces of the log that began in `from_ms..to_ms`.
#[must_use]
pub fn simulate(limit: &Limit, pieces: &[Vec<u8>], from_ms: i64, to_ms: i64) -> LimitSimulation {
    let (mut arrivals, names) = arrivals(limit, pieces, from_ms, to_ms);
    arrivals.sort_by_key(|arrival| arrival.at_ms);
    let mut callers: Vec<Replayed<'_>> = names
        .into_iter()
        .map(|name| Replayed {
            name,
            ..Replayed::default()
        })
        .collect();
    let mut by_hour: BTreeMap<i64, SimulatedHour> = BTreeMap::new();
    let mut refused = 0;
    for arrival in &arrivals {
        let hour_ms = arrival.at_ms - arrival.at_ms.rem_euclid(HOUR_MS);
        let hour = by_hour.entry(hour_ms).or_insert(SimulatedHour {
            at_ms: hour_ms,
            requests: 0,
            refused: 0,
        });
        hour.requests += 1;
        let Some(caller) = callers.get_mut(arrival.caller as usize) else {
            continue;
        };
        if !caller.passes(limit, arrival) {
            hour.refused += 1;
            refused += 1;
        }
    }
    let callers_refused = callers.iter().filter(|caller| caller.refused > 0).count() as u64;
    LimitSimulation {
        from_ms,
        to_ms,
        requests: arrivals.len() as u64,
        refused,
        callers: callers.len() as u64,
        callers_refused,
        worst: worst(callers),
        by_hour: by_hour.into_values().collect(),
        took_us: 0,
    }
}

fn arrivals<'a>(
    limit: &Limit,
    pieces: &'a [Vec<u8>],
    from_ms: i64,
    to_ms: i64,
) -> (Vec<Arrival>, Vec<&'a str>) {
    let mut arrivals = Vec::new();
    let mut names = Vec::new();
    let mut numbers: HashMap<&'a str, u32> = HashMap::new();
    for request in pieces.iter().flat_map(|piece| replay_log::read(piece)) {
        if !(from_ms..to_ms).contains(&request.at_ms) {
            continue;
        }
        let amount = amount_of(limit.measure, &request);
        let Some(name) = counted(limit, &caller_of(&request)).filter(|_| amount > 0) else {
            continue;
        };
        let caller = *numbers.entry(name).or_insert_with(|| {
            names.push(name);
            u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
        });
        arrivals.push(Arrival {
            at_ms: request.at_ms,
            caller,
            amount,
            ends_ms: request.at_ms.saturating_add(request.duration_ms),
        });
    }
    (arrivals, names)
}

fn amount_of(measure: LimitMeasure, request: &ReplayedRequest<'_>) -> i64 {
    match measure {
        LimitMeasure::Requests | LimitMeasure::Concurrent => 1,
        LimitMeasure::Tokens => request.tokens,
        LimitMeasure::Dollars => request.cost_nanousd,
    }
}

fn caller_of<'a>(request: &ReplayedRequest<'a>) -> Caller<'a> {
    Caller {
        key: request.key,
        user: request.user,
        ip: request.ip,
        event: request.event,
        intent: request.intent,
        class: if request.is_expensive {
            CallClass::Expensive
        } else {
            CallClass::Model
        },
        own: None,
    }
}

impl Replayed<'_> {
    fn passes(&mut self, limit: &Limit, arrival: &Arrival) -> bool {
        self.requests += 1;
        let passes = match limit.measure {
            LimitMeasure::Concurrent => self.has_seat(limit.most, arrival),
            _ => self.has_room(limit, arrival),
        };
        if !passes {
            if self.refused == 0 {
                self.first_ms = arrival.at_ms;
            }
            self.refused += 1;
            self.last_ms = arrival.at_ms;
        }
        passes
    }

    fn has_room(&mut self, limit: &Limit, arrival: &Arrival) -> bool {
        let unsigned = |amount: i64| u64::try_from(amount).unwrap_or(0);
        let (most, amount) = (unsigned(limit.most), unsigned(arrival.amount));
        let window_ms = i64::from(limit.window_seconds) * 1_000;
        let fits = matches!(
            self.log.check(most, window_ms, amount, arrival.at_ms),
            Admission::Admitted { .. }
        );
        if fits {
            self.log.count(window_ms, amount, arrival.at_ms);
        }
        fits
    }

    fn has_seat(&mut self, most: i64, arrival: &Arrival) -> bool {
        while self
            .ends
            .peek()
            .is_some_and(|Reverse(ends_ms)| *ends_ms <= arrival.at_ms)
        {
            self.ends.pop();
        }
        let fits = (self.ends.len() as i64) < most;
        if fits {
            self.ends.push(Reverse(arrival.ends_ms));
        }
        fits
    }
}

fn worst(mut callers: Vec<Replayed<'_>>) -> Vec<SimulatedCaller> {
    callers.retain(|caller| caller.refused > 0);
    callers.sort_by(|left, right| {
        right
            .refused
            .cmp(&left.refused)
            .then_with(|| left.name.cmp(right.name))
    });
    callers.truncate(MOST_NAMED);
    let named = callers.into_iter().map(|caller| SimulatedCaller {
        caller: caller.name.to_owned(),
        requests: caller.requests,
        refused: caller.refused,
        first_ms: caller.first_ms,
        last_ms: caller.last_ms,
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::{HOUR_MS, simulate};
    use crate::{limit::replay_log::append, store::ReplayedRequest};
    use weir_contract::model::limit::{EndpointClass, Limit, LimitMeasure, LimitSubject};

    fn draft(measure: LimitMeasure, most: i64) -> Limit {
        Limit {
            name: "draft".into(),
            subject: LimitSubject::User,
            measure,
            endpoint_class: EndpointClass::ModelCalls,
            most,
            window_seconds: 60,
            enabled: true,
            shadow: false,
        }
    }

    fn log(requests: &[(i64, &str, i64, i64)]) -> Vec<Vec<u8>> {
        let mut pieces = vec![Vec::new(), Vec::new()];
        for (turn, (at_ms, user, tokens, duration_ms)) in requests.iter().enumerate() {
            let request = ReplayedRequest {
                at_ms: *at_ms,
                duration_ms: *duration_ms,
                tokens: *tokens,
                key: "k",
                user,
                ..ReplayedRequest::default()
            };
            append(&mut pieces[turn % 2], &request);
        }
        pieces
    }

    #[test]
    fn it_says_who_when_and_how_often() {
        let pieces = log(&[
            (1_000, "ann", 0, 0),
            (2_000, "ann", 0, 0),
            (3_000, "ann", 0, 0),
            (4_000, "bob", 0, 0),
            (HOUR_MS, "ann", 0, 0),
            (5_000, "ann", 0, 0),
            (6_000, "", 0, 0),
            (90_000_000, "ann", 0, 0),
        ]);
        let told = simulate(&draft(LimitMeasure::Requests, 2), &pieces, 0, 86_400_000);
        assert_eq!(
            (told.requests, told.refused, told.callers, told.callers_refused),
            (6, 2, 2, 1)
        );
        let ann = &told.worst[0];
        assert_eq!((ann.caller.as_str(), ann.requests, ann.refused), ("ann", 5, 2));
        assert_eq!((ann.first_ms, ann.last_ms), (3_000, 5_000));
        let hours: Vec<_> = told
            .by_hour
            .iter()
            .map(|hour| (hour.at_ms, hour.requests, hour.refused))
            .collect();
        assert_eq!(hours, [(0, 5, 2), (HOUR_MS, 1, 0)]);
    }

    #[test]
    fn tokens_and_calls_at_the_same_time_are_tried_too() {
        let pieces = log(&[
            (0, "ann", 60, 1_000),
            (500, "ann", 60, 1_000),
            (1_000, "ann", 40, 1_000),
        ]);
        let refused = |measure, most| simulate(&draft(measure, most), &pieces, 0, 10_000).worst;
        assert_eq!(refused(LimitMeasure::Tokens, 100)[0].first_ms, 500);
        assert_eq!(refused(LimitMeasure::Tokens, 100)[0].refused, 1);
        assert_eq!(refused(LimitMeasure::Concurrent, 1)[0].refused, 1);
        assert_eq!(refused(LimitMeasure::Concurrent, 2), []);
    }
}
