//! Holds document stores to the promises of `ports::documents`, in every collection.

use std::sync::Arc;

use crate::ports::documents::{Collection, Documents};

mod commits;
mod contents;
mod guards;
mod queries;
mod races;
mod scratch;
mod times;

use scratch::Scratch;

/// Runs promises, each with a scratch area of its own in each collection.
macro_rules! promises {
    ($store:expr, $run:expr, [$($module:ident :: $promise:ident),+ $(,)?]) => {
        for collection in Collection::ALL {
            $($module::$promise(&Scratch::new($store, collection, $run, stringify!($promise))).await;)+
        }
    };
}

/// Every promise of the port, but for outliving the process. The run's name must be new to the store: up to 30
/// characters that ids may have.
pub async fn conformance(store: Arc<dyn Documents>, run: &str) {
    store.ready().await.unwrap();
    guard_conformance(&store, run).await;
    commit_conformance(&store, run).await;
    collection_conformance(&store, run).await;
    race_conformance(&store, run).await;
    time_conformance(&store, run).await;
    query_conformance(&store, run).await;
    content_conformance(&store, run).await;
}

/// What a guard lets pass, and what a version names.
pub async fn guard_conformance(store: &Arc<dyn Documents>, run: &str) {
    promises!(
        store,
        run,
        [
            guards::reads_nothing_where_nothing_was_written,
            guards::reads_what_was_created,
            guards::refuses_to_create_twice,
            guards::replaces_only_the_version_given,
            guards::refuses_to_replace_what_is_absent,
            guards::puts_whatever_was_there,
            guards::deletes_only_the_version_given,
            guards::refuses_to_delete_what_is_absent,
            guards::every_write_makes_a_new_version,
            guards::never_meets_an_old_version_again,
        ]
    );
}

/// All or nothing.
pub async fn commit_conformance(store: &Arc<dyn Documents>, run: &str) {
    promises!(
        store,
        run,
        [
            commits::applies_every_write,
            commits::applies_nothing_if_one_guard_fails,
            commits::an_empty_commit_does_nothing,
        ]
    );
}

/// All or nothing over all collections. A store that keeps some collections apart need not hold to this.
pub async fn collection_conformance(store: &Arc<dyn Documents>, run: &str) {
    promises!(store, run, [commits::writes_to_several_collections_at_once]);
}

/// What holds when many want the same.
pub async fn race_conformance(store: &Arc<dyn Documents>, run: &str) {
    promises!(
        store,
        run,
        [
            races::one_of_many_creators_wins,
            races::one_of_many_writers_wins_a_version,
            races::no_success_is_lost,
            races::transfers_keep_the_sum,
            races::reads_never_go_back,
        ]
    );
}

/// What the store's own clock tells, if it has one.
pub async fn time_conformance(store: &Arc<dyn Documents>, run: &str) {
    promises!(
        store,
        run,
        [
            times::tells_a_time_always_or_never,
            times::a_read_is_no_earlier_than_the_commits_before_it,
            times::tells_whole_microseconds,
        ]
    );
}

/// What a query finds, in what order.
pub async fn query_conformance(store: &Arc<dyn Documents>, run: &str) {
    promises!(
        store,
        run,
        [
            queries::finds_nothing_where_nothing_matches,
            queries::finds_what_equals_every_value,
            queries::finds_in_one_collection_only,
            queries::finds_up_to_an_instant,
            queries::finds_in_order_of_instants_then_ids,
            queries::finds_at_most_the_limit,
            queries::finds_what_stands_now,
            queries::finds_versions_that_can_be_replaced,
            queries::finds_hundreds,
            queries::walks_page_by_page,
        ]
    );
}

/// What documents may hold, and how they may be called.
pub async fn content_conformance(store: &Arc<dyn Documents>, run: &str) {
    promises!(
        store,
        run,
        [
            contents::keeps_every_kind_of_value,
            contents::keeps_every_byte,
            contents::takes_the_largest_document,
            contents::refuses_a_larger_document,
            contents::takes_every_id_of_the_alphabet,
            contents::refuses_other_ids,
        ]
    );
}
