//! A virtual display for machines without a screen, and pictures of what it shows.

use crate::step::{Failure, Outcome, doing, fail, step};
use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// As large as the window, so that a picture of the display is a picture of the window.
const SCREEN: &str = "1280x800x24";
/// A page that takes longer is broken.
const PAINT_WAIT: Duration = Duration::from_secs(60);
/// A page covers more than this part of its background with text and boxes; a blank one, or one that only says that it
/// is connecting, covers far less.
const COVERED_PER_MILLE: usize = 20;
/// Smoothed letters alone give more shades than this; a blank window gives one or two.
const SHADES_OF_A_PAINTED_PAGE: usize = 24;

/// True when a window has nowhere to appear.
pub(crate) fn is_missing() -> bool {
    let empty = |name: &str| env::var_os(name).is_none_or(|value| value.is_empty());
    cfg!(target_os = "linux") && empty("DISPLAY") && empty("WAYLAND_DISPLAY")
}

/// A running Xvfb; it ends when this is dropped.
pub(crate) struct VirtualDisplay {
    server: Child,
    /// `:7`.
    pub(crate) name: String,
}

impl VirtualDisplay {
    /// Starts one on a free number.
    pub(crate) fn start() -> Outcome<VirtualDisplay> {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // In its own group Ctrl-C does not reach it, and the window can close cleanly on a display that is still there.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut server = doing("Xvfb could not start", command.spawn())?;
        let mut number = String::new();
        if let Some(output) = server.stdout.take() {
            doing(
                "Xvfb did not answer",
                BufReader::new(output).read_line(&mut number),
            )?;
        }
        let display = VirtualDisplay {
            server,
            name: format!(":{}", number.trim()),
        };
        if number.trim().is_empty() {
            fail("Xvfb ended without naming its display")
        } else {
            Ok(display)
        }
    }

    /// Waits until the page has painted and keeps still, then writes a PNG of it.
    pub(crate) fn picture(&self, path: &Path) -> Outcome {
        let end = Instant::now() + PAINT_WAIT;
        let mut before = Vec::new();
        loop {
            let pixels = self.pixels("rgb:-")?;
            if is_painted(&pixels) && pixels == before {
                break;
            }
            if Instant::now() > end {
                if is_painted(&pixels) {
                    break;
                }
                return fail("the window stayed empty for 60 s; its log is above");
            }
            before = pixels;
            thread::sleep(Duration::from_millis(500));
        }
        doing(
            path.display(),
            fs::create_dir_all(path.parent().unwrap_or(Path::new("."))),
        )?;
        doing(path.display(), fs::write(path, self.pixels("png:-")?))
    }

    fn pixels(&self, format: &str) -> Outcome<Vec<u8>> {
        let mut command = Command::new("import");
        command.args(["-display", &self.name, "-window", "root", "-depth", "8", format]);
        let output = doing("`import` of ImageMagick could not start", command.output())?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(Failure(format!(
                "no picture could be taken: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )))
        }
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts a display and says so.
pub(crate) fn start_and_say() -> Outcome<VirtualDisplay> {
    step("virtual display", || {
        let display = VirtualDisplay::start()?;
        println!(
            "there is no screen here, so the window opens on the virtual display {}",
            display.name
        );
        Ok(display)
    })
}

fn is_painted(rgb: &[u8]) -> bool {
    let mut shades: HashMap<&[u8], usize> = HashMap::new();
    for pixel in rgb.chunks_exact(3) {
        *shades.entry(pixel).or_default() += 1;
    }
    let pixels = rgb.len() / 3;
    let background = shades.values().copied().max().unwrap_or_default();
    shades.len() >= SHADES_OF_A_PAINTED_PAGE && (pixels - background) * 1000 > pixels * COVERED_PER_MILLE
}

#[cfg(test)]
mod tests {
    use super::is_painted;

    #[test]
    fn a_blank_window_is_not_painted() {
        assert!(!is_painted(&[255; 3 * 1000]));
        assert!(!is_painted(&[]));
        let letters: Vec<u8> = (0..=255u8).flat_map(|shade| [shade, shade, shade]).collect();
        assert!(is_painted(&letters));
        let mut one_line_of_text = vec![255; 3 * 100_000];
        one_line_of_text.extend(&letters);
        assert!(
            !is_painted(&one_line_of_text),
            "a page that only says that it is connecting"
        );
    }
}
