//! Live refresh: events from the gateway, at most once a second, and a poll every two seconds as the net.

use super::{clock::now_ms, shell::Shell};
use crate::backend::tauri;
use leptos::prelude::*;
use std::time::Duration;

/// The shortest time between two refreshes that events ask for.
const EVENT_GAP_MS: i64 = 1_000;
const POLL: Duration = Duration::from_secs(2);

/// Lets one call through per gap and remembers that another is due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttle {
    last_ms: i64,
    due: bool,
}

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Now,
    /// Wait this many milliseconds, then ask again.
    After(i64),
    /// A refresh is waiting already.
    Drop,
}

impl Throttle {
    /// An event arrived.
    pub fn admit(&mut self, now_ms: i64) -> Admission {
        let wait = self.last_ms + EVENT_GAP_MS - now_ms;
        if wait <= 0 {
            self.last_ms = now_ms;
            self.due = false;
            Admission::Now
        } else if self.due {
            Admission::Drop
        } else {
            self.due = true;
            Admission::After(wait)
        }
    }

    /// The wait is over.
    pub fn fire(&mut self, now_ms: i64) {
        self.last_ms = now_ms;
        self.due = false;
    }
}

/// Starts both; called once.
pub fn start(shell: Shell) {
    let throttle = StoredValue::new(Throttle::default());
    leptos::task::spawn_local(tauri::listen_changed(move || on_event(shell, throttle)));
    set_interval(
        move || {
            if is_visible() {
                shell.refresh();
            }
        },
        POLL,
    );
}

fn on_event(shell: Shell, throttle: StoredValue<Throttle>) {
    let mut admission = Admission::Drop;
    throttle.update_value(|throttle| admission = throttle.admit(now_ms()));
    match admission {
        Admission::Now => shell.refresh(),
        Admission::After(wait_ms) => set_timeout(
            move || {
                throttle.update_value(|throttle| throttle.fire(now_ms()));
                shell.refresh();
            },
            Duration::from_millis(wait_ms.unsigned_abs()),
        ),
        Admission::Drop => {}
    }
}

fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_refreshes_at_once_and_once_more() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.admit(10_000), Admission::Now);
        assert_eq!(throttle.admit(10_100), Admission::After(900));
        assert_eq!(throttle.admit(10_200), Admission::Drop);
        throttle.fire(11_000);
        assert_eq!(throttle.admit(11_500), Admission::After(500));
        throttle.fire(12_000);
        assert_eq!(throttle.admit(13_000), Admission::Now);
    }
}
