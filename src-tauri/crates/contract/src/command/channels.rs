//! Where alerts go.
use super::command;
use crate::model::{
    alert::{AlertChannel, ChannelState, ChannelTest},
    secret::Secret,
};

command! {
    /// All channels with the newest delivery of each.
    ChannelsList = "channels.list" {} -> Vec<ChannelState>
}
command! {
    /// Creates a channel (version 0) or replaces the version named. Changing where it leads unbinds its stored secret.
    ChannelsSave = "channels.save" { channel: AlertChannel, expected_version: i64 } -> ChannelState
}
command! {
    /// Removes a channel that no rule names.
    ChannelsDelete = "channels.delete" { name: String, expected_version: i64 } -> ()
}
command! {
    /// Sends a test to the channel now, once, and says what came of it.
    ChannelsTest = "channels.test" { name: String } -> ChannelTest
}
command! {
    /// Puts a channel's secret (a Slack address, a `whsec_` secret, a mail password) into the keychain or this session's
    /// memory. Only in the window.
    ChannelsSetSecret = "channels.set_secret" { channel: String, secret: Secret } -> ()
}
