//! `weir-gateway admin`: the dashboard's operations by name.

use super::Source;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Print the names of all operations as JSON.
    List,
    /// Call one: `admin call caps.list '{}' --database sqlite:///path/weir.db`. A running gateway takes changes over within a second.
    Call {
        name: String,
        /// Its arguments.
        #[arg(default_value = "{}")]
        arguments: String,
        /// Why; kept in the log of changes.
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        source: Source,
    },
}

pub(super) async fn run(command: AdminCommand) -> Result<(), String> {
    match command {
        AdminCommand::List => {
            println!("{}", serde_json::json!(weir_admin::COMMAND_NAMES));
            Ok(())
        }
        AdminCommand::Call {
            name,
            arguments,
            reason,
            source,
        } => {
            let arguments = serde_json::from_str(&arguments).map_err(|problem| {
                format!("the arguments are not JSON ({problem}); write them like '{{\"limit\": 10}}'")
            })?;
            let (admin, store) = source.offline_admin().await?;
            let admin = admin.on(weir_admin::Occasion {
                reason,
                ..weir_admin::Occasion::default()
            });
            let reply = weir_admin::call(&admin, &name, arguments).await;
            store.close().await.map_err(|problem| problem.to_string())?;
            let reply = reply.map_err(|problem| serde_json::json!(problem).to_string())?;
            println!(
                "{}",
                serde_json::to_string_pretty(&reply).map_err(|problem| problem.to_string())?
            );
            Ok(())
        }
    }
}
