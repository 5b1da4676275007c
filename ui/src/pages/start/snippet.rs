//! Lines to paste: how a client is pointed at Weir.

use crate::{components::copy::CodeBlock, contexts::use_shell};
use leptos::prelude::*;

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

/// The snippets of all clients, one at a time; `secret` is the key to put into them.
#[component]
pub fn Snippets(#[prop(into)] secret: Signal<Option<String>>, testid: &'static str) -> impl IntoView {
    let shell = use_shell();
    let chosen = RwSignal::new(Snippet::Curl);
    let text = Signal::derive(move || {
        let address = shell.status().map(|status| status.address).unwrap_or_default();
        chosen.get().text(&address, secret.get().as_deref())
    });
    let tab = move |snippet: Snippet| {
        view! { <button type="button" aria-pressed=move || (chosen.get() == snippet).to_string() on:click=move |_| chosen.set(snippet)>{snippet.title()}</button> }
    };
    view! {
        <div class="segments" role="group" aria-label="Client">{Snippet::ALL.map(tab).collect_view()}</div>
        {move || view! { <CodeBlock title=chosen.get().title() text testid/> }}
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
