//! All gateways that share the database.
use super::command;
use crate::model::gateway::GatewayFleet;

command! {
    /// Every gateway on the database, with the configuration that it runs.
    GatewaysList = "gateways.list" {} -> GatewayFleet
}
