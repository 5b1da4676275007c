//! A limit's form: signals' plain content, how it becomes a limit again, and what it reads as.

use crate::format;
use weir_contract::{
    NanoUsd,
    model::limit::{EndpointClass, Limit, LimitMeasure, LimitSimulation, LimitSubject},
};

/// The form's content as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitDraft {
    pub name: String,
    pub subject: String,
    pub measure: String,
    pub endpoint_class: String,
    /// A whole number, or dollars.
    pub most: String,
    pub window_seconds: String,
    /// `off`, `shadow` or `enforced`.
    pub mode: String,
}

impl LimitDraft {
    /// The form of an existing limit.
    #[must_use]
    pub fn of(limit: &Limit) -> LimitDraft {
        let most = match limit.measure {
            LimitMeasure::Dollars => NanoUsd(limit.most).to_decimal(),
            _ => limit.most.to_string(),
        };
        LimitDraft {
            name: limit.name.clone(),
            subject: limit.subject.as_str().to_owned(),
            measure: limit.measure.as_str().to_owned(),
            endpoint_class: limit.endpoint_class.as_str().to_owned(),
            most,
            window_seconds: limit.window_seconds.to_string(),
            mode: mode(limit).to_owned(),
        }
    }

    /// An empty form.
    #[must_use]
    pub fn fresh() -> LimitDraft {
        LimitDraft {
            name: String::new(),
            subject: "key".to_owned(),
            measure: "requests".to_owned(),
            endpoint_class: "model_calls".to_owned(),
            most: "60".to_owned(),
            window_seconds: "60".to_owned(),
            mode: "shadow".to_owned(),
        }
    }

    /// Reads the form.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn read(&self) -> Result<Limit, String> {
        let whole = |text: &str| {
            text.trim()
                .replace(',', "")
                .parse::<i64>()
                .ok()
                .filter(|number| *number > 0)
        };
        if self.name.trim().is_empty() {
            return Err("Give the limit a short name, such as key-per-minute.".to_owned());
        }
        let measure = LimitMeasure::parse(&self.measure).ok_or("Choose what is measured.")?;
        let most = match measure {
            LimitMeasure::Dollars => Some(NanoUsd::parse_decimal(&self.most)?.0).filter(|amount| *amount > 0),
            _ => whole(&self.most),
        };
        let window = whole(&self.window_seconds).and_then(|seconds| u32::try_from(seconds).ok());
        Ok(Limit {
            name: self.name.trim().to_owned(),
            subject: LimitSubject::parse(&self.subject).ok_or("Choose who is counted.")?,
            measure,
            endpoint_class: EndpointClass::parse(&self.endpoint_class)
                .ok_or("Choose which requests count.")?,
            most: most.ok_or("How much is allowed must be more than 0, and whole unless it is dollars.")?,
            window_seconds: window.ok_or("The window is a whole number of seconds from 1.")?,
            enabled: self.mode != "off",
            shadow: self.mode == "shadow",
        })
    }
}

/// The word of a limit's mode in the form.
#[must_use]
pub fn mode(limit: &Limit) -> &'static str {
    match (limit.enabled, limit.shadow) {
        (false, _) => "off",
        (true, true) => "shadow",
        (true, false) => "enforced",
    }
}

/// An amount in the limit's own unit.
#[must_use]
pub fn amount(measure: LimitMeasure, amount: i64) -> String {
    match measure {
        LimitMeasure::Requests => format::plural(amount, "request", "requests"),
        LimitMeasure::Tokens => format::plural(amount, "token", "tokens"),
        LimitMeasure::Concurrent => format::plural(amount, "call", "calls"),
        LimitMeasure::Dollars => format::money(NanoUsd(amount)),
    }
}

/// The limit in one sentence.
#[must_use]
pub fn sentence(limit: &Limit) -> String {
    let who = match limit.subject {
        LimitSubject::Key => "Each key",
        LimitSubject::User => "Each user",
        LimitSubject::Ip => "Each IP address",
        LimitSubject::Event => "Each event",
        LimitSubject::Intent => "Each intent",
        LimitSubject::Everyone => "Everyone together",
    };
    let kinds = match limit.endpoint_class {
        EndpointClass::ModelCalls => ("model call", "model calls"),
        EndpointClass::Reads => ("read", "reads"),
        EndpointClass::Expensive => ("expensive call", "expensive calls"),
        EndpointClass::Every => ("request of any kind", "requests of any kind"),
    };
    let does = match limit.measure {
        LimitMeasure::Requests => {
            format!(
                "may send at most {}",
                format::plural(limit.most, kinds.0, kinds.1)
            )
        }
        LimitMeasure::Tokens | LimitMeasure::Dollars => {
            let most = amount(limit.measure, limit.most);
            format!("may use at most {most} for {}", kinds.1)
        }
        LimitMeasure::Concurrent => {
            let most = format::plural(limit.most, kinds.0, kinds.1);
            return format!("{who} may have at most {most} under way at the same time.");
        }
    };
    let window = match limit.window_seconds {
        1 => "1 second".to_owned(),
        seconds => format!("{} seconds", format::count(i64::from(seconds))),
    };
    format!("{who} {does} in any window of {window}.")
}

/// What a draft would have done, in one sentence.
#[must_use]
pub fn outcome(told: &LimitSimulation) -> String {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    if told.requests == 0 {
        return "No recorded request of the last 24 hours comes under this limit.".to_owned();
    }
    let of = format::plural(count(told.requests), "request", "requests");
    if told.refused == 0 {
        return format!("It would have refused none of {of} in the last 24 hours.");
    }
    format!(
        "It would have refused {} of {of} in the last 24 hours, of {} out of {}.",
        format::count(count(told.refused)),
        format::count(count(told.callers_refused)),
        format::plural(count(told.callers), "caller", "callers"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_as_a_sentence() {
        let draft = LimitDraft {
            name: "a".to_owned(),
            subject: "user".to_owned(),
            most: "1,200".to_owned(),
            ..LimitDraft::fresh()
        };
        let limit = draft.read().expect("a good form");
        assert_eq!(
            sentence(&limit),
            "Each user may send at most 1,200 model calls in any window of 60 seconds."
        );
        assert!(
            limit.shadow && limit.enabled,
            "a new limit refuses nobody until it is told to"
        );
        let back = LimitDraft::of(&limit).read();
        assert_eq!(back, Ok(limit));
    }

    #[test]
    fn dollars_are_dollars_in_the_form() {
        let draft = LimitDraft {
            name: "a".to_owned(),
            measure: "dollars".to_owned(),
            most: "0.25".to_owned(),
            ..LimitDraft::fresh()
        };
        let limit = draft.read().expect("a good form");
        assert_eq!(limit.most, 250_000_000);
        assert_eq!(LimitDraft::of(&limit).most, "0.25");
    }

    #[test]
    fn wrong_forms_say_what_to_correct() {
        let with = |change: &dyn Fn(&mut LimitDraft)| {
            let mut draft = LimitDraft {
                name: "a".to_owned(),
                ..LimitDraft::fresh()
            };
            change(&mut draft);
            draft.read()
        };
        assert!(with(&|_| {}).is_ok());
        assert!(with(&|draft| draft.name.clear()).is_err());
        assert!(with(&|draft| draft.most = "0".to_owned()).is_err());
        assert!(with(&|draft| draft.most = "many".to_owned()).is_err());
        assert!(with(&|draft| draft.window_seconds = "-1".to_owned()).is_err());
    }

    #[test]
    fn an_outcome_says_how_many_and_whose() {
        let told = LimitSimulation {
            requests: 1_200,
            refused: 37,
            callers: 9,
            callers_refused: 2,
            ..LimitSimulation::default()
        };
        assert_eq!(
            outcome(&told),
            "It would have refused 37 of 1,200 requests in the last 24 hours, of 2 out of 9 callers."
        );
    }
}
