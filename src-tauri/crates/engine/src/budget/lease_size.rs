//! How large a slice of a cap a gateway asks for.

/// What to ask the store for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseSize {
    /// Ask for this many nano-dollars; the store grants it only while its grants stay within the limit.
    Take(i64),
    /// The store has `missing` nano-dollars too little. Before refusing the call, ask the other gateways to give
    /// back what they hold free, then try again.
    Short { missing: i64 },
}

/// The next slice: large enough for the need, an eighth of what is left in the store so that slices shrink near the
/// cap and several gateways can share the rest, and at most a fiftieth of the limit.
///
/// The bound this gives: a call is refused only when what the store has left, after the other gateways have given
/// back their free money, is smaller than the call's need. Without any giving back, idle gateways strand at most a
/// fiftieth of the limit each, less the later they took their slice.
#[must_use]
pub fn next_lease_size(limit: i64, remaining_in_store: i64, need: i64) -> LeaseSize {
    let remaining = remaining_in_store.max(0);
    let need = need.max(0);
    if need > remaining {
        return LeaseSize::Short {
            missing: need - remaining,
        };
    }
    let comfortable = (remaining / 8).min(limit.max(0) / 50);
    LeaseSize::Take(need.max(comfortable))
}

#[cfg(test)]
mod tests {
    use super::{LeaseSize, next_lease_size};

    #[test]
    fn slices_shrink_towards_the_cap_and_always_cover_the_need() {
        assert_eq!(next_lease_size(1_000, 1_000, 1), LeaseSize::Take(20));
        assert_eq!(next_lease_size(1_000, 80, 1), LeaseSize::Take(10));
        assert_eq!(next_lease_size(1_000, 7, 1), LeaseSize::Take(1));
        assert_eq!(next_lease_size(1_000, 500, 400), LeaseSize::Take(400));
        assert_eq!(next_lease_size(1_000, 10, 11), LeaseSize::Short { missing: 1 });
        assert_eq!(next_lease_size(1_000, -5, 3), LeaseSize::Short { missing: 3 });
    }
}
