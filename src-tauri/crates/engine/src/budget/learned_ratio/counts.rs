//! Counts of what was seen, in fixed buckets, and the bucket below which a share of it lies.

use std::collections::BTreeMap;

/// Equal steps into which the share of the input's bound is cut.
const SHARE_STEPS: u64 = 256;
/// Steps per doubling of output tokens: a bucket is at most 1/16 wide.
const STEPS_PER_DOUBLING: u64 = 16;
/// Where all that says nothing of an upper end goes: input beyond its bound, and output that stopped at its limit, so that
/// nobody knows how long it would have become.
pub(super) const BEYOND: u16 = u16::MAX;
/// Seen fewer times than this, the middle is not taken for what is likely.
const FEWEST_FOR_THE_MIDDLE: u64 = 20;

/// How often each bucket was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    buckets: BTreeMap<u16, u64>,
    seen: u64,
}

impl Counts {
    pub(super) fn add(&mut self, bucket: u16, n: u64) {
        let count = self.buckets.entry(bucket).or_default();
        *count = count.saturating_add(n);
        self.seen = self.seen.saturating_add(n);
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }
}

/// The counts of two generations, looked at as one.
#[derive(Clone, Copy)]
pub(super) struct Both<'a>(pub(super) &'a Counts, pub(super) &'a Counts);

impl Both<'_> {
    fn seen(self) -> u64 {
        self.0.seen.saturating_add(self.1.seen)
    }

    /// The bucket in the middle; none while too little was seen.
    pub(super) fn middle(self) -> Option<u16> {
        let seen = self.seen();
        (seen >= FEWEST_FOR_THE_MIDDLE).then(|| self.at_rank(seen.div_ceil(2)))?
    }

    /// The bucket that 99.5 % of what comes lies in or below; none while too little was seen to say so (fewer than 800), or
    /// when it is [`BEYOND`].
    ///
    /// What was seen is a sample, whose own 99.5 % may by luck lie too low. So the rank is raised by two standard deviations
    /// of the number of values that a sample of this size has below the true one.
    pub(super) fn nearly_all(self) -> Option<u16> {
        let seen = u128::from(self.seen());
        let margin = (4 * seen * 995 * 5 / 1_000_000).isqrt() + 1;
        let rank = (seen * 995).div_ceil(1_000) + margin;
        if rank > seen {
            return None;
        }
        u64::try_from(rank).ok().and_then(|rank| self.at_rank(rank))
    }

    fn at_rank(self, rank: u64) -> Option<u16> {
        let mut one = self.0.buckets.iter().peekable();
        let mut other = self.1.buckets.iter().peekable();
        let mut below = 0_u64;
        loop {
            let takes_one = match (one.peek(), other.peek()) {
                (Some((left, _)), Some((right, _))) => left <= right,
                (Some(_), None) => true,
                (None, _) => false,
            };
            let (bucket, n) = if takes_one { one.next()? } else { other.next()? };
            below = below.saturating_add(*n);
            if below >= rank {
                return (*bucket != BEYOND).then_some(*bucket);
            }
        }
    }
}

/// The bucket of input tokens, as a share of the most that they can be.
pub(super) fn share_bucket(tokens: u64, bound: u64) -> u16 {
    if tokens > bound {
        return BEYOND;
    }
    let share = (u128::from(tokens) * u128::from(SHARE_STEPS)).div_ceil(u128::from(bound.max(1)));
    u16::try_from(share).unwrap_or(BEYOND)
}

/// The most input tokens of a share's bucket.
pub(super) fn most_of_share(bucket: u16, bound: u64) -> u64 {
    let most = u128::from(bound) * u128::from(bucket) / u128::from(SHARE_STEPS);
    u64::try_from(most).unwrap_or(u64::MAX).min(bound)
}

/// The bucket of output tokens under a limit.
pub(super) fn length_bucket(tokens: u64, limit: u64) -> u16 {
    if tokens == 0 {
        return 0;
    }
    if tokens >= limit {
        return BEYOND;
    }
    let doublings = u64::from(tokens.ilog2());
    let above = u128::from(tokens - (1_u64 << doublings));
    let step = u64::try_from((above * u128::from(STEPS_PER_DOUBLING)) >> doublings).unwrap_or(0);
    u16::try_from(1 + doublings * STEPS_PER_DOUBLING + step).unwrap_or(BEYOND)
}

/// The most output tokens of a length's bucket.
pub(super) fn most_of_length(bucket: u16) -> u64 {
    let Some(index) = u64::from(bucket).checked_sub(1) else {
        return 0;
    };
    let (doublings, step) = (index / STEPS_PER_DOUBLING, index % STEPS_PER_DOUBLING);
    if doublings >= 64 {
        return u64::MAX;
    }
    let start = 1_u128 << doublings;
    let next = start + ((u128::from(step) + 1) * start).div_ceil(u128::from(STEPS_PER_DOUBLING));
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{BEYOND, Both, Counts, length_bucket, most_of_length, most_of_share, share_bucket};
    use proptest::prelude::*;

    fn alone(counts: &Counts) -> (Option<u16>, Option<u16>) {
        let nothing = Counts::default();
        let both = Both(counts, &nothing);
        let turned = Both(&nothing, counts);
        assert_eq!(
            (both.middle(), both.nearly_all()),
            (turned.middle(), turned.nearly_all())
        );
        (both.middle(), both.nearly_all())
    }

    #[test]
    fn too_little_says_nothing() {
        let mut counts = Counts::default();
        counts.add(7, 19);
        assert_eq!(alone(&counts), (None, None));
        counts.add(7, 1);
        assert_eq!(alone(&counts), (Some(7), None));
        counts.add(7, 779);
        assert_eq!(alone(&counts).1, None, "799 calls");
        counts.add(7, 1);
        assert_eq!(alone(&counts).1, Some(7), "800 calls");
    }

    #[test]
    fn what_is_beyond_is_no_upper_end() {
        let mut counts = Counts::default();
        counts.add(7, 9_900);
        counts.add(BEYOND, 100);
        assert_eq!(alone(&counts), (Some(7), None));
    }

    #[test]
    fn two_generations_are_looked_at_as_one() {
        let (mut one, mut other, mut all) = (Counts::default(), Counts::default(), Counts::default());
        for bucket in 0..500_u16 {
            let part = if bucket % 3 == 0 { &mut one } else { &mut other };
            part.add(bucket, 5);
            all.add(bucket, 5);
        }
        one.add(70, 2);
        all.add(70, 2);
        let both = Both(&one, &other);
        assert_eq!((both.middle(), both.nearly_all()), alone(&all));
    }

    proptest! {
        #[test]
        fn a_bucket_holds_what_was_put_in(tokens in 0..3_000_000_u64, more in 1..3_000_000_u64) {
            let share = share_bucket(tokens, tokens + more);
            prop_assert!(most_of_share(share, tokens + more) >= tokens);
            let length = length_bucket(tokens, tokens + more);
            let most = most_of_length(length);
            prop_assert!(most >= tokens && most <= tokens + tokens / 16, "{tokens} in a bucket up to {most}");
            prop_assert!(tokens == 0 || most_of_length(length - 1) < tokens);
        }

        #[test]
        fn no_number_is_too_large(tokens: u64, bound: u64) {
            prop_assert!(most_of_share(share_bucket(tokens, bound).min(256), bound) <= bound);
            let length = length_bucket(tokens, u64::MAX);
            prop_assert!(length == BEYOND || most_of_length(length) >= tokens);
        }
    }
}
