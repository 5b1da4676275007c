//! Failures of the fake provider that need no answer to be made.

use super::{
    Fault, anthropic,
    connection::Dialect,
    gemini, openai,
    wire::{wait_for_goodbye, write_head},
};
use std::io;
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Failures that need no answer to be made; none when the fault comes later.
pub(super) async fn fail_early(
    stream: &mut TcpStream,
    dialect: Dialect,
    fault: &Fault,
) -> io::Result<Option<bool>> {
    match fault {
        Fault::Status { status: 204, .. } => {
            write_head(stream, 204, "application/json", "", None).await?;
            Ok(Some(true))
        }
        Fault::Status { status, retry_after } => {
            let body = match dialect {
                Dialect::Openai => openai::error(*status),
                Dialect::Anthropic => anthropic::error(*status),
                Dialect::Gemini => gemini::error(*status),
            };
            let extra = retry_after
                .as_ref()
                .map(|value| format!("retry-after: {value}\r\n"))
                .unwrap_or_default();
            write_head(
                stream,
                *status,
                "application/json",
                &extra,
                Some(body.to_string().len()),
            )
            .await?;
            stream.write_all(body.to_string().as_bytes()).await?;
            Ok(Some(true))
        }
        Fault::Body { status, body } => {
            write_head(stream, *status, "application/json", "", Some(body.len())).await?;
            stream.write_all(body.as_bytes()).await?;
            Ok(Some(true))
        }
        Fault::Html => {
            let page = "<html><body><h1>It works!</h1></body></html>";
            write_head(stream, 200, "text/html", "", Some(page.len())).await?;
            stream.write_all(page.as_bytes()).await?;
            Ok(Some(true))
        }
        Fault::Redirect => {
            let to = "location: /v1/elsewhere\r\n";
            write_head(stream, 307, "text/plain", to, Some(0)).await?;
            Ok(Some(true))
        }
        Fault::Reset | Fault::ResetAtAccept => {
            stream.set_zero_linger()?;
            Ok(Some(false))
        }
        Fault::Silent => {
            wait_for_goodbye(stream).await;
            Ok(Some(false))
        }
        _ => Ok(None),
    }
}
