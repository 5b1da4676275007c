//! `cache.clears`: what was cleared lately, and which gateways have followed.

use crate::{Admin, check, from_store};
use weir_contract::{
    ApiError,
    command::cache::CacheClears,
    model::cache::{CacheClearRow, CacheSelector, ClearState},
};
use weir_engine::{
    budget::fence::DEAD_AFTER_MS,
    store::{ClearEnd, KnownClear, KnownGateway, UNDO_CLEAR_MS},
};

/// The newest clears.
///
/// # Errors
/// `InvalidArgument` for a limit outside 1 to 200; failures of the database.
pub async fn clears(admin: &Admin, command: CacheClears) -> Result<Vec<CacheClearRow>, ApiError> {
    check::page_size(command.limit)?;
    let known = admin.store.list_clears(command.limit).await.map_err(from_store)?;
    // Then the gateways: one that follows in between must not be missed.
    let gateways = admin.store.list_gateways().await.map_err(from_store)?;
    let now_ms = admin.clock.now_ms();
    let living: Vec<KnownGateway> = gateways
        .into_iter()
        .filter(|gateway| gateway.last_beat_ms >= now_ms - DEAD_AFTER_MS)
        .collect();
    Ok(known
        .into_iter()
        .map(|clear| row(clear, &living, now_ms))
        .collect())
}

fn row(clear: KnownClear, living: &[KnownGateway], now_ms: i64) -> CacheClearRow {
    let undo_until_ms = clear.at_ms + UNDO_CLEAR_MS;
    let (state, ended_ms) = match clear.end {
        Some((ClearEnd::Undone, at_ms, _)) => (ClearState::Undone, Some(at_ms)),
        Some((ClearEnd::Purged, at_ms, _)) => (ClearState::Purged, Some(at_ms)),
        None if undo_until_ms <= now_ms => (ClearState::Purged, Some(undo_until_ms)),
        None => (ClearState::Cleared, None),
    };
    // An undo is followed like the clear; a purge takes nothing more out of memory.
    let told = match clear.end {
        Some((ClearEnd::Undone, _, seq)) => seq,
        _ => clear.seq,
    };
    let waiting: Vec<String> = living
        .iter()
        .filter(|gateway| gateway.report.cache_seq < told)
        .map(|gateway| gateway.report.address.clone())
        .collect();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    CacheClearRow {
        id: clear.seq,
        what: in_words(&clear.shown),
        who: clear.who,
        at_ms: clear.at_ms,
        entries: clear.extent.entries,
        bytes: clear.extent.bytes,
        saved_nanousd: clear.extent.saved_nanousd,
        collection_items: clear.extent.collection_items,
        state,
        ended_ms,
        undo_until_ms,
        confirmed: count(living.len() - waiting.len()),
        gateways: count(living.len()),
        waiting,
    }
}

fn in_words(shown: &str) -> String {
    serde_json::from_str::<CacheSelector>(shown)
        .map_or_else(|_| shown.to_owned(), |selector| selector.in_words())
}

#[cfg(test)]
mod tests {
    use super::{ClearEnd, ClearState, KnownClear, KnownGateway, UNDO_CLEAR_MS, row};
    use weir_contract::model::cache::CacheExtent;
    use weir_engine::store::GatewayReport;

    fn clear(end: Option<(ClearEnd, i64, i64)>) -> KnownClear {
        KnownClear {
            seq: 12,
            shown: r#"{"kind":"intent","value":"faq"}"#.into(),
            who: "window:ana".into(),
            at_ms: 1_000,
            extent: CacheExtent::default(),
            end,
        }
    }

    fn gateway(id: &str, cache_seq: i64) -> KnownGateway {
        KnownGateway {
            report: GatewayReport {
                id: id.into(),
                address: format!("http://{id}"),
                version: String::new(),
                config_version: 1,
                config_problem: String::new(),
                limits_at: String::new(),
                cache_seq,
            },
            first_ms: 0,
            last_beat_ms: 0,
        }
    }

    #[test]
    fn gateways_confirm_a_clear_and_its_undo() {
        let living = [
            gateway("a", 12),
            gateway("b", 11),
            gateway("c", 14),
            gateway("d", 12),
        ];
        let cleared = row(clear(None), &living, 2_000);
        assert_eq!((cleared.confirmed, cleared.gateways), (3, 4));
        assert_eq!(cleared.waiting, ["http://b"]);
        assert_eq!(cleared.what, "the answers of intent \"faq\"");
        let undone = row(clear(Some((ClearEnd::Undone, 1_500, 13))), &living, 2_000);
        assert_eq!((undone.state, undone.confirmed), (ClearState::Undone, 1));
        let purged = row(clear(Some((ClearEnd::Purged, 1_500, 13))), &living, 2_000);
        assert_eq!((purged.state, purged.confirmed), (ClearState::Purged, 3));
    }

    #[test]
    fn after_its_time_it_is_purged() {
        let at = |now_ms| row(clear(None), &[], now_ms).state;
        assert_eq!(at(1_000 + UNDO_CLEAR_MS - 1), ClearState::Cleared);
        assert_eq!(at(1_000 + UNDO_CLEAR_MS), ClearState::Purged);
    }
}
