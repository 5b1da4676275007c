//! Until when an X.509 certificate is valid: the one field that is read of it, without a library for the rest.

/// The UNIX time in milliseconds at which it ends; none when these bytes are no certificate.
pub(in crate::attach) fn not_after_ms(der: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(der)?;
    let (_, body, _) = element(certificate)?;
    let (tag, _, after_first) = element(body)?;
    // The version, which old certificates leave out.
    let rest = if tag == 0xa0 { after_first } else { body };
    let (_, _, rest) = element(rest)?; // serial number
    let (_, _, rest) = element(rest)?; // algorithm of the signature
    let (_, _, rest) = element(rest)?; // issuer
    let (_, validity, _) = element(rest)?;
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    moment_ms(tag, std::str::from_utf8(time).ok()?)
}

/// Tag, content and what follows of the first DER element.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let digits = usize::from(first & 0x7f);
        if digits == 0 || digits > 4 || rest.len() < digits {
            return None;
        }
        let (digits, rest) = rest.split_at(digits);
        let length = digits
            .iter()
            .fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
        (length, rest)
    };
    if rest.len() < length {
        return None;
    }
    let (content, rest) = rest.split_at(length);
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` (tag 23) or `YYYYMMDDHHMMSSZ` (tag 24), as RFC 5280 has them.
fn moment_ms(tag: u8, text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z')?;
    let (year, rest) = match tag {
        23 if digits.len() == 12 => {
            let year: i64 = digits.get(..2)?.parse().ok()?;
            (
                if year < 50 { 2000 + year } else { 1900 + year },
                digits.get(2..)?,
            )
        }
        24 if digits.len() == 14 => (digits.get(..4)?.parse().ok()?, digits.get(4..)?),
        _ => return None,
    };
    let part = |from: usize| rest.get(from..from + 2)?.parse::<i64>().ok();
    let seconds = part(4)? * 3600 + part(6)? * 60 + part(8)?;
    Some((days(year, part(0)?, part(2)?) * 86_400 + seconds) * 1000)
}

/// Days since 1970-01-01, by the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{days, element, moment_ms, not_after_ms};

    #[test]
    fn moments_of_both_forms_are_read() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(moment_ms(23, "700101000000Z"), Some(0));
        assert_eq!(moment_ms(23, "261121190000Z"), Some(1_795_287_600_000));
        assert_eq!(moment_ms(24, "20500101000000Z"), Some(2_524_608_000_000));
        assert_eq!(moment_ms(23, "2611211900"), None);
        assert_eq!(moment_ms(24, "x0500101000000Z"), None);
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        assert_eq!(not_after_ms(b""), None);
        assert_eq!(not_after_ms(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        for length in 0..64_u8 {
            let _ = not_after_ms(&[0x30, length, 0x30, length, 0x02, 0x01]);
        }
        assert_eq!(element(&[4, 1, 7, 9]), Some((4, &[7_u8][..], &[9_u8][..])));
    }
}
