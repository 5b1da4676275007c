//! Lays the migrations into an empty database, against which the queries are checked when they are compiled.

use sqlx::{ConnectOptions, migrate::Migrator, sqlite::SqliteConnectOptions};
use std::{env, error::Error, fs, path::PathBuf};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let crate_folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let migrations = crate_folder.join("../../../migrations/sqlite");
    println!("cargo:rerun-if-changed={}", migrations.display());
    println!("cargo:rerun-if-changed=build.rs");

    let schema = PathBuf::from(env::var("OUT_DIR")?).join("schema.db");
    if schema.exists() {
        fs::remove_file(&schema)?;
    }
    let mut connection = SqliteConnectOptions::new()
        .filename(&schema)
        .create_if_missing(true)
        .connect()
        .await?;
    Migrator::new(migrations).await?.run(&mut connection).await?;
    sqlx::Connection::close(connection).await?;
    println!("cargo:rustc-env=DATABASE_URL=sqlite://{}", schema.display());
    Ok(())
}
