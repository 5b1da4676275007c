//! What a process has used so far, from Linux's `/proc`; elsewhere it is not known.

use std::path::PathBuf;

/// A look at one process.
pub(crate) struct ProcessUsage {
    folder: PathBuf,
    ticks_per_second: u64,
}

impl ProcessUsage {
    pub(crate) fn of(id: u32) -> ProcessUsage {
        let said = std::process::Command::new("getconf").arg("CLK_TCK").output();
        let ticks = said
            .ok()
            .and_then(|said| String::from_utf8(said.stdout).ok()?.trim().parse().ok());
        // 100 is what every usual Linux has.
        ProcessUsage {
            folder: PathBuf::from(format!("/proc/{id}")),
            ticks_per_second: ticks.unwrap_or(100),
        }
    }

    /// User and system time of all threads, in milliseconds.
    pub(crate) fn cpu_ms(&self) -> Option<u64> {
        let text = std::fs::read_to_string(self.folder.join("stat")).ok()?;
        // The name in parentheses may hold spaces; counting starts after it, with the state as the third field.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(ticks * 1_000 / self.ticks_per_second)
    }

    /// The most memory it ever had.
    pub(crate) fn peak_memory_bytes(&self) -> Option<u64> {
        let text = std::fs::read_to_string(self.folder.join("status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib * 1_024)
    }
}
