//! Folds the pieces of a streamed answer into a whole one, and cuts a whole one into pieces again.

use crate::request::{Answer, Delta, Finish, Part, Usage};

/// About how many bytes of text a replayed answer has in one piece.
const PIECE_BYTES: usize = 48;

/// Gathers deltas. Parts keep the order in which they first appeared.
#[derive(Debug, Clone, Default)]
pub struct AnswerCollector {
    id: String,
    model: String,
    parts: Vec<Part>,
    /// Where in `parts` the tool call of each index is.
    tools: Vec<(usize, usize)>,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl AnswerCollector {
    /// Takes in one change.
    pub fn push(&mut self, delta: &Delta) {
        match delta {
            Delta::Start { id, model } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
            }
            Delta::Text(more) => match self.parts.last_mut() {
                Some(Part::Text { text }) => text.push_str(more),
                _ => self.parts.push(Part::Text { text: more.clone() }),
            },
            Delta::Reasoning(more) => match self.parts.last_mut() {
                Some(Part::Reasoning { text }) => text.push_str(more),
                _ => self.parts.push(Part::Reasoning { text: more.clone() }),
            },
            Delta::ToolStart { index, id, name } => {
                self.tools.push((*index, self.parts.len()));
                self.parts.push(Part::ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    arguments: String::new(),
                });
            }
            Delta::ToolArguments { index, json } => {
                let place = self.tools.iter().rev().find(|(tool, _)| tool == index);
                if let Some(Part::ToolCall { arguments, .. }) =
                    place.and_then(|(_, part)| self.parts.get_mut(*part))
                {
                    arguments.push_str(json);
                }
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Finish(finish) => self.finish = Some(*finish),
        }
    }

    /// Usage heard so far.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Bytes of output gathered so far, for an estimate when the stream is cut before usage came.
    #[must_use]
    pub fn output_bytes(&self) -> usize {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text { text } | Part::Reasoning { text } => text.len(),
                Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
                _ => 0,
            })
            .sum()
    }

    /// The whole answer, or none when the reason to stop never came: then it is not whole.
    #[must_use]
    pub fn finish(self) -> Option<Answer> {
        Some(Answer {
            id: self.id,
            model: self.model,
            parts: self.parts,
            finish: self.finish?,
            usage: self.usage,
        })
    }
}

/// A whole answer as the deltas of a stream, for answering a streaming client from the cache.
#[must_use]
pub fn replay(answer: &Answer) -> Vec<Delta> {
    let mut deltas = vec![Delta::Start {
        id: answer.id.clone(),
        model: answer.model.clone(),
    }];
    let mut tools = 0;
    for part in &answer.parts {
        match part {
            Part::Text { text } => deltas.extend(pieces(text).map(|piece| Delta::Text(piece.to_owned()))),
            Part::Reasoning { text } => {
                deltas.extend(pieces(text).map(|piece| Delta::Reasoning(piece.to_owned())));
            }
            Part::ToolCall { id, name, arguments } => {
                let index = tools;
                tools += 1;
                deltas.push(Delta::ToolStart {
                    index,
                    id: id.clone(),
                    name: name.clone(),
                });
                deltas.extend(pieces(arguments).map(|piece| Delta::ToolArguments {
                    index,
                    json: piece.to_owned(),
                }));
            }
            // A model does not answer with these.
            Part::ImageUrl { .. } | Part::ImageBase64 { .. } | Part::ToolResult { .. } => {}
        }
    }
    deltas.push(Delta::Finish(answer.finish));
    deltas.extend(answer.usage.map(Delta::Usage));
    deltas
}

/// Cuts text after a blank, about every [`PIECE_BYTES`], never inside a character.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = rest
            .char_indices()
            .map(|(at, c)| (at + c.len_utf8(), c))
            .find(|(end, c)| *end >= PIECE_BYTES * 4 || (*end >= PIECE_BYTES && c.is_ascii_whitespace()))
            .map_or(rest.len(), |(end, _)| end);
        let (piece, after) = rest.split_at(cut);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use weir_contract::model::usage::TokenUsage;

    pub(crate) fn collect(deltas: &[Delta]) -> Option<Answer> {
        let mut collector = AnswerCollector::default();
        for delta in deltas {
            collector.push(delta);
        }
        collector.finish()
    }

    pub(crate) fn any_answer() -> impl Strategy<Value = Answer> {
        let part = prop_oneof![
            ".{1,300}".prop_map(|text| Part::Text { text }),
            "[a-z ]{1,80}".prop_map(|text| Part::Reasoning { text }),
            ("[a-z]{1,8}", "[a-z_]{1,12}", "[a-zé ]{0,90}").prop_map(|(id, name, word)| Part::ToolCall {
                id,
                name,
                arguments: serde_json::json!({ "word": word }).to_string(),
            }),
        ];
        (prop::collection::vec(part, 1..5), any::<u16>()).prop_map(|(mut parts, tokens)| {
            // Two texts side by side are one text.
            parts.dedup_by(|a, b| {
                std::mem::discriminant(a) == std::mem::discriminant(b) && !matches!(a, Part::ToolCall { .. })
            });
            let has_tool = parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
            Answer {
                id: "a-1".into(),
                model: "m".into(),
                parts,
                finish: if has_tool { Finish::ToolCalls } else { Finish::Stop },
                usage: Some(Usage::from(TokenUsage {
                    input: 7,
                    output: i64::from(tokens),
                    ..TokenUsage::default()
                })),
            }
        })
    }

    proptest! {
        #[test]
        fn replayed_and_gathered_again_is_the_same(answer in any_answer()) {
            prop_assert_eq!(collect(&replay(&answer)), Some(answer));
        }
    }

    #[test]
    fn without_a_finish_there_is_no_answer() {
        let deltas = [
            Delta::Start {
                id: "a".into(),
                model: "m".into(),
            },
            Delta::Text("half".into()),
        ];
        assert_eq!(collect(&deltas), None);
    }

    #[test]
    fn arguments_of_parallel_tools_do_not_mix() {
        let start = |index, id: &str| Delta::ToolStart {
            index,
            id: id.into(),
            name: "f".into(),
        };
        let more = |index, json: &str| Delta::ToolArguments {
            index,
            json: json.into(),
        };
        let answer = collect(&[
            start(0, "a"),
            start(1, "b"),
            more(0, "{\"x\""),
            more(1, "{\"y\""),
            more(0, ":1}"),
            more(1, ":2}"),
            Delta::Finish(Finish::ToolCalls),
        ])
        .unwrap();
        let arguments: Vec<_> = answer
            .parts
            .iter()
            .map(|part| match part {
                Part::ToolCall { arguments, .. } => arguments.as_str(),
                _ => "",
            })
            .collect();
        assert_eq!(arguments, ["{\"x\":1}", "{\"y\":2}"]);
    }
}
