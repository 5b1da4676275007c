//! A command's latest reply as signals: old data stays while new data is on its way.

use super::shell::use_shell;
use crate::backend::call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use weir_contract::{ApiError, Command};

/// A reply, the last failure, and whether the arguments changed since.
pub struct Query<T: Send + Sync + 'static> {
    pub value: RwSignal<Option<T>>,
    pub error: RwSignal<Option<ApiError>>,
    /// True while the reply shown belongs to other arguments.
    pub is_stale: RwSignal<bool>,
    again: RwSignal<u64>,
}

impl<T: Send + Sync + 'static> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Send + Sync + 'static> Copy for Query<T> {}

impl<T: Send + Sync + 'static> Query<T> {
    /// Asks again, now.
    pub fn reload(self) {
        self.again.update(|number| *number += 1);
    }
}

/// Runs the command now, whenever its arguments change, and on every refresh of the page.
pub fn query<C>(args: impl Fn() -> C + 'static) -> Query<C::Reply>
where
    C: Command + 'static,
    C::Reply: Clone + PartialEq + Send + Sync + 'static,
{
    let shell = use_shell();
    let query = Query {
        value: RwSignal::new(None),
        error: RwSignal::new(None),
        is_stale: RwSignal::new(false),
        again: RwSignal::new(0),
    };
    // Replies may overtake each other; an older one never replaces a newer one.
    let sent = StoredValue::new(0_u64);
    let applied = StoredValue::new(0_u64);
    Effect::new(move |previous: Option<String>| {
        shell.tick.track();
        query.again.track();
        let args = args();
        let key = serde_json::to_string(&args).unwrap_or_default();
        if previous.is_some_and(|previous| previous != key) {
            query.is_stale.set(true);
        }
        let number = sent.get_value() + 1;
        sent.set_value(number);
        spawn_local(async move {
            let reply = call(args).await;
            // The page may be gone by now; its signals with it.
            if applied.try_get_value().is_some_and(|applied| applied < number) {
                applied.set_value(number);
                settle(query, reply);
            }
        });
        key
    });
    query
}

fn settle<T: PartialEq + Send + Sync + 'static>(query: Query<T>, reply: Result<T, ApiError>) {
    if query.is_stale.get_untracked() {
        query.is_stale.set(false);
    }
    match reply {
        Ok(value) => {
            if query.error.with_untracked(Option::is_some) {
                query.error.set(None);
            }
            // An equal reply must not redraw anything.
            if query.value.with_untracked(|old| old.as_ref() != Some(&value)) {
                query.value.set(Some(value));
            }
        }
        Err(error) => {
            if query.error.with_untracked(|old| old.as_ref() != Some(&error)) {
                query.error.set(Some(error));
            }
        }
    }
}
