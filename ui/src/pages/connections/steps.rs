//! The steps of a test, in order, with what to do where one failed.

use crate::{
    components::badge::{Badge, Tone},
    format,
};
use leptos::prelude::*;
use weir_contract::model::profile::{StepOutcome, TestStep};

/// The table.
#[component]
pub fn Steps(steps: Vec<TestStep>) -> impl IntoView {
    let failed = steps.iter().any(|step| step.outcome == StepOutcome::Failed);
    let summary = if failed {
        "The connection does not work yet."
    } else {
        "The connection works."
    };
    let rows = steps.into_iter().map(|step| {
        let (word, tone) = words(step.outcome);
        let took = matches!(step.outcome, StepOutcome::Ok | StepOutcome::Warned | StepOutcome::Failed)
            .then(|| format!("{} ms", step.took_ms));
        let advice = (!step.advice.is_empty())
            .then(|| view! { <p class="muted">{format::visible(&step.advice)}</p> });
        view! {
            <tr data-testid="test-step"><th scope="row">{step.kind.word()}</th><td><Badge text=word tone/></td>
                <td class="wrap">{format::visible(&step.said)}{advice}</td><td class="num">{took}</td></tr>
        }
    });
    view! {
        <p role="status" data-testid="test-summary"><strong>{summary}</strong></p>
        <div class="scroll"><table class="test-steps"><thead><tr><th scope="col">"Step"</th><th scope="col">"Result"</th><th scope="col">"What was found"</th><th scope="col" class="num">"Took"</th></tr></thead>
            <tbody>{rows.collect_view()}</tbody></table></div>
    }
}

fn words(outcome: StepOutcome) -> (&'static str, Tone) {
    match outcome {
        StepOutcome::Ok => ("ok", Tone::Good),
        StepOutcome::Warned => ("look at this", Tone::Warn),
        StepOutcome::Failed => ("failed", Tone::Bad),
        StepOutcome::Skipped => ("not needed", Tone::Neutral),
        StepOutcome::NotReached => ("not tried", Tone::Neutral),
    }
}
