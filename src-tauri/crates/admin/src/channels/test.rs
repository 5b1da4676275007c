//! `channels.test`: sends a test now, once, and says what came of it. The history keeps it.

use super::KIND;
use crate::{Admin, check, config, from_store};
use weir_contract::{
    ApiError,
    command::channels::ChannelsTest,
    model::alert::{AlertChannel, AlertEvent, ChannelTest, DeliveryState},
};
use weir_engine::store::{NewAlert, NewDelivery};

/// Sends it, whether or not the channel is switched off or snoozed.
///
/// # Errors
/// `NotFound`, `Unavailable` where no gateway runs, failures of the database. A channel that fails is no error but a reply
/// with `ok` false.
pub async fn test(admin: &Admin, command: ChannelsTest) -> Result<ChannelTest, ApiError> {
    let channels = config::all::<AlertChannel>(admin, KIND).await?;
    let found = channels.iter().find(|channel| channel.name == command.name);
    let channel = found.ok_or_else(|| {
        ApiError::not_found(format!(
            "there is no channel {:?}; there are: {}",
            command.name,
            check::listed(channels.iter().map(|channel| channel.name.as_str()))
        ))
    })?;
    let now_ms = admin.clock.now_ms();
    let event = AlertEvent {
        id: 0,
        rule: String::new(),
        kind: "test".to_owned(),
        subject: format!("channel \"{}\"", channel.name),
        window_start_ms: now_ms,
        title: "Test from Weir".to_owned(),
        message: "This is a test. Nothing is wrong, and nothing needs to be done: alerts will arrive here."
            .to_owned(),
        page: "alerts".to_owned(),
        raised_ms: now_ms,
        deliveries: Vec::new(),
    };
    let outcome = admin.live.test_channel(&channel.value, &event).await?;
    let kept = NewAlert {
        rule: String::new(),
        // Several tests in the same millisecond count as one.
        key: format!("test of {}", channel.name),
        window_start_ms: now_ms,
        kind: event.kind,
        subject: event.subject,
        title: event.title,
        message: event.message,
        page: event.page,
        raised_ms: now_ms,
        deliveries: vec![NewDelivery {
            channel: channel.name.clone(),
            state: if outcome.ok {
                DeliveryState::Delivered
            } else {
                DeliveryState::GivenUp
            },
            attempts: 1,
            note: outcome.message.clone(),
        }],
    };
    admin.store.raise_alert(kept).await.map_err(from_store)?;
    Ok(outcome)
}
