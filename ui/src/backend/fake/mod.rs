//! Made-up replies for a plain browser, where no gateway stands behind the page. Never used inside Weir's window.
//!
//! Everything here is sample data and says so: the profile is `sample`, the provider is `simulated`,
//! and the status carries a sentence that no gateway is attached.

mod ahead;
mod alerts;
mod audit;
mod clears;
mod entries;
mod keys;
mod ledger;
mod per_user;
mod profiles;
mod request;
mod seed;
mod semantic;
mod shelf;
mod simulation;
mod stories;
mod trace;
mod traffic;

use serde::{Serialize, de::DeserializeOwned};
use shelf::Shelf;
use std::cell::RefCell;
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
    model::cache::ClearState,
};

thread_local! {
    static SHELF: RefCell<Shelf> = RefCell::new(Shelf::new());
}

/// Opens a profile without asking, for previews of a single screen (`?fake=sample`).
pub fn open_from_location(search: &str, now_ms: i64) {
    let kind = match search.trim_start_matches('?') {
        "fake=sample" => "sample",
        "fake=local" => "local",
        "fake=attached" => "attached",
        _ => return,
    };
    // Opening a fake profile cannot fail.
    let _ = answer(ProfileOpen::NAME, &format!("{{\"kind\":\"{kind}\"}}"), now_ms);
}

/// Answers any command by name, with JSON in and out.
///
/// # Errors
/// What the real command would refuse: no profile, unknown names, stale versions.
pub fn answer(name: &str, args: &str, now_ms: i64) -> Result<String, ApiError> {
    SHELF.with_borrow_mut(|shelf| {
        shelf.now_ms = now_ms;
        let opens_profile =
            [ProfileOpen::NAME, GatewayStatusGet::NAME].contains(&name) || name.starts_with("profiles.");
        if shelf.profile.is_none() && !opens_profile {
            return Err(ApiError::new(ErrorCode::NoProfile, "No profile is open yet."));
        }
        route(shelf, name, args)
    })
}

fn route(shelf: &mut Shelf, name: &str, args: &str) -> Result<String, ApiError> {
    match name {
        GatewayStatusGet::NAME => on::<GatewayStatusGet>(args, |_| shelf.status()),
        ProfileOpen::NAME => on::<ProfileOpen>(args, |open| shelf.open(open.kind)),
        ProfilesList::NAME => on::<ProfilesList>(args, |_| Ok(shelf.connections.list())),
        ProfilesSave::NAME => on::<ProfilesSave>(args, |save| shelf.connections.save(save)),
        ProfilesDelete::NAME => on::<ProfilesDelete>(args, |it| {
            shelf.connections.delete(&it.name);
            Ok(())
        }),
        ProfilesReadUrl::NAME => on::<ProfilesReadUrl>(args, |_| profiles::read_url()),
        ProfilesTest::NAME => on::<ProfilesTest>(args, |_| Ok(profiles::steps())),
        ProfilesConnect::NAME => on::<ProfilesConnect>(args, |_| profiles::connect()),
        ProfilesUnlock::NAME => on::<ProfilesUnlock>(args, |it| shelf.connections.unlock(&it, shelf.now_ms)),
        ProfilesLock::NAME => on::<ProfilesLock>(args, |_| Ok(shelf.connections.lock(shelf.now_ms))),
        GatewaysList::NAME => on::<GatewaysList>(args, |_| Ok(shelf.fleet())),
        SecretsSet::NAME => on::<SecretsSet>(args, |set| shelf.set_secret(&set.provider)),
        OverviewGet::NAME => on::<OverviewGet>(args, |get| Ok(traffic::overview(shelf, get.range))),
        ChartsGet::NAME => on::<ChartsGet>(args, |get| Ok(traffic::chart(shelf, get.kind, get.range))),
        RequestsList::NAME => on::<RequestsList>(args, |list| Ok(stories::list(shelf, &list))),
        RequestsGet::NAME => on::<RequestsGet>(args, |get| stories::detail(shelf, &get.id)),
        CacheStatsGet::NAME => on::<CacheStatsGet>(args, |get| Ok(traffic::cache_stats(shelf, get.range))),
        CacheList::NAME => on::<CacheList>(args, |list| Ok(entries::list(shelf, &list.selector))),
        CacheClearPreview::NAME => {
            on::<CacheClearPreview>(args, |it| Ok(entries::extent(shelf, &it.selector)))
        }
        CacheClear::NAME => on::<CacheClear>(args, |it| Ok(clears::clear(shelf, &it))),
        CacheUndoClear::NAME => {
            on::<CacheUndoClear>(args, |it| clears::end(shelf, it.id, ClearState::Undone))
        }
        CachePurgeClear::NAME => {
            on::<CachePurgeClear>(args, |it| clears::end(shelf, it.id, ClearState::Purged))
        }
        CacheClears::NAME => on::<CacheClears>(args, |_| Ok(clears::list(shelf))),
        SemanticGet::NAME => on::<SemanticGet>(args, |_| Ok(semantic::state(shelf))),
        SemanticSave::NAME => on::<SemanticSave>(args, |save| semantic::save(shelf, save)),
        SemanticCurve::NAME => on::<SemanticCurve>(args, |_| Ok(semantic::curve())),
        SemanticPairs::NAME => on::<SemanticPairs>(args, |it| Ok(semantic::pairs(shelf, &it))),
        SemanticFeedback::NAME => on::<SemanticFeedback>(args, |it| semantic::feedback(shelf, &it)),
        SemanticNever::NAME => on::<SemanticNever>(args, |_| Ok(semantic::never(shelf))),
        SemanticAllow::NAME => on::<SemanticAllow>(args, |it| Ok(semantic::allow(shelf, &it))),
        CapsList::NAME => on::<CapsList>(args, |_| Ok(shelf.caps.clone())),
        CapsSave::NAME => on::<CapsSave>(args, |save| shelf.save_cap(save)),
        CapsSimulate::NAME => on::<CapsSimulate>(args, |it| Ok(ahead::simulation(&it.cap, shelf.now_ms))),
        CapsDelete::NAME => on::<CapsDelete>(args, |it| shelf.delete_cap(&it.name)),
        LimitsList::NAME => on::<LimitsList>(args, |_| Ok(shelf.limits.clone())),
        LimitsSave::NAME => on::<LimitsSave>(args, |save| shelf.save_limit(save)),
        LimitsDelete::NAME => on::<LimitsDelete>(args, |it| shelf.delete_limit(&it.name)),
        LimitsSimulate::NAME => on::<LimitsSimulate>(args, |it| Ok(simulation::simulate(shelf, &it.limit))),
        RolloutsList::NAME => on::<RolloutsList>(args, |_| Ok(shelf.rollouts.clone())),
        RolloutsSave::NAME => on::<RolloutsSave>(args, |save| shelf.save_rollout(save)),
        RolloutsDelete::NAME => on::<RolloutsDelete>(args, |it| shelf.delete_rollout(&it.name)),
        ProvidersList::NAME => on::<ProvidersList>(args, |_| Ok(shelf.providers.clone())),
        ProvidersSave::NAME => on::<ProvidersSave>(args, |save| shelf.save_provider(save)),
        ProvidersTest::NAME => on::<ProvidersTest>(args, |test| shelf.test_provider(&test.name)),
        ProvidersSetDefault::NAME => {
            on::<ProvidersSetDefault>(args, |set| shelf.set_default_provider(&set.name))
        }
        TiersList::NAME => on::<TiersList>(args, |_| Ok(seed::tiers())),
        IntentsList::NAME => on::<IntentsList>(args, |_| Ok(seed::intents())),
        KeysList::NAME => on::<KeysList>(args, |_| Ok(shelf.key_states())),
        KeysCreate::NAME => on::<KeysCreate>(args, |create| shelf.create_key(create)),
        KeysUpdate::NAME => on::<KeysUpdate>(args, |update| shelf.update_key(update)),
        KeysRotate::NAME => on::<KeysRotate>(args, |rotate| shelf.rotate_key(&rotate)),
        KeysEndOverlap::NAME => on::<KeysEndOverlap>(args, |it| shelf.end_overlap(&it.id)),
        KeysRevoke::NAME => on::<KeysRevoke>(args, |it| shelf.revoke_key(&it.id)),
        AlertsList::NAME => on::<AlertsList>(args, |_| Ok(shelf.alerts.list(shelf.now_ms))),
        AlertsSave::NAME => on::<AlertsSave>(args, |save| shelf.alerts.save(save)),
        AlertsDelete::NAME => on::<AlertsDelete>(args, |it| shelf.alerts.delete(&it.name)),
        AlertsSnooze::NAME => on::<AlertsSnooze>(args, |it| shelf.alerts.snooze(&it)),
        AlertsPreview::NAME => on::<AlertsPreview>(args, |it| Ok(alerts::preview(&it.rule, shelf.now_ms))),
        AlertsHistory::NAME => on::<AlertsHistory>(args, |_| Ok(alerts::history(shelf.now_ms))),
        ChannelsList::NAME => on::<ChannelsList>(args, |_| Ok(shelf.alerts.channels.clone())),
        ChannelsSave::NAME => on::<ChannelsSave>(args, |save| shelf.alerts.save_channel(save)),
        ChannelsDelete::NAME => on::<ChannelsDelete>(args, |it| shelf.alerts.delete_channel(&it.name)),
        ChannelsTest::NAME => on::<ChannelsTest>(args, |_| Ok(alerts::test())),
        ChannelsSetSecret::NAME => on::<ChannelsSetSecret>(args, |it| shelf.alerts.set_secret(&it.channel)),
        LedgerCorrect::NAME => on::<LedgerCorrect>(args, |correct| ledger::correct(shelf, &correct)),
        LedgerCheckNow::NAME => on::<LedgerCheckNow>(args, |_| Ok(ledger::check(shelf))),
        LedgerReconcile::NAME => on::<LedgerReconcile>(args, |it| ledger::reconcile(shelf, &it)),
        LedgerBills::NAME => on::<LedgerBills>(args, |_| Ok(ledger::bills(shelf))),
        LedgerBill::NAME => on::<LedgerBill>(args, |it| ledger::bill(shelf, &it.id)),
        BackupsList::NAME => on::<BackupsList>(args, |_| Ok(audit::backups(shelf))),
        BackupsMake::NAME => on::<BackupsMake>(args, |_| audit::back_up()),
        AuditList::NAME => on::<AuditList>(args, |list| Ok(audit::list(shelf, &list))),
        AuditVerify::NAME => on::<AuditVerify>(args, |_| Ok(audit::verify())),
        AuditUndo::NAME => on::<AuditUndo>(args, |it| audit::undo(shelf, &it)),
        _ => Err(ApiError::not_found(format!("There is no command \"{name}\"."))),
    }
}

fn on<C: Command + DeserializeOwned>(
    args: &str,
    body: impl FnOnce(C) -> Result<C::Reply, ApiError>,
) -> Result<String, ApiError> {
    let args = serde_json::from_str(args).map_err(|error| ApiError::invalid(error.to_string()))?;
    to_json(&body(args)?)
}

fn to_json(reply: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(reply).map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::model::gateway::ProfileKind;

    const NOW_MS: i64 = 1_795_000_000_000;

    #[test]
    fn nothing_is_answered_before_a_profile_is_open() {
        let refused = answer(CapsList::NAME, "{}", NOW_MS).expect_err("no profile yet");
        assert_eq!(refused.code, ErrorCode::NoProfile);
        let status = answer(GatewayStatusGet::NAME, "{}", NOW_MS).expect_err("no profile yet");
        assert_eq!(status.code, ErrorCode::NoProfile);
    }

    #[test]
    fn charts_stay_within_their_buckets_and_pages_follow_each_other() {
        let mut shelf = Shelf::new();
        shelf.now_ms = NOW_MS;
        shelf.profile = Some(ProfileKind::Sample);
        for hours in [1, 24, 168, 720] {
            let range = weir_contract::model::time::TimeRange {
                from_ms: NOW_MS - hours * 3_600_000,
                to_ms: NOW_MS,
            };
            let chart = traffic::chart(&shelf, weir_contract::model::chart::ChartKind::Cost, range);
            assert!(chart.buckets <= 180, "{hours} h");
            assert!(
                chart
                    .series
                    .iter()
                    .all(|series| series.values.len() == chart.buckets)
            );
        }
        let first = RequestsList {
            filter: Default::default(),
            cursor: None,
            limit: 50,
        };
        let page = stories::list(&shelf, &first);
        let next = stories::list(
            &shelf,
            &RequestsList {
                cursor: page.next_cursor.clone(),
                ..first
            },
        );
        assert_eq!(page.rows.len(), 50);
        let last = page.rows.last().map(|row| row.started_ms);
        assert!(next.rows.first().map(|row| row.started_ms) < last);
        assert!(stories::detail(&shelf, &next.rows[0].id).is_ok());
    }

    #[test]
    fn a_stale_version_is_a_conflict() {
        let mut shelf = Shelf::new();
        shelf.profile = Some(ProfileKind::Sample);
        let cap = shelf.caps[0].cap.clone();
        let stale = CapsSave {
            cap,
            expected_version: 999,
        };
        assert_eq!(
            shelf.save_cap(stale).expect_err("stale").code,
            ErrorCode::Conflict
        );
    }
}
