//! A table that is held, so that an act which needs it waits in the middle of itself.

use super::desktop::Desktop;
use support::eventually;

/// What a table's lock is asked for.
const HOLDS: &str = "AND mode = 'AccessExclusiveLock' AND granted";
const WAITS: &str = "AND NOT granted";

pub(super) struct Held {
    table: &'static str,
    holding: std::thread::JoinHandle<()>,
}

impl Held {
    /// Holds a table of the desktop's database.
    pub(super) async fn hold(desktop: &Desktop, table: &'static str) -> Held {
        let server = desktop.database.server();
        let name = desktop.database.name().to_owned();
        let holding = std::thread::spawn(move || {
            let hold = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)");
            assert!(server.sql(&name, &hold).is_err(), "it is ended before");
        });
        let held = Held { table, holding };
        held.until(desktop, HOLDS).await;
        held
    }

    /// Waits until somebody waits for it.
    pub(super) async fn until_wanted(&self, desktop: &Desktop) {
        self.until(desktop, WAITS).await;
    }

    /// Lets it go.
    pub(super) fn release(self, desktop: &Desktop) {
        desktop
            .database
            .sql(&self.locks("pg_terminate_backend(pid)", HOLDS));
        self.holding.join().unwrap();
    }

    async fn until(&self, desktop: &Desktop, which: &str) {
        let count = self.locks("count(*)", which);
        eventually("the table is held, or waited for", || async {
            (desktop.database.sql(&count) == "1").then_some(())
        })
        .await;
    }

    fn locks(&self, what: &str, which: &str) -> String {
        format!(
            "SELECT {what} FROM pg_locks WHERE relation = '{}'::regclass {which}",
            self.table
        )
    }
}
