//! One step of a verb: its name, its time, and one clear line when it fails.

use std::{ffi::OsStr, fmt, io, process::Command, time::Instant};

/// What went wrong and what to do, in words.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// The outcome of everything in this tool.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A failure with these words.
pub(crate) fn fail<T>(words: impl Into<String>) -> Outcome<T> {
    Err(Failure(words.into()))
}

/// Adds what was being done to a system error.
pub(crate) fn doing<T>(what: impl fmt::Display, result: io::Result<T>) -> Outcome<T> {
    result.map_err(|problem| Failure(format!("{what}: {problem}")))
}

/// Does one step and prints how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("\n── {name}");
    let start = Instant::now();
    let outcome = work();
    let seconds = start.elapsed().as_secs_f64();
    match &outcome {
        Ok(_) => println!("── {name}: done in {seconds:.1} s"),
        Err(_) => println!("── {name}: FAILED after {seconds:.1} s"),
    }
    outcome
}

/// Runs a program in the foreground; its output is the reader's.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = words_of(command);
    let status = doing(format!("`{line}` could not start"), command.status())?;
    if status.success() {
        Ok(())
    } else {
        fail(format!("`{line}` failed ({status})"))
    }
}

/// Runs a program and returns what it prints.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let line = words_of(command);
    let output = doing(format!("`{line}` could not start"), command.output())?;
    if !output.status.success() {
        return fail(format!(
            "`{line}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True when the program runs and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn words_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
