//! A client's call in Weir's own words, whatever protocol it came in. No I/O.

mod usage;

use serde_json::Value;

pub use usage::Usage;

/// The protocol, and with it the endpoint, that the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientProtocol {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/embeddings`.
    Embeddings,
}

impl ClientProtocol {
    /// Name in rows and keys: `chat_completions`, `messages`, `embeddings`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ClientProtocol::ChatCompletions => "chat_completions",
            ClientProtocol::Messages => "messages",
            ClientProtocol::Embeddings => "embeddings",
        }
    }
}

/// A chat call in neutral form: what routing, caching and foreign providers need to know of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chat {
    /// As the client named it: `auto`, `gpt-5-mini`, `anthropic/claude-haiku-4-5`.
    pub model: String,
    /// All system and developer text, in order, joined by blank lines.
    pub system: String,
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    pub tool_choice: ToolChoice,
    /// Whether several tools may be asked for at once; none leaves it to the provider.
    pub parallel_tools: Option<bool>,
    pub output: OutputFormat,
    pub max_tokens: Option<u32>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub stop: Vec<String>,
    pub stream: bool,
    /// Chat completions only: the client wants usage in its stream.
    pub stream_usage: bool,
    /// True when the call asks for something this form cannot carry (several choices, log-probabilities, audio);
    /// such a call is served only by a provider of the client's own protocol.
    pub same_protocol_only: bool,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
}

/// One turn of the conversation. Tool results are parts of a user turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    pub role: Role,
    pub parts: Vec<Part>,
}

/// A piece of a turn or of an answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    Text {
        text: String,
    },
    /// An image by address (`https:`), or inline as base64.
    ImageUrl {
        url: String,
    },
    ImageBase64 {
        media_type: String,
        data: String,
    },
    /// The model's private thinking, where it is shown.
    Reasoning {
        text: String,
    },
    /// The model asks for a tool. `arguments` is JSON text.
    ToolCall {
        id: String,
        name: String,
        arguments: String,
    },
    /// What the tool gave.
    ToolResult {
        id: String,
        content: String,
        is_error: bool,
    },
}

/// A tool the model may ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: String,
    /// JSON schema of the arguments.
    pub parameters: Value,
}

/// Whether and which tool must be used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ToolChoice {
    #[default]
    Auto,
    None,
    Required,
    Named(String),
}

/// The form the answer must have.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum OutputFormat {
    #[default]
    Text,
    /// Any JSON object.
    Json,
    /// JSON that fits this schema.
    Schema {
        name: String,
        schema: Value,
        strict: bool,
    },
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    Stop,
    /// `max_tokens` was reached.
    Length,
    ToolCalls,
    /// The provider withheld or refused the answer.
    Refused,
}

/// A whole answer in neutral form.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// The provider's id of the answer.
    pub id: String,
    /// The model the provider says it used.
    pub model: String,
    pub parts: Vec<Part>,
    pub finish: Finish,
    /// None when the provider never said.
    pub usage: Option<Usage>,
}

/// A change to an answer that is being streamed.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// The answer begins.
    Start {
        id: String,
        model: String,
    },
    Text(String),
    Reasoning(String),
    ToolStart {
        index: usize,
        id: String,
        name: String,
    },
    /// More JSON text of tool call `index`.
    ToolArguments {
        index: usize,
        json: String,
    },
    /// Usage so far; the last one counts.
    Usage(Usage),
    Finish(Finish),
}
