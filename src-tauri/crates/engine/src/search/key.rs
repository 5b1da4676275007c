//! When two searches are the same one: a hash of everything that a result depends on but the collection's version, which
//! stands beside it.

use sha2::{Digest, Sha256};

/// A query without differences that mean nothing: blanks at its ends, and how wide those in between are. This is what is
/// embedded, so that equal keys have equal vectors.
#[must_use]
pub fn normalised(query: &str) -> String {
    query.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The key of a search. `query` is normalised; `threshold` is a cosine.
#[must_use]
pub fn result_key(
    tenant: &str,
    collection: &str,
    embedder: &str,
    query: &str,
    most: u32,
    threshold: f32,
) -> [u8; 32] {
    let mut hash = Sha256::new().chain_update(b"search 1\0");
    // Each with its length before it, so that no two lists of texts look the same.
    for text in [tenant, collection, embedder, query] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.update(most.to_le_bytes());
    // Both zeros are the same threshold.
    hash.update((threshold + 0.0).to_le_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn whatever_differs_gives_another_key() {
        let mut seen = HashSet::new();
        for tenant in ["a", "ab", ""] {
            for collection in ["b", "", "bc"] {
                for embedder in ["c", "cd"] {
                    for query in ["d", "D", "", "bcd"] {
                        for most in [1, 2, 256] {
                            for threshold in [-1.0, 0.0, 0.5, 0.500_000_1] {
                                assert!(
                                    seen.insert(result_key(
                                        tenant, collection, embedder, query, most, threshold
                                    )),
                                    "{tenant}|{collection}|{embedder}|{query}|{most}|{threshold}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn blanks_alone_make_no_difference() {
        assert_eq!(normalised("  How\u{a0}do \n\t I  pay? "), "How do I pay?");
        assert_ne!(normalised("How do I pay?"), normalised("How do i pay?"));
        assert_eq!(
            result_key("t", "c", "e", "q", 5, 0.0),
            result_key("t", "c", "e", "q", 5, -0.0)
        );
    }
}
