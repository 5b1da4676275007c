//! Makes up an answer whose content depends on the request alone. Pure.

use super::{
    answer_of,
    directive::{Directives, Fault},
    schema_sample::sample,
};
use crate::{
    provider::UpstreamCall,
    request::{Answer, Chat, ClientProtocol, Finish, OutputFormat, Part, Role, Tool, ToolChoice, Usage},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use weir_contract::model::usage::TokenUsage;

/// About how many bytes of text make a token.
const BYTES_PER_TOKEN: usize = 4;
/// What an image costs, about.
const IMAGE_BYTES: usize = 340 * BYTES_PER_TOKEN;
const LABEL: &str = "(simulated) ";

/// A number that is the same for the same request to the same model.
#[must_use]
pub fn seed(call: &UpstreamCall) -> u64 {
    let mut hash = Sha256::new();
    hash.update(call.model.as_bytes());
    hash.update([0]);
    if call.protocol == ClientProtocol::Embeddings {
        hash.update(call.body.to_string().as_bytes());
    } else {
        hash.update(call.chat.system.as_bytes());
        // The neutral turns, not the body: the same words through another protocol get the same answer.
        hash.update(format!("{:?}{:?}{:?}", call.chat.turns, call.chat.tools, call.chat.output).as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Steps a seed on (SplitMix64).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn pick(seed: &mut u64, below: usize) -> usize {
    usize::try_from(next(seed) % below.max(1) as u64).unwrap_or(0)
}

/// Usage of so many bytes of input and nothing else.
#[must_use]
pub fn input_usage(bytes: usize) -> TokenUsage {
    TokenUsage {
        input: tokens_of(bytes),
        ..TokenUsage::default()
    }
}

fn tokens_of(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(BYTES_PER_TOKEN).max(1)).unwrap_or(i64::MAX)
}

/// The whole answer.
#[must_use]
pub fn answer(call: &UpstreamCall, directives: &Directives, fault: Option<Fault>, seed: u64) -> Answer {
    let mut state = seed;
    let id = format!("sim-{seed:016x}");
    let (parts, finish) = content(call, directives, fault, &mut state);
    let mut answer = answer_of(id, &call.model, parts, finish);
    let output = match directives.tokens {
        Some(tokens) if matches!(answer.parts.first(), Some(Part::Text { .. })) => {
            i64::from(tokens.min(call.chat.max_tokens.unwrap_or(u32::MAX)))
        }
        _ => answer.parts.iter().map(|part| tokens_of(part_bytes(part))).sum(),
    };
    if fault != Some(Fault::NoUsage) {
        answer.usage = Some(Usage::from(TokenUsage {
            output,
            ..input_usage(input_bytes(&call.chat))
        }));
    }
    answer
}

fn content(
    call: &UpstreamCall,
    directives: &Directives,
    fault: Option<Fault>,
    seed: &mut u64,
) -> (Vec<Part>, Finish) {
    match fault {
        Some(Fault::Empty) => return (Vec::new(), Finish::Stop),
        Some(Fault::Refuse) => {
            let text = format!("{LABEL}I can't help with that.");
            return (vec![Part::Text { text }], Finish::Refused);
        }
        _ => {}
    }
    let chat = &call.chat;
    if let Some(tool) = wanted_tool(chat, fault == Some(Fault::Tool)) {
        let id = format!("call_{:016x}", next(seed));
        let arguments = sample(&tool.parameters).to_string();
        return (
            vec![Part::ToolCall {
                id,
                name: tool.name.clone(),
                arguments,
            }],
            Finish::ToolCalls,
        );
    }
    let text = match &chat.output {
        OutputFormat::Schema { schema, .. } => sample(schema).to_string(),
        OutputFormat::Json => json!({"simulated": true, "answer": sentences(seed, 12)}).to_string(),
        OutputFormat::Text => {
            let tokens = directives
                .tokens
                .unwrap_or_else(|| 30 + u32::try_from(pick(seed, 170)).unwrap_or(0));
            let allowed = chat.max_tokens.unwrap_or(u32::MAX);
            let text = prose(chat, seed, tokens.min(allowed) as usize);
            let finish = if tokens > allowed {
                Finish::Length
            } else {
                Finish::Stop
            };
            return (vec![Part::Text { text }], finish);
        }
    };
    (vec![Part::Text { text }], Finish::Stop)
}

/// The tool to ask for: only when the client insists or a fault asks for it, so that ordinary calls get ordinary answers.
fn wanted_tool(chat: &Chat, asked: bool) -> Option<&Tool> {
    match &chat.tool_choice {
        ToolChoice::Named(name) => chat.tools.iter().find(|tool| tool.name == *name),
        ToolChoice::Required => chat.tools.first(),
        ToolChoice::Auto if asked => chat.tools.first(),
        ToolChoice::Auto | ToolChoice::None => None,
    }
}

fn input_bytes(chat: &Chat) -> usize {
    let turns: usize = chat
        .turns
        .iter()
        .flat_map(|turn| &turn.parts)
        .map(part_bytes)
        .sum();
    let tools: usize = chat
        .tools
        .iter()
        .map(|tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len())
        .sum();
    // A few tokens frame every turn.
    chat.system.len() + turns + tools + chat.turns.len() * 4 * BYTES_PER_TOKEN
}

fn part_bytes(part: &Part) -> usize {
    match part {
        Part::Text { text } | Part::Reasoning { text } => text.len(),
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
        Part::ToolResult { content, .. } => content.len(),
        Part::ImageUrl { .. } | Part::ImageBase64 { .. } => IMAGE_BYTES,
    }
}

/// Labelled text of about so many tokens that names what was asked.
fn prose(chat: &Chat, seed: &mut u64, tokens: usize) -> String {
    let bytes = tokens.max(1) * BYTES_PER_TOKEN;
    let mut text = LABEL.to_owned();
    let asked = chat
        .turns
        .iter()
        .rev()
        .filter(|turn| turn.role == Role::User)
        .find_map(|turn| {
            turn.parts.iter().rev().find_map(|part| match part {
                Part::Text { text } => Some(text.split_whitespace().take(8).collect::<Vec<_>>().join(" ")),
                Part::ToolResult { content, .. } => {
                    Some(content.split_whitespace().take(8).collect::<Vec<_>>().join(" "))
                }
                _ => None,
            })
        });
    if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
        let asked: String = asked.chars().take(80).collect();
        text.push_str(&format!("About \"{asked}\": "));
    }
    while text.len() < bytes {
        let words = 7 + pick(seed, 9);
        text.push_str(&sentences(seed, words));
        text.push(' ');
    }
    let cut = (0..=bytes.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    text.truncate(cut);
    text.truncate(text.trim_end().len());
    text
}

fn sentences(seed: &mut u64, words: usize) -> String {
    const WORDS: [&str; 32] = [
        "the", "plan", "keeps", "a", "clear", "order", "and", "each", "step", "follows", "from", "what",
        "was", "measured", "before", "so", "that", "small", "changes", "show", "their", "effect", "early",
        "while", "larger", "ones", "wait", "for", "good", "data", "to", "support",
    ];
    let mut text = (0..words)
        .map(|_| WORDS[pick(seed, WORDS.len())])
        .collect::<Vec<_>>()
        .join(" ");
    text[..1].make_ascii_uppercase();
    text.push('.');
    text
}
