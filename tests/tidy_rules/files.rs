//! What every file must have and must not have.

use crate::tree::{Source, hold, sources};

const LONGEST_FILE_LINES: usize = 800;
/// Names that say nothing about what lives inside.
const EMPTY_NAMES: [&str; 8] = [
    "util", "utils", "helper", "helpers", "common", "manager", "service", "misc",
];
/// Words that only code under construction has.
const UNFINISHED: [&str; 4] = ["todo!", "unimplemented!", "#[ignore", "FIXME"];
/// Ways to put text into the page as HTML: everything in a prompt is hostile.
const HTML_FROM_TEXT: [&str; 4] = [
    "inner_html",
    "set_inner_html",
    "insert_adjacent_html",
    "set_outer_html",
];
/// The files that may ask the machine for the time.
const CLOCKS: [&str; 2] = ["src-tauri/crates/engine/src/clock.rs", "ui/src/contexts/clock.rs"];

fn places(sources: &[Source], broken: impl Fn(&Source, &str) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for source in sources.iter().filter(|source| !source.is_rule()) {
        for (number, line) in source.code().filter(|(_, line)| broken(source, line)) {
            places.push(format!("{}:{number}: {}", source.path, line.trim()));
        }
    }
    places
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let too_long = sources()
        .iter()
        .filter_map(|source| {
            let lines = source.text.lines().count();
            (lines > LONGEST_FILE_LINES).then(|| format!("{}: {lines} lines", source.path))
        })
        .collect::<Vec<_>>();
    hold(
        "A file is longer than 800 lines; split it by operation:",
        &too_long,
    );
}

#[test]
fn every_file_opens_with_one_sentence_on_what_lives_there() {
    let silent: Vec<_> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path.clone())
        .collect();
    hold(
        "The first line must be `//!` and say what lives in the file:",
        &silent,
    );
}

#[test]
fn no_file_has_an_empty_name() {
    let empty: Vec<_> = sources()
        .iter()
        .filter(|source| {
            let mut parts = source.path.trim_end_matches(".rs").split('/');
            parts.any(|part| EMPTY_NAMES.contains(&part))
        })
        .map(|source| source.path.clone())
        .collect();
    hold("A name must say what lives there, and these say nothing:", &empty);
}

#[test]
fn nothing_is_left_unfinished() {
    let unfinished = places(&sources(), |_, line| {
        UNFINISHED.iter().any(|word| line.contains(word))
    });
    hold("Finish it, or take it out; no test is skipped:", &unfinished);
}

#[test]
fn no_text_becomes_html() {
    let html = places(&sources(), |_, line| {
        HTML_FROM_TEXT.iter().any(|word| line.contains(word))
    });
    hold(
        "Text from prompts and models is hostile; write text nodes:",
        &html,
    );
}

#[test]
fn the_page_needs_no_inline_script_or_style() {
    let index = crate::tree::read("ui/index.html");
    let broken: Vec<_> = index
        .lines()
        .filter(|line| {
            line.contains("style=\"")
                || line.contains("<style")
                || line.contains("onclick")
                || line.contains("<script>")
        })
        .map(str::to_owned)
        .collect();
    hold(
        "The content security policy forbids it, so the page would not work:",
        &broken,
    );
}

#[test]
fn only_the_clocks_ask_for_the_time() {
    let asked = places(&sources(), |source, line| {
        let product = source.path.starts_with("src-tauri/") && source.path.contains("/src/");
        product && line.contains("SystemTime::now") && !CLOCKS.contains(&source.path.as_str())
    });
    hold("Take the time from the `Clock` that is handed in:", &asked);
}

#[test]
fn the_engine_knows_no_environment_and_ends_no_process() {
    let asked = places(&sources(), |source, line| {
        source.path.starts_with("src-tauri/crates/engine/src/")
            && (line.contains("env::var") || line.contains("process::exit"))
    });
    hold(
        "Configuration is read by the gateway and handed to the engine:",
        &asked,
    );
}

#[test]
fn the_shell_delegates_and_does_nothing_itself() {
    let own = places(&sources(), |source, line| {
        source.path.starts_with("src-tauri/src/")
            && (line.contains("reqwest") || line.contains("axum") || line.contains("weir_store"))
    });
    hold(
        "The shell has no SQL and no HTTP; the operation belongs to `admin` or the gateway:",
        &own,
    );
}
