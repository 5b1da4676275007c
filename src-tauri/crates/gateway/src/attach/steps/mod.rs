//! What is looked at on the way to a database, one file a step, and the record of it.

pub(super) mod certificate;
pub(super) mod not_after;
pub(super) mod reach;
pub(super) mod resolve;
pub(super) mod tunnel;

use tokio::time::Instant;
use weir_contract::model::profile::{StepKind, StepOutcome, TestStep};

/// The steps so far.
pub(super) struct Record {
    steps: Vec<TestStep>,
    since: Instant,
}

impl Record {
    pub(super) fn begin() -> Record {
        Record {
            steps: Vec::new(),
            since: Instant::now(),
        }
    }

    pub(super) fn ok(&mut self, kind: StepKind, said: impl Into<String>) {
        self.add(kind, StepOutcome::Ok, said.into(), "");
    }

    pub(super) fn warn(&mut self, kind: StepKind, said: impl Into<String>, advice: &str) {
        self.add(kind, StepOutcome::Warned, said.into(), advice);
    }

    pub(super) fn skip(&mut self, kind: StepKind, said: impl Into<String>) {
        self.add(kind, StepOutcome::Skipped, said.into(), "");
    }

    pub(super) fn fail(&mut self, kind: StepKind, said: impl Into<String>, advice: &str) {
        self.add(kind, StepOutcome::Failed, said.into(), advice);
    }

    /// All steps; those that nobody came to are named as such.
    pub(super) fn finish(mut self) -> Vec<TestStep> {
        for kind in StepKind::ALL {
            if !self.steps.iter().any(|step| step.kind == kind) {
                self.since = Instant::now();
                self.add(
                    kind,
                    StepOutcome::NotReached,
                    "not tried: a step before it failed".to_owned(),
                    "",
                );
            }
        }
        self.steps.sort_by_key(|step| step.kind);
        self.steps
    }

    /// Begins to measure the next step, where two are written down after one piece of work.
    fn add(&mut self, kind: StepKind, outcome: StepOutcome, said: String, advice: &str) {
        let took_ms = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.steps.push(TestStep {
            kind,
            outcome,
            said,
            advice: advice.to_owned(),
            took_ms,
        });
        self.since = Instant::now();
    }
}
