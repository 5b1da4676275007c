//! `audit.undo`: puts back what was before a change, by the same operations that change it, so that the same rules hold.

use super::{
    list,
    standing::{self, Present},
};
use crate::{
    Admin, Occasion, alerts, caps, channels, check, config, dispatch, from_store, limits, providers, rollouts,
};
use serde_json::{Value, json};
use weir_contract::{
    ApiError, Command, ErrorCode,
    command::{
        alerts::{AlertsDelete, AlertsSave},
        audit::AuditUndo,
        caps::{CapsDelete, CapsSave},
        channels::{ChannelsDelete, ChannelsSave},
        keys::KeysUpdate,
        limits::{LimitsDelete, LimitsSave},
        providers::{ProvidersSave, ProvidersSetDefault},
        rollouts::{RolloutsDelete, RolloutsSave},
    },
    model::change::{ChangeFilter, ChangeState, UndoStanding},
};
use weir_engine::store::UndoSource;

/// Undoes the change, and says what that made of the log.
///
/// # Errors
/// `NotFound` for no such change, `Conflict` when it was undone before or changed since, `NotAllowed` for what cannot be
/// undone, and those of the operation that puts it back.
pub async fn undo(admin: &Admin, command: AuditUndo) -> Result<ChangeState, ApiError> {
    check::line("reason", &command.reason, 500)?;
    let seq = command.seq;
    let (change, undone_by) = admin
        .store
        .get_change(seq)
        .await
        .map_err(from_store)?
        .ok_or_else(|| ApiError::not_found(format!("there is no change {seq}; look at the list again")))?;
    let present = Present::read(admin).await?;
    match standing::of(admin, &present, &change, undone_by).await? {
        UndoStanding::Possible => {}
        UndoStanding::Undone { by } => {
            return Err(ApiError::new(
                ErrorCode::Conflict,
                format!("change {seq} was undone already, by change {by}"),
            ));
        }
        UndoStanding::Impossible { why } => {
            return Err(ApiError::new(
                ErrorCode::NotAllowed,
                format!("change {seq} cannot be undone: {why}"),
            ));
        }
    }
    let source = admin.store.undo_source(seq).await.map_err(from_store)?;
    let source = source.ok_or_else(|| unreadable(seq, "what was before is not kept"))?;
    let undoing = admin.on(Occasion {
        command: AuditUndo::NAME.to_owned(),
        reason: command.reason.trim().to_owned(),
        undoes: Some(seq),
    });
    put_back(
        &undoing,
        seq,
        &source,
        present.version(&source.kind, &source.name),
    )
    .await?;
    let made = admin
        .store
        .list_changes(&ChangeFilter::default(), None, 200)
        .await
        .map_err(from_store)?
        .into_iter()
        .filter(|(change, _)| change.undoes == Some(seq))
        // What it brought with it, such as the end of a snooze, comes after it.
        .min_by_key(|(change, _)| change.seq);
    let (made, undone_by) = made.ok_or_else(|| unreadable(seq, "the undo's own row is not in the log"))?;
    let present = Present::read(admin).await?;
    list::state(admin, &present, made, undone_by).await
}

/// Runs the operation that makes it as it was. `version` is the one that is there, 0 where nothing is.
async fn put_back(admin: &Admin, seq: i64, source: &UndoSource, version: i64) -> Result<(), ApiError> {
    let before = source
        .before
        .as_deref()
        .map(serde_json::from_str::<Value>)
        .transpose();
    let before = before.map_err(|problem| unreadable(seq, problem))?;
    let (kind, name) = (source.kind.as_str(), source.name.as_str());
    let saved = |field: &str, value: Value| json!({field: value, "expected_version": version});
    let removed = json!({"name": name, "expected_version": version});
    let (command, args) = match (kind, before) {
        (caps::KIND, Some(cap)) => (CapsSave::NAME, saved("cap", cap)),
        (caps::KIND, None) => (CapsDelete::NAME, removed),
        (limits::KIND, Some(limit)) => (LimitsSave::NAME, saved("limit", limit)),
        (limits::KIND, None) => (LimitsDelete::NAME, removed),
        (rollouts::KIND, Some(rollout)) => (RolloutsSave::NAME, saved("rollout", rollout)),
        (rollouts::KIND, None) => (RolloutsDelete::NAME, removed),
        (alerts::KIND, Some(rule)) => (AlertsSave::NAME, saved("rule", rule)),
        (alerts::KIND, None) => (AlertsDelete::NAME, removed),
        (channels::KIND, Some(channel)) => (ChannelsSave::NAME, saved("channel", channel)),
        (channels::KIND, None) => (ChannelsDelete::NAME, removed),
        (providers::KIND, Some(provider)) => (ProvidersSave::NAME, saved("provider", provider)),
        (providers::KIND, None) => return remove_provider(admin, name, version).await,
        (providers::SETTING_KIND, Some(name)) => (ProvidersSetDefault::NAME, json!({"name": name})),
        (providers::SETTING_KIND, None) => return config::delete(admin, kind, name, version).await,
        ("virtual_key", Some(Value::Object(mut fields))) => {
            fields.insert("id".to_owned(), name.into());
            fields.insert("expected_version".to_owned(), version.into());
            (KeysUpdate::NAME, Value::Object(fields))
        }
        _ => return Err(unreadable(seq, format!("nothing puts a {kind} back"))),
    };
    // The same door as everybody's, with the same rules behind it.
    Box::pin(dispatch::run(admin, command, args)).await.map(|_| ())
}

/// There is no operation for it, because a provider that is in use must not go; one that was just made may.
async fn remove_provider(admin: &Admin, name: &str, version: i64) -> Result<(), ApiError> {
    let settings = config::all::<Value>(admin, providers::SETTING_KIND).await?;
    let is_default = settings
        .iter()
        .any(|setting| setting.name == providers::DEFAULT_PROVIDER_SETTING && setting.value == name);
    if is_default || admin.live.default_provider() == name {
        return Err(ApiError::new(
            ErrorCode::NotAllowed,
            format!("\"{name}\" is the default provider; make another one the default first"),
        ));
    }
    config::delete(admin, providers::KIND, name, version).await
}

fn unreadable(seq: i64, problem: impl std::fmt::Display) -> ApiError {
    ApiError::new(
        ErrorCode::Internal,
        format!("change {seq} cannot be undone: {problem}; nothing was changed"),
    )
}
