//! Takes a person's word on a hit: it is learned from, and a wrong pair never matches again.

use crate::{
    engine::Engine,
    store::{SemanticDecision, SemanticLabel, StoreError},
};
use weir_contract::model::semantic::SemanticOutcome;

/// Why feedback was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackProblem {
    /// Nothing was decided on this request, or it is another tenant's.
    #[error(
        "the semantic cache decided nothing on request \"{0}\"; send the x-weir-request-id of an answer whose x-weir-cache is semantic"
    )]
    Unknown(String),
    /// The answer was bought for this very question.
    #[error("request \"{0}\" was not answered by the semantic cache, so there is no pair to judge")]
    NoHit(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Labels the hit of a request. `tenant` is asked to be its owner; none for admins.
///
/// # Errors
/// [`FeedbackProblem`]; nothing was learned then.
pub async fn feedback(
    engine: &Engine,
    request_id: &str,
    same: bool,
    tenant: Option<&str>,
    who: &str,
) -> Result<SemanticDecision, FeedbackProblem> {
    let unknown = || FeedbackProblem::Unknown(request_id.to_owned());
    let found = engine.store.decision(request_id).await?.ok_or_else(unknown)?;
    let owner = found.group.split('\u{1f}').next().unwrap_or_default();
    if tenant.is_some_and(|tenant| tenant != owner) {
        return Err(unknown());
    }
    if found.pair.outcome == SemanticOutcome::Bought {
        return Err(FeedbackProblem::NoHit(request_id.to_owned()));
    }
    let label = SemanticLabel {
        request_id: request_id.to_owned(),
        same,
        origin: "feedback",
        audit_nanousd: 0,
    };
    let labelled = engine.store.label_decision(label).await?.ok_or_else(unknown)?;
    let pair = (found.pair.question.as_str(), found.pair.neighbour.as_str());
    if !same {
        engine
            .store
            .never_match(&found.group, pair, who, engine.clock.now_ms())
            .await?;
    }
    engine.semantic.with_group(&found.group, |group| {
        if !same {
            group.forbid(pair.0, pair.1);
        }
        group.learn(&labelled);
    });
    engine.changed();
    Ok(labelled)
}
