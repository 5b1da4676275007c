//! `weir-gateway check`.

use super::Source;
use std::sync::Arc;
use weir_gateway::config::{
    Environment,
    compile::{Parts, compile},
};

/// Reads and compiles everything that `serve` would, and says what is wrong or what it would do.
pub(super) fn run(source: &Source) -> Result<(), String> {
    let environment = Environment::of_process();
    let config = source.load(&environment).map_err(|problem| problem.to_string())?;
    let path = config.sqlite_path().map_err(|problem| problem.to_string())?;
    let parts = Parts::new(&config, Arc::new(environment)).map_err(|problem| problem.to_string())?;
    let settings = compile(&config, &[], 0, &parts).map_err(|problem| problem.to_string())?;
    println!("The configuration is good.");
    println!("  listens on   {}", config.listen);
    println!("  database     {}", path.display());
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
