//! The ledger, below the caps: unsettled charges, the check of its sums, and providers' bills.

pub mod correct;
pub mod reconcile;
pub mod reconcile_draft;

use crate::{
    backend::call,
    components::state::{Empty, Panel},
    contexts::{clock, query, use_shell},
    format, local_time,
    route::Page,
};
use correct::CorrectDialog;
use leptos::{prelude::*, task::spawn_local};
use reconcile::Reconcile;
use weir_contract::{
    command::{ledger::LedgerCheckNow, requests::RequestsList},
    model::{
        ledger::LedgerCheck,
        request::{CostBasis, RequestFilter, RequestRow},
    },
};

/// Most unsettled charges that are listed here; the requests page has all.
const MOST_LISTED: u32 = 20;

/// All three sections.
#[component]
pub fn Ledger() -> impl IntoView {
    view! { <Unsettled/><Reconcile/><Check/> }
}

/// Charges whose true amount nobody has said.
#[component]
fn Unsettled() -> impl IntoView {
    let shell = use_shell();
    let charges = query(|| RequestsList {
        filter: RequestFilter {
            cost_basis: Some(CostBasis::Unsettled),
            ..RequestFilter::default()
        },
        cursor: None,
        limit: MOST_LISTED,
    });
    let correcting = RwSignal::new(None::<RequestRow>);
    let reload = Callback::new(move |()| charges.reload());
    let rows = move || charges.value.get().map(|page| page.rows).unwrap_or_default();
    let lines = move || {
        rows()
            .into_iter()
            .map(|row| view! { <Charge row correcting/> })
            .collect_view()
    };
    let has_more = move || {
        charges
            .value
            .with(|page| page.as_ref().is_some_and(|page| page.next_cursor.is_some()))
    };
    let all = move || shell.href_with(Page::Requests, vec![("basis".to_owned(), "unsettled".to_owned())]);
    view! {
        <section class="card" data-testid="unsettled"><h2>"Unsettled charges"</h2>
            <p class="muted">"The provider never said what these used, so they are charged by estimate. Correct one when you know its true cost; caps, charts and the request follow."</p>
            <Panel query=charges>
                <Show when=move || !rows().is_empty() fallback=|| view! { <Empty title="Nothing is unsettled">"Every charge is from a provider's own usage."</Empty> }>
                    <div class="scroll"><table><thead><tr><th scope="col">"Request"</th><th scope="col">"When"</th><th scope="col">"Model"</th><th scope="col">"How it ended"</th>
                        <th scope="col" class="num">"Charged"</th><th scope="col"><span class="sr">"Act"</span></th></tr></thead><tbody>{lines}</tbody></table></div>
                    <Show when=has_more><p><a href=all>"All unsettled charges"</a></p></Show>
                </Show>
            </Panel>
            <CorrectDialog chosen=correcting reload/>
        </section>
    }
}

#[component]
fn Charge(row: RequestRow, correcting: RwSignal<Option<RequestRow>>) -> impl IntoView {
    let shell = use_shell();
    let id = row.id.clone();
    let href = move || shell.href(Page::Request(id.clone()));
    let label = format!("Correct the cost of request {}", row.id);
    let shown = row.id.get(..8).unwrap_or(&row.id).to_owned();
    let model = format!("{}/{}", row.provider, row.model);
    let (ended, cost, started_ms) = (row.status.as_str(), row.cost_nanousd, row.started_ms);
    view! {
        <tr><th scope="row"><a href=href><code>{shown}"…"</code></a></th>
            <td title=clock::moment(started_ms)>{local_time::ago(started_ms, clock::now_ms())}</td><td>{format::visible(&model)}</td><td>{ended.replace('_', " ")}</td>
            <td class="num" title=format::money_exact(cost)>{format::money(cost)}</td>
            <td class="num"><button type="button" class="small" aria-label=label on:click=move |_| correcting.set(Some(row.clone()))>"Correct…"</button></td></tr>
    }
}

/// The comparison of the ledger's sums with the balances, asked for now.
#[component]
fn Check() -> impl IntoView {
    let shell = use_shell();
    let (found, busy) = (RwSignal::new(None::<LedgerCheck>), RwSignal::new(false));
    let check = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match call(LedgerCheckNow {}).await {
                Ok(check) => found.set(Some(check)),
                Err(error) => shell.complain(&error),
            }
            busy.set(false);
        });
    };
    let said = move || {
        found.get().map(|check| {
            if check.mismatches.is_empty() {
                return view! { <p role="status">{format!("Every sum equals its balance (checked {}).", clock::moment(check.at_ms))}</p> }.into_any();
            }
            let lines = check.mismatches.into_iter().map(|one| {
                let text = format!(
                    "{} ({}), {}: {} by the ledger, {} by the balance",
                    one.cap, clock::moment(one.period_start_ms), one.sum.as_str(),
                    format::money_exact(one.ledger_nanousd), format::money_exact(one.balance_nanousd)
                );
                view! { <li>{format::visible(&text)}</li> }
            });
            view! { <div role="alert"><p>"These differ. The ledger is complete; calls go on, and caps count by their balances."</p><ul>{lines.collect_view()}</ul></div> }.into_any()
        })
    };
    view! {
        <section class="card"><h2>"The ledger's sums"</h2>
            <p class="muted">"Balances are derived from the ledger and compared with it every hour; a difference is shown on the overview."</p>
            {said}
            <button type="button" data-testid="ledger-check" aria-disabled=move || busy.get().to_string() on:click=check>"Compare now"</button>
        </section>
    }
}
