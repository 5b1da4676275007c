//! The retries that a whole gateway may make: when a provider is down, retries must not become its load.

/// Thousandths of a token: a request brings 100, a retry takes 1,000.
const RETRY_COST: u64 = 1_000;
const PER_REQUEST: u64 = 100;
/// Ten retries for a gateway with few requests, and as much of a burst as a busy one may save up.
const RESERVE: u64 = 10 * RETRY_COST;
/// The reserve regains one retry in this time, so that a lone user's gateway is not left without for ever.
const TRICKLE_MS: u64 = 10_000;

/// The retries of a whole gateway: at most a tenth of its requests, plus ten, plus one per ten seconds.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    balance: u64,
    seen_ms: Option<i64>,
}

impl Default for RetryBudget {
    fn default() -> RetryBudget {
        RetryBudget {
            balance: RESERVE,
            seen_ms: None,
        }
    }
}

impl RetryBudget {
    /// A budget with its reserve full.
    #[must_use]
    pub fn new() -> RetryBudget {
        RetryBudget::default()
    }

    /// Counts one request of a client (not its retries).
    pub fn request(&mut self) {
        self.balance = (self.balance + PER_REQUEST).min(RESERVE);
    }

    /// Whole retries that could be made now.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.balance / RETRY_COST
    }

    /// Takes one retry, if there is one.
    pub(crate) fn withdraw(&mut self, now_ms: i64) -> bool {
        let seen_ms = self.seen_ms.unwrap_or(now_ms);
        let passed_ms = u64::try_from(now_ms.saturating_sub(seen_ms)).unwrap_or(0);
        self.seen_ms = Some(now_ms.max(seen_ms));
        let regained = (passed_ms / TRICKLE_MS).saturating_mul(RETRY_COST)
            + (passed_ms % TRICKLE_MS) * RETRY_COST / TRICKLE_MS;
        self.balance = self.balance.saturating_add(regained).min(RESERVE);
        if self.balance < RETRY_COST {
            return false;
        }
        self.balance -= RETRY_COST;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;

    #[test]
    fn an_outage_at_two_hundred_per_second_adds_a_tenth() {
        let mut budget = RetryBudget::new();
        let mut retries = 0;
        for request in 0..12_000_i64 {
            budget.request();
            retries += i64::from(budget.withdraw(request * 5));
        }
        assert!((1_200..=1_216).contains(&retries), "{retries} retries");
    }

    #[test]
    fn a_lone_user_regains_the_reserve() {
        let mut budget = RetryBudget::new();
        let spent = std::iter::repeat_with(|| budget.withdraw(0))
            .take_while(|made| *made)
            .count();
        assert_eq!(spent, 10);
        assert!(!budget.withdraw(9_999));
        assert!(budget.withdraw(20_000));
    }

    #[test]
    fn a_clock_running_backwards_brings_nothing() {
        let mut budget = RetryBudget::new();
        while budget.withdraw(1_000_000) {}
        assert!(!budget.withdraw(0));
        assert!(!budget.withdraw(1_000_000));
        assert!(!budget.withdraw(i64::MIN));
        assert!(budget.withdraw(i64::MAX));
    }
}
