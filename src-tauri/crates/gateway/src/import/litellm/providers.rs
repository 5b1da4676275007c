//! LiteLLM's providers as Weir's: protocol, usual address and the variable that LiteLLM reads the key from.

use weir_contract::model::catalog::ProviderProtocol;

/// A provider that Weir can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// Before the slash in LiteLLM's `provider/model`.
    pub(super) prefix: &'static str,
    pub(super) protocol: ProviderProtocol,
    /// Empty where each has its own.
    pub(super) base_url: &'static str,
    /// Empty where no key is needed.
    pub(super) key_env: &'static str,
}

const fn compatible(prefix: &'static str, base_url: &'static str, key_env: &'static str) -> Known {
    Known {
        prefix,
        protocol: ProviderProtocol::Openai,
        base_url,
        key_env,
    }
}

const KNOWN: [Known; 20] = [
    compatible("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    Known {
        prefix: "anthropic",
        protocol: ProviderProtocol::Anthropic,
        base_url: "https://api.anthropic.com/v1",
        key_env: "ANTHROPIC_API_KEY",
    },
    Known {
        prefix: "gemini",
        protocol: ProviderProtocol::Gemini,
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        key_env: "GEMINI_API_KEY",
    },
    compatible("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    compatible("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    compatible("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    compatible("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    compatible("together_ai", "https://api.together.xyz/v1", "TOGETHERAI_API_KEY"),
    compatible(
        "fireworks_ai",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_AI_API_KEY",
    ),
    compatible("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    compatible("perplexity", "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY"),
    compatible("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    compatible(
        "deepinfra",
        "https://api.deepinfra.com/v1/openai",
        "DEEPINFRA_API_KEY",
    ),
    compatible(
        "nvidia_nim",
        "https://integrate.api.nvidia.com/v1",
        "NVIDIA_NIM_API_KEY",
    ),
    compatible("ollama", "http://127.0.0.1:11434/v1", ""),
    compatible("ollama_chat", "http://127.0.0.1:11434/v1", ""),
    compatible("lm_studio", "http://127.0.0.1:1234/v1", ""),
    compatible("hosted_vllm", "", "HOSTED_VLLM_API_KEY"),
    compatible("litellm_proxy", "", "LITELLM_PROXY_API_KEY"),
    compatible("custom_openai", "", ""),
];

pub(super) fn find(prefix: &str) -> Option<Known> {
    KNOWN.into_iter().find(|known| known.prefix == prefix)
}

/// The provider and the model of LiteLLM's `provider/model`. Names without a provider are recognised by their beginning, as
/// LiteLLM recognises them by its table.
pub(super) fn split(model: &str) -> Option<(&str, &str)> {
    if let Some((prefix, rest)) = model.split_once('/') {
        return Some((prefix, rest));
    }
    let starts = |words: &[&str]| words.iter().any(|word| model.starts_with(word));
    if starts(&["gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-"]) {
        return Some(("openai", model));
    }
    if starts(&["claude-"]) {
        return Some(("anthropic", model));
    }
    if starts(&["gemini-"]) {
        return Some(("gemini", model));
    }
    None
}
