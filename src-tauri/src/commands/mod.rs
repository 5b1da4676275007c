//! Every command the page may call, one file per noun, each a line that hands over to `admin` or to the profile.
//!
//! A command is named like its contract with `_` for `.`: `caps.save` is [`caps::caps_save`]. To add one: write its line in
//! its noun's file, name it below, and allow it in `permissions/` and `capabilities/`; `tests/tidy.rs` notices what is missing.

pub mod alerts;
pub mod audit;
pub mod backups;
pub mod cache;
pub mod caps;
pub mod channels;
pub mod charts;
pub mod gateway;
pub mod gateways;
pub mod intents;
pub mod keys;
pub mod ledger;
pub mod limits;
pub mod overview;
pub mod profile;
pub mod profiles;
pub mod providers;
pub mod requests;
pub mod rollouts;
pub mod secrets;
pub mod semantic;
pub mod tiers;

use tauri::{Wry, ipc::Invoke};

/// Routes the page's calls.
pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        alerts::alerts_list,
        alerts::alerts_save,
        alerts::alerts_delete,
        alerts::alerts_snooze,
        alerts::alerts_preview,
        alerts::alerts_history,
        audit::audit_list,
        audit::audit_verify,
        audit::audit_undo,
        backups::backups_list,
        backups::backups_make,
        cache::cache_stats,
        cache::cache_list,
        cache::cache_clear_preview,
        cache::cache_clear,
        cache::cache_undo_clear,
        cache::cache_purge_clear,
        cache::cache_clears,
        caps::caps_list,
        caps::caps_save,
        caps::caps_delete,
        channels::channels_list,
        channels::channels_save,
        channels::channels_delete,
        channels::channels_test,
        channels::channels_set_secret,
        caps::caps_simulate,
        charts::charts_get,
        gateway::gateway_status,
        gateways::gateways_list,
        intents::intents_list,
        keys::keys_list,
        keys::keys_create,
        keys::keys_update,
        keys::keys_rotate,
        keys::keys_end_overlap,
        keys::keys_revoke,
        ledger::ledger_correct,
        ledger::ledger_check,
        ledger::ledger_reconcile,
        ledger::ledger_bills,
        ledger::ledger_bill,
        limits::limits_list,
        limits::limits_save,
        limits::limits_delete,
        limits::limits_simulate,
        overview::overview_get,
        profile::profile_open,
        profiles::profiles_list,
        profiles::profiles_save,
        profiles::profiles_delete,
        profiles::profiles_read_url,
        profiles::profiles_test,
        profiles::profiles_connect,
        profiles::profiles_unlock,
        profiles::profiles_lock,
        providers::providers_list,
        providers::providers_save,
        providers::providers_test,
        providers::providers_set_default,
        requests::requests_list,
        requests::requests_get,
        rollouts::rollouts_list,
        rollouts::rollouts_save,
        rollouts::rollouts_delete,
        secrets::secrets_set,
        semantic::semantic_get,
        semantic::semantic_save,
        semantic::semantic_curve,
        semantic::semantic_pairs,
        semantic::semantic_feedback,
        semantic::semantic_never,
        semantic::semantic_allow,
        tiers::tiers_list,
    ]
}
