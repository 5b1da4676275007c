//! `weir-gateway export` and `weir-gateway import`.

use super::Source;
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use weir_contract::model::catalog::ProviderConfig;
use weir_gateway::import::{
    Plan,
    apply::{Deed, Step, steps, write},
    document, litellm,
};
use weir_gateway::store::OpenStore;

/// Whose form the file has.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// What `weir-gateway export` wrote.
    Weir,
    /// LiteLLM's config.yaml.
    Litellm,
    /// LiteLLM's model_prices_and_context_window.json.
    LitellmPrices,
}

/// What is imported, and how far.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// The file.
    file: PathBuf,
    /// Whose form it has; without it, the file's ending tells: toml, yaml, json.
    #[arg(long)]
    from: Option<Form>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Where to write what belongs into weir.toml (prices, timeouts); without it, it is printed. Never over a file that is there.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

/// Prints the configuration of the database.
pub(super) async fn export(source: &Source, to: Option<&Path>) -> Result<(), String> {
    let (_, store) = source.offline_admin().await?;
    let items = store
        .shared()
        .config_items()
        .await
        .map_err(|problem| problem.to_string());
    let closed = store.close().await.map_err(|problem| problem.to_string());
    let text = document::write(&items?)?;
    match to {
        None => print!("{text}"),
        Some(path) => create(path, &text)?,
    }
    closed
}

/// Reads a file, says what it means, and writes it unless it is a dry run.
pub(super) async fn import(import: Import) -> Result<(), String> {
    let text = std::fs::read_to_string(&import.file)
        .map_err(|problem| format!("{} cannot be read: {problem}", import.file.display()))?;
    let form = import.from.or_else(|| form_of(&import.file)).ok_or(
        "the file's ending does not tell what it is; say it with --from weir, --from litellm or --from litellm-prices",
    )?;
    let (admin, store) = import.source.offline_admin().await?;
    let admin = admin.on(weir_admin::Occasion {
        reason: format!(
            "import of {}",
            import.file.file_name().unwrap_or_default().to_string_lossy()
        ),
        ..weir_admin::Occasion::default()
    });
    let outcome = async {
        let plan = match form {
            Form::Weir => document::parse(&text),
            Form::Litellm => litellm::config(&text),
            Form::LitellmPrices => {
                let config = import.source.load(&weir_gateway::config::Environment::of_process());
                let mut names: Vec<String> = config
                    .map_err(|problem| problem.to_string())?
                    .providers
                    .into_iter()
                    .map(|provider| provider.name)
                    .collect();
                names.extend(providers_of(&store).await?);
                litellm::prices(&text, &names)
            }
        }
        .map_err(|problem| format!("{}: {problem}", import.file.display()))?;
        let steps = steps(&admin, &plan).await.map_err(|problem| problem.to_string())?;
        say(&plan, &steps);
        if import.dry_run {
            say_file(&plan, None)?;
            println!("\nThis was a dry run: nothing was written.");
            return Ok(());
        }
        say_file(&plan, import.write.as_deref())?;
        let done = write(&admin, &steps).await.map_err(|problem| problem.to_string())?;
        println!("\n{done} items written. A running gateway takes them over within a second; undo them on the page Changes.");
        Ok(())
    }
    .await;
    let closed = store.close().await.map_err(|problem| problem.to_string());
    outcome.and(closed)
}

async fn providers_of(store: &OpenStore) -> Result<Vec<String>, String> {
    let items = store
        .shared()
        .config_items()
        .await
        .map_err(|problem| problem.to_string())?;
    let providers = items.iter().filter(|item| item.kind == "provider");
    Ok(providers
        .filter_map(|item| serde_json::from_str::<ProviderConfig>(&item.body).ok())
        .map(|provider| provider.name)
        .collect())
}

fn form_of(path: &Path) -> Option<Form> {
    match path.extension()?.to_str()? {
        "toml" => Some(Form::Weir),
        "yaml" | "yml" => Some(Form::Litellm),
        "json" => Some(Form::LitellmPrices),
        _ => None,
    }
}

fn say(plan: &Plan, steps: &[Step]) {
    for step in steps {
        match &step.deed {
            Deed::Create => println!("+ {} \"{}\"", step.kind, step.name),
            Deed::Nothing => println!("= {} \"{}\" is so already", step.kind, step.name),
            Deed::Change(fields) => {
                println!("~ {} \"{}\"", step.kind, step.name);
                for field in fields {
                    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "(none)".to_owned());
                    println!(
                        "    {}: {} -> {}",
                        field.path,
                        or(&field.before),
                        or(&field.after)
                    );
                }
            }
        }
    }
    section("Understood", &plan.understood);
    section("Not understood", &plan.not_understood);
}

fn section(title: &str, lines: &[String]) {
    if !lines.is_empty() {
        println!("\n{title}:");
        lines.iter().for_each(|line| println!("- {line}"));
    }
}

fn say_file(plan: &Plan, to: Option<&Path>) -> Result<(), String> {
    if plan.file.is_empty() {
        return Ok(());
    }
    match to {
        None => println!("\nFor weir.toml:\n\n{}", plan.file),
        Some(path) => {
            create(path, &plan.file)?;
            println!("\nWhat belongs into weir.toml is in {}.", path.display());
        }
    }
    Ok(())
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) -> Result<(), String> {
    use std::io::Write;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|problem| format!("{} cannot be written: {problem}", path.display()))
}
