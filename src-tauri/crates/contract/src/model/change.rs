//! Changes that admins made, as the log of changes keeps them, and the differences between two states of a thing.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Actor {
    /// The account at the operating system.
    pub user: String,
    /// The profile: `local`, `sample`, or that of a connection.
    pub profile: String,
    /// What the profile may do: `owner` of a file of its own, or the role at a server.
    pub role: String,
    /// By what: `window`, `script`, `gateway`.
    pub door: String,
    /// Weir's own.
    pub version: String,
}

/// One row of the log of changes. People and secrets stand in it only as marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Rises by one, without gaps.
    pub seq: i64,
    pub at_ms: i64,
    pub actor: Actor,
    /// The operation: `caps.save`.
    pub command: String,
    /// `cap`, `limit`, `virtual_key` …
    pub kind: String,
    pub name: String,
    /// JSON; none when it did not exist.
    pub before: Option<String>,
    /// JSON; none when it does not exist any more.
    pub after: Option<String>,
    /// Empty when none was given.
    pub reason: String,
    /// The version of the configuration that it made; none for what is no configuration.
    pub config_version: Option<i64>,
    /// The change that this one took back.
    pub undoes: Option<i64>,
    /// SHA-256 over this row and the hash of the row before, in hexadecimal digits.
    pub sha256: String,
}

/// Whether a change can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum UndoStanding {
    Possible,
    /// By this later change.
    Undone {
        by: i64,
    },
    /// Why not, and what to do instead.
    Impossible {
        why: String,
    },
}

/// A change as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeState {
    pub change: Change,
    pub differences: Vec<Difference>,
    pub undo: UndoStanding,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePage {
    /// Newest first.
    pub changes: Vec<ChangeState>,
    /// Hand this in as `before_seq` for older ones; none at the end.
    pub next_before_seq: Option<i64>,
}

/// What the check of the log's chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainCheck {
    /// Rows that were checked; all of them where nothing is wrong.
    pub rows: i64,
    /// Of the newest row that is sound. Kept elsewhere, it proves later that the log up to there is still the same.
    pub head_seq: i64,
    pub head_sha256: String,
    /// What is wrong first, with its row; none when the chain is whole.
    pub problem: Option<String>,
}

/// What is to be listed; an empty filter lists all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeFilter {
    /// Letters that stand in the name, the operation, the user, the reason, before or after.
    pub text: Option<String>,
    pub kind: Option<String>,
    pub from_ms: Option<i64>,
    /// Excluded.
    pub to_ms: Option<i64>,
}

/// One field that differs; none where it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `limit_nanousd`, `steps[1].percent`; empty for a value that has no fields.
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// What somebody else made of a thing while it was being changed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictDetail {
    pub kind: String,
    pub name: String,
    /// The version that is there now.
    pub version: i64,
    /// Who changed it last, and when; empty and 0 when that is not known.
    pub who: String,
    pub at_ms: i64,
    /// Fields in which the three states are not all the same.
    pub fields: Vec<ConflictField>,
}

/// One field in its three states; none where it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictField {
    pub path: String,
    /// As it was when the change was begun.
    pub base: Option<String>,
    /// As it is now.
    pub theirs: Option<String>,
    /// As it was to become.
    pub mine: Option<String>,
}

/// The fields in which two JSON texts differ, by path.
#[must_use]
pub fn differences(before: Option<&str>, after: Option<&str>) -> Vec<Difference> {
    let (before, after) = (leaves(before), leaves(after));
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let differs = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path));
    differs
        .map(|path| Difference {
            path: path.clone(),
            before: before.get(path).cloned(),
            after: after.get(path).cloned(),
        })
        .collect()
}

/// The fields in which the three texts are not all the same, by path.
#[must_use]
pub fn three_way(base: Option<&str>, theirs: Option<&str>, mine: Option<&str>) -> Vec<ConflictField> {
    let (base, theirs, mine) = (leaves(base), leaves(theirs), leaves(mine));
    let mut paths: Vec<&String> = base.keys().chain(theirs.keys()).chain(mine.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .map(|path| ConflictField {
            path: path.clone(),
            base: base.get(path).cloned(),
            theirs: theirs.get(path).cloned(),
            mine: mine.get(path).cloned(),
        })
        .filter(|field| field.base != field.theirs || field.theirs != field.mine)
        .collect()
}

/// Every value of a JSON text that has no parts, by its path. A text that is no JSON is one value.
fn leaves(text: Option<&str>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Some(text) = text {
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        walk(&value, String::new(), &mut found);
    }
    found
}

fn walk(value: &Value, path: String, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                walk(value, path, found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                walk(value, format!("{path}[{index}]"), found);
            }
        }
        Value::String(text) => {
            found.insert(path, text.clone());
        }
        other => {
            found.insert(path, other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{differences, three_way};

    #[test]
    fn differences_name_paths() {
        let before = r#"{"a":1,"steps":[{"percent":80},{"percent":100}],"same":"x","gone":null}"#;
        let after = r#"{"a":2,"steps":[{"percent":80}],"same":"x","new":[]}"#;
        let found: Vec<String> = differences(Some(before), Some(after))
            .into_iter()
            .map(|one| format!("{}: {:?} -> {:?}", one.path, one.before, one.after))
            .collect();
        assert_eq!(
            found,
            [
                "a: Some(\"1\") -> Some(\"2\")",
                "gone: Some(\"null\") -> None",
                "new: None -> Some(\"[]\")",
                "steps[1].percent: Some(\"100\") -> None",
            ]
        );
        assert_eq!(differences(None, Some("\"openai\""))[0].path, "");
        assert!(differences(Some(before), Some(before)).is_empty());
    }

    #[test]
    fn a_conflict_shows_what_both_changed() {
        let fields = three_way(
            Some(r#"{"limit":1,"on":true,"zone":"UTC"}"#),
            Some(r#"{"limit":2,"on":true,"zone":"UTC"}"#),
            Some(r#"{"limit":1,"on":false,"zone":"UTC"}"#),
        );
        let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["limit", "on"]);
        assert_eq!(fields[0].theirs.as_deref(), Some("2"));
    }
}
