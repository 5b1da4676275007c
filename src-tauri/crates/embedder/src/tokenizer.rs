//! BERT's uncased WordPiece: a text becomes the numbers of its pieces, as the model was trained on them.
//!
//! Written out here because the prompt is hostile input: the ready tokenizer of the same family panicked on some
//! accented texts, and a panic in the path of a call is an outage. Nothing below can fail.

use std::collections::HashMap;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The vocabulary of `bert-base-uncased`, which the model shares; the line number is the piece's number.
const VOCABULARY: &str = include_str!("vocab.txt");
const UNKNOWN: i32 = 100;
const BEGIN: i32 = 101;
const END: i32 = 102;
/// A longer run of letters is no word of any language; BERT gives it up as unknown.
const LONGEST_WORD_CHARS: usize = 100;

/// The text as piece numbers.
#[derive(Debug)]
pub struct Tokenizer {
    pieces: HashMap<&'static str, i32>,
}

impl Tokenizer {
    /// The tokenizer with its built-in vocabulary.
    #[must_use]
    pub fn new() -> Tokenizer {
        let pieces = VOCABULARY.lines().zip(0..).collect();
        Tokenizer { pieces }
    }

    /// Piece numbers between the marks for begin and end. Says also whether the text was longer than `most` pieces and
    /// lost its end.
    #[must_use]
    pub fn encode(&self, text: &str, most: usize) -> (Vec<i32>, bool) {
        let mut numbers = vec![BEGIN];
        let room = most.saturating_sub(1).max(1);
        for word in split(text) {
            self.add_word(&word, &mut numbers);
            if numbers.len() > room {
                numbers.truncate(room);
                numbers.push(END);
                return (numbers, true);
            }
        }
        numbers.push(END);
        (numbers, false)
    }

    /// The longest piece of the vocabulary first, then the longest continuation, until the word is used up.
    fn add_word(&self, word: &str, numbers: &mut Vec<i32>) {
        let before = numbers.len();
        if word.chars().count() > LONGEST_WORD_CHARS {
            numbers.push(UNKNOWN);
            return;
        }
        let mut rest = word;
        let mut continued = String::with_capacity(word.len() + 2);
        while !rest.is_empty() {
            let ends = rest
                .char_indices()
                .map(|(start, letter)| start + letter.len_utf8());
            let mut found = None;
            for end in ends.rev() {
                let piece = if numbers.len() == before {
                    self.pieces.get(&rest[..end])
                } else {
                    continued.clear();
                    continued.push_str("##");
                    continued.push_str(&rest[..end]);
                    self.pieces.get(continued.as_str())
                };
                if let Some(number) = piece {
                    found = Some((*number, end));
                    break;
                }
            }
            let Some((number, end)) = found else {
                numbers.truncate(before);
                numbers.push(UNKNOWN);
                return;
            };
            numbers.push(number);
            rest = &rest[end..];
        }
    }
}

impl Default for Tokenizer {
    fn default() -> Tokenizer {
        Tokenizer::new()
    }
}

/// Lower case without accents, cut at white space; each mark of punctuation and each Chinese sign is a word of its own.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut finish = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    // Lower case may bring combining marks of its own, so accents are taken off last.
    let plain = text.chars().filter(|letter| !is_dropped(*letter)).nfd();
    for letter in plain
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
    {
        if is_combining_mark(letter) {
            continue;
        }
        if letter.is_whitespace() {
            finish(&mut word);
        } else if is_punctuation(letter) || is_chinese(letter) {
            finish(&mut word);
            word.push(letter);
            finish(&mut word);
        } else {
            word.push(letter);
        }
    }
    finish(&mut word);
    words
}

fn is_dropped(letter: char) -> bool {
    letter == '\u{fffd}' || (letter.is_control() && !letter.is_whitespace()) || is_format(letter)
}

/// Zero-width joiners, direction marks and their like.
fn is_format(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// ASCII symbols count as punctuation, as in BERT; beyond ASCII it is the blocks that hold little else.
fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation()
        || matches!(letter,
            '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}'
            | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}'
            | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

fn is_chinese(letter: char) -> bool {
    matches!(letter,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2ebef}'
        | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers as the reference tokenizer of the model's authors gives them.
    #[test]
    fn known_texts_have_the_reference_numbers() {
        let tokenizer = Tokenizer::new();
        let numbers = |text: &str| tokenizer.encode(text, 256).0;
        assert_eq!(numbers("Hello, World!"), [101, 7592, 1010, 2088, 999, 102]);
        assert_eq!(numbers("unaffable"), [101, 14477, 20961, 3468, 102]);
        assert_eq!(numbers("Café"), numbers("cafe"));
        assert_eq!(numbers(""), [101, 102]);
        assert_eq!(numbers("你好").len(), 4, "each Chinese sign is a word of its own");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let (numbers, cut) = Tokenizer::new().encode(&"word ".repeat(400), 256);
        assert!(cut);
        assert_eq!((numbers.len(), numbers.last()), (256, Some(&END)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "\\PC{0,80}|.{0,80}") {
            let (numbers, _) = Tokenizer::new().encode(&text, 64);
            prop_assert!(numbers.len() <= 64 && numbers[0] == BEGIN && numbers[numbers.len() - 1] == END);
            prop_assert!(numbers.iter().all(|number| (0..30_522).contains(number)));
        }
    }
}
