//! Judging one request by every limit it comes under.

use super::{
    Books, Rule,
    book::{Terms, Word},
};
use crate::{
    budget::fence::Moment,
    limit::{
        headers::{RateHeaders, seconds_up},
        subject::{Caller, OWN_LIMIT, OWN_POOLS, Weight, count_name, counted, own_limit},
    },
};
use weir_contract::model::limit::{Limit, LimitMeasure};

/// The answer for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Counted under every limit that applies.
    Admitted {
        /// What must be ended with [`Books::finish`].
        held: Vec<Held>,
        /// The tightest limit of each measure.
        headers: Vec<RateHeaders>,
        /// What limits in shadow mode say against it, in sentences.
        shadows: Vec<String>,
    },
    /// Counted nowhere.
    Refused(Box<LimitRefusal>),
    /// The store must be asked first; the wish is noted for the next exchange.
    Ask,
}

/// How a request is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What is lacking is noted for the next exchange.
    First,
    /// Noted already.
    Again,
    /// What would have to be asked for once more is refused.
    Last,
}

/// Slots of a limit in the hand of a call under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub(super) pool: String,
    pub(super) caller: String,
    pub(super) amount: i64,
    pub(super) at_us: u64,
    /// The book's epoch in which its slots were lent; none for a gateway's own share.
    pub(super) lent_in: Option<u64>,
    pub measure: LimitMeasure,
}

impl Held {
    /// What was held by estimate.
    #[must_use]
    pub fn amount(&self) -> i64 {
        self.amount
    }
}

/// Why a limit refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitRefusal {
    pub limit: Limit,
    /// In use, held or resting, by this caller, as far as is known.
    pub used: i64,
    /// What this request would have taken.
    pub need: i64,
    /// Exact; none when waiting does not help, or nobody can know how long.
    pub retry_after_ms: Option<i64>,
    /// The store is away, so that this gateway gives only its own share.
    pub is_share: bool,
    pub headers: Vec<RateHeaders>,
}

struct Judged {
    pool: String,
    caller: String,
    amount: i64,
    word: Word,
    terms: Terms,
}

impl Judged {
    fn refuse_the_unknown(&mut self) {
        if self.word == Word::Ask {
            let retry_after_ms = self.terms.longest_wait_ms();
            self.word = Word::Refused { retry_after_ms };
        }
    }
}

impl Books {
    /// Admits and counts a request that came at `arrived_us` of the monotonic clock, refuses it, or notes what must be asked for.
    pub fn admit(
        &mut self,
        caller: &Caller<'_>,
        weight: &Weight,
        arrived_us: u64,
        now: Moment,
        look: Look,
    ) -> Verdict {
        let mut judged = self.judge(caller, weight, arrived_us, now);
        if judged.iter().any(|one| one.word == Word::Ask) {
            match look {
                Look::First => self.note_wishes(&judged),
                Look::Again => {}
                Look::Last => judged.iter_mut().for_each(Judged::refuse_the_unknown),
            }
            if look != Look::Last {
                return Verdict::Ask;
            }
        }
        if let Some(refusal) = self.refusal(&judged) {
            return Verdict::Refused(Box::new(refusal));
        }
        let mut held = Vec::new();
        let mut shadows = Vec::new();
        for one in &judged {
            let Some(rule) = self.rules.get_mut(&one.pool) else {
                continue;
            };
            if let Word::Refused { retry_after_ms } = one.word {
                rule.would_refuse += 1;
                shadows.push(rule.refusal(one, retry_after_ms).in_words());
                continue;
            }
            let stays = rule.stays();
            let measure = rule.limit.measure;
            let book = rule.books.entry(one.caller.clone()).or_default();
            let lent_in = book.take(one.amount, one.word == Word::Free, stays, &one.terms);
            if stays {
                held.push(Held {
                    pool: one.pool.clone(),
                    caller: one.caller.clone(),
                    amount: one.amount,
                    at_us: one.terms.now_us,
                    lent_in,
                    measure,
                });
            }
        }
        let headers = self.headers(&judged);
        Verdict::Admitted {
            held,
            headers,
            shadows,
        }
    }

    fn judge(&mut self, caller: &Caller<'_>, weight: &Weight, arrived_us: u64, now: Moment) -> Vec<Judged> {
        let own_pool = caller.own.map(|own| {
            let (pool, limit) = own_limit(caller.key, own);
            self.set_limit(pool.clone(), &limit);
            pool
        });
        let is_trusted = self.is_trusted(now);
        let (away, holders) = (self.away, self.holders);
        let mut judged = Vec::new();
        let mut judge = |(pool, rule): (&String, &mut Rule)| {
            let terms = rule.terms(now, arrived_us, is_trusted, away, holders);
            judged.extend(rule.judge(pool, caller, weight, terms));
        };
        // Other keys' own limits are not looked at: there may be as many as keys.
        self.rules.range_mut(..OWN_POOLS.to_owned()).for_each(&mut judge);
        if let Some(pool) = own_pool {
            self.rules.range_mut(pool.clone()..=pool).for_each(&mut judge);
        }
        judged
    }

    fn note_wishes(&mut self, judged: &[Judged]) {
        for one in judged.iter().filter(|one| one.word == Word::Ask) {
            if let Some(rule) = self.rules.get_mut(&one.pool) {
                rule.books.entry(one.caller.clone()).or_default().ask(one.amount);
                self.asking.push((one.pool.clone(), one.caller.clone()));
            }
        }
    }

    /// Of the refusals that are meant, the one to wait longest for. Each of them is counted.
    fn refusal(&mut self, judged: &[Judged]) -> Option<LimitRefusal> {
        let mut worst: Option<LimitRefusal> = None;
        for one in judged {
            let Word::Refused { retry_after_ms } = one.word else {
                continue;
            };
            let Some(rule) = self.rules.get_mut(&one.pool).filter(|rule| !rule.limit.shadow) else {
                continue;
            };
            rule.refused += 1;
            let longer = worst.as_ref().is_none_or(|known| {
                let wait = |wait: Option<i64>| wait.unwrap_or(i64::MAX);
                wait(retry_after_ms) > wait(known.retry_after_ms)
            });
            if longer {
                worst = Some(rule.refusal(one, retry_after_ms));
            }
        }
        worst
    }

    fn headers(&self, judged: &[Judged]) -> Vec<RateHeaders> {
        let mut tightest: Vec<RateHeaders> = Vec::new();
        for one in judged {
            let Some(rule) = self.rules.get(&one.pool).filter(|rule| !rule.limit.shadow) else {
                continue;
            };
            let headers = rule.headers(one, None);
            match tightest.iter_mut().find(|known| known.measure == headers.measure) {
                Some(known) if headers.remaining < known.remaining => *known = headers,
                Some(_) => {}
                None => tightest.push(headers),
            }
        }
        tightest
    }
}

impl Rule {
    /// None when the request does not come under this limit.
    fn judge(&mut self, pool: &str, caller: &Caller<'_>, weight: &Weight, terms: Terms) -> Option<Judged> {
        if !self.live || !self.limit.enabled {
            return None;
        }
        let amount = weight.of(self.limit.measure)?;
        let name = count_name(counted(&self.limit, caller)?);
        let word = self.books.entry(name.clone()).or_default().word(amount, &terms);
        Some(Judged {
            pool: pool.to_owned(),
            caller: name,
            amount,
            word,
            terms,
        })
    }

    fn headers(&self, one: &Judged, retry_after_ms: Option<i64>) -> RateHeaders {
        let standing = self.books.get(&one.caller).map(|book| book.standing(&one.terms));
        let (remaining, reset_ms) = standing.unwrap_or_default();
        let is_refused = matches!(one.word, Word::Refused { .. });
        RateHeaders {
            measure: self.limit.measure,
            policy: self.limit.name.clone(),
            limit: self.limit.most,
            // A refused request of one finds nothing left, whatever came free on the way.
            remaining: if is_refused {
                remaining.min(one.amount - 1)
            } else {
                remaining
            },
            reset_seconds: seconds_up(reset_ms),
            reset_at_ms: one.terms.wall_ms.saturating_add(reset_ms),
            window_seconds: u64::from(self.limit.window_seconds),
            retry_after_seconds: retry_after_ms.map(|wait_ms| seconds_up(wait_ms).max(1)),
        }
    }

    fn refusal(&self, one: &Judged, retry_after_ms: Option<i64>) -> LimitRefusal {
        let headers = self.headers(one, retry_after_ms);
        LimitRefusal {
            used: self.limit.most - headers.remaining,
            need: one.amount,
            retry_after_ms,
            is_share: one.terms.share.is_some(),
            headers: vec![headers],
            limit: self.limit.clone(),
        }
    }
}

impl LimitRefusal {
    /// Whole seconds to wait, rounded up.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.headers
            .first()
            .and_then(|headers| headers.retry_after_seconds)
    }

    /// Which limit, how much is used, and when to come back.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Limit {
            name,
            measure,
            subject,
            most,
            ..
        } = &self.limit;
        let allowance = self.limit.allowance();
        let whose = match name.as_str() {
            OWN_LIMIT => "this key",
            _ => subject.in_words(),
        };
        let allows = format!("the limit \"{name}\" allows {allowance} for {whose}");
        if self.need > *most {
            let need = measure.amount(self.need);
            return format!(
                "{allows}, and this call alone may need {need}; make it smaller, or ask for a higher limit"
            );
        }
        let then = match (self.retry_after_seconds(), measure) {
            (Some(seconds), _) => format!("come back in {seconds} s"),
            (None, LimitMeasure::Concurrent) => "come back when one of them has ended".to_owned(),
            (None, _) => "come back later".to_owned(),
        };
        if self.is_share {
            return format!(
                "{allows}; the database is away, so this gateway gives only its own share, and that is used; {then}"
            );
        }
        let used = measure.amount(self.used);
        match measure {
            LimitMeasure::Requests => {
                format!("{allows}; used: {}; this one is not counted; {then}", self.used)
            }
            LimitMeasure::Concurrent => format!("{allows}, and {} are under way; {then}", self.used),
            LimitMeasure::Tokens | LimitMeasure::Dollars => {
                let need = measure.amount(self.need);
                format!("{allows}, {used} are used or held, and this call may need {need}; {then}")
            }
        }
    }
}
