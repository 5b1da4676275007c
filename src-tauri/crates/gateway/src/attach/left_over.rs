//! What a lost connection left at the server is ended before the window is back. A system goes on to send what a program has given
//! up, for minutes, so a change could be made after the page has shown that it was not.

use super::{password_source, session::Attached};
use std::sync::atomic::Ordering;
use weir_store_postgres::{LoginError, Route, end_left_over};

impl Attached {
    /// Ends it, if the window has been unlocked since it was last ended.
    ///
    /// # Errors
    /// Why the server cannot be reached. One that refuses is none: the window still has to come back for reading.
    pub(super) async fn end_left_over(&self, route: &Route) -> Result<(), String> {
        if !self.has_been_unlocked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let user = &self.profile.admin_user;
        let password = self.options.secrets.secret(&password_source(&self.profile, user));
        match end_left_over(&route.as_user(user, password)).await {
            Ok(()) => self.has_been_unlocked.store(false, Ordering::Relaxed),
            Err(LoginError::Unreachable(problem)) => return Err(problem),
            Err(problem) => {
                tracing::warn!(%problem, "what the window changed last may still be on its way to the database");
            }
        }
        Ok(())
    }
}
