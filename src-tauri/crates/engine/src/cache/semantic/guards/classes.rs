//! Members of a closed class: a question about German is none about French, though both words sit close together.

use super::Verdict;
use crate::cache::semantic::difference::Difference;
use crate::cache::semantic::words::{Word, stem};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Classes whose members exclude each other. A synonym inside a class would be a false objection, so none is listed twice.
const CLASSES: &[(&str, &[&str])] = &[
    (
        "language",
        &[
            "english",
            "french",
            "german",
            "spanish",
            "italian",
            "portuguese",
            "dutch",
            "swedish",
            "norwegian",
            "danish",
            "finnish",
            "polish",
            "czech",
            "slovak",
            "hungarian",
            "romanian",
            "bulgarian",
            "greek",
            "turkish",
            "russian",
            "ukrainian",
            "arabic",
            "hebrew",
            "hindi",
            "bengali",
            "urdu",
            "tamil",
            "chinese",
            "mandarin",
            "cantonese",
            "japanese",
            "korean",
            "vietnamese",
            "thai",
            "indonesian",
            "malay",
            "swahili",
            "latin",
            "irish",
            "welsh",
            "catalan",
            "croatian",
            "serbian",
        ],
    ),
    (
        "programming language",
        &[
            "python",
            "javascript",
            "typescript",
            "rust",
            "java",
            "kotlin",
            "swift",
            "ruby",
            "php",
            "perl",
            "golang",
            "scala",
            "haskell",
            "elixir",
            "erlang",
            "clojure",
            "fortran",
            "cobol",
            "matlab",
            "julia",
            "lua",
            "bash",
            "powershell",
            "sql",
            "css",
        ],
    ),
    (
        "colour",
        &[
            "red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey",
            "gray",
        ],
    ),
    (
        "operating system",
        &["windows", "linux", "macos", "android", "ios", "ubuntu", "debian"],
    ),
    ("direction", &["north", "south", "east", "west"]),
    ("meal", &["breakfast", "lunch", "dinner"]),
    ("size", &["tiny", "small", "medium", "large", "huge"]),
    (
        "format",
        &[
            "json", "xml", "csv", "yaml", "html", "markdown", "pdf", "docx", "xlsx",
        ],
    ),
    (
        "tone",
        &[
            "formal",
            "informal",
            "friendly",
            "professional",
            "casual",
            "funny",
            "sarcastic",
            "polite",
        ],
    ),
    (
        "relative",
        &[
            "mother",
            "father",
            "brother",
            "sister",
            "son",
            "daughter",
            "wife",
            "husband",
            "uncle",
            "aunt",
            "grandmother",
            "grandfather",
            "cousin",
            "niece",
            "nephew",
        ],
    ),
    (
        "animal",
        &[
            "dog", "cat", "horse", "cow", "pig", "sheep", "goat", "chicken", "bird", "fish", "rabbit",
            "hamster",
        ],
    ),
    (
        "continent",
        &["europe", "asia", "africa", "america", "australia", "antarctica"],
    ),
    (
        "statistic",
        &[
            "sum", "mean", "average", "median", "mode", "minimum", "maximum", "count", "variance",
        ],
    ),
    (
        "drink",
        &["tea", "coffee", "beer", "wine", "water", "milk", "juice"],
    ),
    (
        "vehicle",
        &[
            "car",
            "bike",
            "bicycle",
            "motorcycle",
            "bus",
            "train",
            "plane",
            "truck",
            "boat",
            "ship",
            "taxi",
            "subway",
            "tram",
        ],
    ),
    ("account", &["checking", "savings", "credit", "debit"]),
    (
        "planet",
        &[
            "mercury", "venus", "earth", "mars", "jupiter", "saturn", "uranus", "neptune",
        ],
    ),
    (
        "body",
        &[
            "head", "neck", "shoulder", "arm", "elbow", "hand", "finger", "chest", "stomach", "hip", "leg",
            "knee", "ankle", "foot", "toe",
        ],
    ),
];
/// Two names for one member.
const SAME: &[(&str, &str)] = &[
    ("grey", "gray"),
    ("mean", "average"),
    ("golang", "go"),
    ("bicycle", "bike"),
];

static CLASS_BY_STEM: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
    let members = CLASSES
        .iter()
        .enumerate()
        .flat_map(|(class, (_, members))| members.iter().map(move |name| (name, class)));
    members.map(|(name, class)| (stem(name), class)).collect()
});

/// A conflict when each question names a member of one class that the other does not.
#[must_use]
pub fn compare(difference: &Difference<'_>) -> Verdict {
    let (one, other) = (classed(&difference.only_one), classed(&difference.only_other));
    let against = |(word, class): &(&Word, usize)| {
        other
            .iter()
            .any(|(with, same)| class == same && !is_same(&word.lower, &with.lower))
    };
    if one.iter().any(against) {
        Verdict::Conflict
    } else if one.is_empty() && other.is_empty() {
        Verdict::Clear
    } else {
        Verdict::OneSided
    }
}

/// The class that a word belongs to.
pub(super) fn class_of(stem: &str) -> Option<usize> {
    CLASS_BY_STEM.get(stem).copied()
}

fn classed<'a>(words: &[&'a Word]) -> Vec<(&'a Word, usize)> {
    let class = |word: &&'a Word| class_of(&word.stem).map(|class| (*word, class));
    words.iter().filter_map(class).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    SAME.iter()
        .any(|pair| *pair == (one, other) || *pair == (other, one))
}

#[cfg(test)]
mod tests {
    use super::super::{Guard, verdicts};
    use super::*;

    #[test]
    fn members_of_one_class_conflict() {
        let said = |one: &str, other: &str| verdicts(one, other).get(Guard::Classes);
        assert_eq!(
            said("translate it to german", "translate it to french"),
            Verdict::Conflict
        );
        assert_eq!(
            said("the mean of the list", "the average of the list"),
            Verdict::Clear.max(Verdict::OneSided)
        );
        assert_eq!(said("a red car", "a car"), Verdict::OneSided);
        assert_eq!(said("feed the dog", "feed the dogs"), Verdict::Clear);
    }

    #[test]
    fn no_member_stands_in_two_classes_by_mistake() {
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (class, members) in CLASSES {
            for name in *members {
                // A word of two classes would be looked for in one of them alone.
                let before = seen.insert(stem(name), class);
                assert_eq!(before, None, "{name} is in {class} too");
            }
        }
    }
}
