//! Acting on the steps of caps before a model is chosen: a lower tier, a closed one, or nothing but the cache.

use super::{journal::Journal, outcome::Problem, prepare::Prepared};
use crate::{
    budget::{
        ahead::Outlook,
        counted::{Counted, counting_call},
        purse::{PurseError, Standing},
        steps::{acts_from, percent_used, steps_in_force},
    },
    call::{Call, RefusalCode},
    engine::Engine,
    routing::{
        attempt::unchecked,
        plan::Target,
        steer::{Steering, steered},
    },
    settings::Settings,
    store::StoreError,
};
use std::sync::Arc;
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapAction, CapStep, StoreAway},
};

/// A cap some of whose steps act.
struct Acting<'c> {
    counted: Counted<'c>,
    standing: Standing,
    steps: Vec<CapStep>,
}

/// The call as the caps leave it. Asks the store only about caps that have a step which changes something here.
///
/// # Errors
/// A cap lets only the cache answer, or closes all that the call may use, and says so; or the store cannot tell, and Weir
/// fails closed.
pub(super) async fn act(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    prepared: Arc<Prepared>,
    journal: &mut Journal,
) -> Result<Arc<Prepared>, Problem> {
    let mut acting = Vec::new();
    let mut steering = Steering::default();
    for counted in counting_call(&settings.caps, &prepared.facts(call)) {
        if !steers(counted.cap) {
            continue;
        }
        let now_ms = engine.clock.now_ms();
        match engine.outlooks.tiers_down(engine, &counted, now_ms).await {
            Ok(ahead) => {
                note_ahead(&counted, &ahead, journal);
                steering.tiers_down = steering.tiers_down.max(ahead.tiers_down);
            }
            Err(problem) => pass_or_refuse(&counted, PurseError::Store(problem), journal)?,
        }
        let standing = match engine.purse.standing(&counted, now_ms).await {
            Ok(standing) => standing,
            Err(problem) => {
                pass_or_refuse(&counted, problem, journal)?;
                continue;
            }
        };
        let steps = steps_in_force(&counted.cap.steps, standing.used(), counted.cap.limit_nanousd);
        if steps.is_empty() {
            continue;
        }
        note(&counted, &standing, &steps, journal);
        steering = steering.and(Steering::of(&steps));
        acting.push(Acting {
            counted,
            standing,
            steps,
        });
    }
    if steering.cache_only {
        let what = "only cached answers are given, and this one is not cached";
        return Err(problem(engine, &acting, CapAction::CacheOnly, what));
    }
    let Some(target) = steered(settings, &prepared.target, steering) else {
        let what = "the top tier is closed, and this call may use no other; name a model of a lower tier";
        return Err(problem(engine, &acting, CapAction::CloseTopTier, what));
    };
    if target == prepared.target {
        return Ok(prepared);
    }
    let change = format!(
        "the caps' steps leave {} in place of {}",
        in_words(&target),
        in_words(&prepared.target)
    );
    journal.note("route", change, &[]);
    Ok(Arc::new(prepared.with_target(settings, call, target)))
}

fn steers(cap: &Cap) -> bool {
    cap.manner.dynamic.is_some() || cap.steps.iter().any(|step| step.action.steers())
}

/// Where the store cannot say, a cap that fails open is passed over and any other refuses.
fn pass_or_refuse(counted: &Counted<'_>, problem: PurseError, journal: &mut Journal) -> Result<(), Problem> {
    let is_away = matches!(problem, PurseError::Store(StoreError::Unavailable(_)));
    if !is_away || counted.cap.manner.when_store_is_away == StoreAway::Refuse {
        return Err(unchecked(std::slice::from_ref(counted), &problem));
    }
    let what = format!(
        "the cap {} is passed over: the store is away, and it lets calls pass then",
        counted.in_words()
    );
    journal.note("cap", what, &[("problem", problem.to_string())]);
    Ok(())
}

fn note_ahead(counted: &Counted<'_>, ahead: &Outlook, journal: &mut Journal) {
    if ahead.tiers_down == 0 {
        return;
    }
    let what = format!(
        "the cap {} looks ahead: at this pace the month comes to {} of {}, so auto uses {} lower",
        counted.in_words(),
        ahead.forecast,
        counted.cap.limit_nanousd,
        if ahead.tiers_down == 1 {
            "one tier".to_owned()
        } else {
            format!("{} tiers", ahead.tiers_down)
        },
    );
    journal.note("cap", what, &[("spent in whole hours", ahead.spent.to_string())]);
}

fn note(counted: &Counted<'_>, standing: &Standing, steps: &[CapStep], journal: &mut Journal) {
    let limit = counted.cap.limit_nanousd;
    let percent = percent_used(standing.used(), limit);
    for step in steps {
        let effect = match step.action {
            CapAction::Notify => "shown as needing attention",
            CapAction::StepDown => "auto uses one tier lower",
            CapAction::CloseTopTier => "the top tier is closed",
            CapAction::CacheOnly => "nothing is bought",
            CapAction::Refuse => "nothing more is bought",
        };
        journal.note(
            "cap",
            format!(
                "the cap {} is at {percent} %; from {} % on: {effect}",
                counted.in_words(),
                step.percent
            ),
            &[
                ("step", step.action.as_str().to_owned()),
                ("spent", standing.spent().to_string()),
                ("reserved", standing.reserved().to_string()),
                ("limit", limit.to_string()),
            ],
        );
    }
}

/// The refusal of a step. Of several caps that take it, the one that does so longest is named, so that the wait is true.
fn problem(engine: &Engine, acting: &[Acting<'_>], action: CapAction, what: &str) -> Problem {
    let ends = acting.iter().filter_map(|one| {
        let step = one.steps.iter().find(|step| step.action == action)?;
        let limit = one.counted.cap.limit_nanousd;
        let below = acts_from(step.percent, limit).saturating_sub(NanoUsd(1));
        Some((one.standing.down_to_ms(&one.counted, below), step.percent, one))
    });
    let Some((ends_ms, percent, one)) = ends.max_by_key(|(ends_ms, ..)| *ends_ms) else {
        return Problem::new(RefusalCode::CapReached, what);
    };
    let message = format!(
        "the budget cap {} of {} has reached {percent} % ({} spent, {} reserved): {what}. It resets {}",
        one.counted.in_words(),
        one.counted.cap.limit_nanousd,
        one.standing.spent(),
        one.standing.reserved(),
        Standing::in_words(&one.counted, ends_ms),
    );
    let wait_ms = (ends_ms - engine.clock.now_ms()).max(0).cast_unsigned();
    Problem {
        retry_after_seconds: Some(wait_ms.div_ceil(1_000)),
        ..Problem::new(RefusalCode::CapReached, message)
    }
}

fn in_words(target: &Target) -> String {
    match target {
        Target::Named(model) => model.to_string(),
        Target::Auto { lowest, highest } if lowest == highest => format!("tier {lowest}"),
        Target::Auto { lowest, highest } => format!("tiers {lowest} to {highest}"),
    }
}
