//! Comma-separated values as RFC 4180 has them, with the number of the line on which each record begins.

/// A record and the line it begins on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) fields: Vec<String>,
}

/// Splits the text into records. Empty lines are passed over; a byte order mark at the start, too.
///
/// # Errors
/// A quote that is never closed, or text behind a closed one: the line, and what to do.
pub(super) fn records(text: &str) -> Result<Vec<Record>, String> {
    let mut reader = Reader {
        letters: text.trim_start_matches('\u{feff}').chars().peekable(),
        line: 1,
    };
    let mut records = Vec::new();
    while reader.letters.peek().is_some() {
        let line = reader.line;
        let fields = reader.record()?;
        if fields.iter().any(|field| !field.trim().is_empty()) {
            records.push(Record { line, fields });
        }
    }
    Ok(records)
}

struct Reader<'a> {
    letters: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.letters.next();
        if letter == Some('\n') {
            self.line += 1;
        }
        letter
    }

    fn record(&mut self) -> Result<Vec<String>, String> {
        let mut fields = Vec::new();
        loop {
            let field = if self.letters.peek() == Some(&'"') {
                self.quoted()?
            } else {
                self.plain()
            };
            fields.push(field);
            match self.next() {
                Some(',') => {}
                Some('\r') => {
                    if self.letters.peek() == Some(&'\n') {
                        self.next();
                    }
                    return Ok(fields);
                }
                Some('\n') | None => return Ok(fields),
                Some(letter) => {
                    return Err(format!(
                        "line {}: {letter:?} stands behind a closing quote; double the quotes that belong to the text, or export the file again",
                        self.line
                    ));
                }
            }
        }
    }

    fn plain(&mut self) -> String {
        let mut field = String::new();
        while let Some(letter) = self
            .letters
            .next_if(|letter| !matches!(letter, ',' | '\n' | '\r'))
        {
            field.push(letter);
        }
        field
    }

    fn quoted(&mut self) -> Result<String, String> {
        let opened = self.line;
        self.next();
        let mut field = String::new();
        loop {
            match self.next() {
                Some('"') => {
                    if self.letters.next_if_eq(&'"').is_none() {
                        return Ok(field);
                    }
                    field.push('"');
                }
                Some(letter) => field.push(letter),
                None => {
                    return Err(format!(
                        "line {opened}: a quote is opened and never closed; the file may be cut off, so export it again"
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::records;

    fn fields(text: &str) -> Vec<Vec<String>> {
        let records = records(text).unwrap();
        records.into_iter().map(|record| record.fields).collect()
    }

    #[test]
    fn quotes_commas_and_line_ends_belong_to_quoted_fields() {
        let text = "\u{feff}a,b\r\n\"gpt-5, input\",\"say \"\"hi\"\"\"\n\n\"two\nlines\",x";
        assert_eq!(
            fields(text),
            [["a", "b"], ["gpt-5, input", "say \"hi\""], ["two\nlines", "x"]]
        );
        let lines: Vec<usize> = records(text).unwrap().iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 4]);
        assert_eq!(fields("a,\n,b\n,\n"), [["a", ""], ["", "b"]]);
    }

    #[test]
    fn broken_quotes_name_their_line() {
        assert!(records("a,b\n\"open,1\n2,3").unwrap_err().starts_with("line 2: "));
        assert!(records("a,b\n\"x\"y,1").unwrap_err().starts_with("line 2: "));
    }

    #[test]
    fn every_field_survives_quoting() {
        for field in ["", "plain", "a,b", "a\"b", "\"", "a\nb", "ü€", "a\r\nb", " "] {
            let text = format!("\"{}\",end\n", field.replace('"', "\"\""));
            assert_eq!(fields(&text), [[field, "end"]]);
        }
    }
}
