//! Databases for tests, on one real Postgres per test process. A server that cannot be had fails the test.

use crate::postgres_server::PostgresServer;
use std::{
    path::PathBuf,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

static NUMBER: AtomicU64 = AtomicU64::new(0);
static SERVER: OnceLock<PostgresServer> = OnceLock::new();
static TEMPLATE: OnceLock<()> = OnceLock::new();
/// A template can be copied once at a time.
static COPYING: Mutex<()> = Mutex::new(());

/// The server of this process. It is never dropped; its watchdog ends it with the process.
pub fn server() -> &'static PostgresServer {
    SERVER.get_or_init(|| {
        PostgresServer::start(&target_folder(), &[]).unwrap_or_else(|problem| panic!("{problem}"))
    })
}

/// Cargo's target folder, where the server is kept.
#[must_use]
pub fn target_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    own.ancestors()
        .nth(3)
        .expect("tests lie in target/PROFILE/deps")
        .to_owned()
}

/// A database of one test, removed with it.
pub struct TestDatabase {
    server: &'static PostgresServer,
    name: String,
}

impl TestDatabase {
    /// Without anything in it.
    #[must_use]
    pub fn empty() -> TestDatabase {
        TestDatabase::copy_of("template0")
    }

    /// With Weir's schema, up to date.
    #[must_use]
    pub fn migrated() -> TestDatabase {
        TEMPLATE.get_or_init(|| {
            server().sql("postgres", "CREATE DATABASE migrated").unwrap();
            let url = server().url("migrated");
            // A runtime of its own, because the caller may be in one that has but one thread.
            let migrating = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(weir_store_postgres::migrate(&url)).unwrap();
            });
            migrating.join().expect("the schema can be made");
        });
        TestDatabase::copy_of("migrated")
    }

    fn copy_of(template: &str) -> TestDatabase {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let _one = COPYING.lock().unwrap_or_else(PoisonError::into_inner);
        server()
            .sql(
                "postgres",
                &format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"),
            )
            .unwrap();
        TestDatabase {
            server: server(),
            name,
        }
    }

    /// With Weir's schema, on a server of its own that may be stopped without harm to other tests. It goes with the process.
    pub async fn on_its_own_server() -> TestDatabase {
        let database = TestDatabase::on_a_server_by(Vec::new(), "listen_addresses=").await;
        weir_store_postgres::migrate(&database.url()).await.unwrap();
        database
    }

    /// Without anything in it, on a server of its own that is started by a launcher and listens at this address. It goes with
    /// the process.
    pub async fn on_a_server_at(address: &str, launcher: Vec<String>) -> TestDatabase {
        TestDatabase::on_a_server_by(launcher, &format!("listen_addresses={address}")).await
    }

    async fn on_a_server_by(launcher: Vec<String>, setting: &str) -> TestDatabase {
        let setting = setting.to_owned();
        let own = tokio::task::spawn_blocking(move || {
            PostgresServer::start_by(&launcher, &target_folder(), &[&setting])
        });
        let own = own
            .await
            .expect("it is not stopped")
            .unwrap_or_else(|problem| panic!("{problem}"));
        let server: &'static PostgresServer = Box::leak(Box::new(own));
        server.sql("postgres", "CREATE DATABASE own").unwrap();
        TestDatabase {
            server,
            name: "own".to_owned(),
        }
    }

    /// The server that it is on.
    #[must_use]
    pub fn server(&self) -> &'static PostgresServer {
        self.server
    }

    /// Its name at the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL for the server's administrator.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its URL for a role.
    #[must_use]
    pub fn url_as(&self, role: &str) -> String {
        self.server.url_as(role, &self.name)
    }

    /// Runs SQL in it and gives what it prints.
    ///
    /// # Errors
    /// What the server said.
    pub fn try_sql(&self, sql: &str) -> Result<String, String> {
        self.server.sql(&self.name, sql)
    }

    /// The same of what must succeed.
    pub fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).unwrap_or_else(|problem| panic!("{problem}"))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let _ = self
            .server
            .sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
