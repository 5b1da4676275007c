//! Raises an alert once: the row that is unique decides which of several gateways sends.

use crate::{
    error::{from_sqlx, inconsistent},
    text::storable,
};
use serde::Serialize;
use sqlx::PgPool;
use std::borrow::Cow;
use weir_engine::store::{NewAlert, StoreError};

/// True when it was raised before.
pub(super) async fn is_known(pool: &PgPool, alert: &NewAlert) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM alert_events WHERE rule = $1 AND alert_key = $2 AND window_start_ms = $3",
        storable(&alert.rule).into_owned(),
        storable(&alert.key).into_owned(),
        alert.window_start_ms
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(found.is_some())
}

/// An alert as the function reads it.
#[derive(Serialize)]
struct Given<'a> {
    rule: Cow<'a, str>,
    alert_key: Cow<'a, str>,
    window_start_ms: i64,
    kind: Cow<'a, str>,
    subject: Cow<'a, str>,
    title: Cow<'a, str>,
    message: Cow<'a, str>,
    page: Cow<'a, str>,
    raised_ms: i64,
}

#[derive(Serialize)]
struct GivenDelivery<'a> {
    channel: Cow<'a, str>,
    state: &'static str,
    attempts: u32,
    note: Cow<'a, str>,
}

/// Writes it with its deliveries; false when another gateway was first.
pub(super) async fn raise(pool: &PgPool, alert: &NewAlert) -> Result<bool, StoreError> {
    let deliveries: Vec<_> = alert
        .deliveries
        .iter()
        .map(|delivery| GivenDelivery {
            channel: storable(&delivery.channel),
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            note: storable(&delivery.note),
        })
        .collect();
    let given = Given {
        rule: storable(&alert.rule),
        alert_key: storable(&alert.key),
        window_start_ms: alert.window_start_ms,
        kind: storable(&alert.kind),
        subject: storable(&alert.subject),
        title: storable(&alert.title),
        message: storable(&alert.message),
        page: storable(&alert.page),
        raised_ms: alert.raised_ms,
    };
    sqlx::query_scalar!(
        "SELECT raise_alert($1, $2) AS \"is_new!\"",
        encode(&given)?,
        encode(&deliveries)?
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

fn encode(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| inconsistent("alert_events", "message", "new", error))
}
