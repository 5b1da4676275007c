//! Who may depend on whom: the picture in the house rules, as cargo sees it.

use crate::tree::hold;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};

/// Each crate with the crates of ours that it may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("weir-contract", &[]),
    ("weir-ui", &["weir-contract"]),
    ("weir-engine", &["weir-contract"]),
    ("weir-embedder", &["weir-engine"]),
    ("semantic-eval", &["weir-engine", "weir-embedder"]),
    ("weir-store-sqlite", &["weir-contract", "weir-engine"]),
    ("weir-store-postgres", &["weir-contract", "weir-engine"]),
    ("weir-store-redis", &["weir-contract", "weir-engine"]),
    ("weir-admin", &["weir-contract", "weir-engine"]),
    (
        "weir-gateway",
        &[
            "weir-contract",
            "weir-engine",
            "weir-embedder",
            "weir-store-sqlite",
            "weir-store-postgres",
            "weir-store-redis",
            "weir-admin",
        ],
    ),
    (
        "weir-desktop",
        &["weir-contract", "weir-engine", "weir-admin", "weir-gateway"],
    ),
    (
        "system-tests",
        &[
            "weir-contract",
            "weir-engine",
            "weir-embedder",
            "weir-store-sqlite",
            "weir-store-postgres",
            "weir-store-redis",
            "weir-admin",
            "weir-gateway",
        ],
    ),
    ("xtask", &[]),
];

/// The contract compiles to WebAssembly and does no I/O, so it may name these alone.
const CONTRACT_MAY_USE: &[&str] = &["serde", "serde_json"];

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command
        .current_dir(crate::tree::root())
        .no_deps()
        .other_options(["--offline".to_owned()]);
    command.exec().unwrap()
}

fn ours(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package))
        .collect()
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let metadata = metadata();
    let ours = ours(&metadata);
    let allowed: BTreeMap<_, BTreeSet<_>> = ARROWS
        .iter()
        .map(|(name, may)| (*name, may.iter().copied().collect()))
        .collect();
    let mut broken = Vec::new();
    for (name, package) in &ours {
        let Some(may) = allowed.get(name) else {
            broken.push(format!(
                "{name} has no line in ARROWS (tests/tidy_rules/arrows.rs): say what it may depend on"
            ));
            continue;
        };
        // A test may look at what the product may not, for instance the stores under the admin operations.
        let product = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development);
        for dependency in product.filter(|dependency| ours.contains_key(dependency.name.as_str())) {
            if !may.contains(dependency.name.as_str()) {
                broken.push(format!("{name} → {}", dependency.name));
            }
        }
    }
    hold(
        "A crate depends on another against the direction of the arrows. Move the code, not the arrow:",
        &broken,
    );
}

#[test]
fn nothing_depends_on_the_window_or_the_page() {
    let metadata = metadata();
    let mut broken = Vec::new();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            if matches!(dependency.name.as_str(), "weir-desktop" | "weir-ui") {
                broken.push(format!("{} → {}", package.name, dependency.name));
            }
        }
    }
    hold(
        "The window and the page are ends of the picture; nobody may depend on them, tests neither:",
        &broken,
    );
}

#[test]
fn the_contract_does_no_io() {
    let metadata = metadata();
    let ours = ours(&metadata);
    let broken: Vec<_> = ours["weir-contract"]
        .dependencies
        .iter()
        .filter(|dependency| !CONTRACT_MAY_USE.contains(&dependency.name.as_str()))
        .map(|dependency| dependency.name.clone())
        .collect();
    hold(
        "The contract is what page and engine both compile; it may not use:",
        &broken,
    );
}

#[test]
fn sql_lives_in_the_stores_alone() {
    let metadata = metadata();
    let mut broken = Vec::new();
    for package in metadata
        .packages
        .iter()
        .filter(|package| !package.name.starts_with("weir-store-"))
    {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.name == "sqlx")
        {
            if package.name.as_str() != "system-tests" {
                broken.push(format!("{} → {}", package.name, dependency.name));
            }
        }
    }
    let sources = crate::tree::sources();
    let outside = sources.iter().filter(|source| {
        !source.path.starts_with("src-tauri/crates/store-")
            && !source.path.starts_with("tests/")
            && !source.path.starts_with("xtask/")
    });
    for source in outside {
        for (number, line) in source.code().filter(|(_, line)| line.contains("sqlx::")) {
            broken.push(format!("{}:{number}: {}", source.path, line.trim()));
        }
    }
    hold(
        "SQL is written in the store crates alone, behind a trait of `engine::store`:",
        &broken,
    );
}
