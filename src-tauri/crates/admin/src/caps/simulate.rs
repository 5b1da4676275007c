//! `caps.simulate`: what a draft of a cap would have done with the traffic of the last 30 days.

use super::{save::validate, state::no_period, trips};
use crate::{Admin, from_store};
use weir_contract::{
    ApiError, NanoUsd,
    command::caps::CapsSimulate,
    model::{
        cap::{Cap, CapScope, CapSimulation, CapSubject, CapTrip, SimulatedRefusal, SimulatedStep},
        time::TimeRange,
    },
};
use weir_engine::{
    budget::{
        ahead::dimension_of,
        period::{period_bounds, resets_text},
        simulate::{Piece, Replayed, least_that_acts, replay_pieces},
    },
    store::{Dimension, HourSpend},
};

const HOUR_MS: i64 = 3_600_000;
const RANGE_MS: i64 = 30 * 24 * HOUR_MS;
/// Most values that are looked at hour by hour.
const MOST_VALUES: u32 = 100;
/// Most hours whose requests are read one by one, so that a simulation stays under a second; later ones are divided in
/// proportion.
const MOST_HOURS: usize = 60;
/// Most requests that are read of one hour.
const MOST_REQUESTS: u32 = 20_000;
const MOST_REFUSALS: usize = 50;

/// Nothing is saved.
///
/// # Errors
/// `InvalidArgument` naming what is wrong with the draft, failures of the database.
pub async fn simulate(admin: &Admin, command: CapsSimulate) -> Result<CapSimulation, ApiError> {
    let cap = command.cap;
    let now_ms = admin.clock.now_ms();
    validate(&cap, now_ms)?;
    let first = period_bounds(cap.period, &cap.time_zone, now_ms - RANGE_MS).map_err(no_period)?;
    let range = TimeRange {
        // Sums are by clock hour; a period that begins within one loses that part.
        from_ms: first.start_ms - first.start_ms.rem_euclid(HOUR_MS),
        to_ms: now_ms,
    };
    let mut run = Run {
        admin,
        dimension: dimension_of(&cap.scope).unwrap_or(Dimension::All),
        steps: Vec::new(),
        refusals: Vec::new(),
        hours_read: 0,
        cap: &cap,
        range,
    };
    let (values, total, is_cut) = run.values().await?;
    for value in &values {
        run.replay(value).await?;
    }
    let trips = run.trips(&values).await?;
    run.finish(total, trips, is_cut)
}

struct Run<'a> {
    admin: &'a Admin,
    cap: &'a Cap,
    dimension: Dimension,
    range: TimeRange,
    steps: Vec<weir_engine::budget::simulate::StepTally>,
    refusals: Vec<SimulatedRefusal>,
    hours_read: usize,
}

impl Run<'_> {
    /// The values for which anything could happen, what all together spent, and whether there are more of them.
    async fn values(&self) -> Result<(Vec<String>, HourSpend, bool), ApiError> {
        let store = &self.admin.store;
        match &self.cap.scope {
            CapScope::Each(_) => {
                let total = store.all_spend(self.range).await.map_err(from_store)?;
                let least = least_that_acts(self.cap).max(NanoUsd(1));
                let found = store
                    .values_above(self.dimension, self.range, least, MOST_VALUES + 1)
                    .await
                    .map_err(from_store)?;
                let is_cut = found.len() > MOST_VALUES as usize;
                let names = found
                    .into_iter()
                    .take(MOST_VALUES as usize)
                    .map(|(value, _)| value);
                Ok((names.collect(), total, is_cut))
            }
            scope => {
                let value = rollup_value(scope);
                let hours = self.hours(&value).await?;
                let total = hours.iter().fold(HourSpend::default(), |sum, hour| HourSpend {
                    at_ms: self.range.from_ms,
                    requests: sum.requests + hour.requests,
                    bought: sum.bought + hour.bought,
                    cost_nanousd: sum.cost_nanousd.saturating_add(hour.cost_nanousd),
                });
                Ok((vec![value], total, false))
            }
        }
    }

    async fn hours(&self, value: &str) -> Result<Vec<HourSpend>, ApiError> {
        let found = self
            .admin
            .store
            .value_hours(self.dimension, value, self.range)
            .await;
        found.map_err(from_store)
    }

    /// By the hour, and then again with the requests of those hours in which something changed.
    async fn replay(&mut self, value: &str) -> Result<(), ApiError> {
        let hours: Vec<Piece> = self
            .hours(value)
            .await?
            .iter()
            .filter(|hour| hour.cost_nanousd > 0)
            .map(|hour| Piece {
                at_ms: hour.at_ms,
                requests: hour.bought.max(1),
                cost_nanousd: hour.cost_nanousd,
            })
            .collect();
        let mut done = replay_pieces(self.cap, &hours).map_err(no_period)?;
        if !done.changed_at.is_empty() && self.hours_read < MOST_HOURS {
            let pieces = self.with_requests(value, &hours, &done.changed_at).await?;
            done = replay_pieces(self.cap, &pieces).map_err(no_period)?;
        }
        self.add(value, &done)
    }

    async fn with_requests(
        &mut self,
        value: &str,
        hours: &[Piece],
        changed_at: &[usize],
    ) -> Result<Vec<Piece>, ApiError> {
        let mut pieces = Vec::with_capacity(hours.len());
        for (index, hour) in hours.iter().enumerate() {
            if !changed_at.contains(&index) || self.hours_read >= MOST_HOURS {
                pieces.push(*hour);
                continue;
            }
            self.hours_read += 1;
            let range = TimeRange {
                from_ms: hour.at_ms,
                to_ms: hour.at_ms + HOUR_MS,
            };
            let requests = self
                .admin
                .store
                .bought_requests(self.dimension, value, range, MOST_REQUESTS)
                .await
                .map_err(from_store)?;
            let sum: i64 = requests.iter().map(|request| request.cost_nanousd).sum();
            if sum == hour.cost_nanousd {
                pieces.extend(requests.iter().map(|request| Piece {
                    at_ms: request.started_ms,
                    requests: 1,
                    cost_nanousd: request.cost_nanousd,
                }));
            } else {
                // The log is kept for a shorter time than the sums.
                pieces.push(*hour);
            }
        }
        Ok(pieces)
    }

    fn add(&mut self, value: &str, done: &Replayed) -> Result<(), ApiError> {
        self.steps.resize(self.cap.steps.len(), Default::default());
        for (sum, tally) in self.steps.iter_mut().zip(&done.steps) {
            sum.times += tally.times;
            sum.requests += tally.requests;
            sum.cost_nanousd = sum.cost_nanousd.saturating_add(tally.cost_nanousd);
            sum.first_ms = match (sum.first_ms, tally.first_ms) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        let is_each = matches!(self.cap.scope, CapScope::Each(_));
        for refused in &done.refused {
            self.refusals.push(SimulatedRefusal {
                value: if is_each { value.to_owned() } else { String::new() },
                from_ms: refused.from_ms,
                from_text: self.in_words(refused.from_ms)?,
                requests: refused.requests,
                cost_nanousd: NanoUsd(refused.cost_nanousd),
            });
        }
        Ok(())
    }

    async fn trips(&self, values: &[String]) -> Result<Vec<CapTrip>, ApiError> {
        let mut trips = Vec::new();
        if self.cap.manner.dynamic.is_none() {
            return Ok(trips);
        }
        let names: Vec<&str> = values.iter().map(String::as_str).collect();
        let mut at_ms = self.range.from_ms;
        while at_ms < self.range.to_ms {
            let bounds = period_bounds(self.cap.period, &self.cap.time_zone, at_ms).map_err(no_period)?;
            trips.extend(trips::of_values(self.admin, self.cap, &names, bounds).await?);
            at_ms = bounds.end_ms;
        }
        trips.truncate(trips::MOST_TRIPS);
        Ok(trips)
    }

    fn finish(
        mut self,
        total: HourSpend,
        trips: Vec<CapTrip>,
        is_cut: bool,
    ) -> Result<CapSimulation, ApiError> {
        self.steps.resize(self.cap.steps.len(), Default::default());
        let mut steps = Vec::with_capacity(self.steps.len());
        for (step, tally) in self.cap.steps.iter().zip(&self.steps) {
            steps.push(SimulatedStep {
                step: *step,
                times: tally.times,
                first_ms: tally.first_ms,
                first_text: match tally.first_ms {
                    Some(first_ms) => self.in_words(first_ms)?,
                    None => String::new(),
                },
                requests: tally.requests,
                cost_nanousd: NanoUsd(tally.cost_nanousd),
            });
        }
        steps.sort_by_key(|step| step.step);
        let refused_requests = self.refusals.iter().map(|refused| refused.requests).sum();
        let refused_nanousd = self.refusals.iter().map(|refused| refused.cost_nanousd).sum();
        self.refusals
            .sort_by_key(|refused| (std::cmp::Reverse(refused.cost_nanousd), refused.from_ms));
        self.refusals.truncate(MOST_REFUSALS);
        Ok(CapSimulation {
            range: self.range,
            range_text: format!(
                "{} to {}",
                self.in_words(self.range.from_ms)?,
                self.in_words(self.range.to_ms)?
            ),
            requests: total.requests,
            spent_nanousd: NanoUsd(total.cost_nanousd),
            steps,
            refused_requests,
            refused_nanousd,
            refusals: self.refusals,
            trips,
            is_cut,
        })
    }

    fn in_words(&self, at_ms: i64) -> Result<String, ApiError> {
        resets_text(at_ms, &self.cap.time_zone).map_err(no_period)
    }
}

/// The value as the sums by hour know it: they tell models apart by name, whatever their provider.
fn rollup_value(scope: &CapScope) -> String {
    match scope {
        CapScope::One {
            subject: CapSubject::Model,
            value,
        } => value
            .split_once('/')
            .map_or(value.as_str(), |(_, model)| model)
            .to_owned(),
        CapScope::One { value, .. } => value.clone(),
        CapScope::Global | CapScope::Each(_) => String::new(),
    }
}
