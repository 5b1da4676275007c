//! A database whose roles are as production has them.

use crate::{postgres::TestDatabase, process::run};

/// A database as an administrator makes it: the roles' SQL as printed, then the migration by the role for it.
pub async fn set_up() -> TestDatabase {
    set_up_in(TestDatabase::empty()).await
}

/// The same in a database that has nothing in it.
pub async fn set_up_in(database: TestDatabase) -> TestDatabase {
    // Twice, because running it again must change nothing.
    make_roles(&database).await;
    make_roles(&database).await;
    database.sql("CREATE TABLE public.salaries (who text); GRANT ALL ON public.salaries TO weir_migrator");
    database.sql("REVOKE ALL ON public.salaries FROM weir_migrator");
    weir_store_postgres::migrate(&database.url_as("weir_migrator"))
        .await
        .unwrap();
    database
}

/// Runs what `weir-gateway roles` prints. Roles are the whole server's, so tests do that one after the other.
pub async fn make_roles(database: &TestDatabase) {
    static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), &["roles"], &[]).await;
    let _one = ONE.lock().await;
    database.sql(&String::from_utf8(printed.stdout).unwrap());
}
