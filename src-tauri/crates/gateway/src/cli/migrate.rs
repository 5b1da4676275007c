//! `weir-gateway migrate` and `weir-gateway roles`.

use super::Source;
use weir_gateway::config::{Database, Environment};

/// Brings a Postgres's schema up to date, or prints the SQL that would.
pub(super) async fn run(source: &Source, print: bool) -> Result<(), String> {
    let config = source
        .load(&Environment::of_process())
        .map_err(|problem| problem.to_string())?;
    let Database::Postgres(url) = config.database().map_err(|problem| problem.to_string())? else {
        return Err("a SQLite file is brought up to date whenever it is opened; `migrate` is for Postgres: name it with --database postgres://user@host/database".to_owned());
    };
    if print {
        let sql = weir_store_postgres::pending_sql(&url).await;
        print!("{}", sql.map_err(|problem| problem.to_string())?);
        return Ok(());
    }
    let steps = weir_store_postgres::migrate(&url)
        .await
        .map_err(|problem| problem.to_string())?;
    for step in &steps {
        println!("done: {step}");
    }
    println!("{} is up to date.", config.database_url);
    Ok(())
}

/// Prints the SQL that makes the roles.
pub(super) fn print_roles() {
    print!("{}", weir_store_postgres::ROLES_SQL);
}
