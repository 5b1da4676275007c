//! The `x-weir-simulate` header: `latency_ms=50,tokens=20,fault=429,retry_after=2`. Pure.

use std::time::Duration;

/// A fault to play. [`Fault::Empty`] to [`Fault::NoUsage`] are answers of a special kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An HTTP status from 400 to 599.
    Status(u16),
    /// No first byte.
    Timeout,
    /// The connection closes before the first byte.
    Reset,
    /// An answer that cannot be read.
    Malformed,
    /// The stream goes silent after some pieces.
    Stall,
    /// A whole answer without content.
    Empty,
    /// A refusal.
    Refuse,
    /// The first tool is asked for.
    Tool,
    /// A whole answer without usage.
    NoUsage,
}

/// What the header asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directives {
    /// The whole answer takes this long.
    pub latency_ms: Option<u64>,
    pub first_byte_ms: Option<u64>,
    pub token_us: Option<u64>,
    /// How many tokens the answer has.
    pub tokens: Option<u32>,
    pub fault: Option<Fault>,
    /// The fault is given so often to the same request, which is then answered.
    pub times: Option<u32>,
    /// The stream breaks off after so many pieces.
    pub cut_after: Option<u32>,
    pub retry_after_s: Option<u64>,
    pub instant: bool,
}

/// How long an answer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub first_byte: Duration,
    /// From the first byte to the last.
    pub rest: Duration,
}

const KNOWN: &str =
    "latency_ms, first_byte_ms, token_us, tokens, fault, times, cut_after, retry_after, instant";
const FAULTS: &str =
    "a status from 400 to 599, timeout, reset, malformed, stall, empty, refuse, tool, no_usage";

/// Longer times than an hour are mistakes.
const LONGEST_MS: u64 = 3_600_000;

impl Directives {
    /// Reads the header.
    ///
    /// # Errors
    /// A sentence that names the word it does not know, and those it does.
    pub fn parse(header: &str) -> Result<Directives, String> {
        let mut found = Directives::default();
        for entry in header.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, value) = entry
                .split_once('=')
                .map_or((entry, ""), |(name, value)| (name.trim(), value.trim()));
            let number = |most: u64| {
                value
                    .parse::<u64>()
                    .ok()
                    .filter(|number| *number <= most)
                    .ok_or_else(|| {
                        format!(
                            "x-weir-simulate: `{name}` must be a whole number from 0 to {most}, not `{value}`"
                        )
                    })
            };
            let small =
                |most: u32| number(u64::from(most)).map(|number| u32::try_from(number).unwrap_or(most));
            match name {
                "latency_ms" => found.latency_ms = Some(number(LONGEST_MS)?),
                "first_byte_ms" => found.first_byte_ms = Some(number(LONGEST_MS)?),
                "token_us" => found.token_us = Some(number(LONGEST_MS * 1000)?),
                "tokens" => found.tokens = Some(small(100_000)?),
                "times" => found.times = Some(small(1_000_000)?),
                "cut_after" => found.cut_after = Some(small(1_000_000)?),
                "retry_after" => found.retry_after_s = Some(number(86_400)?),
                "instant" => found.instant = true,
                "fault" => found.fault = Some(fault(value)?),
                _ => {
                    return Err(format!(
                        "x-weir-simulate: `{name}` is not known; known are {KNOWN}"
                    ));
                }
            }
        }
        Ok(found)
    }

    /// The time an answer of so many tokens takes: 180 ms and 12 ms for each token, less for small models, unless told otherwise.
    #[must_use]
    pub fn pace(&self, model: &str, tokens: u64) -> Pace {
        if self.instant {
            return Pace {
                first_byte: Duration::ZERO,
                rest: Duration::ZERO,
            };
        }
        let percent = match model {
            "sim-nano" => 50,
            "sim-mini" => 75,
            "sim-large" => 160,
            _ => 100,
        };
        let usual = Duration::from_millis(180 * percent / 100);
        let asked = self.first_byte_ms.map(Duration::from_millis);
        if let Some(whole) = self.latency_ms.map(Duration::from_millis) {
            let first_byte = asked.unwrap_or(usual.min(whole / 2)).min(whole);
            return Pace {
                first_byte,
                rest: whole - first_byte,
            };
        }
        let token = Duration::from_micros(self.token_us.unwrap_or(12_000 * percent / 100));
        Pace {
            first_byte: asked.unwrap_or(usual),
            rest: token * u32::try_from(tokens).unwrap_or(u32::MAX),
        }
    }
}

fn fault(value: &str) -> Result<Fault, String> {
    Ok(match value {
        "timeout" => Fault::Timeout,
        "reset" => Fault::Reset,
        "malformed" => Fault::Malformed,
        "stall" => Fault::Stall,
        "empty" => Fault::Empty,
        "refuse" => Fault::Refuse,
        "tool" => Fault::Tool,
        "no_usage" => Fault::NoUsage,
        other => match other.parse() {
            Ok(status @ 400..=599) => Fault::Status(status),
            _ => {
                return Err(format!(
                    "x-weir-simulate: the fault `{other}` is not known; known are {FAULTS}"
                ));
            }
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read() {
        let found = Directives::parse(
            "latency_ms=50, tokens=20 ,fault=429,retry_after=2,cut_after=3,instant,times=2",
        )
        .unwrap();
        let expected = Directives {
            latency_ms: Some(50),
            tokens: Some(20),
            fault: Some(Fault::Status(429)),
            retry_after_s: Some(2),
            cut_after: Some(3),
            times: Some(2),
            instant: true,
            ..Directives::default()
        };
        assert_eq!(found, expected);
        assert_eq!(Directives::parse(" "), Ok(Directives::default()));
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(
            Directives::parse("latency=5")
                .unwrap_err()
                .contains("known are latency_ms")
        );
        assert!(
            Directives::parse("fault=999")
                .unwrap_err()
                .contains("known are a status")
        );
        assert!(
            Directives::parse("tokens=-1")
                .unwrap_err()
                .contains("whole number")
        );
        assert!(Directives::parse("latency_ms=99999999999").is_err());
    }

    #[test]
    fn latency_is_the_whole_time() {
        let ms = Duration::from_millis;
        let pace = |header: &str, model: &str| Directives::parse(header).unwrap().pace(model, 10);
        assert_eq!(
            pace("", "sim-standard"),
            Pace {
                first_byte: ms(180),
                rest: ms(120)
            }
        );
        assert_eq!(
            pace("", "sim-nano"),
            Pace {
                first_byte: ms(90),
                rest: ms(60)
            }
        );
        assert_eq!(
            pace("latency_ms=200", "sim-standard"),
            Pace {
                first_byte: ms(100),
                rest: ms(100)
            }
        );
        assert_eq!(
            pace("latency_ms=200,first_byte_ms=150", "x"),
            Pace {
                first_byte: ms(150),
                rest: ms(50)
            }
        );
        assert_eq!(
            pace("instant,latency_ms=200", "x"),
            Pace {
                first_byte: ms(0),
                rest: ms(0)
            }
        );
    }
}
