//! Where the programs under test lie.

use std::{env, path::PathBuf};

/// The built app: `WEIR_APP`, else the debug build beside this test.
pub(super) fn app() -> PathBuf {
    let path = env::var_os("WEIR_APP").map_or_else(|| target_folder().join("debug/weir"), PathBuf::from);
    assert!(
        path.is_file(),
        "the app is not built at {}: run `cargo xtask test`",
        path.display()
    );
    path
}

/// The target folder: this test runs from `<target>/debug/deps`.
pub(super) fn target_folder() -> PathBuf {
    let here = env::current_exe().expect("a test knows its own path");
    here.ancestors()
        .nth(3)
        .expect("tests run from the target folder")
        .to_owned()
}
