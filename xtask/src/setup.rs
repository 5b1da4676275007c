//! `cargo xtask setup`: installs what is missing, and nothing that is there.

use crate::{
    packages::{self, Need},
    step::{Outcome, step},
    wasm_target,
};

/// What opening the window needs; a virtual display only where there is no real one.
pub(crate) fn for_run(virtual_display: bool) -> Outcome {
    let needs: &[Need] = if virtual_display {
        &[Need::Building, Need::VirtualDisplay]
    } else {
        &[Need::Building]
    };
    with(needs)
}

/// What the tests need.
pub(crate) fn everything() -> Outcome {
    with(&[Need::Building, Need::VirtualDisplay, Need::Testing])
}

/// What the page alone needs.
pub(crate) fn for_page() -> Outcome {
    wasm_target::ensure()
}

fn with(needs: &[Need]) -> Outcome {
    step("set-up", || {
        packages::ensure(needs)?;
        wasm_target::ensure()
    })
}
