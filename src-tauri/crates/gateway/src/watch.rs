//! Whether this gateway has watched the others long enough to say that one is dead.

use weir_engine::budget::fence::DEAD_AFTER_MS;

/// Since when this gateway has seen the others' beats without a break. Whoever was away itself must not take the others, who
/// were away, too, for dead: their open reservations would be charged in full.
#[derive(Default)]
pub(crate) struct Watch {
    since_ms: u64,
    beaten_ms: Option<u64>,
}

impl Watch {
    /// A beat of its own was written; whether it has watched long enough.
    pub(crate) fn beaten(&mut self, now_ms: u64) -> bool {
        let longest = DEAD_AFTER_MS.unsigned_abs();
        if self.beaten_ms.is_none_or(|before| now_ms - before > longest / 2) {
            self.since_ms = now_ms;
        }
        self.beaten_ms = Some(now_ms);
        now_ms - self.since_ms >= longest
    }
}

#[cfg(test)]
mod tests {
    use super::Watch;

    #[test]
    fn whoever_was_away_itself_watches_anew_before_it_buries_anybody() {
        let mut watch = Watch::default();
        let may: Vec<u64> = (0..=20)
            .map(|beat| beat * 5_000)
            .filter(|now| watch.beaten(*now))
            .collect();
        assert_eq!(may.first(), Some(&15_000));
        // Away for a minute.
        let mut back = (32..=40)
            .map(|beat| beat * 5_000)
            .filter(|now| watch.beaten(*now));
        assert_eq!(back.next(), Some(175_000));
    }
}
