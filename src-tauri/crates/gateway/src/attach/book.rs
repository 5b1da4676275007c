//! The profiles, in one file of the configuration folder. It holds no secret.

use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};
use weir_contract::{
    ApiError, ErrorCode,
    model::profile::{ConnectionProfile, check},
};

/// The file's name in the configuration folder.
pub const FILE: &str = "connections.json";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pages {
    connections: Vec<ConnectionProfile>,
}

/// The profiles by name.
///
/// # Errors
/// `unavailable` when the file cannot be read or is not one of ours; it is left as it is.
pub fn load(folder: &Path) -> Result<Vec<ConnectionProfile>, ApiError> {
    let path = folder.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(problem) => return Err(unusable(&path, "read", &problem.to_string())),
    };
    let pages: Pages =
        serde_json::from_str(&text).map_err(|problem| unusable(&path, "read", &problem.to_string()))?;
    let mut profiles = pages.connections;
    profiles.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(profiles)
}

/// The profile of this name.
///
/// # Errors
/// `not_found`, and as [`load`].
pub fn find(folder: &Path, name: &str) -> Result<ConnectionProfile, ApiError> {
    load(folder)?
        .into_iter()
        .find(|profile| profile.name == name)
        .ok_or_else(|| {
            ApiError::not_found(format!("There is no connection \"{name}\"; read the list again."))
        })
}

/// Keeps a profile: a new one, or in the place of the one that had the name `before`.
///
/// # Errors
/// `invalid_argument` for a profile that cannot be one, `conflict` when the name is taken, `not_found` when the one before is
/// gone, and as [`load`].
pub fn save(folder: &Path, profile: &ConnectionProfile, before: Option<&str>) -> Result<(), ApiError> {
    check(profile).map_err(ApiError::invalid)?;
    let mut profiles = load(folder)?;
    // Names that differ in case alone look alike in a band.
    let alike = |one: &ConnectionProfile| one.name.to_lowercase() == profile.name.to_lowercase();
    if profiles
        .iter()
        .any(|one| alike(one) && Some(one.name.as_str()) != before)
    {
        return Err(ApiError::new(
            ErrorCode::Conflict,
            format!(
                "There is a connection \"{}\" already; choose another name.",
                profile.name
            ),
        ));
    }
    match before {
        None => profiles.push(profile.clone()),
        Some(name) => {
            let place = profiles.iter_mut().find(|one| one.name == name).ok_or_else(|| {
                ApiError::not_found(format!(
                    "There is no connection \"{name}\" any more; save it as a new one."
                ))
            })?;
            *place = profile.clone();
        }
    }
    store(folder, profiles)
}

/// Forgets a profile, and gives it back once more.
///
/// # Errors
/// `not_found`, and as [`load`].
pub fn delete(folder: &Path, name: &str) -> Result<ConnectionProfile, ApiError> {
    let gone = find(folder, name)?;
    let mut profiles = load(folder)?;
    profiles.retain(|profile| profile.name != name);
    store(folder, profiles)?;
    Ok(gone)
}

/// Whole or not at all: the new file takes the old one's name once it is on the disk.
fn store(folder: &Path, connections: Vec<ConnectionProfile>) -> Result<(), ApiError> {
    let path = folder.join(FILE);
    let write = || -> io::Result<()> {
        let text = serde_json::to_string_pretty(&Pages { connections })?;
        // Readable by this user alone, as the folder is.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(|problem| unusable(&path, "written", &problem.to_string()))
}

fn unusable(path: &Path, done: &str, problem: &str) -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        format!(
            "The file of connections {} cannot be {done} ({problem}). Nothing was changed; correct it or move it away.",
            path.display()
        ),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests {
    use super::*;

    fn profile(name: &str) -> ConnectionProfile {
        ConnectionProfile {
            name: name.to_owned(),
            host: "db.example.com".to_owned(),
            ..ConnectionProfile::new()
        }
    }

    #[test]
    fn profiles_are_kept_renamed_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert_eq!(load(at).unwrap(), vec![]);
        save(at, &profile("b"), None).unwrap();
        save(at, &profile("a"), None).unwrap();
        assert_eq!(
            save(at, &profile("A"), None).unwrap_err().code,
            ErrorCode::Conflict
        );
        assert_eq!(
            save(at, &profile("b"), Some("a")).unwrap_err().code,
            ErrorCode::Conflict
        );
        save(at, &profile("c"), Some("b")).unwrap();
        let names: Vec<_> = load(at).unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(
            save(at, &profile("d"), Some("b")).unwrap_err().code,
            ErrorCode::NotFound
        );
        assert_eq!(delete(at, "c").unwrap(), profile("c"));
        assert_eq!(find(at, "c").unwrap_err().code, ErrorCode::NotFound);
        assert_eq!(find(at, "a").unwrap(), profile("a"));
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{ broken").unwrap();
        let problem = save(folder.path(), &profile("a"), None).unwrap_err();
        assert!(problem.message.contains(FILE), "{problem}");
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "{ broken");
    }
}
