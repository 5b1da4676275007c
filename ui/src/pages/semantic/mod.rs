//! The semantic cache, below the exact one: what it does for each intent, its curve with the dial on it, and the pairs it judged.

pub mod curve;
pub mod never;
pub mod pairs;
pub mod rule;

use crate::{
    components::{
        badge::{Badge, Tone},
        state::Panel,
    },
    contexts::{Query, query},
    format,
};
use leptos::prelude::*;
use never::NeverPairs;
use pairs::Pairs;
use rule::RuleForm;
use weir_contract::{
    NanoUsd,
    command::semantic::{SemanticGet, SemanticNever},
    model::semantic::{SemanticIntent, SemanticMode, SemanticRule, SemanticState},
};

/// All sections.
#[component]
pub fn Semantic() -> impl IntoView {
    let state = query(|| SemanticGet {});
    let chosen = RwSignal::new(None::<String>);
    let never = query(|| SemanticNever { limit: 200 });
    let judged = Callback::new(move |()| never.reload());
    view! {
        <section class="card flush" data-testid="semantic"><h2 class="pad">"Semantic cache"<span class="unit">"last 30 days"</span></h2>
            <Panel query=state>{move || state.value.with(|state| state.as_ref().map(|state| view! { <Intents state=state.clone() chosen/> }))}</Panel>
        </section>
        <Chosen state chosen/>
        <Pairs judged/>
        <NeverPairs never/>
    }
}

/// The rule that holds for intents without their own has no traffic of its own.
fn name_of(intent: &str) -> String {
    match intent {
        SemanticRule::ANY => "every other intent".to_owned(),
        "" => "no intent".to_owned(),
        name => format::visible(name),
    }
}

#[component]
fn Intents(state: SemanticState, chosen: RwSignal<Option<String>>) -> impl IntoView {
    let runs = match (&state.embedder, &state.problem) {
        (Some(embedder), problem) => format!(
            "Questions that mean the same share answers, as surely as is promised. Embedder: {embedder}. {} stored, {} in memory ({}).{}{}{}{}",
            format::plural(state.entries, "question", "questions"),
            format::count(state.memory_entries),
            format::bytes(state.memory_bytes),
            match state.left_to_embed {
                0 => String::new(),
                left => format!(
                    " {} another embedder's and are embedded anew in the background.",
                    format::plural(left, "text is still", "texts are still")
                ),
            },
            match state.embedding_nanousd {
                NanoUsd::ZERO => String::new(),
                cost => format!(" Embedding cost {}, taken off the savings.", format::money(cost)),
            },
            match state.judge_nanousd {
                NanoUsd::ZERO => String::new(),
                cost => format!(" The judge cost {}, taken off the savings.", format::money(cost)),
            },
            problem
                .as_ref()
                .map(|problem| format!(" It fails now: {problem}."))
                .unwrap_or_default()
        ),
        (None, problem) => format!(
            "It does not run: {}. The exact cache works as always.",
            problem.as_deref().unwrap_or("no embedder is loaded")
        ),
    };
    let line = move |intent: SemanticIntent| view! { <IntentLine intent chosen/> };
    view! {
        <p class="pad muted">{runs}</p>
        <div class="scroll"><table><thead><tr>
            <th scope="col">"Intent"</th><th scope="col">"Mode"</th><th scope="col" class="num">"Judged"</th><th scope="col" class="num">"Hits"</th>
            <th scope="col" class="num">"Would hit"</th><th scope="col" class="num">"Wrong of checked hits"</th><th scope="col" class="num">"Promised"</th>
            <th scope="col" class="num">"Audits cost"</th><th scope="col"><span class="sr">"Act"</span></th>
        </tr></thead><tbody>{state.intents.into_iter().map(line).collect_view()}</tbody></table></div>
    }
}

/// The measured share with its interval, or that there is not enough to say.
fn measured(intent: &SemanticIntent) -> String {
    let audited = intent.audited;
    if audited.checked == 0 {
        return "nothing checked yet".to_owned();
    }
    format!(
        "{} ({} to {}; {} of {})",
        format::percent(audited.share),
        format::percent(audited.low),
        format::percent(audited.high),
        format::count(audited.wrong),
        format::count(audited.checked)
    )
}

#[component]
fn IntentLine(intent: SemanticIntent, chosen: RwSignal<Option<String>>) -> impl IntoView {
    let (word, tone) = match intent.rule.mode {
        SemanticMode::Off => ("off", Tone::Neutral),
        SemanticMode::Shadow => ("shadow", Tone::Neutral),
        SemanticMode::On => ("on", Tone::Good),
    };
    let name = intent.rule.intent.clone();
    let shown = name_of(&name);
    let promised = format!(
        "at most {}",
        format::percent(f64::from(intent.rule.most_wrong_permille) / 1_000.0)
    );
    view! {
        <tr><th scope="row">{shown.clone()}</th><td><Badge text=word tone/></td>
            <td class="num">{format::count(intent.judged)}</td><td class="num">{format::count(intent.served)}</td><td class="num">{format::count(intent.would_serve)}</td>
            <td class="num">{measured(&intent)}</td><td class="num">{promised}</td><td class="num" title=format::money_exact(intent.audit_nanousd)>{format::money(intent.audit_nanousd)}</td>
            <td class="num"><button type="button" class="small" aria-label=format!("Set the semantic cache for {shown}") on:click=move |_| chosen.set(Some(name.clone()))>"Set…"</button></td>
        </tr>
        {intent.proposal.map(|text| view! { <tr><td colspan="9" class="wrap"><Badge text="proposal" tone=Tone::Good/>" "{text}</td></tr> })}
    }
}

/// The chosen intent's rule and curve.
#[component]
fn Chosen(state: Query<SemanticState>, chosen: RwSignal<Option<String>>) -> impl IntoView {
    let found = move || {
        let name = chosen.get()?;
        state.value.with(|state| {
            let intents = &state.as_ref()?.intents;
            intents.iter().find(|intent| intent.rule.intent == name).cloned()
        })
    };
    move || {
        found().map(|intent| {
            let title = format!("Semantic cache for {}", name_of(&intent.rule.intent));
            view! { <section class="card" data-testid="semantic-rule"><h2>{title}</h2><RuleForm intent state/></section> }
        })
    }
}
