//! Form fields with their labels and errors.

use leptos::prelude::*;

/// A labelled text input bound to a signal.
#[component]
pub fn TextField(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional)] testid: Option<String>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] prefix: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let has_prefix = !prefix.is_empty();
    view! {
        <label class="field">
            <span class="field-label">{label}</span>
            <span class="field-box" class:prefixed=has_prefix>
                {has_prefix.then(|| view! { <span class="field-prefix">{prefix}</span> })}
                <input type=kind data-testid=testid autocomplete="off" spellcheck="false" autofocus=autofocus prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))/>
            </span>
            {(!hint.is_empty()).then(|| view! { <span class="field-hint">{hint}</span> })}
        </label>
    }
}

/// A labelled choice; `options` are value and word.
#[component]
pub fn SelectField(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(into)] options: Signal<Vec<(String, String)>>,
    #[prop(optional)] testid: Option<String>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="field-label">{label}</span>
            <select data-testid=testid prop:value=move || value.get() on:change=move |event| value.set(event_target_value(&event))>
                <Options options chosen=value/>
            </select>
        </label>
    }
}

/// The options of a choice, as value and word.
#[component]
pub fn Options(
    options: Signal<Vec<(String, String)>>,
    #[prop(into)] chosen: Signal<String>,
) -> impl IntoView {
    let option = move |(key, word): (String, String)| {
        let value = key.clone();
        view! { <option value=value selected=move || chosen.with(|chosen| *chosen == key)>{word}</option> }
    };
    move || options.get().into_iter().map(option).collect_view()
}

/// Value and word of fixed choices.
#[must_use]
pub fn choices(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, word)| ((*key).to_owned(), (*word).to_owned()))
        .collect()
}

/// A labelled switch.
#[component]
pub fn CheckField(#[prop(into)] label: String, value: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=move || value.get() on:change=move |event| value.set(event_target_checked(&event))/>
            <span>{label}</span>
        </label>
    }
}

/// What is wrong with the form, beside it.
#[component]
pub fn FormError(error: RwSignal<Option<String>>) -> impl IntoView {
    move || {
        error
            .get()
            .map(|text| view! { <p class="form-error" role="alert">{text}</p> })
    }
}
