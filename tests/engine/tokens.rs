//! BUD-3: no prompt has more tokens than it has bytes, by four real tokenizers; and what was learned covers 99 of 100 calls.
//! `WEIR_LONG=1` asks a million prompts.

use support::draw::Draw;
use tiktoken_rs::{CoreBPE, cl100k_base, o200k_base, p50k_base, r50k_base};
use weir_engine::{
    budget::{
        estimate::{PromptSize, TOKENS_PER_MESSAGE},
        learned_ratio::{LearnedRatios, SettledUse, Tokens},
    },
    settings::ModelRef,
};

fn letter(draw: &mut Draw, from: u32, to: u32) -> char {
    char::from_u32(from + draw.below(u64::from(to - from)) as u32).unwrap_or('\u{FFFD}')
}

const KINDS: [&str; 8] = [
    "code", "cjk", "emoji", "base64", "prose", "marks", "blanks", "anything",
];
const CODE: [&str; 12] = [
    "fn main() {\n    ",
    "let mut x = ",
    "0x7fff_ffff",
    "=> ",
    "}}\n\t",
    "#include <stdio.h>\n",
    "self.",
    "&&",
    "();\n",
    "// naïve\n",
    "\r\n",
    "<div class=\"a\">",
];
const WORDS: [&str; 10] = [
    "the ",
    "quick ",
    "brown fox ",
    "jumps over ",
    "a lazy dog. ",
    "Überraschung ",
    "l'été ",
    "don't ",
    "2026-11-21 ",
    "\n\n",
];
const EMOJI: [&str; 8] = ["😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "✈️", "🫠", "#️⃣"];

/// A prompt of one kind, up to some 400 letters.
fn prompt(kind: &str, draw: &mut Draw) -> String {
    let parts = 1 + draw.below(60);
    let mut text = String::new();
    for _ in 0..parts {
        match kind {
            "code" => text.push_str(draw.one::<&str>(&CODE)),
            "cjk" => text.push(match draw.below(4) {
                0 => letter(draw, 0x3041, 0x30ff),
                1 => letter(draw, 0xac00, 0xd7a3),
                2 => letter(draw, 0x2_0000, 0x2_a6df),
                _ => letter(draw, 0x4e00, 0x9fff),
            }),
            "emoji" => text.push_str(draw.one::<&str>(&EMOJI)),
            "base64" => {
                const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                let mut letter = || char::from(LETTERS[draw.below(64) as usize]);
                text.extend((0..7).map(|_| letter()));
            }
            "prose" => text.push_str(draw.one::<&str>(&WORDS)),
            // Letters with marks, composed and not: what a tokenizer that normalises would change.
            "marks" => {
                text.push(letter(draw, 0x61, 0x7b));
                text.push(letter(draw, 0x300, 0x36f));
                text.push(letter(draw, 0xf900, 0xfaff));
            }
            "blanks" => text.push(
                draw.one::<&str>(&[" ", "\t", "\n", "\u{a0}", "\u{200b}", "\u{0}"])
                    .chars()
                    .next()
                    .unwrap_or(' '),
            ),
            _ => text.push(letter(draw, 0, 0x11_0000)),
        }
    }
    text
}

fn prompts() -> u64 {
    if std::env::var_os("WEIR_LONG").is_some() {
        1_000_000
    } else {
        20_000
    }
}

#[test]
fn bud_3_no_prompt_has_more_tokens_than_bytes() {
    let mut draw = Draw::seeded("bud_3");
    let tokenizers: [(&str, CoreBPE); 4] = [
        ("o200k", o200k_base().unwrap()),
        ("cl100k", cl100k_base().unwrap()),
        ("p50k", p50k_base().unwrap()),
        ("r50k", r50k_base().unwrap()),
    ];
    let mut fullest = [(0.0_f64, ""); 4];
    for number in 0..prompts() {
        let kind = KINDS[(number % KINDS.len() as u64) as usize];
        let text = prompt(kind, &mut draw);
        for ((name, tokenizer), fullest) in tokenizers.iter().zip(&mut fullest) {
            // Also where the text itself holds what looks like a special token.
            let tokens = tokenizer
                .encode_ordinary(&text)
                .len()
                .max(tokenizer.encode_with_special_tokens(&text).len());
            assert!(
                tokens <= text.len(),
                "{name}: {tokens} tokens of {} bytes: {text:?}",
                text.len()
            );
            let share = tokens as f64 / text.len() as f64;
            if share > fullest.0 {
                *fullest = (share, kind);
            }
        }
    }
    println!("most tokens a byte: {fullest:?}");
    // A chat's frame adds 3 tokens a message, its role, and 3 for the answer to begin with.
    let bound = PromptSize::of_text(0, 2, Some(0)).worst_input_tokens();
    assert!(bound >= 2 * (3 + 1) + 3 && TOKENS_PER_MESSAGE >= 3 + 1 + 3);
}

#[test]
fn bud_3_what_was_learned_covers_99_of_100_calls() {
    let mut draw = Draw::seeded("bud_3_learned");
    let tokenizer = o200k_base().unwrap();
    let model = ModelRef {
        provider: "openai".into(),
        model: "gpt-4o".into(),
    };
    let mut learned = LearnedRatios::default();
    let (mut covered, mut asked) = (0_u32, 0_u32);
    for number in 0..12_000_u32 {
        // Traffic of all kinds mixed, as one model sees it.
        let kind = KINDS[draw.below(KINDS.len() as u64) as usize];
        let text = prompt(kind, &mut draw);
        let input = tokenizer.encode_ordinary(&text).len() as u64;
        let output = 20 + draw.below(400);
        let bytes = text.len() as u64 + TOKENS_PER_MESSAGE;
        let estimate = learned.estimate(&model, bytes, 4_096);
        if number >= 6_000 {
            assert!(estimate.is_learned());
            asked += 1;
            covered += u32::from(input <= estimate.p99.input && output <= estimate.p99.output);
        }
        learned.learn(
            &model,
            &SettledUse {
                input_bytes: bytes,
                max_output_tokens: 4_096,
                used: Tokens { input, output },
            },
        );
    }
    println!("{covered} of {asked} within the careful estimate");
    assert!(
        f64::from(covered) >= 0.99 * f64::from(asked),
        "{covered} of {asked}"
    );
}
