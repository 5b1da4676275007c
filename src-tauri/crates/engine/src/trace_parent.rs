//! Where a call stands in its caller's trace: W3C Trace Context's `traceparent` header, version 00 and what later versions keep of it.

/// A span of the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
}

impl TraceParent {
    /// Reads the header. None for what is not one: as the standard wants it, the call then begins a trace of its own.
    #[must_use]
    pub fn parse(header: &str) -> Option<TraceParent> {
        let mut parts = header.trim().split('-');
        let version = digits(parts.next()?, 2)?;
        let trace_id = digits(parts.next()?, 32)?;
        let span_id = digits(parts.next()?, 16)?;
        digits(parts.next()?, 2)?;
        let is_whole = version != "00" || parts.next().is_none();
        let is_set = |id: &str| id.bytes().any(|digit| digit != b'0');
        (version != "ff" && is_whole && is_set(trace_id) && is_set(span_id)).then(|| TraceParent {
            trace_id: trace_id.to_owned(),
            span_id: span_id.to_owned(),
        })
    }
}

fn digits(text: &str, length: usize) -> Option<&str> {
    let are_digits = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    (text.len() == length && are_digits).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_parent_is_read() {
        let parent = TraceParent {
            trace_id: TRACE.to_owned(),
            span_id: SPAN.to_owned(),
        };
        for header in [
            format!("00-{TRACE}-{SPAN}-01"),
            format!(" 00-{TRACE}-{SPAN}-00 "),
            // A later version may add parts.
            format!("01-{TRACE}-{SPAN}-01-more"),
        ] {
            assert_eq!(TraceParent::parse(&header).as_ref(), Some(&parent), "{header}");
        }
    }

    #[test]
    fn what_is_none_begins_a_trace_of_its_own() {
        let zero = "0".repeat(32);
        for header in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zero}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zero[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0x"),
            format!("00-{}é-{SPAN}-01", &TRACE[..30]),
        ] {
            assert_eq!(TraceParent::parse(&header), None, "{header}");
        }
    }
}
