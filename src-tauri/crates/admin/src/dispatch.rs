//! Every operation by name: the one list.

use crate::{
    Admin, alerts, audit, backups, cache, caps, channels, charts, gateways, intents, keys, ledger, limits,
    overview, providers, requests, rollouts, semantic, tiers,
};
use serde_json::Value;
use weir_contract::{
    ApiError, Command, ErrorCode,
    command::{
        alerts::{AlertsDelete, AlertsHistory, AlertsList, AlertsPreview, AlertsSave, AlertsSnooze},
        audit::{AuditList, AuditUndo, AuditVerify},
        backups::{BackupsList, BackupsMake},
        cache::{
            CacheClear, CacheClearPreview, CacheClears, CacheList, CachePurgeClear, CacheStatsGet,
            CacheUndoClear,
        },
        caps::{CapsDelete, CapsList, CapsSave, CapsSimulate},
        channels::{ChannelsDelete, ChannelsList, ChannelsSave, ChannelsSetSecret, ChannelsTest},
        charts::ChartsGet,
        gateway::{GatewayStatusGet, ProfileOpen, SecretsSet},
        gateways::GatewaysList,
        keys::{KeysCreate, KeysEndOverlap, KeysList, KeysRevoke, KeysRotate, KeysUpdate},
        ledger::{LedgerBill, LedgerBills, LedgerCheckNow, LedgerCorrect, LedgerReconcile},
        limits::{LimitsDelete, LimitsList, LimitsSave, LimitsSimulate},
        overview::OverviewGet,
        profiles::{
            ProfilesConnect, ProfilesDelete, ProfilesList, ProfilesLock, ProfilesReadUrl, ProfilesSave,
            ProfilesTest, ProfilesUnlock,
        },
        providers::{
            IntentsList, ProvidersList, ProvidersSave, ProvidersSetDefault, ProvidersTest, TiersList,
        },
        requests::{RequestsGet, RequestsList},
        rollouts::{RolloutsDelete, RolloutsList, RolloutsSave},
        semantic::{
            SemanticAllow, SemanticCurve, SemanticFeedback, SemanticGet, SemanticNever, SemanticPairs,
            SemanticSave,
        },
    },
};

/// Makes the match and the list of names from the same lines, so that neither can miss one.
macro_rules! dispatch {
    ($($command:ident => $operation:path,)*) => {
        /// Names of all operations that [`call`] knows.
        pub const COMMAND_NAMES: &[&str] = &[$(<$command as Command>::NAME),*];

        /// Runs the operation of this name. `args` is the command's JSON object; `null` is the same as `{}`.
        ///
        /// # Errors
        /// `NotFound` for an unknown name, `InvalidArgument` for arguments that do not fit, and the operation's own.
        pub async fn call(admin: &Admin, name: &str, args: Value) -> Result<Value, ApiError> {
            run(&admin.doing(name), name, args).await
        }

        /// The same, on the occasion that is given already: an undo stays an undo.
        pub(crate) async fn run(admin: &Admin, name: &str, args: Value) -> Result<Value, ApiError> {
            match name {
                $(<$command as Command>::NAME => {
                    let reply: <$command as Command>::Reply = $operation(admin, read::<$command>(args)?).await?;
                    write(name, &reply)
                })*
                _ => Err(unknown(name)),
            }
        }
    };
}

dispatch! {
    OverviewGet => overview::get,
    ChartsGet => charts::get,
    GatewaysList => gateways::list,
    RequestsList => requests::list,
    RequestsGet => requests::get,
    CacheStatsGet => cache::stats,
    CacheList => cache::list,
    CacheClearPreview => cache::clear_preview,
    CacheClear => cache::clear,
    CacheUndoClear => cache::undo_clear,
    CachePurgeClear => cache::purge_clear,
    CacheClears => cache::clears,
    SemanticGet => semantic::get,
    SemanticSave => semantic::save,
    SemanticCurve => semantic::curve,
    SemanticPairs => semantic::pairs,
    SemanticFeedback => semantic::feedback,
    SemanticNever => semantic::never,
    SemanticAllow => semantic::allow,
    CapsList => caps::list,
    CapsSave => caps::save,
    CapsDelete => caps::delete,
    CapsSimulate => caps::simulate,
    LimitsList => limits::list,
    LimitsSave => limits::save,
    LimitsDelete => limits::delete,
    LimitsSimulate => limits::simulate,
    RolloutsList => rollouts::list,
    RolloutsSave => rollouts::save,
    RolloutsDelete => rollouts::delete,
    ProvidersList => providers::list,
    ProvidersSave => providers::save,
    ProvidersTest => providers::test,
    ProvidersSetDefault => providers::set_default,
    TiersList => tiers::list,
    IntentsList => intents::list,
    KeysList => keys::list,
    KeysCreate => keys::create,
    KeysUpdate => keys::update,
    KeysRotate => keys::rotate,
    KeysEndOverlap => keys::end_overlap,
    KeysRevoke => keys::revoke,
    AlertsList => alerts::list,
    AlertsSave => alerts::save,
    AlertsDelete => alerts::delete,
    AlertsSnooze => alerts::snooze,
    AlertsPreview => alerts::preview,
    AlertsHistory => alerts::history,
    ChannelsList => channels::list,
    ChannelsSave => channels::save,
    ChannelsDelete => channels::delete,
    ChannelsTest => channels::test,
    LedgerCorrect => ledger::correct,
    LedgerCheckNow => ledger::check,
    LedgerReconcile => ledger::reconcile,
    LedgerBills => ledger::bills,
    LedgerBill => ledger::bill,
    AuditList => audit::list,
    AuditVerify => audit::verify,
    AuditUndo => audit::undo,
    BackupsList => backups::list,
    BackupsMake => backups::make,
}

/// Operations of the window alone: they choose what the process runs, or touch the keychain.
const WINDOW_ONLY: &[&str] = &[
    GatewayStatusGet::NAME,
    ProfileOpen::NAME,
    SecretsSet::NAME,
    ChannelsSetSecret::NAME,
    ProfilesList::NAME,
    ProfilesSave::NAME,
    ProfilesDelete::NAME,
    ProfilesReadUrl::NAME,
    ProfilesTest::NAME,
    ProfilesConnect::NAME,
    ProfilesUnlock::NAME,
    ProfilesLock::NAME,
];

fn read<C: Command>(args: Value) -> Result<C, ApiError> {
    let args = if args.is_null() {
        Value::Object(serde_json::Map::new())
    } else {
        args
    };
    serde_path_to_error::deserialize(args).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." {
            String::new()
        } else {
            format!("{path}: ")
        };
        ApiError::invalid(format!("{}: {place}{}", C::NAME, error.inner()))
    })
}

fn write<R: serde::Serialize>(name: &str, reply: &R) -> Result<Value, ApiError> {
    serde_json::to_value(reply).map_err(|error| {
        ApiError::new(
            ErrorCode::Internal,
            format!("{name}: the reply cannot be written: {error}"),
        )
    })
}

fn unknown(name: &str) -> ApiError {
    if WINDOW_ONLY.contains(&name) {
        return ApiError::not_found(format!(
            "\"{name}\" is answered only by the window, not by scripts"
        ));
    }
    let mut near: Vec<(usize, &str)> = COMMAND_NAMES
        .iter()
        .map(|known| (distance(name, known), *known))
        .collect();
    near.sort();
    let noun = name.split('.').next().unwrap_or_default();
    let same_noun = |known: &str| known.split('.').next() == Some(noun);
    let mut likely: Vec<&str> = near
        .iter()
        .filter(|(far, known)| *far <= 3 || same_noun(known))
        .map(|(_, known)| *known)
        .collect();
    likely.truncate(6);
    if likely.is_empty() {
        return ApiError::not_found(format!(
            "there is no operation \"{name}\"; there are: {}",
            COMMAND_NAMES.join(", ")
        ));
    }
    ApiError::not_found(format!(
        "there is no operation \"{name}\"; did you mean {}?",
        likely.join(", ")
    ))
}

/// Letters to insert, delete or change to make one word the other. Names are short; a mistaken argument of a megabyte
/// would not be, so only the start is compared.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *known);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{
        COMMAND_NAMES, CapsSave, ErrorCode, OverviewGet, RequestsList, WINDOW_ONLY, distance, read, unknown,
    };
    use serde_json::json;

    #[test]
    fn names_are_unique_and_have_a_noun_and_a_verb() {
        let mut seen = std::collections::HashSet::new();
        for name in COMMAND_NAMES.iter().chain(WINDOW_ONLY) {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(name.split('.').count(), 2, "{name}");
        }
    }

    #[test]
    fn an_unknown_name_lists_near_ones() {
        for (wrong, right) in [
            ("caps.lst", "caps.list"),
            ("cap.save", "caps.save"),
            ("cache.wipe", "cache.clear"),
        ] {
            let error = unknown(wrong);
            assert_eq!(error.code, ErrorCode::NotFound);
            assert!(error.message.contains(right), "{error}");
        }
        assert!(unknown("???").message.contains("overview.get"));
        assert!(unknown("secrets.set").message.contains("only by the window"));
    }

    #[test]
    fn argument_errors_name_the_field() {
        let error = read::<OverviewGet>(json!({"range": {"from_ms": "x", "to_ms": 1}})).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidArgument);
        assert!(error.message.contains("range.from_ms"), "{error}");
        let error = read::<OverviewGet>(serde_json::Value::Null).unwrap_err();
        assert!(error.message.contains("range"), "{error}");
        let error =
            read::<RequestsList>(json!({"filter": {"colour": 1}, "cursor": null, "limit": 1})).unwrap_err();
        assert!(
            error.message.contains("filter") && error.message.contains("colour"),
            "{error}"
        );
        let error = read::<CapsSave>(json!([])).unwrap_err();
        assert!(error.message.starts_with("caps.save: "), "{error}");
    }

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("caps.list", "caps.list"), 0);
        assert_eq!(distance("cap.list", "caps.list"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
