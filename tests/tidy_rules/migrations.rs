//! Migrations: numbered without a gap, and the same numbers and names for every database.

use crate::tree::{hold, root};
use std::fs;

fn names(database: &str) -> Option<Vec<String>> {
    let folder = fs::read_dir(root().join("migrations").join(database)).ok()?;
    let mut names: Vec<_> = folder
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Some(names)
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    let mut broken = Vec::new();
    for database in ["sqlite", "postgres"] {
        for (index, name) in names(database).unwrap_or_default().iter().enumerate() {
            if !name.starts_with(&format!("{:04}_", index + 1)) || !name.ends_with(".sql") {
                broken.push(format!(
                    "migrations/{database}/{name} should be {:04}_what.sql",
                    index + 1
                ));
            }
        }
    }
    assert!(
        names("sqlite").is_some_and(|names| !names.is_empty()),
        "migrations/sqlite holds the schema"
    );
    hold(
        "Migrations are NNNN_what.sql, in order, never renumbered:",
        &broken,
    );
}

#[test]
fn both_databases_have_the_same_migrations() {
    // There is nothing to compare until the second store lands.
    let (Some(sqlite), Some(postgres)) = (names("sqlite"), names("postgres")) else {
        return;
    };
    assert_eq!(
        sqlite, postgres,
        "each change has the same number and name in both folders"
    );
}
