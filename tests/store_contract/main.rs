//! What every store must do, written once. A database runs all of it by one line at the end of this file.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that unwraps nothing has failed, and a drawn one prints its seed"
)]

mod alerts;
mod cache;
mod cap_manners;
mod caps;
mod configuration;
mod corrections;
mod dead_gateways;
mod keys;
mod kill_nine;
mod limits;
mod listing;
mod many_processes;
mod requests;
mod rollups;
mod sample;
mod shared_caps;
mod spend;
mod spender_plan;
mod sqlite;

/// Emits every behaviour as a test of one database. `$fresh` gives an empty store and what must live as long as it.
macro_rules! contract {
    ($database:ident, $fresh:path) => {
        contract!(@tests $database, $fresh,
            requests: [
                a_record_comes_back_as_it_was_written,
                recording_twice_is_recording_once,
                an_unknown_request_is_none,
                a_hit_counts_on_its_entry,
                bodies_expire_before_rows,
                expiry_is_bounded_and_complete,
                a_bad_record_does_not_fail_its_neighbours,
            ]
            listing: [
                pages_have_no_gaps_and_no_repeats,
                every_filter_lists_what_it_says,
                filters_combine,
                a_page_goes_on_after_its_last_row_expired,
            ]
            caps: [
                reserve_settle_balance,
                opening_twice_is_opening_once,
                opening_after_recording_holds_nothing,
                one_call_counts_against_several_caps,
                a_lease_is_granted_whole_or_not_at_all,
                the_same_lease_grows,
                a_return_gives_back_only_what_is_unspent,
                overspending_a_lease_takes_room_from_the_next,
            ]
            shared_caps: [
                sixty_four_callers_never_pass_the_limit,
                periods_that_count_together_share_one_limit,
                the_largest_values_of_a_cap_come_first,
            ]
            cap_manners: [
                each_cap_holds_its_own_amount,
                what_calls_may_cost_beyond_is_told_by_cap,
                a_recall_reaches_the_others_once,
                nobody_is_asked_who_has_nothing,
            ]
            spend: [
                a_values_hours_are_its_requests,
                bud_8_periods_add_up_to_the_whole,
            ]
            dead_gateways: [
                open_reservations_are_charged_once,
                the_living_are_left_alone,
                a_gateway_that_never_beat_is_recovered,
                a_late_record_changes_nothing,
            ]
            limits: [
                slots_are_lent_once,
                an_exchange_that_comes_late_changes_nothing,
                what_is_handed_over_rests,
                the_dead_are_taken_back_from,
                requests_reach_the_log_once,
                four_gateways_hold_one_limit,
                a_keys_own_limit_holds_over_gateways,
            ]
            rollups: [
                sums_equal_the_requests,
                folding_again_counts_nothing_twice,
                rollups_follow_by_themselves,
                statuses_count_where_they_belong,
                old_rollups_expire,
                a_step_that_is_no_multiple_is_refused,
            ]
            cache: [
                an_entry_comes_back_until_it_expires,
                putting_again_replaces,
                a_clear_removes_what_the_preview_said,
                prefixes_mean_themselves,
                entries_page_without_gaps,
                expired_and_foreign_versions_go,
            ]
            configuration: [
                versions_rise_over_all_items,
                a_stale_version_is_a_conflict,
                deleting_and_creating_again,
                one_of_many_concurrent_changes_wins,
            ]
            corrections: [
                a_correction_moves_everything_that_counted,
                a_correction_before_the_fold_is_counted_once,
                a_correction_that_does_not_fit_changes_nothing,
                only_unsettled_attempts_are_corrected,
                the_newest_check_is_kept,
                a_bill_is_kept_whole_and_held_against_the_requests,
                ratio_counts_add_up_and_old_generations_go,
            ]
            keys: [
                a_key_comes_back_with_its_hash,
                an_update_changes_only_what_it_may,
                a_rotation_keeps_the_old_secret_for_its_overlap,
                revoking_keeps_the_first_time,
                a_taken_id_is_a_conflict,
                the_last_use_follows_the_requests,
            ]
            alerts: [
                an_alert_is_raised_once,
                a_delivery_is_taken_on_by_one,
                the_newest_of_each_is_known,
                snoozes_end_by_themselves,
            ]
        );
    };
    (@tests $database:ident, $fresh:path, $($noun:ident: [$($behaviour:ident,)*])*) => {
        mod $database {
            $(mod $noun {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let (store, _kept) = $fresh().await;
                    crate::$noun::$behaviour(store).await;
                })*
            })*
        }
    };
}

contract!(on_sqlite, crate::sqlite::fresh);
