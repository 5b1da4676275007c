//! The one form of a text that phrases, patterns and entities look at.

/// Of a longer text only this many bytes from the start are looked at …
const HEAD_BYTES: usize = 16 * 1024;
/// … and this many from the end: people put the instruction first or last, the pasted data between.
const TAIL_BYTES: usize = 4 * 1024;

/// Lower-case, single spaces, straight quotes; of an over-long text only head and tail.
///
/// Patterns therefore need no case and no line-break variants, and a rule means the same for everyone.
pub(super) fn normalise(text: &str) -> String {
    if text.len() <= HEAD_BYTES + TAIL_BYTES {
        let mut normal = String::with_capacity(text.len());
        append(&mut normal, text);
        return normal;
    }
    let head_end = text.floor_char_boundary(HEAD_BYTES);
    let tail_start = text.ceil_char_boundary(text.len() - TAIL_BYTES);
    let mut normal = String::with_capacity(HEAD_BYTES + TAIL_BYTES + 8);
    append(&mut normal, &text[..head_end]);
    // The cut is marked, so that no phrase is found across it and the key guard sees that text is missing.
    append(&mut normal, " […] ");
    append(&mut normal, &text[tail_start..]);
    normal
}

fn append(normal: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            _ if character.is_whitespace() => {
                if !normal.is_empty() && !normal.ends_with(' ') {
                    normal.push(' ');
                }
            }
            '\u{2018}' | '\u{2019}' => normal.push('\''),
            '\u{201c}' | '\u{201d}' | '\u{201e}' => normal.push('"'),
            _ if character.is_ascii() => normal.push(character.to_ascii_lowercase()),
            _ => normal.extend(character.to_lowercase()),
        }
    }
}

/// Whether `start..end` of `text` begins and ends at the edge of a word.
///
/// An edge that is itself punctuation (`tl;dr:`) needs no boundary.
pub(super) fn is_whole_word(text: &str, start: usize, end: usize) -> bool {
    let word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let inside = &text[start..end];
    let open_left = word(inside.chars().next()) && word(text[..start].chars().next_back());
    let open_right = word(inside.chars().next_back()) && word(text[end..].chars().next());
    !open_left && !open_right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_white_space_and_curly_quotes_are_levelled() {
        assert_eq!(
            normalise("  Don\u{2019}t\n\tSAY \u{201c}ÜBER\u{201d} "),
            "don't say \"über\" "
        );
    }

    #[test]
    fn a_long_text_keeps_head_and_tail_and_shows_the_cut() {
        let text = format!("Start {} end", "ü".repeat(40_000));
        let normal = normalise(&text);
        assert!(normal.starts_with("start ü") && normal.ends_with(" end"));
        assert!(normal.contains(" […] ") && normal.len() < 21_000);
    }

    #[test]
    fn words_end_at_letters_of_any_script() {
        assert!(is_whole_word("a plan.", 2, 6));
        assert!(!is_whole_word("a planet", 2, 6));
        assert!(!is_whole_word("üplan", 2, 6));
        assert!(is_whole_word("x: y", 1, 2));
    }
}
