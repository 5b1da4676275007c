//! A limit's form as plain data.

use crate::format;
use weir_contract::model::limit::{Limit, LimitSubject};

/// Reads the form.
///
/// # Errors
/// The first thing that is wrong, and how to correct it.
pub fn read(
    name: &str,
    subject: &str,
    max_requests: &str,
    window_seconds: &str,
    enabled: bool,
) -> Result<Limit, String> {
    let whole = |text: &str| {
        text.trim()
            .replace(',', "")
            .parse::<u32>()
            .ok()
            .filter(|number| *number > 0)
    };
    if name.trim().is_empty() {
        return Err("Give the limit a short name, such as key-per-minute.".to_owned());
    }
    Ok(Limit {
        name: name.trim().to_owned(),
        subject: match subject {
            "user" => LimitSubject::User,
            "ip" => LimitSubject::Ip,
            _ => LimitSubject::Key,
        },
        max_requests: whole(max_requests).ok_or("The number of requests is a whole number from 1.")?,
        window_seconds: whole(window_seconds).ok_or("The window is a whole number of seconds from 1.")?,
        enabled,
    })
}

/// The limit in one sentence.
#[must_use]
pub fn sentence(limit: &Limit) -> String {
    let who = match limit.subject {
        LimitSubject::Key => "Each key",
        LimitSubject::User => "Each user",
        LimitSubject::Ip => "Each IP address",
    };
    format!(
        "{who} may send at most {} in any window of {}.",
        format::plural(i64::from(limit.max_requests), "request", "requests"),
        if limit.window_seconds == 1 {
            "1 second".to_owned()
        } else {
            format!("{} seconds", format::count(i64::from(limit.window_seconds)))
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_as_a_sentence() {
        let limit = read("a", "user", "1,200", "60", true).expect("a good form");
        assert_eq!(
            sentence(&limit),
            "Each user may send at most 1,200 requests in any window of 60 seconds."
        );
    }

    #[test]
    fn wrong_forms_say_what_to_correct() {
        assert!(read("", "key", "1", "1", true).is_err());
        assert!(read("a", "key", "0", "1", true).is_err());
        assert!(read("a", "key", "1", "-1", true).is_err());
        assert!(read("a", "key", "many", "1", true).is_err());
    }
}
