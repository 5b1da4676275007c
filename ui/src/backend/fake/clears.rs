//! Clears of the fake's cache: they take entries away, bring them back, and say so.

use super::{entries, shelf::Shelf};
use weir_contract::{
    ApiError, ErrorCode,
    command::cache::CacheClear,
    model::cache::{CacheClearRow, CacheCleared, CacheExtent, ClearState},
};

const UNDO_MS: i64 = 86_400_000;

pub(super) fn clear(shelf: &mut Shelf, command: &CacheClear) -> CacheCleared {
    let extent = entries::extent(shelf, &command.selector);
    let keys = entries::keys(shelf, &command.selector);
    let id = shelf.clears.last().map_or(1, |last| last.id + 2);
    shelf.cleared.extend(keys.into_iter().map(|key| (id, key)));
    shelf.clears.push(CacheClearRow {
        id,
        what: command.selector.in_words(),
        who: "window:ana".to_owned(),
        at_ms: shelf.now_ms,
        entries: extent.entries,
        bytes: extent.bytes,
        saved_nanousd: extent.saved_nanousd,
        collection_items: 0,
        state: if command.purge {
            ClearState::Purged
        } else {
            ClearState::Cleared
        },
        ended_ms: command.purge.then_some(shelf.now_ms),
        undo_until_ms: shelf.now_ms + UNDO_MS,
        confirmed: 1,
        gateways: 1,
        waiting: Vec::new(),
    });
    CacheCleared {
        id,
        entries: extent.entries,
        bytes: extent.bytes,
        saved_nanousd: extent.saved_nanousd,
        collection_items: 0,
        undo_until_ms: (!command.purge).then_some(shelf.now_ms + UNDO_MS),
    }
}

pub(super) fn end(shelf: &mut Shelf, id: i64, state: ClearState) -> Result<CacheExtent, ApiError> {
    let now_ms = shelf.now_ms;
    let clear = shelf.clears.iter_mut().find(|clear| clear.id == id);
    let clear = clear.ok_or_else(|| ApiError::not_found(format!("there is no clear {id}")))?;
    if clear.state != ClearState::Cleared {
        return Err(ApiError::new(
            ErrorCode::Conflict,
            format!("clear {id} was ended before"),
        ));
    }
    clear.state = state;
    clear.ended_ms = Some(now_ms);
    let extent = CacheExtent {
        entries: clear.entries,
        bytes: clear.bytes,
        saved_nanousd: clear.saved_nanousd,
        collection_items: 0,
    };
    if state == ClearState::Undone {
        shelf.cleared.retain(|(of, _)| *of != id);
    }
    Ok(extent)
}

pub(super) fn list(shelf: &Shelf) -> Vec<CacheClearRow> {
    shelf.clears.iter().rev().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::model::{cache::CacheSelector, gateway::ProfileKind};

    #[test]
    fn an_undo_brings_back_what_the_clear_took() {
        let mut shelf = Shelf::new();
        shelf.now_ms = 1_790_000_000_000;
        shelf.profile = Some(ProfileKind::Sample);
        let all = CacheSelector::All;
        let before = entries::extent(&shelf, &all);
        let command = CacheClear {
            selector: all.clone(),
            purge: false,
        };
        let cleared = clear(&mut shelf, &command);
        assert_eq!(cleared.entries, before.entries);
        assert_eq!(entries::extent(&shelf, &all).entries, 0);
        assert_eq!(end(&mut shelf, cleared.id, ClearState::Undone), Ok(before));
        assert_eq!(entries::extent(&shelf, &all), before);
        assert!(end(&mut shelf, cleared.id, ClearState::Purged).is_err());
    }
}
