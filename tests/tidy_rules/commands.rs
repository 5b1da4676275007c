//! One door: every command of the contract is registered in the shell, allowed to the window, and nothing else is.

use crate::tree::{hold, read, sources};
use std::collections::BTreeSet;

/// Commands that only the window has; the rest must be known to `admin`.
const OF_THE_WINDOW: [&str; 12] = [
    "gateway.status",
    "profile.open",
    "secrets.set",
    "channels.set_secret",
    "profiles.list",
    "profiles.save",
    "profiles.delete",
    "profiles.read_url",
    "profiles.test",
    "profiles.connect",
    "profiles.unlock",
    "profiles.lock",
];
/// What the page may do beside our own commands: hear that something changed.
const NEWS: [&str; 2] = ["core:event:allow-listen", "core:event:allow-unlisten"];

/// The names in the contract's sources: `Name = "noun.verb" {`.
fn contract() -> BTreeSet<String> {
    let names: BTreeSet<_> = sources()
        .iter()
        .filter(|source| source.path.starts_with("src-tauri/crates/contract/src/command/"))
        .flat_map(|source| {
            let declared = source.code().filter_map(|(_, line)| {
                let (_, rest) = line.split_once(" = \"")?;
                let (name, after) = rest.split_once('"')?;
                (after.trim_start().starts_with('{') && name.contains('.')).then(|| name.to_owned())
            });
            declared.collect::<Vec<_>>()
        })
        .collect();
    assert!(
        names.len() > 20,
        "the contract's commands could not be read from its sources: {names:?}"
    );
    names
}

fn function_of(name: &str) -> String {
    name.replace('.', "_")
}

fn differences(wanted: &BTreeSet<String>, found: &BTreeSet<String>) -> Vec<String> {
    let missing = wanted.difference(found).map(|name| format!("missing: {name}"));
    let surplus = found
        .difference(wanted)
        .map(|name| format!("not in the contract: {name}"));
    missing.chain(surplus).collect()
}

#[test]
fn every_command_is_registered_in_the_shell() {
    let text = read("src-tauri/src/commands/mod.rs");
    let (_, list) = text
        .split_once("generate_handler![")
        .expect("the list of commands");
    let (list, _) = list.split_once(']').expect("the end of the list");
    let found = list
        .split(',')
        .filter_map(|path| path.trim().split("::").last())
        .filter(|name| !name.is_empty());
    let found: BTreeSet<_> = found.map(str::to_owned).collect();
    let wanted = contract().iter().map(|name| function_of(name)).collect();
    hold(
        "src-tauri/src/commands/mod.rs must register exactly the contract's commands:",
        &differences(&wanted, &found),
    );
}

#[test]
fn every_command_is_allowed_to_the_window_and_nothing_more() {
    let capability: serde_json::Value =
        serde_json::from_str(&read("src-tauri/capabilities/main.json")).unwrap();
    let found: BTreeSet<_> = capability["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let commands = contract();
    let wanted: BTreeSet<_> = commands
        .iter()
        .map(|name| format!("allow-{}", function_of(name).replace('_', "-")))
        .chain(NEWS.map(str::to_owned))
        .collect();
    hold(
        "src-tauri/capabilities/main.json must allow exactly the contract's commands:",
        &differences(&wanted, &found),
    );
    assert!(
        capability.get("remote").is_none(),
        "no page from elsewhere may call anything"
    );

    let mut broken = Vec::new();
    for name in &commands {
        let noun = name.split('.').next().unwrap();
        let permission = read(&format!("src-tauri/permissions/{noun}.toml"));
        if !permission.contains(&format!("commands.allow = [\"{}\"]", function_of(name))) {
            broken.push(format!(
                "src-tauri/permissions/{noun}.toml has no permission for {name}"
            ));
        }
    }
    hold("Every command has a permission of its own:", &broken);
}

#[test]
fn admin_knows_every_command_that_is_not_the_windows_own() {
    let found: BTreeSet<_> = weir_admin::COMMAND_NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let wanted = contract()
        .into_iter()
        .filter(|name| !OF_THE_WINDOW.contains(&name.as_str()))
        .collect();
    hold(
        "admin::dispatch must name exactly the contract's commands:",
        &differences(&wanted, &found),
    );
}

#[test]
fn the_window_is_locked_down() {
    let config: serde_json::Value = serde_json::from_str(&read("tauri.conf.json")).unwrap();
    let security = &config["app"]["security"];
    let csp = security["csp"].as_str().expect("a content security policy");
    assert!(
        csp.starts_with("default-src 'none'"),
        "everything is forbidden that is not allowed by name"
    );
    for dangerous in ["'unsafe-inline'", "'unsafe-eval'", "https:", "*"] {
        assert!(
            !csp.contains(dangerous),
            "the content security policy must not allow {dangerous}"
        );
    }
    assert_eq!(
        security["freezePrototype"], true,
        "a script must not change what all objects share"
    );
    assert_ne!(
        config["app"]["withGlobalTauri"], true,
        "the page reaches the shell through `backend` alone"
    );
}

#[test]
fn every_command_asks_whose_data_its_window_shows() {
    let commands = sources()
        .into_iter()
        .filter(|source| source.path.starts_with("src-tauri/src/commands/"));
    let broken: Vec<String> = commands
        .flat_map(|source| {
            let lines = source.code().filter(|(_, line)| line.contains("State<"));
            lines
                .map(|(number, _)| format!("{}:{number}", source.path))
                .collect::<Vec<_>>()
        })
        .collect();
    hold(
        "A command that takes the local profile from the app would answer an attached window from the wrong database; take `Asking`:",
        &broken,
    );
}
