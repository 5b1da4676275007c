//! The usual ladder of each protocol, for those who configured none.

use weir_contract::model::catalog::{ProviderConfig, ProviderProtocol};
use weir_engine::settings::ModelRef;

/// T0 to T3 of a provider, from its own models. A compatible server at another address has none: its models are not known.
#[must_use]
pub(super) fn usual_ladder(provider: &ProviderConfig) -> [Vec<ModelRef>; 4] {
    let models: [&[&str]; 4] = match provider.protocol {
        ProviderProtocol::Openai => [&["gpt-5-nano"], &["gpt-5-mini"], &["gpt-5"], &["gpt-5.1"]],
        ProviderProtocol::Anthropic => [
            &["claude-haiku-4-5"],
            &["claude-haiku-4-5"],
            &["claude-sonnet-4-5"],
            &["claude-opus-4-5"],
        ],
        ProviderProtocol::Gemini => [
            &["gemini-2.5-flash-lite"],
            &["gemini-2.5-flash"],
            &["gemini-2.5-pro"],
            &["gemini-2.5-pro"],
        ],
        ProviderProtocol::Simulated => [&["sim-nano"], &["sim-mini"], &["sim-standard"], &["sim-large"]],
    };
    models.map(|names| {
        names
            .iter()
            .map(|model| ModelRef {
                provider: provider.name.clone(),
                model: (*model).to_owned(),
            })
            .collect()
    })
}

/// The usual model for embeddings, where the protocol has one.
#[must_use]
pub(super) fn usual_embedding_model(provider: &ProviderConfig) -> Option<ModelRef> {
    let model = match provider.protocol {
        ProviderProtocol::Openai => "text-embedding-3-small",
        ProviderProtocol::Gemini => "gemini-embedding-001",
        ProviderProtocol::Simulated => "sim-embed",
        ProviderProtocol::Anthropic => return None,
    };
    Some(ModelRef {
        provider: provider.name.clone(),
        model: model.to_owned(),
    })
}
