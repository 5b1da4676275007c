//! `cargo xtask prepare-postgres`: describes the queries of `store-postgres` anew, after they or its migrations changed.

use crate::{
    postgres_server::PostgresServer,
    step::{Failure, Outcome, doing, run, step},
    workspace::Workspace,
};
use std::fs;

/// Compiles the store against a server of its own, which writes down what each query takes and gives.
pub(crate) fn prepare() -> Outcome {
    let workspace = Workspace::find()?;
    let descriptions = workspace.root.join("src-tauri/crates/store-postgres/.sqlx");
    step("describe the queries on Postgres", || {
        let server = PostgresServer::start(&workspace.target, &[]).map_err(Failure)?;
        doing(
            "the old descriptions cannot be removed",
            remove_all(&descriptions),
        )?;
        doing("their folder cannot be made", fs::create_dir_all(&descriptions))?;
        // The build script makes the schema in this database, and the queries are checked against it. The server's own
        // database will do: nothing else is in it.
        let mut check = workspace.cargo();
        // The selection of packages that everything else uses: another one would compile everything anew.
        check
            .args(["check", "--workspace", "--exclude", "xtask"])
            .env("WEIR_PREPARE_POSTGRES", server.url("postgres"));
        run(&mut check)
    })
}

fn remove_all(folder: &std::path::Path) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}
