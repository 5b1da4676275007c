//! The arena and its search, held against a full search by hand.

use super::super::search::Near;
use super::*;

/// Repeatable vectors that crowd together as texts do.
fn vectors(count: usize, width: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut state = seed;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    };
    let topics: Vec<Vec<f32>> = (0..20).map(|_| (0..width).map(|_| next()).collect()).collect();
    (0..count)
        .map(|at| topics[at % 20].iter().map(|value| value + 0.6 * next()).collect())
        .collect()
}

fn by_hand(stored: &[Vec<f32>], query: &[f32], most: usize) -> Vec<(u64, f32)> {
    let query = unit(query).unwrap();
    let mut all: Vec<(u64, f32)> = stored
        .iter()
        .zip(0..)
        .map(|(vector, entry)| {
            let cosine = unit(vector).unwrap().iter().zip(&query).map(|(a, b)| a * b).sum();
            (entry, cosine)
        })
        .collect();
    all.sort_by(|one, other| other.1.total_cmp(&one.1));
    all.truncate(most);
    all
}

/// Of rows equal to within the error of floats, two may change places.
fn assert_same(found: &[Near], wanted: &[(u64, f32)]) {
    assert_eq!(found.len(), wanted.len());
    for (near, (entry, similarity)) in found.iter().zip(wanted) {
        assert!(
            (near.similarity - similarity).abs() < 3e-5,
            "{found:?} {wanted:?}"
        );
        let tied = wanted
            .iter()
            .any(|other| other.0 == near.entry && (other.1 - similarity).abs() < 3e-5);
        assert!(near.entry == *entry || tied, "{found:?} {wanted:?}");
    }
}

#[test]
fn it_finds_exactly_what_a_full_search_finds() {
    for (width, seed) in [(384, 1), (384, 2), (64, 3), (1536, 4), (33, 5)] {
        let stored = vectors(1_500, width, seed);
        let mut arena = Arena::default();
        for (vector, entry) in stored.iter().zip(0..) {
            arena.insert(entry, vector).unwrap();
        }
        for query in vectors(60, width, seed + 100) {
            assert_same(&arena.nearest(&query, 10, -1.0), &by_hand(&stored, &query, 10));
        }
    }
}

#[test]
fn what_is_taken_out_is_not_found_and_the_rest_is() {
    let stored = vectors(300, 384, 9);
    let mut arena = Arena::default();
    for (vector, entry) in stored.iter().zip(0..) {
        arena.insert(entry, vector).unwrap();
    }
    for entry in (0..300).filter(|entry| entry % 3 != 0) {
        assert!(arena.remove(entry));
        assert!(!arena.remove(entry));
    }
    for (vector, entry) in stored.iter().zip(0..300_u64) {
        let first = arena.nearest(vector, 1, -1.0)[0];
        assert_eq!(first.entry == entry, entry % 3 == 0, "{entry}");
    }
    assert_eq!(arena.len(), 100);
}

#[test]
fn an_entry_given_twice_has_its_last_vector() {
    let mut arena = Arena::default();
    arena.insert(7, &[1.0, 0.0, 0.0]).unwrap();
    arena.insert(7, &[0.0, 2.0, 0.0]).unwrap();
    let found = arena.nearest(&[0.0, 1.0, 0.0], 5, 0.5);
    assert_eq!(found.len(), 1);
    assert!((found[0].similarity - 1.0).abs() < 1e-5);
}

#[test]
fn vectors_of_another_embedder_never_meet_these() {
    let mut arena = Arena::default();
    arena.insert(1, &[1.0, 0.0]).unwrap();
    assert_eq!(
        arena.insert(2, &[1.0]),
        Err(BadVector::Width { got: 1, expected: 2 })
    );
    assert_eq!(arena.insert(3, &[0.0, 0.0]), Err(BadVector::NoDirection));
    assert_eq!(arena.insert(3, &[f32::NAN, 0.0]), Err(BadVector::NoDirection));
    assert!(arena.nearest(&[1.0], 1, -1.0).is_empty());
    assert_eq!(arena.len(), 1);
}

#[test]
fn its_memory_is_little_more_than_its_rows() {
    let mut arena = Arena::default();
    for (vector, entry) in vectors(4_000, 384, 5).iter().zip(0..) {
        arena.insert(entry, vector).unwrap();
    }
    let least = 4_000 * (2 * 384 + 16);
    assert!(
        arena.bytes() >= least && arena.bytes() < least * 5 / 4,
        "{} of {least}",
        arena.bytes()
    );
}

#[test]
fn so_many_that_threads_share_the_search_are_searched_as_exactly() {
    let stored = vectors(140_000, 24, 11);
    let mut arena = Arena::default();
    for (vector, entry) in stored.iter().zip(0..) {
        arena.insert(entry, vector).unwrap();
    }
    for query in vectors(10, 24, 12) {
        assert_same(&arena.nearest(&query, 20, -1.0), &by_hand(&stored, &query, 20));
    }
}

/// Vectors whose upper halves say little of them: one number above all others, numbers that are equal, and opposites. What
/// is dropped must be what a search that drops nothing puts last.
#[test]
fn vectors_of_any_shape_are_searched_as_exactly() {
    for width in [1, 2, 3, 65, 384] {
        let mut stored = vectors(100, width, 21);
        for at in 0..width.min(40) {
            let mut peak: Vec<f32> = vec![0.001; width];
            peak[at] = if at % 2 == 0 { 1.0 } else { -1.0 };
            stored.push(peak);
            stored.push(
                (0..width)
                    .map(|place| if place < at { -1.0 } else { 1.0 })
                    .collect(),
            );
        }
        let mut arena = Arena::default();
        for (vector, entry) in stored.iter().zip(0..) {
            arena.insert(entry, vector).unwrap();
        }
        for query in &stored {
            let all = arena.nearest(query, stored.len(), -1.0);
            assert_eq!(all.len(), stored.len());
            for most in [1, 7, 30] {
                assert_eq!(arena.nearest(query, most, -1.0), all[..most], "{width}");
            }
            let near = all.iter().filter(|near| near.similarity >= 0.3);
            assert_eq!(
                arena.nearest(query, 1_000, 0.3).iter().collect::<Vec<_>>(),
                near.collect::<Vec<_>>()
            );
        }
    }
}
