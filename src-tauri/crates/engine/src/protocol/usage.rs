//! Token counts of each protocol, to and from Weir's disjoint classes. A count that cannot be true gives no usage at all.

use crate::request::Usage;
use serde_json::{Map, Value, json};
use weir_contract::model::usage::TokenUsage;

/// More tokens than any call can have; a provider that says so is not believed.
const ABSURD_TOKENS: i64 = 1_000_000_000;

/// One count: absent and null are 0, anything but a believable whole number is none.
fn count(object: &Map<String, Value>, name: &str) -> Option<i64> {
    match object.get(name) {
        None | Some(Value::Null) => Some(0),
        Some(value) => value.as_i64().filter(|n| (0..=ABSURD_TOKENS).contains(n)),
    }
}

fn nested(object: &Map<String, Value>, outer: &str, inner: &str) -> Option<i64> {
    match object.get(outer) {
        Some(Value::Object(details)) => count(details, inner),
        _ => Some(0),
    }
}

/// Usage of OpenAI's form, chat and embeddings. `prompt_tokens` includes cached ones, `completion_tokens` reasoning ones.
#[must_use]
pub fn from_openai(usage: &Value) -> Option<TokenUsage> {
    let usage = usage.as_object()?;
    if !usage.contains_key("prompt_tokens") && !usage.contains_key("completion_tokens") {
        return None;
    }
    let prompt = count(usage, "prompt_tokens")?;
    let completion = count(usage, "completion_tokens")?;
    let mut cache_read = nested(usage, "prompt_tokens_details", "cached_tokens")?;
    if cache_read == 0 {
        // Some compatible providers name it so, at the top.
        cache_read = count(usage, "prompt_cache_hit_tokens")?;
    }
    let cache_write = nested(usage, "prompt_tokens_details", "cache_write_tokens")?;
    let reasoning = nested(usage, "completion_tokens_details", "reasoning_tokens")?;
    let total = count(usage, "total_tokens")?;
    let input = prompt - cache_read - cache_write;
    // A few compatible providers count reasoning beside the completion; their total gives them away.
    let beside = reasoning > 0 && total != prompt + completion && total == prompt + completion + reasoning;
    let output = if beside {
        completion
    } else {
        completion - reasoning
    };
    (input >= 0 && output >= 0).then_some(TokenUsage {
        input,
        cache_read,
        cache_write,
        output,
        reasoning,
    })
}

/// Usage in OpenAI's form.
#[must_use]
pub fn to_openai(usage: &TokenUsage) -> Value {
    let mut prompt_details = json!({"cached_tokens": usage.cache_read, "audio_tokens": 0});
    if usage.cache_write > 0 {
        prompt_details["cache_write_tokens"] = json!(usage.cache_write);
    }
    json!({
        "prompt_tokens": usage.input_total(),
        "completion_tokens": usage.output_total(),
        "total_tokens": usage.total(),
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

/// Usage of Anthropic's form, over `base`: in streams later events carry only what changed. `input_tokens` excludes cached ones;
/// `cache_creation` divides the writes by how long they are kept.
#[must_use]
pub fn from_anthropic(usage: &Value, base: Option<Usage>) -> Option<Usage> {
    let usage = usage.as_object()?;
    let known = base.unwrap_or_default();
    if base.is_none() && !usage.contains_key("input_tokens") && !usage.contains_key("output_tokens") {
        return None;
    }
    let or_known = |name: &str, old: i64| match usage.get(name) {
        None | Some(Value::Null) => Some(old),
        Some(_) => count(usage, name),
    };
    let tokens = TokenUsage {
        input: or_known("input_tokens", known.input)?,
        cache_read: or_known("cache_read_input_tokens", known.cache_read)?,
        cache_write: or_known("cache_creation_input_tokens", known.cache_write)?,
        output: or_known("output_tokens", known.output)?,
        reasoning: 0,
    };
    let long_cache_writes = match usage.get("cache_creation") {
        Some(Value::Object(writes)) => count(writes, "ephemeral_1h_input_tokens")?,
        _ => known.long_cache_writes,
    };
    Some(Usage {
        tokens,
        // More than were written at all is not believed.
        long_cache_writes: long_cache_writes.min(tokens.cache_write),
    })
}

/// Usage in Anthropic's form.
#[must_use]
pub fn to_anthropic(usage: &Usage) -> Value {
    let mut written = json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output_total(),
    });
    if usage.long_cache_writes > 0 {
        written["cache_creation"] = json!({
            "ephemeral_5m_input_tokens": usage.cache_write - usage.long_cache_writes,
            "ephemeral_1h_input_tokens": usage.long_cache_writes,
        });
    }
    written
}

/// Usage of Gemini's form. `promptTokenCount` includes cached ones, `candidatesTokenCount` excludes thoughts.
#[must_use]
pub fn from_gemini(usage: &Value) -> Option<TokenUsage> {
    let usage = usage.as_object()?;
    if !usage.contains_key("promptTokenCount") {
        return None;
    }
    let cache_read = count(usage, "cachedContentTokenCount")?;
    let input = count(usage, "promptTokenCount")? - cache_read + count(usage, "toolUsePromptTokenCount")?;
    (input >= 0).then_some(TokenUsage {
        input,
        cache_read,
        cache_write: 0,
        output: count(usage, "candidatesTokenCount")?,
        reasoning: count(usage, "thoughtsTokenCount")?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn classes(input: i64, cache_read: i64, cache_write: i64, output: i64, reasoning: i64) -> TokenUsage {
        TokenUsage {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
        }
    }

    #[test]
    fn openai_counts_become_disjoint() {
        let real = json!({"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 256}});
        let usage = from_openai(&real).unwrap();
        assert_eq!(usage, classes(86, 1920, 0, 44, 256));
        assert_eq!(usage.total(), 2306);
        assert_eq!(from_openai(&to_openai(&usage)), Some(usage));
    }

    #[test]
    fn reasoning_counted_beside_the_completion_is_not_subtracted() {
        let beside = json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94}});
        assert_eq!(from_openai(&beside), Some(classes(32, 0, 0, 9, 94)));
    }

    #[test]
    fn anthropic_counts_are_disjoint_already() {
        let start = json!({"input_tokens": 21, "cache_creation_input_tokens": 188086, "cache_read_input_tokens": 5,
            "output_tokens": 1});
        let first = from_anthropic(&start, None).unwrap();
        let last = from_anthropic(&json!({"output_tokens": 393}), Some(first)).unwrap();
        assert_eq!(last, classes(21, 5, 188_086, 393, 0).into());
        assert_eq!(from_anthropic(&to_anthropic(&last), None), Some(last));
    }

    #[test]
    fn writes_for_an_hour_are_told_apart() {
        let start = json!({"input_tokens": 2, "cache_creation_input_tokens": 1000, "output_tokens": 1,
            "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}});
        let first = from_anthropic(&start, None).unwrap();
        assert_eq!((first.cache_write, first.long_cache_writes), (1_000, 600));
        let last = from_anthropic(&json!({"output_tokens": 9}), Some(first)).unwrap();
        assert_eq!(
            (last.output, last.long_cache_writes),
            (9, 600),
            "later events do not repeat it"
        );
        assert_eq!(from_anthropic(&to_anthropic(&last), None), Some(last));
        let odd = json!({"input_tokens": 2, "cache_creation_input_tokens": 5, "output_tokens": 1,
            "cache_creation": {"ephemeral_1h_input_tokens": 600}});
        assert_eq!(from_anthropic(&odd, None).unwrap().long_cache_writes, 5);
    }

    #[test]
    fn gemini_counts_become_disjoint() {
        let real = json!({"promptTokenCount": 1000, "cachedContentTokenCount": 700, "candidatesTokenCount": 50,
            "thoughtsTokenCount": 120, "totalTokenCount": 1170});
        assert_eq!(from_gemini(&real), Some(classes(300, 700, 0, 50, 120)));
    }

    #[test]
    fn what_cannot_be_true_is_not_believed() {
        for bad in [
            json!({"prompt_tokens": -1, "completion_tokens": 2}),
            json!({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 6}}),
            json!({"prompt_tokens": 5, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 3}}),
            json!({"prompt_tokens": 5, "completion_tokens": 4_000_000_000_000_i64}),
            json!({"prompt_tokens": "5"}),
            json!({}),
            json!(null),
        ] {
            assert_eq!(from_openai(&bad), None, "{bad}");
        }
        assert_eq!(
            from_anthropic(&json!({"input_tokens": -4, "output_tokens": 1}), None),
            None
        );
        assert_eq!(
            from_gemini(&json!({"promptTokenCount": 1, "cachedContentTokenCount": 2})),
            None
        );
        assert_eq!(from_gemini(&json!({"totalTokenCount": 2})), None);
    }
}
