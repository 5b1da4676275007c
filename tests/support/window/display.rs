//! A virtual display of its own for every window.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

pub(super) struct Display {
    server: Child,
    /// `:7`.
    pub(super) name: String,
}

impl Display {
    /// Starts Xvfb; it chooses a free number and tells it.
    pub(super) fn start() -> Display {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1920x1080x24",
                "-nolisten",
                "tcp",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is missing: run `cargo xtask setup`");
        let output = server.stdout.take().expect("the output is piped");
        let mut number = String::new();
        BufReader::new(output)
            .read_line(&mut number)
            .expect("Xvfb names its display");
        let display = Display {
            server,
            name: format!(":{}", number.trim()),
        };
        assert!(!number.trim().is_empty(), "Xvfb ended without naming its display");
        display
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
