//! The queries of `store-postgres` are compiled against checked-in descriptions; these are what the server says today.

use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection, SqlSafeStr};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use support::postgres::TestDatabase;

const REMEDY: &str = "run `cargo xtask prepare-postgres` and commit src-tauri/crates/store-postgres/.sqlx";

fn store() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/crates/store-postgres")
}

/// Each description by its file's name.
fn descriptions() -> BTreeMap<String, Value> {
    let folder = fs::read_dir(store().join(".sqlx")).unwrap();
    let found: BTreeMap<_, _> = folder
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(),
            )
        })
        .collect();
    assert!(found.len() > 30, "only {} descriptions; {REMEDY}", found.len());
    found
}

#[tokio::test]
async fn the_server_still_describes_each_query_so() {
    let database = TestDatabase::migrated();
    let url = format!("{}&options[search_path]=weir", database.url());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for (file, description) in descriptions() {
        let query = description["query"].as_str().unwrap().to_owned();
        let now = (&mut connection)
            .describe(sqlx::AssertSqlSafe(query).into_sql_str())
            .await
            .unwrap_or_else(|problem| panic!("{file}: {problem}; {REMEDY}"));
        assert_eq!(
            without_overruled(serde_json::to_value(&now).unwrap()),
            without_overruled(description["describe"].clone()),
            "{file} is out of date; {REMEDY}"
        );
    }
}

/// Whether a column of an outer join may be NULL is guessed from the plan, which changes with what the tables hold. A query
/// whose column name ends in `?` or `!` says it itself, so the guess does not count.
fn without_overruled(mut description: Value) -> Value {
    let names: Vec<String> = description["columns"]
        .as_array()
        .map(|columns| columns.iter().map(|column| column["name"].to_string()).collect())
        .unwrap_or_default();
    for (at, name) in names.iter().enumerate() {
        if name.trim_matches('"').ends_with(['?', '!']) {
            description["nullable"][at] = Value::Null;
        }
    }
    description
}

#[test]
fn no_description_is_left_of_a_query_that_has_gone() {
    let mut pieces = BTreeSet::new();
    collect(&store().join("src"), &mut pieces);
    let left: Vec<_> = descriptions()
        .into_iter()
        .filter(|(_, description)| {
            let query = without_space(description["query"].as_str().unwrap());
            !is_made_of(&query, &pieces)
        })
        .map(|(file, description)| format!("{file}: {}", description["query"]))
        .collect();
    assert!(left.is_empty(), "{REMEDY}:\n{}", left.join("\n"));
}

/// Macros put a query together of several literals.
fn is_made_of(query: &str, pieces: &BTreeSet<String>) -> bool {
    query.is_empty()
        || pieces
            .iter()
            .filter_map(|piece| query.strip_prefix(piece.as_str()))
            .any(|rest| is_made_of(rest, pieces))
}

/// The literals of all sources below the folder, and its SQL files, without their white space.
fn collect(folder: &Path, pieces: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, pieces);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "sql") {
            pieces.insert(without_space(&text));
            continue;
        }
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        // Every second part between unescaped quotes is a literal.
        let parts = code.replace("\\\"", "\u{1}");
        for literal in parts.split('"').skip(1).step_by(2) {
            pieces.insert(without_space(&literal.replace('\u{1}', "\"")));
        }
    }
    pieces.remove("");
}

fn without_space(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}
