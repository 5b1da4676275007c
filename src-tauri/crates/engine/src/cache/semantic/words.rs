//! A text taken apart into words, once, in the form that guards and features compare.
//!
//! The tables behind it are English. Text in another language still passes through, but only its numbers, names and
//! identifiers are understood; for such traffic the learned policy and its audits carry the weight.

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Lower case, contractions resolved: `Don't` becomes `do` and `not`.
    pub lower: String,
    /// What is left when the usual endings are taken off, so that `flights` meets `flight`.
    pub stem: String,
    /// The text wrote it with a capital letter.
    pub capital: bool,
    /// It opens a sentence, where a capital letter says nothing.
    pub opens_sentence: bool,
    /// It stands for grammar and not for a thing: `the`, `of`, `please`.
    pub is_function: bool,
    /// A comma, full stop or the like stands between it and the word after it.
    pub ends_phrase: bool,
}

impl Word {
    /// True when the word holds a digit.
    #[must_use]
    pub fn has_digit(&self) -> bool {
        self.lower.bytes().any(|byte| byte.is_ascii_digit())
    }
}

/// A text as its words, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// All of them, function words too.
    pub all: Vec<Word>,
    /// Most words begin with a capital, as in a heading, so capitals mark no names here.
    pub title_case: bool,
}

/// Words that carry grammar, politeness or the asking itself. A difference in these alone is no difference in meaning.
/// Negators and comparatives are deliberately absent.
const FUNCTION_WORDS: &[&str] = &[
    "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "being",
    "but", "by", "can", "could", "d", "dear", "did", "do", "does", "doing", "done", "each", "every", "for",
    "from", "get", "give", "got", "had", "has", "have", "having", "he", "hello", "help", "her", "hey", "hi",
    "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "kindly", "know", "let", "like",
    "ll", "m", "may", "me", "might", "must", "my", "need", "of", "oh", "ok", "okay", "on", "or", "our",
    "out", "please", "re", "s", "shall", "she", "should", "show", "so", "some", "such", "tell", "than",
    "thank", "thanks", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those",
    "to", "too", "up", "us", "ve", "very", "want", "was", "we", "well", "were", "what", "when", "where",
    "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your", "yours",
];

/// Takes a text apart.
#[must_use]
pub fn words(text: &str) -> Words {
    let mut all: Vec<Word> = Vec::new();
    let mut opens_sentence = true;
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let letter = chars[at];
        if !is_part(letter) {
            if matches!(letter, '.' | '!' | '?' | ':' | '\n' | '"' | '“' | '(') {
                opens_sentence = true;
            }
            if !letter.is_whitespace()
                && !matches!(letter, '\'' | '’' | '-')
                && let Some(last) = all.last_mut()
            {
                last.ends_phrase = true;
            }
            at += 1;
            continue;
        }
        let start = at;
        while at < chars.len() && goes_on(&chars, start, at) {
            at += 1;
        }
        push(&mut all, &chars[start..at], opens_sentence);
        opens_sentence = false;
    }
    let content = all
        .iter()
        .filter(|word| !word.opens_sentence && !word.is_function);
    let (capitals, counted) = content.fold((0, 0), |(capitals, counted), word| {
        (capitals + usize::from(word.capital), counted + 1)
    });
    Words {
        title_case: counted >= 4 && capitals * 5 >= counted * 4,
        all,
    }
}

fn is_part(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// A word goes on over letters and digits, over an apostrophe between letters, and over the points, commas and
/// hyphens inside numbers and identifiers (`1,000`, `3.5`, `INC-4711`, `v1.2`).
fn goes_on(chars: &[char], start: usize, at: usize) -> bool {
    let letter = chars[at];
    if is_part(letter) {
        return true;
    }
    let Some(&next) = chars.get(at + 1) else {
        return false;
    };
    if at == start || !is_part(next) {
        return false;
    }
    let before = chars[at - 1];
    match letter {
        '\'' | '’' => before.is_alphabetic() && next.is_alphabetic(),
        '.' | ',' | ':' => before.is_ascii_digit() && next.is_ascii_digit(),
        '-' | '/' => {
            chars[start..at].iter().any(char::is_ascii_digit) != next.is_ascii_digit() || {
                before.is_ascii_digit() && next.is_ascii_digit()
            }
        }
        _ => false,
    }
}

/// Hyphens glue digits to letters (`INC-4711`); words joined by one are two words, and so `well-known` meets `well known`.
fn push(all: &mut Vec<Word>, chars: &[char], opens_sentence: bool) {
    let capital = chars.first().is_some_and(|first| first.is_uppercase())
        || chars.iter().skip(1).any(|letter| letter.is_uppercase());
    let lower: String = chars
        .iter()
        .flat_map(|letter| letter.to_lowercase())
        .map(|letter| if letter == '’' { '\'' } else { letter })
        .collect();
    for (position, part) in resolve_contraction(&lower).into_iter().enumerate() {
        all.push(Word {
            stem: stem(&part),
            capital: capital && position == 0,
            opens_sentence: opens_sentence && position == 0,
            is_function: FUNCTION_WORDS.binary_search(&part.as_str()).is_ok(),
            ends_phrase: false,
            lower: part,
        });
    }
}

fn resolve_contraction(lower: &str) -> Vec<String> {
    match lower {
        "can't" | "cannot" | "cant" => return vec!["can".to_owned(), "not".to_owned()],
        "won't" | "wont" => return vec!["will".to_owned(), "not".to_owned()],
        "shan't" => return vec!["shall".to_owned(), "not".to_owned()],
        "dont" | "doesnt" | "didnt" | "isnt" | "arent" | "wasnt" | "havent" | "hasnt" | "couldnt"
        | "shouldnt" | "wouldnt" => {
            return vec![lower[..lower.len() - 2].to_owned(), "not".to_owned()];
        }
        _ => {}
    }
    if let Some(verb) = lower.strip_suffix("n't") {
        return vec![verb.to_owned(), "not".to_owned()];
    }
    match lower.split_once('\'') {
        Some((word, "s" | "m" | "re" | "ve" | "ll" | "d")) => vec![word.to_owned()],
        Some((word, rest)) => vec![word.to_owned(), rest.to_owned()],
        None => vec![lower.to_owned()],
    }
}

/// Takes the usual English endings off. It only has to treat both sides alike; the stem need not be a word.
#[must_use]
pub fn stem(lower: &str) -> String {
    if lower.len() < 4 || !lower.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return lower.to_owned();
    }
    let plural = if let Some(root) = lower.strip_suffix("ies") {
        format!("{root}y")
    } else if ["sses", "shes", "ches", "xes", "zes"]
        .iter()
        .any(|end| lower.ends_with(end))
    {
        lower[..lower.len() - 2].to_owned()
    } else if lower.ends_with('s') && !["ss", "us", "is"].iter().any(|end| lower.ends_with(end)) {
        lower[..lower.len() - 1].to_owned()
    } else {
        lower.to_owned()
    };
    let long_enough = |root: &str| root.len() >= 3 && root.bytes().any(|byte| b"aeiouy".contains(&byte));
    let mut root = plural.as_str();
    for ending in ["ing", "ed", "ly", "er"] {
        if let Some(shorter) = root.strip_suffix(ending)
            && long_enough(shorter)
            && !(ending == "er" && shorter.len() < 4)
        {
            root = shorter;
            break;
        }
    }
    let mut root = root.to_owned();
    let bytes = root.as_bytes();
    let doubled = bytes.len() >= 4 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2] && root != plural;
    if doubled && !matches!(bytes[bytes.len() - 1], b'l' | b's' | b'z') {
        root.pop();
    }
    if root.len() >= 4 && root.ends_with('e') {
        root.pop();
    }
    if root.len() >= 4 && root.ends_with('y') {
        root.pop();
        root.push('i');
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowers(text: &str) -> Vec<String> {
        words(text).all.into_iter().map(|word| word.lower).collect()
    }

    #[test]
    fn the_table_of_function_words_is_sorted() {
        assert!(FUNCTION_WORDS.is_sorted(), "it is searched by halves");
    }

    #[test]
    fn numbers_and_identifiers_stay_whole() {
        assert_eq!(
            lowers("INC-4711 cost 1,000.50 in v1.2"),
            ["inc-4711", "cost", "1,000.50", "in", "v1.2"]
        );
        assert_eq!(lowers("2024-05-17, at 12:30."), ["2024-05-17", "at", "12:30"]);
        assert_eq!(lowers("well-known and/or"), ["well", "known", "and", "or"]);
    }

    #[test]
    fn contractions_show_their_negation() {
        assert_eq!(
            lowers("Don’t I? can't, won't"),
            ["do", "not", "i", "can", "not", "will", "not"]
        );
        assert_eq!(lowers("what's Anna's"), ["what", "anna"]);
    }

    #[test]
    fn inflections_meet() {
        for (one, other) in [
            ("flights", "flight"),
            ("cities", "city"),
            ("classes", "class"),
            ("sorting", "sort"),
            ("sorted", "sort"),
            ("planning", "plan"),
            ("parsing", "parse"),
            ("converting", "converts"),
            ("safely", "safe"),
        ] {
            assert_eq!(stem(one), stem(other), "{one} and {other}");
        }
        assert_ne!(stem("user"), stem("use"));
        assert_ne!(stem("bus"), stem("bu"));
    }

    #[test]
    fn a_heading_has_no_names() {
        assert!(words("The Quick Brown Fox Jumps Over Lazy Dogs").title_case);
        assert!(!words("Show me flights from Warsaw to Berlin").title_case);
    }
}
