//! Each row's hash covers the row and the hash before it: who changes, removes or puts in a row breaks every hash after it.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use weir_contract::model::change::{ChainCheck, Change};

/// Stands for the hash before the first row.
pub const START: &str = "";

/// The row's hash, in hexadecimal digits. Every part is preceded by its length, so that no two rows are the same text.
#[must_use]
pub fn hash(row: &Change, previous_sha256: &str) -> String {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(b"weir change 1");
    part(previous_sha256.as_bytes());
    part(&row.seq.to_be_bytes());
    part(&row.at_ms.to_be_bytes());
    for text in [
        &row.actor.user,
        &row.actor.profile,
        &row.actor.role,
        &row.actor.door,
        &row.actor.version,
        &row.command,
        &row.kind,
        &row.name,
        &row.reason,
    ] {
        part(text.as_bytes());
    }
    // A missing part is told from an empty one.
    for text in [&row.before, &row.after] {
        part(&[u8::from(text.is_some())]);
        part(text.as_deref().unwrap_or_default().as_bytes());
    }
    for number in [row.config_version, row.undoes] {
        part(&[u8::from(number.is_some())]);
        part(&number.unwrap_or(0).to_be_bytes());
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Checks a log from its first row on, a page of rows at a time.
#[derive(Debug, Default)]
pub struct Checker {
    rows: i64,
    head: String,
    known: Option<(i64, String)>,
    problem: Option<String>,
}

impl Checker {
    /// With the number and hash of a row that were noted earlier, where there are any.
    #[must_use]
    pub fn new(known: Option<(i64, String)>) -> Checker {
        Checker {
            known,
            ..Checker::default()
        }
    }

    /// The next rows, in order. Nothing is looked at after the first problem.
    pub fn take(&mut self, rows: &[Change]) {
        for row in rows {
            if self.problem.is_some() {
                return;
            }
            self.problem = self.fault(row);
            if self.problem.is_none() {
                self.rows = row.seq;
                self.head.clone_from(&row.sha256);
            }
        }
    }

    fn fault(&self, row: &Change) -> Option<String> {
        let expected = self.rows + 1;
        if row.seq != expected {
            return Some(format!(
                "row {expected} is missing: row {} comes after row {}",
                row.seq, self.rows
            ));
        }
        if hash(row, &self.head) != row.sha256 {
            return Some(format!(
                "row {expected} is not as it was written, or a row before it is not"
            ));
        }
        match &self.known {
            Some((seq, sha256)) if *seq == row.seq && *sha256 != row.sha256 => Some(format!(
                "row {expected} is not the one that was noted: the log was written anew"
            )),
            _ => None,
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> ChainCheck {
        let cut = match &self.known {
            Some((seq, _)) if self.problem.is_none() && *seq > self.rows => Some(format!(
                "the log ends at row {}, but row {seq} was noted: its end was cut off",
                self.rows
            )),
            _ => None,
        };
        ChainCheck {
            rows: self.rows,
            head_seq: self.rows,
            head_sha256: self.head,
            problem: self.problem.or(cut),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Checker;
    use crate::change::{Act, Subject, next_row};
    use weir_contract::model::change::Change;

    fn log(rows: usize) -> Vec<Change> {
        let mut log: Vec<Change> = Vec::new();
        for n in 0..rows {
            let act = Act {
                command: "caps.save".into(),
                ..Act::of_weir("window", n as i64)
            };
            let after = format!("{{\"n\":{n}}}");
            let subject = Subject {
                kind: "cap",
                name: "daily",
                before: None,
                after: Some(&after),
                config_version: Some(n as i64),
            };
            let last = log.last().map(|row| (row.seq, row.sha256.as_str()));
            let row = next_row(&act, subject, last, &[1; 32]);
            log.push(row);
        }
        log
    }

    fn problem(log: &[Change], known: Option<(i64, String)>) -> Option<String> {
        let mut checker = Checker::new(known);
        log.chunks(3).for_each(|page| checker.take(page));
        checker.finish().problem
    }

    /// One way to spoil a row.
    type Spoil = fn(&mut Change);

    #[test]
    fn every_field_of_every_row_is_covered() {
        let whole = log(8);
        assert_eq!(problem(&whole, None), None);
        let spoils: [Spoil; 15] = [
            |row| row.at_ms += 1,
            |row| row.actor.user.push('x'),
            |row| row.actor.profile.push('x'),
            |row| row.actor.role.push('x'),
            |row| row.actor.door.push('x'),
            |row| row.actor.version.push('x'),
            |row| row.command.push('x'),
            |row| row.kind.push('x'),
            |row| row.name.push('x'),
            |row| row.before = Some(String::new()),
            |row| row.after = None,
            |row| row.reason.push('x'),
            |row| row.config_version = None,
            |row| row.undoes = Some(0),
            |row| row.sha256 = super::START.to_owned(),
        ];
        for (index, spoil) in spoils.iter().enumerate() {
            for at in 0..whole.len() {
                let mut spoiled = whole.clone();
                spoil(&mut spoiled[at]);
                let found = problem(&spoiled, None).unwrap_or_default();
                assert!(
                    found.starts_with(&format!("row {} ", at + 1)),
                    "spoil {index} of row {}: {found}",
                    at + 1
                );
            }
        }
    }

    #[test]
    fn moving_text_between_fields_is_noticed() {
        let mut moved = log(1);
        moved[0].kind = "ca".into();
        moved[0].name = "pdaily".into();
        assert!(problem(&moved, None).is_some());
    }

    #[test]
    fn rows_that_are_removed_swapped_or_cut_off_are_missed() {
        let whole = log(6);
        let without = |at: usize| {
            let mut log = whole.clone();
            log.remove(at);
            log
        };
        assert!(problem(&without(0), None).unwrap().contains("row 1 is missing"));
        assert!(problem(&without(3), None).unwrap().contains("row 4 is missing"));
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert!(problem(&swapped, None).is_some());
        // Only a head that was noted shows that the end is gone, or that all of it was written anew.
        let head = (6, whole[5].sha256.clone());
        assert_eq!(problem(&without(5), None), None);
        assert!(
            problem(&without(5), Some(head.clone()))
                .unwrap()
                .contains("cut off")
        );
        let mut anew = log(5);
        let act = Act::of_weir("script", 0);
        let subject = Subject {
            kind: "cap",
            name: "x",
            before: None,
            after: None,
            config_version: None,
        };
        let last = anew.last().map(|row| (row.seq, row.sha256.clone()));
        let last = last.as_ref().map(|(seq, sha256)| (*seq, sha256.as_str()));
        anew.push(next_row(&act, subject, last, &[1; 32]));
        assert_eq!(problem(&anew, None), None);
        assert!(problem(&anew, Some(head)).unwrap().contains("written anew"));
    }
}
