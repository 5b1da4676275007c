//! What a panel shows while it loads, when it failed, and when there is nothing.

use crate::{
    components::icon::{Icon, Symbol},
    contexts::Query,
};
use leptos::prelude::*;

/// Grey bars in the place of rows; they appear after a moment, so that fast answers do not flicker.
#[component]
pub fn Skeleton(rows: usize) -> impl IntoView {
    let bars = (0..rows)
        .map(|_| view! { <div class="skeleton-bar"></div> })
        .collect_view();
    view! { <div class="skeleton" role="status" aria-label="Loading">{bars}</div> }
}

/// What failed, in the gateway's words, and a way to try again.
#[component]
pub fn Failure<T: Send + Sync + 'static>(query: Query<T>) -> impl IntoView {
    move || {
        query.error.get().map(|error| {
            view! {
                <div class="failure" role="alert">
                    <Icon symbol=Symbol::Warning/>
                    <p>{error.message}</p>
                    <button type="button" class="small" on:click=move |_| query.reload()>"Try again"</button>
                </div>
            }
        })
    }
}

/// Why there is nothing, and the next step.
#[component]
pub fn Empty(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! { <div class="empty"><p class="empty-title">{title}</p><div class="muted">{children()}</div></div> }
}

/// A loaded panel: skeleton first, then the content; a failure stands above old content instead of hiding it.
#[component]
pub fn Panel<T: Send + Sync + 'static>(
    query: Query<T>,
    children: ChildrenFn,
    #[prop(default = 5)] rows: usize,
) -> impl IntoView {
    let is_loaded = Memo::new(move |_| query.value.with(Option::is_some));
    let waits = move || !is_loaded.get() && query.error.with(Option::is_none);
    view! {
        <Failure query/>
        <Show when=waits><Skeleton rows/></Show>
        <Show when=move || is_loaded.get()>
            <div class:stale=move || query.is_stale.get()>{children()}</div>
        </Show>
    }
}
