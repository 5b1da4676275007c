//! Starts the page in the browser; everything else is in the library.

fn main() {
    weir_ui::app::start();
}
