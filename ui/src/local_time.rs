//! Moments as the viewer's wall clock shows them. Pure arithmetic; the zone's offset is handed in.

/// A wall-clock moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The wall clock at UNIX milliseconds, `offset_minutes` east of Greenwich.
#[must_use]
pub fn civil(ms: i64, offset_minutes: i64) -> Civil {
    let local_seconds = ms.div_euclid(1_000) + offset_minutes * 60;
    let days = local_seconds.div_euclid(86_400);
    let second_of_day = local_seconds.rem_euclid(86_400) as u32;
    // Howard Hinnant's civil_from_days: years start in March so that leap days come last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month: month as u32,
        day: (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32,
        hour: second_of_day / 3_600,
        minute: second_of_day / 60 % 60,
        second: second_of_day % 60,
    }
}

/// UNIX milliseconds of a wall-clock moment, `offset_minutes` east of Greenwich.
#[must_use]
pub fn to_ms(moment: Civil, offset_minutes: i64) -> i64 {
    let year = moment.year - i64::from(moment.month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = i64::from((moment.month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(moment.day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = days * 86_400
        + i64::from(moment.hour) * 3_600
        + i64::from(moment.minute) * 60
        + i64::from(moment.second);
    (seconds - offset_minutes * 60) * 1_000
}

/// `14:03`.
#[must_use]
pub fn clock(ms: i64, offset_minutes: i64) -> String {
    let moment = civil(ms, offset_minutes);
    format!("{:02}:{:02}", moment.hour, moment.minute)
}

/// `21 Nov`.
#[must_use]
pub fn day(ms: i64, offset_minutes: i64) -> String {
    let moment = civil(ms, offset_minutes);
    format!("{} {}", moment.day, month_name(moment.month))
}

/// `21 Nov 14:03:10`.
#[must_use]
pub fn day_and_clock(ms: i64, offset_minutes: i64) -> String {
    let moment = civil(ms, offset_minutes);
    format!(
        "{} {} {:02}:{:02}:{:02}",
        moment.day,
        month_name(moment.month),
        moment.hour,
        moment.minute,
        moment.second
    )
}

/// `2026-11-21T14:03`, as a `datetime-local` input wants it.
#[must_use]
pub fn input_value(ms: i64, offset_minutes: i64) -> String {
    let moment = civil(ms, offset_minutes);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}",
        moment.year, moment.month, moment.day, moment.hour, moment.minute
    )
}

/// Reads what a `datetime-local` input holds.
#[must_use]
pub fn parse_input(text: &str, offset_minutes: i64) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let mut date = date.splitn(3, '-');
    let mut time = time.splitn(3, ':');
    let moment = Civil {
        year: date.next()?.parse().ok()?,
        month: date
            .next()?
            .parse()
            .ok()
            .filter(|month| (1..=12).contains(month))?,
        day: date.next()?.parse().ok().filter(|day| (1..=31).contains(day))?,
        hour: time.next()?.parse().ok().filter(|hour| *hour < 24)?,
        minute: time.next()?.parse().ok().filter(|minute| *minute < 60)?,
        second: 0,
    };
    Some(to_ms(moment, offset_minutes))
}

fn month_name(month: u32) -> &'static str {
    MONTHS
        .get(month.saturating_sub(1) as usize)
        .copied()
        .unwrap_or("?")
}

/// How long ago, in one word group: `12 s ago`, `3 min ago`, `2 d ago`.
#[must_use]
pub fn ago(ms: i64, now_ms: i64) -> String {
    let seconds = (now_ms - ms).max(0) / 1_000;
    match seconds {
        0..5 => "just now".to_owned(),
        5..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// How long until then: `in 3 h`; `now` when it has passed.
#[must_use]
pub fn until(ms: i64, now_ms: i64) -> String {
    let seconds = (ms - now_ms) / 1_000;
    match seconds {
        ..1 => "now".to_owned(),
        1..60 => format!("in {seconds} s"),
        60..3_600 => format!("in {} min", seconds / 60),
        3_600..172_800 => format!("in {} h", seconds / 3_600),
        _ => format!("in {} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_survives_the_round_trip() {
        for ms in [
            0,
            951_782_400_000,
            1_795_000_000_000,
            -86_400_000,
            4_102_444_799_000,
        ] {
            for offset in [0, 60, -330, 765] {
                assert_eq!(to_ms(civil(ms, offset), offset), ms, "{ms} {offset}");
            }
        }
    }

    #[test]
    fn known_moments_read_right() {
        assert_eq!(input_value(1_709_164_800_000, 0), "2024-02-29T00:00");
        assert_eq!(clock(1_709_164_800_000, 330), "05:30");
        assert_eq!(day_and_clock(1_709_164_800_000, -60), "28 Feb 23:00:00");
        assert_eq!(parse_input("2024-02-29T00:00", 0), Some(1_709_164_800_000));
        assert_eq!(parse_input("2024-13-29T00:00", 0), None);
        assert_eq!(parse_input("nonsense", 0), None);
    }

    #[test]
    fn distances_read_in_words() {
        assert_eq!(ago(0, 3_000), "just now");
        assert_eq!(ago(0, 7_200_000), "2 h ago");
        assert_eq!(until(90_000, 0), "in 1 min");
        assert_eq!(until(0, 10), "now");
    }
}
