//! Judged requests beside the stored questions they were held against, and the hits that turned out wrong.

use crate::{
    backend::call,
    components::{
        badge::{Badge, Tone},
        field::CheckField,
        state::{Empty, Panel},
    },
    contexts::{clock, query, use_shell},
    format, local_time,
    route::Page,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::semantic::{SemanticFeedback, SemanticPairs},
    model::semantic::{SemanticOutcome, SemanticPair},
};

/// The list, with a switch for the review queue. `judged` runs when a hit was called wrong.
#[component]
pub fn Pairs(judged: Callback<()>) -> impl IntoView {
    let review = RwSignal::new(false);
    let pairs = query(move || SemanticPairs {
        intent: None,
        review: review.get(),
        limit: 50,
    });
    let reload = Callback::new(move |()| {
        pairs.reload();
        judged.run(());
    });
    let lines = move || {
        let pairs = pairs.value.get().unwrap_or_default();
        pairs
            .into_iter()
            .map(|pair| view! { <PairLine pair reload/> })
            .collect_view()
    };
    let is_empty = move || pairs.value.with(|pairs| pairs.as_ref().is_none_or(Vec::is_empty));
    view! {
        <section class="card flush" data-testid="semantic-pairs"><h2 class="pad">"Questions beside their neighbours"<span class="unit">"newest first"</span></h2>
            <div class="pad"><CheckField label="Only hits that turned out wrong" value=review/></div>
            <Panel query=pairs>
                <Show when=move || !is_empty() fallback=|| view! { <Empty title="Nothing to show">"Requests appear here as soon as a stored question is near theirs."</Empty> }>
                    <div class="scroll tall"><table class="dense pairs"><thead><tr>
                        <th scope="col">"Asked"</th><th scope="col">"Nearest stored question"</th><th scope="col" class="num">"Distance"</th><th scope="col" class="num">"Probability"</th>
                        <th scope="col">"Guards"</th><th scope="col">"Outcome"</th><th scope="col">"Answer"</th><th scope="col">"When"</th><th scope="col"><span class="sr">"Act"</span></th>
                    </tr></thead><tbody>{lines}</tbody></table></div>
                </Show>
            </Panel>
        </section>
    }
}

/// What is known of the neighbour's answer.
fn known(pair: &SemanticPair) -> (&'static str, Tone) {
    match pair.same {
        Some(true) => ("same", Tone::Good),
        Some(false) => ("differs", Tone::Warn),
        None => ("not checked", Tone::Neutral),
    }
}

#[component]
fn PairLine(pair: SemanticPair, reload: Callback<()>) -> impl IntoView {
    let shell = use_shell();
    let outcome = match pair.outcome {
        SemanticOutcome::Served => "served",
        SemanticOutcome::WouldServe => "would serve",
        SemanticOutcome::Bought => "bought",
    };
    let (word, tone) = known(&pair);
    let held = pair.threshold.map_or_else(
        || "no threshold yet".to_owned(),
        |threshold| format!("held against {threshold:.3}"),
    );
    let guards = if pair.objections.is_empty() {
        "all clear".to_owned()
    } else {
        pair.objections.clone()
    };
    let page = pair.request_id.clone();
    let href = move || shell.href(Page::Request(page.clone()));
    let label = format!(
        "Wrong answer: {} and {} never match again",
        pair.question, pair.neighbour
    );
    let can_judge = pair.outcome != SemanticOutcome::Bought && pair.same != Some(false);
    let request_id = pair.request_id.clone();
    let wrong = move |_| {
        let request_id = request_id.clone();
        spawn_local(async move {
            match call(SemanticFeedback {
                request_id,
                same: false,
            })
            .await
            {
                Ok(_) => reload.run(()),
                Err(error) => shell.complain(&error),
            }
        });
    };
    view! {
        <tr><th scope="row" class="wrap"><a href=href>{format::visible(&pair.question)}</a></th><td class="wrap">{format::visible(&pair.neighbour)}</td>
            <td class="num">{format!("{:.3}", pair.distance)}</td><td class="num" title=held>{format!("{:.3}", pair.probability)}</td>
            <td class="wrap">{guards}</td><td>{outcome}</td><td><Badge text=word tone/></td>
            <td title=clock::moment(pair.at_ms)>{local_time::ago(pair.at_ms, clock::now_ms())}</td>
            <td class="num">{can_judge.then(|| view! { <button type="button" class="small" aria-label=label on:click=wrong>"Wrong answer"</button> })}</td></tr>
    }
}
