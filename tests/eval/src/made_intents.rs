//! A made stream of intents: many wordings of a few wishes, some of which differ in a single word.

use crate::data::Stream;
use crate::random::Random;
use std::collections::HashSet;

/// What is wished, in several wordings. Neighbouring lines are opposites or near misses of each other on purpose.
const INTENTS: &[&[&str]] = &[
    &[
        "freeze my card",
        "put a freeze on my card",
        "block my card for now",
        "lock the card I lost",
    ],
    &[
        "unfreeze my card",
        "take the freeze off my card",
        "unblock my card",
        "unlock the card I found again",
    ],
    &[
        "raise my credit limit",
        "increase the limit of my card",
        "get a higher credit limit",
        "more credit on my card",
    ],
    &[
        "lower my credit limit",
        "decrease the limit of my card",
        "get a smaller credit limit",
        "less credit on my card",
    ],
    &[
        "change my pin",
        "choose a new pin",
        "replace my pin by another",
        "set another pin for the card",
    ],
    &[
        "see my pin, I forgot it",
        "what was my pin",
        "recover a forgotten pin",
        "look up the pin of my card",
    ],
    &[
        "book a flight to the coast",
        "reserve a seat on a plane to the coast",
        "find me a plane ticket to the coast",
    ],
    &[
        "cancel my flight to the coast",
        "call off the plane to the coast",
        "I will not fly to the coast, undo it",
    ],
    &[
        "track my parcel",
        "where is my parcel now",
        "follow the delivery of my package",
        "when does my parcel arrive",
    ],
    &[
        "send my parcel back",
        "return the package I got",
        "give the parcel back for a refund",
    ],
    &[
        "turn the lights on",
        "switch on the lamps",
        "light up the room",
        "make it bright in here",
    ],
    &[
        "turn the lights off",
        "switch off the lamps",
        "make the room dark",
        "no more light in here",
    ],
    &[
        "set an alarm for the morning",
        "wake me in the morning",
        "ring me awake tomorrow early",
    ],
    &[
        "delete my morning alarm",
        "do not wake me in the morning",
        "remove tomorrow's early alarm",
    ],
    &[
        "how is the weather outside",
        "what is the weather like",
        "do I need an umbrella",
        "is it raining out there",
    ],
    &[
        "translate this letter",
        "put this letter into another language",
        "what does the letter say in my language",
    ],
    &[
        "play some music",
        "put on a song",
        "start a playlist",
        "let me hear a tune",
    ],
    &[
        "stop the music",
        "silence the song",
        "end the playlist",
        "quiet, no more tunes",
    ],
    &[
        "what is my balance",
        "how much money do I have",
        "show the balance of my account",
        "money left on the account",
    ],
    &[
        "pay my bill",
        "settle the invoice",
        "transfer the money for the bill",
        "the bill has to be paid",
    ],
    &[
        "dispute a charge",
        "I did not buy this, refund the charge",
        "there is a wrong charge on my card",
    ],
    &[
        "open a second account",
        "I want one more account",
        "start another account beside mine",
    ],
    &[
        "close my account",
        "shut my account down",
        "end my account for good",
        "I want to leave the bank",
    ],
    &[
        "how old must my child be for a card",
        "age at which children get a card",
        "card for my daughter, from what age",
    ],
];
const BEFORE: &[&str] = &[
    "",
    "",
    "",
    "please ",
    "hi, ",
    "can you ",
    "could you please ",
    "I need to ",
    "I would like to ",
    "help me: ",
    "hello there, ",
    "quick question: ",
    "so, ",
    "ok ",
    "right, ",
    "my wife asks: ",
    "for my son: ",
    "urgent! ",
];
const AFTER: &[&str] = &[
    "",
    "",
    "",
    "?",
    " please",
    " today",
    " if possible",
    ", thanks",
    " as soon as you can",
    " right away",
    ", would you",
    "!",
    " for me",
];

/// The stream, at most so long.
pub(crate) fn stream(most: usize) -> Stream {
    let mut random = Random(13);
    let mut seen = HashSet::new();
    let mut requests = Vec::new();
    for _ in 0..most * 8 {
        if requests.len() == most {
            break;
        }
        let class = random.below(INTENTS.len());
        let text = format!(
            "{}{}{}",
            random.of(BEFORE),
            random.of(INTENTS[class]),
            random.of(AFTER)
        );
        if seen.insert(text.to_lowercase()) {
            requests.push((text, class.to_string()));
        }
    }
    Stream {
        name: "made intents".to_owned(),
        requests,
    }
}
