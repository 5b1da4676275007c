//! Which calls the semantic cache may be asked about at all.

use crate::{
    cache::semantic::{guards::calendar::depends_on_today, words::words},
    request::{Chat, Part, Role},
};
use weir_contract::model::semantic::SemanticRule;

/// Above this a client wants answers that differ.
const HIGHEST_TEMPERATURE: f64 = 0.7;

/// The question of a call: its last user message, when it is nothing but text.
///
/// # Errors
/// Why similarity must not be asked, in words.
pub(super) fn question_of(chat: Option<&Chat>, rule: &SemanticRule) -> Result<String, &'static str> {
    let chat = chat.ok_or("the call is no conversation")?;
    let last = chat
        .turns
        .last()
        .filter(|turn| turn.role == Role::User)
        .ok_or("the last message is not the user's")?;
    let mut question = String::new();
    for part in &last.parts {
        match part {
            Part::Text { text } => {
                if !question.is_empty() {
                    question.push('\n');
                }
                question.push_str(text);
            }
            _ => return Err("the last message holds more than text"),
        }
    }
    if question.trim().is_empty() {
        return Err("the last message is empty");
    }
    if rule.also_risky {
        return Ok(question);
    }
    if !chat.tools.is_empty() {
        return Err("the call may use tools, whose effects an old answer does not have");
    }
    if chat.temperature.is_some_and(|warm| warm > HIGHEST_TEMPERATURE) {
        return Err("the temperature is above 0.7, so the client wants answers that differ");
    }
    if depends_on_today(&words(&question)) {
        return Err("the question depends on the day of asking");
    }
    Ok(question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Tool, Turn};

    fn asking(text: &str) -> Chat {
        Chat {
            turns: vec![Turn {
                role: Role::User,
                parts: vec![Part::Text { text: text.into() }],
            }],
            ..Chat::default()
        }
    }

    #[test]
    fn risky_calls_are_not_asked_about_unless_told_so() {
        let usual = SemanticRule::usual("x");
        let bold = SemanticRule {
            also_risky: true,
            ..usual.clone()
        };
        let plain = asking("How do I reset my password?");
        assert!(question_of(Some(&plain), &usual).is_ok());
        let tool = Tool {
            name: "pay".into(),
            description: String::new(),
            parameters: serde_json::Value::Null,
        };
        let risky = [
            asking("What is on the menu today?"),
            Chat {
                temperature: Some(1.0),
                ..plain.clone()
            },
            Chat {
                tools: vec![tool],
                ..plain.clone()
            },
        ];
        for chat in risky {
            assert!(question_of(Some(&chat), &usual).is_err(), "{chat:?}");
            assert!(question_of(Some(&chat), &bold).is_ok(), "{chat:?}");
        }
    }

    #[test]
    fn what_is_no_plain_question_is_never_asked_about() {
        let bold = SemanticRule {
            also_risky: true,
            ..SemanticRule::usual("x")
        };
        let image = Part::ImageUrl { url: "x".into() };
        let mut with_image = asking("What is this?");
        with_image.turns[0].parts.push(image);
        let mut answered = asking("x");
        answered.turns[0].role = Role::Assistant;
        for chat in [with_image, answered, asking("  "), Chat::default()] {
            assert!(question_of(Some(&chat), &bold).is_err(), "{chat:?}");
        }
        assert!(question_of(None, &bold).is_err());
    }
}
