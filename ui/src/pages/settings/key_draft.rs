//! What the form of a key holds, and how it is read. Plain data.

use crate::local_time;
use weir_contract::{
    NanoUsd,
    command::keys::{KeysCreate, KeysUpdate, NewKeyCap},
    model::{
        cap::CapPeriod,
        key::{KeyEndpoint, KeyLimit, KeyScopes, VirtualKey},
        tier::Tier,
    },
};

/// The texts of the form, as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyDraft {
    pub name: String,
    pub owner: String,
    pub team: String,
    /// With commas between them, as all lists here; empty allows all.
    pub endpoints: String,
    pub models: String,
    pub tiers: String,
    pub intents: String,
    /// As a `datetime-local` input holds it; empty never expires.
    pub expires: String,
    pub calls: String,
    pub seconds: String,
    /// Dollars; empty makes no cap.
    pub cap: String,
    /// `day`, `week` or `month`.
    pub cap_period: String,
    pub time_zone: String,
}

impl KeyDraft {
    /// An empty form.
    #[must_use]
    pub fn fresh() -> KeyDraft {
        KeyDraft {
            seconds: "60".to_owned(),
            cap_period: "month".to_owned(),
            time_zone: "UTC".to_owned(),
            ..KeyDraft::default()
        }
    }

    /// The form of a key as it is; `offset_minutes` is the viewer's zone at the time of its end.
    #[must_use]
    pub fn of(key: &VirtualKey, offset_minutes: i64) -> KeyDraft {
        let endpoints: Vec<&str> = key.scopes.endpoints.iter().map(|one| one.as_str()).collect();
        let tiers: Vec<&str> = key.scopes.tiers.iter().map(|tier| tier.as_str()).collect();
        let limit = |of: fn(KeyLimit) -> u32| key.limit.map(|limit| of(limit).to_string());
        KeyDraft {
            name: key.name.clone(),
            owner: key.owner.clone(),
            team: key.team.clone(),
            endpoints: endpoints.join(", "),
            models: key.scopes.models.join(", "),
            tiers: tiers.join(", "),
            intents: key.scopes.intents.join(", "),
            expires: key
                .expires_ms
                .map_or_else(String::new, |ms| local_time::input_value(ms, offset_minutes)),
            calls: limit(|limit| limit.max_requests).unwrap_or_default(),
            seconds: limit(|limit| limit.window_seconds).unwrap_or_else(|| "60".to_owned()),
            ..KeyDraft::fresh()
        }
    }

    /// Reads the form for a new key.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn create(&self, offset: impl Fn(i64) -> i64) -> Result<KeysCreate, String> {
        Ok(KeysCreate {
            name: self.name()?,
            team: self.team.trim().to_owned(),
            owner: self.owner.trim().to_owned(),
            scopes: self.scopes()?,
            expires_ms: self.expires_ms(offset)?,
            limit: self.limit()?,
            cap: self.cap()?,
        })
    }

    /// Reads the form for the key it was filled from.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn update(
        &self,
        id: &str,
        expected_version: i64,
        offset: impl Fn(i64) -> i64,
    ) -> Result<KeysUpdate, String> {
        Ok(KeysUpdate {
            id: id.to_owned(),
            expected_version,
            name: self.name()?,
            owner: self.owner.trim().to_owned(),
            team: self.team.trim().to_owned(),
            scopes: self.scopes()?,
            expires_ms: self.expires_ms(offset)?,
            limit: self.limit()?,
        })
    }

    fn name(&self) -> Result<String, String> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err("Give the key a name that says who or what uses it.".to_owned());
        }
        Ok(name.to_owned())
    }

    fn scopes(&self) -> Result<KeyScopes, String> {
        let endpoint = |text: &str| {
            let known: Vec<&str> = KeyEndpoint::ALL.iter().map(|one| one.as_str()).collect();
            KeyEndpoint::parse(text)
                .ok_or_else(|| format!("\"{text}\" is no endpoint; write {}.", known.join(", ")))
        };
        let tier = |text: &str| {
            Tier::parse(text).ok_or_else(|| format!("\"{text}\" is no tier; write T0, T1, T2 or T3."))
        };
        Ok(KeyScopes {
            endpoints: parts(&self.endpoints).map(endpoint).collect::<Result<_, _>>()?,
            models: parts(&self.models).map(str::to_owned).collect(),
            tiers: parts(&self.tiers).map(tier).collect::<Result<_, _>>()?,
            intents: parts(&self.intents).map(str::to_owned).collect(),
        })
    }

    fn expires_ms(&self, offset: impl Fn(i64) -> i64) -> Result<Option<i64>, String> {
        if self.expires.trim().is_empty() {
            return Ok(None);
        }
        let wrong = || "The end is a date and a time, such as 2027-01-31T18:00.".to_owned();
        // The zone's offset may differ between now and then, so it is asked at about that time.
        let about_ms = local_time::parse_input(self.expires.trim(), 0).ok_or_else(wrong)?;
        let at_ms = local_time::parse_input(self.expires.trim(), offset(about_ms)).ok_or_else(wrong)?;
        Ok(Some(at_ms))
    }

    fn limit(&self) -> Result<Option<KeyLimit>, String> {
        if self.calls.trim().is_empty() {
            return Ok(None);
        }
        let number = |text: &str, what: &str| {
            text.trim()
                .parse::<u32>()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| format!("{what} is a whole number from 1 on."))
        };
        Ok(Some(KeyLimit {
            max_requests: number(&self.calls, "The limit's number of calls")?,
            window_seconds: number(&self.seconds, "The limit's number of seconds")?,
        }))
    }

    fn cap(&self) -> Result<Option<NewKeyCap>, String> {
        if self.cap.trim().is_empty() {
            return Ok(None);
        }
        let limit_nanousd = NanoUsd::parse_decimal(&self.cap)?;
        if limit_nanousd <= NanoUsd::ZERO {
            return Err("The cap is more than 0 dollars; leave it empty for none.".to_owned());
        }
        Ok(Some(NewKeyCap {
            limit_nanousd,
            period: match self.cap_period.as_str() {
                "day" => CapPeriod::Day,
                "week" => CapPeriod::Week,
                _ => CapPeriod::Month,
            },
            time_zone: self.time_zone.trim().to_owned(),
        }))
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// What a key may be used for, in a few words; none where it may do everything.
#[must_use]
pub fn scopes_in_words(scopes: &KeyScopes) -> Option<String> {
    let endpoints: Vec<&str> = scopes.endpoints.iter().map(|one| one.as_str()).collect();
    let tiers: Vec<&str> = scopes.tiers.iter().map(|tier| tier.as_str()).collect();
    let lists = [
        endpoints.join(", "),
        scopes.models.join(", "),
        tiers.join(", "),
        scopes
            .intents
            .iter()
            .map(|one| format!("intent {one}"))
            .collect::<Vec<_>>()
            .join(", "),
    ];
    let said: Vec<String> = lists.into_iter().filter(|list| !list.is_empty()).collect();
    (!said.is_empty()).then(|| format!("only {}", said.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::{KeyDraft, scopes_in_words};
    use weir_contract::model::{
        cap::CapPeriod,
        key::{KeyEndpoint, KeyLimit, VirtualKey},
        tier::Tier,
    };

    fn full() -> KeyDraft {
        KeyDraft {
            name: " laptop ".into(),
            owner: "ana".into(),
            endpoints: "listings, messages".into(),
            models: "openai/gpt-5".into(),
            tiers: "T0,T1".into(),
            intents: "faq".into(),
            expires: "2027-01-31T18:00".into(),
            calls: "20".into(),
            cap: "12.50".into(),
            ..KeyDraft::fresh()
        }
    }

    #[test]
    fn a_form_reads_as_what_it_says() {
        let made = full().create(|_| 60).unwrap();
        assert_eq!(made.name, "laptop");
        assert_eq!(
            made.scopes.endpoints,
            [KeyEndpoint::Listings, KeyEndpoint::Messages]
        );
        assert_eq!(made.scopes.tiers, [Tier::T0, Tier::T1]);
        assert_eq!(made.expires_ms, Some(1_801_414_800_000));
        assert_eq!(
            made.limit,
            Some(KeyLimit {
                max_requests: 20,
                window_seconds: 60
            })
        );
        let cap = made.cap.unwrap();
        assert_eq!(
            (cap.limit_nanousd.0, cap.period),
            (12_500_000_000, CapPeriod::Month)
        );
        let empty = KeyDraft {
            name: "x".into(),
            ..KeyDraft::fresh()
        };
        let made = empty.create(|_| 0).unwrap();
        assert!(
            made.scopes.are_open() && made.expires_ms.is_none() && made.limit.is_none() && made.cap.is_none()
        );
    }

    #[test]
    fn a_key_survives_its_form() {
        let made = full().create(|_| 60).unwrap();
        let key = VirtualKey {
            id: "abc".into(),
            name: made.name.clone(),
            owner: made.owner.clone(),
            scopes: made.scopes.clone(),
            expires_ms: made.expires_ms,
            limit: made.limit,
            ..VirtualKey::default()
        };
        let again = KeyDraft::of(&key, 60).update("abc", 1, |_| 60).unwrap();
        assert_eq!(
            (again.scopes, again.expires_ms, again.limit),
            (made.scopes, made.expires_ms, made.limit)
        );
    }

    #[test]
    fn a_wrong_form_says_what_to_write() {
        let complaint = |change: fn(&mut KeyDraft)| {
            let mut draft = full();
            change(&mut draft);
            draft.create(|_| 0).unwrap_err()
        };
        assert!(complaint(|draft| draft.name.clear()).contains("name"));
        assert!(complaint(|draft| draft.endpoints = "chat".into()).contains("chat_completions"));
        assert!(complaint(|draft| draft.tiers = "T9".into()).contains("T0, T1"));
        assert!(complaint(|draft| draft.expires = "soon".into()).contains("2027"));
        assert!(complaint(|draft| draft.calls = "0".into()).contains("whole number"));
        assert!(complaint(|draft| draft.cap = "0".into()).contains("more than 0"));
    }

    #[test]
    fn scopes_are_said_in_words() {
        let made = full().create(|_| 0).unwrap();
        let words = scopes_in_words(&made.scopes).unwrap();
        assert_eq!(words, "only listings, messages; openai/gpt-5; T0, T1; intent faq");
        assert_eq!(scopes_in_words(&VirtualKey::default().scopes), None);
    }
}
