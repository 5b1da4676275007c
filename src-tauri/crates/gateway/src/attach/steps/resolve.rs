//! The host's name becomes addresses.

use super::Record;
use std::{net::IpAddr, time::Duration};
use weir_contract::model::profile::StepKind;

const WITHIN: Duration = Duration::from_secs(5);
/// Addresses that are shown.
const SHOWN: usize = 4;

/// False when there are none.
pub(in crate::attach) async fn resolve(record: &mut Record, host: &str, port: u16) -> bool {
    if host.parse::<IpAddr>().is_ok() {
        record.skip(StepKind::Dns, format!("{host} is an address already"));
        return true;
    }
    let looked_up = tokio::time::timeout(WITHIN, tokio::net::lookup_host((host, port))).await;
    let problem = match looked_up {
        Ok(Ok(found)) => {
            let found: Vec<String> = found
                .take(SHOWN)
                .map(|address| address.ip().to_string())
                .collect();
            if !found.is_empty() {
                record.ok(StepKind::Dns, format!("{host} is {}", found.join(", ")));
                return true;
            }
            "it has no address".to_owned()
        }
        Ok(Err(problem)) => problem.to_string(),
        Err(_) => format!("no name server answered within {} s", WITHIN.as_secs()),
    };
    record.fail(
        StepKind::Dns,
        format!("{host} was not found: {problem}"),
        "Check the host's spelling. Inside a company's network the name may need its VPN.",
    );
    false
}
