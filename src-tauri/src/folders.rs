//! Where Weir keeps its data and configuration, by the XDG rules on Linux and the system's own elsewhere.

use std::{
    fs, io,
    path::{Path, PathBuf},
};
use weir_gateway::config::Environment;

/// Weir's folders; both exist and belong to this user alone.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Databases.
    pub data: PathBuf,
    /// An optional `weir.toml`, and which profile was used last.
    pub config: PathBuf,
}

/// Why the folders cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FoldersError {
    /// Neither the XDG variables nor a home folder are known.
    #[error("no home folder is known: set HOME, or XDG_DATA_HOME and XDG_CONFIG_HOME to absolute paths")]
    Homeless,
    /// A folder cannot be made.
    #[error("the folder {path} cannot be made: {problem}")]
    Make { path: PathBuf, problem: io::Error },
}

impl Folders {
    /// Finds the folders in the environment and makes them, readable by this user alone.
    ///
    /// # Errors
    /// [`FoldersError`].
    pub fn prepare(environment: &Environment) -> Result<Folders, FoldersError> {
        let folders = Folders {
            data: place(environment, "XDG_DATA_HOME", DATA).ok_or(FoldersError::Homeless)?,
            config: place(environment, "XDG_CONFIG_HOME", CONFIG).ok_or(FoldersError::Homeless)?,
        };
        for path in [&folders.data, &folders.config] {
            make_private(path).map_err(|problem| FoldersError::Make {
                path: path.clone(),
                problem,
            })?;
        }
        Ok(folders)
    }
}

#[cfg(target_os = "macos")]
const DATA: (&str, &str) = ("HOME", "Library/Application Support");
#[cfg(target_os = "macos")]
const CONFIG: (&str, &str) = ("HOME", "Library/Preferences");
#[cfg(windows)]
const DATA: (&str, &str) = ("LOCALAPPDATA", "");
#[cfg(windows)]
const CONFIG: (&str, &str) = ("APPDATA", "");
#[cfg(not(any(target_os = "macos", windows)))]
const DATA: (&str, &str) = ("HOME", ".local/share");
#[cfg(not(any(target_os = "macos", windows)))]
const CONFIG: (&str, &str) = ("HOME", ".config");

/// The XDG variable when it is an absolute path (the rules say to ignore others), else the usual folder.
fn place(environment: &Environment, variable: &str, (base, below): (&str, &str)) -> Option<PathBuf> {
    let chosen = environment
        .plain(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let usual = || environment.plain(base).map(|home| Path::new(&home).join(below));
    Some(chosen.or_else(usual)?.join("weir"))
}

fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn folders_follow_xdg_and_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("elsewhere");
        let folders = Folders::prepare(&environment(&[
            ("HOME", home.path().to_str().unwrap()),
            ("XDG_DATA_HOME", data.to_str().unwrap()),
            ("XDG_CONFIG_HOME", "relative/is/ignored"),
        ]))
        .unwrap();
        assert_eq!(folders.data, data.join("weir"));
        assert_eq!(folders.config, home.path().join(".config/weir"));
        let mode = fs::metadata(&folders.data).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "other users must not read the ledger");
    }

    #[test]
    fn without_a_home_the_error_says_what_to_set() {
        let problem = Folders::prepare(&environment(&[])).unwrap_err();
        assert!(problem.to_string().contains("XDG_DATA_HOME"));
    }
}
