//! `weir-gateway key`.

use super::Source;
use clap::Subcommand;
use weir_admin::keys;
use weir_contract::command::keys::{KeysCreate, KeysList, KeysRevoke};

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key. It is shown once.
    Create {
        /// Whose key it is, for people.
        #[arg(long)]
        name: String,
        /// Keys of one team share cached answers.
        #[arg(long, default_value = "")]
        team: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        source: Source,
    },
    /// List all keys, without their secrets.
    List {
        #[command(flatten)]
        source: Source,
    },
    /// Stop a key from working.
    Revoke {
        /// The key's public id.
        id: String,
        #[command(flatten)]
        source: Source,
    },
}

pub(super) async fn run(command: KeyCommand) -> Result<(), String> {
    match command {
        KeyCommand::Create {
            name,
            team,
            json,
            source,
        } => {
            let (admin, store) = source.offline_admin().await?;
            let created = keys::create(&admin, KeysCreate { name, team })
                .await
                .map_err(|problem| problem.to_string())?;
            if json {
                let shown = serde_json::json!({
                    "key": created.secret,
                    "id": created.key.id,
                    "name": created.key.name,
                    "team": created.key.team,
                    "last_four": created.key.last_four,
                    "created_ms": created.key.created_ms,
                });
                println!("{shown}");
            } else {
                println!("{}\n\nKeep it now; it is not shown again.", created.secret);
            }
            store.close().await.map_err(|problem| problem.to_string())
        }
        KeyCommand::List { source } => {
            let (admin, store) = source.offline_admin().await?;
            for key in keys::list(&admin, KeysList {})
                .await
                .map_err(|problem| problem.to_string())?
            {
                let state = if key.revoked_ms.is_some() {
                    "revoked"
                } else {
                    "active"
                };
                println!(
                    "{}  …{}  {state:7}  {}  {}",
                    key.id, key.last_four, key.name, key.team
                );
            }
            store.close().await.map_err(|problem| problem.to_string())
        }
        KeyCommand::Revoke { id, source } => {
            let (admin, store) = source.offline_admin().await?;
            let key = keys::revoke(&admin, KeysRevoke { id })
                .await
                .map_err(|problem| problem.to_string())?;
            println!("{} ({}) no longer works.", key.id, key.name);
            store.close().await.map_err(|problem| problem.to_string())
        }
    }
}
