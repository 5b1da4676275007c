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
mod changes;
mod checked_queries;
mod clears;
mod collections;
mod configuration;
mod corrections;
mod dead_gateways;
mod gateways;
mod keys;
mod kill_nine;
mod limits;
mod listing;
mod many_processes;
mod postgres;
mod redis;
mod requests;
mod rollups;
mod sample;
mod search_index;
mod semantic;
mod shared_caps;
mod spend;
mod spender_plan;
mod sqlite;
mod wide_clears;

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
            gateways: [
                a_gateway_is_listed_with_what_it_runs,
                a_dead_gateway_is_listed_no_more,
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
                audits_are_taken_off_the_savings,
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
            clears: [
                what_is_cleared_comes_back_whole_by_an_undo,
                an_undo_leaves_what_was_replaced_or_has_expired,
                a_clear_is_final_after_a_day,
                a_purge_leaves_nothing_to_undo,
                a_tenant_clears_its_own_answers_alone,
                gateways_are_told_in_order_what_went,
                clears_answers_and_undos_at_the_same_time,
            ]
            wide_clears: [
                every_selector_clears_many_as_it_previews_them,
                what_is_put_after_a_wide_clear_is_served,
                wide_clears_that_overlap_bring_all_back_when_all_are_undone,
                a_purge_of_many_removes_them_all,
                more_wide_clears_than_are_judged_by_mark_their_entries,
            ]
            configuration: [
                versions_rise_over_all_items,
                a_stale_version_is_a_conflict,
                deleting_and_creating_again,
                one_of_many_concurrent_changes_wins,
            ]
            changes: [
                every_act_adds_its_row,
                what_is_refused_adds_no_row,
                a_log_has_one_chain_whoever_writes,
                changes_are_found_by_what_is_in_them,
                what_was_before_is_kept_for_an_undo,
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
            semantic: [
                questions_come_back_in_the_order_they_were_stored,
                a_question_goes_with_its_answer,
                answers_are_cleared_by_source_and_by_user,
                a_decision_is_written_once_and_labelled,
                a_persons_word_is_not_undone_by_an_audit,
                sums_and_lists_say_what_was_decided,
                a_pair_is_forbidden_once_and_allowed_again,
                changes_are_told_in_order,
                old_decisions_and_changes_expire,
                concurrent_questions_are_never_missed,
            ]
            collections: [
                a_collection_is_its_tenants_alone,
                items_come_back_as_they_were_put,
                a_collection_is_filled_whole_or_not_at_all,
                a_result_belongs_to_one_version,
                of_many_results_the_newest_stay,
                a_clear_reaches_collections,
                items_are_embedded_anew_under_new_numbers,
                no_result_outlives_its_version,
            ]
            search_index: [
                a_search_finds_what_a_full_search_finds,
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
contract!(on_postgres, crate::postgres::fresh);
