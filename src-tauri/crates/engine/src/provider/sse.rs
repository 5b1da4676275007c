//! Reads server-sent events out of bytes that come in any pieces. Bounded; no I/O.

use bytes::Bytes;

/// More than any event of a model's stream needs; a larger one is an attack or a mistake.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The `event:` field.
    pub name: Option<String>,
    /// The `data:` fields, joined by line ends.
    pub data: String,
    /// The event's lines without comments, each ended by a line feed, and the blank line.
    pub raw: Bytes,
}

/// The stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    #[error("an event of the stream is larger than 1 MiB")]
    TooLarge,
    #[error("the stream is not UTF-8 text")]
    NotText,
}

/// Keeps what is left over between pieces.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    raw: Vec<u8>,
    name: Option<String>,
    data: Option<String>,
    /// The last byte was a carriage return: a line feed right after it belongs to the same line end.
    after_return: bool,
    past_first_line: bool,
    comments: u64,
}

impl SseParser {
    /// Takes in bytes and gives the events that they complete.
    ///
    /// # Errors
    /// [`SseError`]; the parser must not be used after it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, SseError> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(rest.len());
            if self.line.len() + self.raw.len() + taken > MAX_EVENT_BYTES {
                return Err(SseError::TooLarge);
            }
            self.line.extend_from_slice(&rest[..taken]);
            let Some(end) = end else { break };
            self.after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            events.extend(self.end_line()?);
        }
        Ok(events)
    }

    /// How many comment lines came: a sign of life from a provider that has nothing to say yet.
    #[must_use]
    pub fn comments(&self) -> u64 {
        self.comments
    }

    fn end_line(&mut self) -> Result<Option<SseEvent>, SseError> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = std::str::from_utf8(&bytes).map_err(|_| SseError::NotText)?;
        if !std::mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            let raw = std::mem::take(&mut self.raw);
            let name = self.name.take();
            return Ok(self.data.take().map(|data| {
                let mut raw = raw;
                raw.push(b'\n');
                SseEvent {
                    name,
                    data,
                    raw: raw.into(),
                }
            }));
        }
        if line.starts_with(':') {
            self.comments += 1;
            return Ok(None);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "event" => self.name = Some(value.to_owned()),
            _ => {}
        }
        self.raw.extend_from_slice(line.as_bytes());
        self.raw.push(b'\n');
        Ok(None)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<SseEvent> {
        SseParser::default().push(bytes).unwrap()
    }

    #[test]
    fn fields_comments_and_line_ends() {
        let events = all(b"\xef\xbb\xbf: hello\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\nid: 7\rdata\r\r: ping\n\ndata: x\n\ndata: lost");
        let seen: Vec<_> = events
            .iter()
            .map(|event| (event.name.as_deref(), event.data.as_str()))
            .collect();
        assert_eq!(seen, [(Some("a"), "1\n2"), (None, ""), (None, "x")]);
        assert_eq!(events[0].raw, "event: a\ndata: 1\ndata:2\n\n");
        assert_eq!(events[2].raw, "data: x\n\n");
    }

    #[test]
    fn a_huge_event_is_refused_without_being_kept() {
        let mut parser = SseParser::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; 300_000], b"\n"].concat();
        let results: Vec<_> = (0..4).map(|_| parser.push(&line)).collect();
        assert_eq!(results[3], Err(SseError::TooLarge));
        assert_eq!(
            SseParser::default().push(&vec![b'x'; MAX_EVENT_BYTES + 1]),
            Err(SseError::TooLarge)
        );
    }

    #[test]
    fn what_is_not_text_is_refused() {
        assert_eq!(
            SseParser::default().push(b"data: \xff\n\n"),
            Err(SseError::NotText)
        );
    }

    proptest! {
        #[test]
        fn any_cutting_gives_the_same_events(
            lines in prop::collection::vec("(data: |event: |: |id:|)[a-zé😀:]{0,6}(\n|\r\n|\r)(\n|\r\n|\r|)", 0..30),
            cuts in prop::collection::vec(1_usize..9, 1..200),
        ) {
            let text = lines.concat();
            let whole = all(text.as_bytes());
            let mut parser = SseParser::default();
            let mut rest = text.as_bytes();
            let mut pieced = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieced.extend(parser.push(piece).unwrap());
                rest = after;
            }
            prop_assert_eq!(pieced, whole);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = SseParser::default().push(&bytes);
        }
    }
}
