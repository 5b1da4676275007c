//! Lines to paste: how a client is pointed at Weir.

/// Which client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snippet {
    Curl,
    OpenAi,
    Anthropic,
}

/// Stands in the snippet until a key exists.
const NO_KEY: &str = "sk-weir-YOUR-KEY";

impl Snippet {
    /// All clients, simplest first.
    pub const ALL: [Snippet; 3] = [Snippet::Curl, Snippet::OpenAi, Snippet::Anthropic];

    /// The tab's word.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Snippet::Curl => "curl",
            Snippet::OpenAi => "OpenAI Python SDK",
            Snippet::Anthropic => "Anthropic Python SDK",
        }
    }

    /// The lines for this address and key.
    #[must_use]
    pub fn text(self, address: &str, key: Option<&str>) -> String {
        let key = key.unwrap_or(NO_KEY);
        match self {
            Snippet::Curl => format!(
                "curl {address}/v1/chat/completions \\\n  -H \"Authorization: Bearer {key}\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{\"model\": \"auto\", \"messages\": [{{\"role\": \"user\", \"content\": \"Say hello\"}}]}}'"
            ),
            Snippet::OpenAi => format!(
                "from openai import OpenAI\n\nclient = OpenAI(base_url=\"{address}/v1\", api_key=\"{key}\")\nanswer = client.chat.completions.create(\n    model=\"auto\",\n    messages=[{{\"role\": \"user\", \"content\": \"Say hello\"}}],\n)\nprint(answer.choices[0].message.content)"
            ),
            Snippet::Anthropic => format!(
                "from anthropic import Anthropic\n\nclient = Anthropic(base_url=\"{address}\", api_key=\"{key}\")\nanswer = client.messages.create(\n    model=\"auto\",\n    max_tokens=200,\n    messages=[{{\"role\": \"user\", \"content\": \"Say hello\"}}],\n)\nprint(answer.content[0].text)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Snippet;

    #[test]
    fn every_snippet_carries_address_and_key() {
        for snippet in Snippet::ALL {
            let text = snippet.text("http://127.0.0.1:8787", Some("sk-weir-a-b"));
            assert!(
                text.contains("http://127.0.0.1:8787") && text.contains("sk-weir-a-b"),
                "{text}"
            );
            assert!(snippet.text("x", None).contains("YOUR-KEY"));
        }
    }
}
