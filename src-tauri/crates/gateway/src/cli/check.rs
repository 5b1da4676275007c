//! `weir-gateway check`.

use super::Source;
use std::sync::Arc;
use weir_engine::clock::{Clock, SystemClock};
use weir_gateway::config::{
    Database, Environment,
    compile::{Parts, compile},
};

/// Reads and compiles everything that `serve` would, and says what is wrong or what it would do.
pub(super) async fn run(source: &Source) -> Result<(), String> {
    let environment = Environment::of_process();
    let config = source.load(&environment).map_err(|problem| problem.to_string())?;
    let database = config.database().map_err(|problem| problem.to_string())?;
    let parts = Parts::new(&config, Arc::new(environment)).map_err(|problem| problem.to_string())?;
    let settings = compile(&config, &[], 0, &parts).map_err(|problem| problem.to_string())?;
    let redis =
        weir_gateway::redis::place(&config, parts.secrets.as_ref()).map_err(|problem| problem.to_string())?;
    println!("The configuration is good.");
    println!("  listens on   {}", config.listen);
    println!("  database     {}", config.database_url);
    if let Some(place) = redis {
        println!("  redis        {place} (optional; it is not asked)");
    }
    println!("  default      {}", settings.default_provider);
    for (name, provider) in &settings.providers {
        let key = if provider.key_present {
            ""
        } else {
            "   (its key is missing)"
        };
        println!(
            "  provider     {name} at {}{key}",
            if provider.is_simulated() {
                "nowhere (simulated)"
            } else {
                &provider.config.base_url
            }
        );
    }
    for tier in weir_contract::model::tier::Tier::ALL {
        let models: Vec<String> = settings.tier(tier).iter().map(ToString::to_string).collect();
        println!(
            "  {tier}           {}",
            if models.is_empty() {
                "no models".to_owned()
            } else {
                models.join(", ")
            }
        );
    }
    if let Database::Postgres(url) = database {
        look_at(&url).await?;
    }
    let missing: Vec<&String> = settings
        .providers
        .iter()
        .filter(|(_, provider)| !provider.key_present)
        .map(|(name, _)| name)
        .collect();
    if let Some(name) = missing.first() {
        return Err(format!(
            "the key of provider \"{name}\" is missing: set the environment variable that key_env names"
        ));
    }
    Ok(())
}

/// Further off, and periods of caps begin at another time on the gateway than people see in the database.
const CLOCK_OFF_MS: i64 = 1_000;

/// Says how a Postgres stands, or what keeps a gateway from using it.
async fn look_at(url: &str) -> Result<(), String> {
    let clock = SystemClock::new();
    let state = weir_store_postgres::state(url, || clock.now_ms())
        .await
        .map_err(|problem| problem.to_string())?;
    println!(
        "  server       PostgreSQL {}, answers in {:.1} ms",
        state.server,
        state.round_trip.as_secs_f64() * 1e3
    );
    println!(
        "  role         {}{}",
        state.role,
        if state.read_only { " (may only read)" } else { "" }
    );
    println!(
        "  connection   {}",
        if state.encrypted { "TLS" } else { "not encrypted" }
    );
    println!(
        "  schema       step {} of {}",
        state.schema_step, state.known_step
    );
    println!(
        "  clock        {} ms ahead of this machine's",
        state.clock_ahead_ms
    );
    if state.schema_step < state.known_step {
        return Err("the database's schema is missing or old: run `weir-gateway migrate`".to_owned());
    }
    if state.read_only {
        return Err("the database accepts no writes from this role, or is a standby: name the primary, and a role such as weir_gateway".to_owned());
    }
    if !state.missing_rights.is_empty() {
        return Err(format!(
            "the role {} lacks rights that a gateway needs ({}): run `weir-gateway roles` and `weir-gateway migrate`, and use weir_gateway",
            state.role,
            state.missing_rights.join(", ")
        ));
    }
    if state.clock_ahead_ms.abs() > CLOCK_OFF_MS {
        return Err(format!(
            "the clocks of the database and of this machine differ by {} ms: let both follow a time server",
            state.clock_ahead_ms.abs()
        ));
    }
    Ok(())
}
