//! How recorded requests are written down for trying draft limits on them: some 60 bytes each, read at millions a second.
//!
//! One record after the other: the start (8 bytes), duration, tokens and nano-dollars as variable-length numbers, a byte of
//! flags, and five texts, each behind its length in one byte.

use super::subject::count_name;
use crate::store::ReplayedRequest;

const IS_EXPENSIVE: u8 = 1;

/// Appends one request. Texts above 128 bytes are written as their hash.
pub fn append(log: &mut Vec<u8>, request: &ReplayedRequest<'_>) {
    log.extend_from_slice(&request.at_ms.to_le_bytes());
    for number in [request.duration_ms, request.tokens, request.cost_nanousd] {
        append_number(log, u64::try_from(number).unwrap_or(0));
    }
    log.push(if request.is_expensive { IS_EXPENSIVE } else { 0 });
    for text in [
        request.key,
        request.user,
        request.ip,
        request.event,
        request.intent,
    ] {
        let text = count_name(text);
        log.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        log.extend_from_slice(text.as_bytes());
    }
}

fn append_number(log: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        log.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    log.push(number as u8);
}

/// The requests of a piece of the log, in its order. A damaged piece ends where it is damaged.
#[must_use]
pub fn read(log: &[u8]) -> Reader<'_> {
    Reader { rest: log }
}

/// See [`read`].
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<i64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return i64::try_from(number).ok();
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::from(*self.take(1)?.first()?);
        std::str::from_utf8(self.take(length)?).ok()
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = ReplayedRequest<'a>;

    fn next(&mut self) -> Option<ReplayedRequest<'a>> {
        Some(ReplayedRequest {
            at_ms: i64::from_le_bytes(self.take(8)?.try_into().ok()?),
            duration_ms: self.number()?,
            tokens: self.number()?,
            cost_nanousd: self.number()?,
            is_expensive: *self.take(1)?.first()? & IS_EXPENSIVE != 0,
            key: self.text()?,
            user: self.text()?,
            ip: self.text()?,
            event: self.text()?,
            intent: self.text()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{append, read};
    use crate::store::ReplayedRequest;
    use proptest::prelude::*;

    proptest! {
        /// What is written is read, and a piece that was cut anywhere loses only its end.
        #[test]
        fn what_is_written_is_read(
            requests in prop::collection::vec(
                (any::<i64>(), 0..i64::MAX, 0..1_000_000_i64, 0..i64::MAX, any::<bool>(), "[a-zä]{0,60}", "[a-z]{0,9}"),
                0..20,
            ),
            cut in 0..500_usize,
        ) {
            let requests: Vec<ReplayedRequest<'_>> = requests
                .iter()
                .map(|(at_ms, duration_ms, tokens, cost_nanousd, is_expensive, key, user)| ReplayedRequest {
                    at_ms: *at_ms, duration_ms: *duration_ms, tokens: *tokens, cost_nanousd: *cost_nanousd,
                    is_expensive: *is_expensive, key, user, ip: "::1", event: "", intent: "help",
                })
                .collect();
            let mut log = Vec::new();
            requests.iter().for_each(|request| append(&mut log, request));
            let back: Vec<ReplayedRequest<'_>> = read(&log).collect();
            prop_assert_eq!(&back, &requests);
            log.truncate(cut);
            let some: Vec<ReplayedRequest<'_>> = read(&log).collect();
            prop_assert_eq!(&some[..], &requests[..some.len()]);
        }
    }
}
