//! Works round a fault of WebKitGTK: with NVIDIA's driver its DMA-BUF renderer shows a blank white window.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Starts this process anew with the renderer switched off, when NVIDIA's driver is loaded and nobody has set the switch.
///
/// The process is replaced (same id), because changing the environment of a running process is unsound.
pub fn avoid_blank_window() {
    #[expect(
        clippy::disallowed_methods,
        reason = "WebKit reads this from the environment and so must we, before anything else runs"
    )]
    let is_set = std::env::var_os(SWITCH).is_some();
    if is_set || !Path::new("/proc/driver/nvidia/version").exists() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let problem = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(SWITCH, "1")
        .exec();
    // Only reached when the replacement failed; a window that may be blank is better than none.
    tracing::warn!(%problem, "the DMA-BUF renderer could not be switched off");
}
