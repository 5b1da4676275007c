//! A rollout's system prefix, put before what the client says.

use crate::{
    call::Call,
    request::{Chat, ClientProtocol},
};
use serde_json::{Value, json};
use std::sync::Arc;
use weir_contract::model::rollout::VariantChange;

/// Puts a rollout's system prefix in front, in the neutral form and in the client's own body alike.
pub(super) fn apply_prefix(call: &Call, change: &VariantChange) -> (Arc<Value>, Option<Arc<Chat>>) {
    let (Some(prefix), Some(chat)) = (&change.system_prefix, &call.chat) else {
        return (call.body.clone(), call.chat.clone());
    };
    let mut chat = Chat::clone(chat);
    chat.system = if chat.system.is_empty() {
        prefix.clone()
    } else {
        format!("{prefix}\n\n{}", chat.system)
    };
    let mut body = Value::clone(&call.body);
    match call.protocol {
        ClientProtocol::Messages => prefix_messages_system(&mut body, prefix),
        ClientProtocol::ChatCompletions | ClientProtocol::Embeddings => {
            if let Some(messages) = body.get_mut("messages").and_then(Value::as_array_mut) {
                messages.insert(0, json!({"role": "system", "content": prefix}));
            }
        }
    }
    (Arc::new(body), Some(Arc::new(chat)))
}

fn prefix_messages_system(body: &mut Value, prefix: &str) {
    let system = match body.get("system") {
        Some(Value::String(text)) => json!(format!("{prefix}\n\n{text}")),
        Some(Value::Array(blocks)) => {
            let mut blocks = blocks.clone();
            blocks.insert(0, json!({"type": "text", "text": prefix}));
            Value::Array(blocks)
        }
        _ => json!(prefix),
    };
    if let Some(fields) = body.as_object_mut() {
        fields.insert("system".to_owned(), system);
    }
}
