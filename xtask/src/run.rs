//! `cargo xtask run`: builds page and app and opens the window.

use crate::{
    display::{self, VirtualDisplay},
    page, setup,
    step::{Failure, Outcome, doing, fail, run as run_program, step},
    workspace::Workspace,
};
use std::{
    process::{Child, Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long the app has to drain streams and write its ledger.
const STOP_WAIT: Duration = Duration::from_secs(15);

/// How the window is opened.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Open a throw-away profile filled with labelled sample traffic.
    #[arg(long)]
    sample: bool,
    /// Take a picture on a virtual display, then stop.
    #[arg(long)]
    once: bool,
}

/// Builds everything and opens the window; returns when it is closed.
pub(crate) fn run(options: &Options) -> Outcome {
    let virtual_display = options.once || display::is_missing();
    if options.once && !cfg!(target_os = "linux") {
        return fail("--once needs a virtual display, which only Linux has");
    }
    setup::for_run(virtual_display)?;
    let workspace = Workspace::find()?;
    page::build(&workspace)?;
    step("app", || {
        run_program(workspace.cargo().args(["build", "-p", "weir-desktop"]))
    })?;
    let mut app = Command::new(workspace.debug_binary("weir")?);
    // The app closes the database before it exits, so this tool must wait for it through Ctrl-C.
    let stopping = hear_stop()?;
    if options.sample {
        app.arg("--sample");
    }
    if !virtual_display {
        let status = wait(doing("the app could not start", app.spawn())?, &stopping)?;
        return judge(status, &stopping);
    }
    let display = display::start_and_say()?;
    app.env("DISPLAY", &display.name)
        .env("GDK_BACKEND", "x11")
        .env_remove("WAYLAND_DISPLAY");
    let mut child = doing("the app could not start", app.spawn())?;
    if let Err(failure) = take_picture(&workspace, &display) {
        stop(&mut child);
        return Err(failure);
    }
    if options.once {
        stop(&mut child);
        return Ok(());
    }
    println!("Weir runs until you press Ctrl-C.");
    let status = wait(child, &stopping)?;
    judge(status, &stopping)
}

fn take_picture(workspace: &Workspace, display: &VirtualDisplay) -> Outcome {
    step("picture", || {
        let path = workspace.root.join(".run/window.png");
        display.picture(&path)?;
        println!("the window as it looks now: {}", path.display());
        Ok(())
    })
}

fn hear_stop() -> Outcome<Arc<AtomicBool>> {
    let stopping = Arc::new(AtomicBool::new(false));
    let heard = stopping.clone();
    ctrlc::set_handler(move || heard.store(true, Ordering::Relaxed))
        .map_err(|problem| Failure(format!("Ctrl-C cannot be heard: {problem}")))?;
    Ok(stopping)
}

/// Waits for the app; a stop is passed on to it.
fn wait(mut app: Child, stopping: &AtomicBool) -> Outcome<ExitStatus> {
    loop {
        if let Some(status) = doing("the app cannot be watched", app.try_wait())? {
            return Ok(status);
        }
        if stopping.load(Ordering::Relaxed) {
            stop(&mut app);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn judge(status: ExitStatus, stopping: &AtomicBool) -> Outcome {
    if status.success() || stopping.load(Ordering::Relaxed) {
        return Ok(());
    }
    fail(format!("the app ended with {status}; its log is above"))
}

/// Asks the app to end as a person would, and insists after a while.
fn stop(app: &mut Child) {
    if cfg!(unix) {
        let _ = Command::new("kill")
            .args(["-TERM", &app.id().to_string()])
            .status();
        let end = Instant::now() + STOP_WAIT;
        while Instant::now() < end {
            if !matches!(app.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
    let _ = app.kill();
    let _ = app.wait();
}
