//! The index over collections: whatever changes and whoever changes it, a search finds what a full search finds.

use crate::sample::{Draw, START_MS};
use std::{collections::BTreeMap, sync::Arc};
use weir_engine::{
    search::{SearchIndex, SearchProblem},
    store::{CollectionBounds, ItemSelector, ItemsPut, NewItem, Store},
};

const DIMS: usize = 32;
const BOUNDS: CollectionBounds = CollectionBounds {
    items: 1_000,
    text_bytes: 1_000_000,
};
/// Room for some two collections, so that one must leave for another again and again.
const MOST_BYTES: usize = 40_000;

/// What is in the collections, by name and id.
type Truth = [BTreeMap<String, (Vec<f32>, String)>; 3];

fn vector(draw: &mut Draw) -> Vec<f32> {
    let mut vector: Vec<f32> = (0..DIMS).map(|_| draw.between(-500, 500) as f32).collect();
    let length = vector
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt()
        .max(1.0);
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

/// A threshold that no similarity lies so near to that rounding would decide.
fn threshold(draw: &mut Draw, of: &BTreeMap<String, (Vec<f32>, String)>, query: &[f32]) -> f32 {
    let mut threshold = draw.between(-4, 4) as f32 / 10.0;
    let all = nearest_of_all(of, query);
    while all.iter().any(|similarity| (similarity - threshold).abs() < 2e-4) {
        threshold += 5e-4;
    }
    threshold
}

fn nearest_of_all(of: &BTreeMap<String, (Vec<f32>, String)>, query: &[f32]) -> Vec<f32> {
    let cosine = |vector: &[f32]| vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
    let mut all: Vec<f32> = of.values().map(|(vector, _)| cosine(vector)).collect();
    all.sort_by(|one, other| other.total_cmp(one));
    all
}

fn nearest(of: &BTreeMap<String, (Vec<f32>, String)>, query: &[f32], threshold: f32) -> Vec<f32> {
    let mut all = nearest_of_all(of, query);
    all.retain(|similarity| *similarity >= threshold);
    all.truncate(7);
    all
}

async fn change(store: &Arc<dyn Store>, draw: &mut Draw, ids: &[i64], truth: &mut Truth) {
    let at = draw.between(0, 3) as usize;
    let name = at.to_string();
    if draw.chance(70) {
        let mut items = BTreeMap::new();
        for _ in 0..draw.between(1, 20) {
            let (id, source) = (draw.between(0, 60).to_string(), draw.between(0, 4).to_string());
            items.insert(id, (vector(draw), source));
        }
        let new = items.iter().map(|(id, (vector, source))| NewItem {
            id: id.clone(),
            text: "t".to_owned(),
            source: source.clone(),
            user: String::new(),
            metadata: "null".to_owned(),
            vector: vector.clone(),
        });
        let put = store
            .put_items(ids[at], "e", new.collect(), BOUNDS)
            .await
            .unwrap();
        assert_eq!(put, ItemsPut::Kept);
        truth[at].extend(items);
    } else {
        let source = draw.between(0, 4).to_string();
        let before = truth[at].len();
        truth[at].retain(|_, (_, of)| *of != source);
        let gone = store
            .delete_items("t", &name, &ItemSelector::Source(source))
            .await
            .unwrap();
        assert_eq!(gone, Some((before - truth[at].len()) as i64));
    }
}

pub(crate) async fn a_search_finds_what_a_full_search_finds(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_search_finds_what_a_full_search_finds");
    let mut ids = Vec::new();
    for name in ["0", "1", "2"] {
        store.put_collection("t", name, 9, START_MS).await.unwrap();
        let (made, _) = store
            .look_up("t", name, &[0; 32], START_MS)
            .await
            .unwrap()
            .unwrap();
        ids.push(made.id);
    }
    let mut truth: Truth = Default::default();
    let gateways = [SearchIndex::new(MOST_BYTES), SearchIndex::new(MOST_BYTES)];
    for _ in 0..150 {
        change(&store, &mut draw, &ids, &mut truth).await;
        let gateway = draw.one(&gateways);
        if draw.chance(20) {
            gateway.follow(store.as_ref()).await.unwrap();
        }
        let at = draw.between(0, 3) as usize;
        let (now, _) = store
            .look_up("t", &at.to_string(), &[0; 32], START_MS)
            .await
            .unwrap()
            .unwrap();
        let query = vector(&mut draw);
        let threshold = threshold(&mut draw, &truth[at], &query);
        let found = gateway
            .search(
                store.as_ref(),
                (ids[at], now.version),
                "e",
                &query,
                (7, threshold),
            )
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.version, found.embedded),
            (now.version, truth[at].len() as i64)
        );
        let expected = nearest(&truth[at], &query, threshold);
        let got: Vec<f32> = found.near.iter().map(|near| near.similarity).collect();
        assert_eq!(got.len(), expected.len(), "{got:?} {expected:?}");
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-3, "{got} {expected}");
        }
        assert!(gateway.size().1 <= MOST_BYTES, "{:?}", gateway.size());
    }
    // What is gone leaves memory, too.
    store.delete_collection("t", "0").await.unwrap();
    for gateway in &gateways {
        gateway.follow(store.as_ref()).await.unwrap();
        let gone = gateway
            .search(store.as_ref(), (ids[0], 0), "e", &vector(&mut draw), (7, -1.0))
            .await
            .unwrap();
        assert_eq!(gone, None);
    }
    let tiny = SearchIndex::new(200);
    let (now, _) = store
        .look_up("t", "1", &[0; 32], START_MS)
        .await
        .unwrap()
        .unwrap();
    if now.items > 0 {
        let refused = tiny
            .search(
                store.as_ref(),
                (ids[1], now.version),
                "e",
                &vector(&mut draw),
                (7, -1.0),
            )
            .await;
        assert!(
            matches!(refused, Err(SearchProblem::TooLarge(200))),
            "{refused:?}"
        );
    }
}
