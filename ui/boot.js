// Starts the page: the one script that is not compiled.
import init from "/ui.js";

init({ module_or_path: "/ui_bg.wasm" });
