//! Reads `tauri.conf.json`, the permissions and the capabilities, and embeds the page.

use std::{fs, io, path::Path};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // With our own patterns Tauri leaves the watching to us; the page is embedded when this is compiled.
    for watched in [
        "tauri.conf.json",
        "src-tauri/capabilities",
        "src-tauri/permissions",
        "src-tauri/icons",
        "ui/dist",
    ] {
        println!("cargo:rerun-if-changed={watched}");
    }
    say_how_to_build_the_page(Path::new("ui/dist"))?;
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(
            tauri_build::AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*"),
        );
    tauri_build::try_build(attributes)?;
    Ok(())
}

/// A plain `cargo build` in a fresh clone has no page to embed, which Tauri answers with a panic. The window then
/// says how to build it; `cargo xtask run` puts the real page in its place.
fn say_how_to_build_the_page(folder: &Path) -> io::Result<()> {
    let index = folder.join("index.html");
    if index.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    fs::write(
        index,
        "<!doctype html><title>Weir</title><p>The page is not built. Start Weir with: cargo xtask run</p>\n",
    )
}
