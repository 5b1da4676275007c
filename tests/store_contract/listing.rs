//! Listing requests: paging and filters, against the same question asked of rows in memory.

use crate::sample::{Draw, START_MS, bare};
use std::{collections::HashSet, sync::Arc};
use weir_contract::model::{
    request::{CacheOutcome, CostBasis, RequestFilter, RequestRow, RequestStatus},
    tier::Tier,
    time::TimeRange,
};
use weir_engine::store::Store;

async fn fill(store: &Arc<dyn Store>, draw: &mut Draw, n: usize) -> Vec<RequestRow> {
    // Several in the same millisecond, and not recorded in the order of their start.
    let rows: Vec<_> = (0..n).map(|_| START_MS + draw.between(0, n as i64 / 3)).collect();
    let rows: Vec<_> = rows.into_iter().map(|at_ms| draw.row(at_ms)).collect();
    let recorded = futures::future::join_all(rows.iter().map(|row| store.record(bare(row.clone())))).await;
    recorded.into_iter().for_each(|outcome| outcome.unwrap());
    rows
}

async fn all_pages(store: &Arc<dyn Store>, filter: &RequestFilter, limit: u32) -> Vec<RequestRow> {
    let mut listed: Vec<RequestRow> = vec![];
    loop {
        let cursor = listed.last().map(|row| row.id.clone());
        let page = store
            .list_requests(filter, cursor.as_deref(), limit)
            .await
            .unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return listed;
        }
        listed.extend(page);
    }
}

fn fits(row: &RequestRow, filter: &RequestFilter) -> bool {
    let is = |wanted: &Option<String>, value: &String| wanted.as_ref().is_none_or(|wanted| wanted == value);
    filter
        .range
        .is_none_or(|range| (range.from_ms..range.to_ms).contains(&row.started_ms))
        && is(&filter.intent, &row.intent)
        && is(&filter.model, &row.model)
        && is(&filter.provider, &row.provider)
        && is(&filter.user, &row.user)
        && is(&filter.key_id, &row.key_id)
        && filter.tier.is_none_or(|tier| row.tier == Some(tier))
        && filter.cache.is_none_or(|cache| row.cache == cache)
        && filter.status.is_none_or(|status| row.status == status)
        && filter.cost_basis.is_none_or(|basis| row.cost_basis == basis)
        && filter
            .variant
            .as_ref()
            .is_none_or(|variant| row.variants.contains(variant))
        && filter
            .min_duration_ms
            .is_none_or(|ms| row.duration_us >= ms * 1000)
}

async fn check(store: &Arc<dyn Store>, rows: &[RequestRow], filter: &RequestFilter, limit: u32) {
    let listed = all_pages(store, filter, limit).await;
    let newest_first = listed
        .windows(2)
        .all(|pair| pair[0].started_ms >= pair[1].started_ms);
    assert!(newest_first, "{filter:?}");
    let ids: HashSet<_> = listed.iter().map(|row| &row.id).collect();
    assert_eq!(ids.len(), listed.len(), "repeats with {filter:?}");
    let wanted: HashSet<_> = rows
        .iter()
        .filter(|row| fits(row, filter))
        .map(|row| &row.id)
        .collect();
    assert_eq!(ids, wanted, "{filter:?}");
}

pub(crate) async fn pages_have_no_gaps_and_no_repeats(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("pages_have_no_gaps_and_no_repeats");
    let rows = fill(&store, &mut draw, 150).await;
    for limit in [1, 7, 50, 200] {
        check(&store, &rows, &RequestFilter::default(), limit).await;
    }
}

/// One filter at a time.
fn single_filters() -> Vec<RequestFilter> {
    let text = |value: &str| Some(value.to_owned());
    let none = RequestFilter::default;
    let range = TimeRange {
        from_ms: START_MS + 10,
        to_ms: START_MS + 40,
    };
    let mut filters = vec![
        RequestFilter {
            range: Some(range),
            ..none()
        },
        RequestFilter {
            intent: text("task"),
            ..none()
        },
        RequestFilter {
            intent: text("nothing has it"),
            ..none()
        },
        RequestFilter {
            model: text("small"),
            ..none()
        },
        RequestFilter {
            provider: text("openai"),
            ..none()
        },
        RequestFilter {
            tier: Some(Tier::T2),
            ..none()
        },
        RequestFilter {
            user: text("o'neil \"x\" %_"),
            ..none()
        },
        RequestFilter {
            key_id: text("key-a"),
            ..none()
        },
        RequestFilter {
            cache: Some(CacheOutcome::Semantic),
            ..none()
        },
        RequestFilter {
            cost_basis: Some(CostBasis::Unsettled),
            ..none()
        },
        RequestFilter {
            variant: text("prompt=new"),
            ..none()
        },
        RequestFilter {
            min_duration_ms: Some(2500),
            ..none()
        },
    ];
    let by_status = RequestStatus::ALL.map(|status| RequestFilter {
        status: Some(status),
        ..none()
    });
    filters.extend(by_status);
    filters
}

pub(crate) async fn every_filter_lists_what_it_says(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("every_filter_lists_what_it_says");
    let rows = fill(&store, &mut draw, 200).await;
    for filter in single_filters() {
        check(&store, &rows, &filter, 9).await;
    }
}

pub(crate) async fn filters_combine(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("filters_combine");
    let rows = fill(&store, &mut draw, 300).await;
    let singles = single_filters();
    for _ in 0..60 {
        let (a, b, c) = (draw.one(&singles), draw.one(&singles), draw.one(&singles));
        let filter = RequestFilter {
            range: a.range.or(b.range).or(c.range),
            intent: a.intent.clone().or(b.intent.clone()).or(c.intent.clone()),
            model: a.model.clone().or(b.model.clone()).or(c.model.clone()),
            provider: a.provider.clone().or(b.provider.clone()).or(c.provider.clone()),
            tier: a.tier.or(b.tier).or(c.tier),
            user: a.user.clone().or(b.user.clone()).or(c.user.clone()),
            key_id: a.key_id.clone().or(b.key_id.clone()).or(c.key_id.clone()),
            cache: a.cache.or(b.cache).or(c.cache),
            status: a.status.or(b.status).or(c.status),
            cost_basis: a.cost_basis.or(b.cost_basis).or(c.cost_basis),
            variant: a.variant.clone().or(b.variant.clone()).or(c.variant.clone()),
            min_duration_ms: a.min_duration_ms.or(b.min_duration_ms).or(c.min_duration_ms),
        };
        check(&store, &rows, &filter, 13).await;
    }
}

pub(crate) async fn a_page_goes_on_after_its_last_row_expired(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_page_goes_on_after_its_last_row_expired");
    let gone = draw.row(START_MS + 5);
    let older = draw.row(START_MS + 1);
    store.record(bare(older.clone())).await.unwrap();
    let listed = store
        .list_requests(&RequestFilter::default(), Some(&gone.id), 10)
        .await
        .unwrap();
    assert_eq!(listed, vec![older]);
    let nonsense = store
        .list_requests(&RequestFilter::default(), Some("no cursor"), 10)
        .await;
    assert!(nonsense.is_err(), "{nonsense:?}");
}
