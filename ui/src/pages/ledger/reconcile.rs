//! A provider's bill beside our own sums: the form, the comparison, and the bills that were imported before.

use super::reconcile_draft::{BillDraft, percent};
use crate::{
    backend::call,
    components::field::{FormError, SelectField, TextField},
    contexts::{clock, query, use_shell},
    format,
};
use leptos::{prelude::*, task::spawn_local};
use weir_contract::{
    command::{
        ledger::{LedgerBill, LedgerBills},
        providers::ProvidersList,
    },
    model::ledger::{Bill, BillComparison, ModelDifference},
};

/// The section.
#[component]
pub fn Reconcile() -> impl IntoView {
    let shell = use_shell();
    let providers = query(|| ProvidersList {});
    let bills = query(|| LedgerBills {});
    let first = BillDraft::of_last_month(clock::now_ms());
    let (provider, text) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (first_day, last_day) = (RwSignal::new(first.first_day), RwSignal::new(first.last_day));
    let shown = RwSignal::new(None::<BillComparison>);
    let (problem, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let options = Signal::derive(move || {
        let listed = providers.value.get().unwrap_or_default();
        let names = listed.into_iter().map(|state| state.config.name);
        std::iter::once((String::new(), "Choose…".to_owned()))
            .chain(names.map(|name| (name.clone(), name)))
            .collect::<Vec<_>>()
    });
    let compare = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let draft = untrack(|| BillDraft {
            provider: provider.get(),
            first_day: first_day.get(),
            last_day: last_day.get(),
            text: text.get(),
        });
        let args = match draft.read() {
            Ok(args) => args,
            Err(wrong) => return problem.set(Some(wrong)),
        };
        problem.set(None);
        busy.set(true);
        spawn_local(async move {
            match call(args).await {
                Ok(comparison) => {
                    shown.set(Some(comparison));
                    text.set(String::new());
                    bills.reload();
                }
                Err(error) => problem.set(Some(error.message)),
            }
            busy.set(false);
        });
    };
    let open = Callback::new(move |id: String| {
        spawn_local(async move {
            match call(LedgerBill { id }).await {
                Ok(comparison) => shown.set(Some(comparison)),
                Err(error) => shell.complain(&error),
            }
        });
    });
    let past = move || {
        let bills = bills.value.get().unwrap_or_default();
        (!bills.is_empty()).then(|| {
            let lines = bills.into_iter().map(|bill| view! { <PastBill bill open/> });
            view! { <details><summary>"Bills imported before"</summary><ul class="plain">{lines.collect_view()}</ul></details> }
        })
    };
    view! {
        <section class="card" data-testid="reconcile"><h2>"A provider's bill"</h2>
            <p class="muted">"Hold a bill against what Weir counted. A line that cannot be read keeps all of it out. The days are UTC, as on bills."</p>
            <form on:submit=compare>
                <div class="fields"><SelectField label="Provider" value=provider options testid="bill-provider".to_owned()/>
                    <TextField label="First day" value=first_day kind="date" testid="bill-first".to_owned()/>
                    <TextField label="Last day" value=last_day kind="date" testid="bill-last".to_owned()/></div>
                <label class="field"><span class="field-label">"The bill"</span>
                    <textarea rows="5" spellcheck="false" data-testid="bill-text" prop:value=move || text.get() on:input=move |event| text.set(event_target_value(&event))></textarea>
                    <span class="field-hint">"The text of OpenAI's or Anthropic's export of costs (CSV), or lines of model,amount such as: gpt-5,12.50"</span></label>
                <FormError error=problem/>
                <button type="submit" class="primary" data-testid="bill-compare" aria-disabled=move || busy.get().to_string()>"Compare"</button>
            </form>
            {move || shown.get().map(|comparison| view! { <Comparison comparison/> })}
            {past}
        </section>
    }
}

#[component]
fn PastBill(bill: Bill, open: Callback<String>) -> impl IntoView {
    let id = bill.id.clone();
    let words = in_words(&bill);
    view! { <li><button type="button" class="quiet" on:click=move |_| open.run(id.clone())>{format::visible(&words)}</button></li> }
}

fn in_words(bill: &Bill) -> String {
    let day = |ms: i64| {
        let civil = crate::local_time::civil(ms, 0);
        format!("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day)
    };
    format!(
        "{}, {} to {}: {}, imported {} by {}",
        bill.provider,
        day(bill.range.from_ms),
        day(bill.range.to_ms - 1),
        format::money(bill.total_nanousd),
        clock::moment(bill.imported_ms),
        bill.who
    )
}

#[component]
fn Comparison(comparison: BillComparison) -> impl IntoView {
    let BillComparison {
        bill,
        models,
        total,
        notes,
    } = comparison;
    let notes = notes
        .into_iter()
        .map(|note| view! { <li>{format::visible(&note)}"."</li> })
        .collect_view();
    let lines = models
        .into_iter()
        .map(|one| view! { <Difference one/> })
        .collect_view();
    view! {
        <div role="status" data-testid="bill-difference"><h3>{format::visible(&in_words(&bill))}</h3>
            <ul>{notes}</ul>
            <div class="scroll"><table><thead><tr><th scope="col">"Model"</th><th scope="col" class="num">"Weir"</th><th scope="col" class="num">"Bill"</th>
                <th scope="col" class="num">"Difference"</th><th scope="col" class="num">"of the bill"</th><th scope="col" class="num">"Requests"</th><th scope="col" class="num">"Unsettled"</th></tr></thead>
                <tbody>{lines}</tbody><tfoot><Difference one=total/></tfoot></table></div></div>
    }
}

#[component]
fn Difference(one: ModelDifference) -> impl IntoView {
    let amount = |amount: weir_contract::NanoUsd| view! { <td class="num" title=format::money_exact(amount)>{format::money(amount)}</td> };
    let other_names: Vec<String> = one
        .billed_as
        .iter()
        .filter(|name| **name != one.model)
        .map(|name| format::visible(name).to_string())
        .collect();
    let billed_as = (!other_names.is_empty())
        .then(|| view! { <div class="muted">"on the bill: "{other_names.join(", ")}</div> });
    view! {
        <tr><th scope="row">{format::visible(&one.model)}{billed_as}</th>{amount(one.ours_nanousd)}{amount(one.billed_nanousd)}{amount(one.difference_nanousd)}
            <td class="num">{percent(one.difference_basis_points)}</td><td class="num">{format::count(one.requests)}</td>{amount(one.unsettled_nanousd)}</tr>
    }
}
