//! Says what the queries are checked against: the checked-in descriptions, or a live server while those are made anew.

use sqlx::{Connection, Executor, PgConnection, migrate::Migrator};
use std::{env, error::Error, path::PathBuf};

/// Set by `cargo xtask prepare-postgres`: the URL of an empty database.
const PREPARE: &str = "WEIR_PREPARE_POSTGRES";

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let crate_folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let migrations = crate_folder.join("../../../migrations/postgres");
    let descriptions = crate_folder.join(".sqlx");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", migrations.display());
    println!("cargo:rerun-if-env-changed={PREPARE}");
    println!("cargo:rustc-env=SQLX_OFFLINE_DIR={}", descriptions.display());
    let Ok(url) = env::var(PREPARE) else {
        println!("cargo:rerun-if-changed={}", descriptions.display());
        println!("cargo:rustc-env=SQLX_OFFLINE=true");
        return Ok(());
    };
    let mut connection = PgConnection::connect(&url).await?;
    connection
        .execute("DROP SCHEMA IF EXISTS weir CASCADE; CREATE SCHEMA weir")
        .await?;
    for step in Migrator::new(migrations).await?.iter() {
        connection.execute(step.sql.clone()).await?;
    }
    connection.close().await?;
    let joined = if url.contains('?') { '&' } else { '?' };
    println!("cargo:rustc-env=SQLX_OFFLINE=false");
    println!("cargo:rustc-env=DATABASE_URL={url}{joined}options[search_path]=weir");
    Ok(())
}
