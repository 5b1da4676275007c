//! The names of backups: `weir-20261121T153000.123Z-daily.db`, in the folder `weir-backups` beside `weir.db`.

use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::TimeZone};
use std::path::{Path, PathBuf};
use weir_contract::model::backup::BackupReason;

const FORM: &str = "%Y%m%dT%H%M%S";

/// The folder of this database's backups.
pub(crate) fn folder_of(database: &Path) -> PathBuf {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!("{stem}-backups"))
}

/// None for a time that no calendar has.
pub(super) fn write(database: &Path, taken_ms: i64, reason: BackupReason) -> Option<String> {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    let moment = Timestamp::from_millisecond(taken_ms)
        .ok()?
        .to_zoned(TimeZone::UTC);
    let text = strtime::format(FORM, &moment).ok()?;
    let ms = taken_ms.rem_euclid(1_000);
    Some(format!("{stem}-{text}.{ms:03}Z-{}.db", reason.as_str()))
}

/// When and why, of what [`write`] wrote; none for other files.
pub(super) fn read(name: &str) -> Option<(i64, BackupReason)> {
    let name = name.strip_suffix(".db")?;
    let (rest, reason) = name.rsplit_once("Z-")?;
    let reason = BackupReason::parse(reason)?;
    let (rest, ms) = rest.rsplit_once('.')?;
    let (_, text) = rest.rsplit_once('-')?;
    let moment: DateTime = strtime::parse(FORM, text).ok()?.to_datetime().ok()?;
    let moment = moment.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let ms: i64 = ms.parse().ok().filter(|ms| (0..1_000).contains(ms))?;
    Some((moment.as_millisecond() + ms, reason))
}

#[cfg(test)]
mod tests {
    use super::{BackupReason, folder_of, read, write};
    use std::path::Path;

    #[test]
    fn names_tell_when_and_why() {
        let database = Path::new("/x/my-weir.v2.db");
        for reason in BackupReason::ALL {
            for taken_ms in [0, 1_790_000_800_123, 4_102_444_799_999] {
                let name = write(database, taken_ms, reason).unwrap();
                assert_eq!(read(&name), Some((taken_ms, reason)), "{name}");
            }
        }
        assert_eq!(
            write(database, 1_790_000_800_123, BackupReason::Daily).unwrap(),
            "my-weir.v2-20260921T142640.123Z-daily.db"
        );
        for other in [
            "weir.db",
            "weir-20260921T142640.123Z-daily.db.part",
            "x-20261341T000000.000Z-daily.db",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(folder_of(database), Path::new("/x/my-weir.v2-backups"));
    }
}
