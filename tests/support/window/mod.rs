//! A real window under test: its own display, driver, folders and port, driven as a person would.
//!
//! ```no_run
//! # async fn journey() {
//! let window = support::window::Window::open("journey").await;
//! window.click("door-sample").await;
//! window.see("kpi-spend").await;
//! window.close().await;
//! # }
//! ```
//! Parts of the page are found by `data-testid`. A wait that fails saves a picture under `target/screenshots` and says where.

mod display;
mod driver;
mod programs;

use display::Display;
use driver::Driver;
use fantoccini::{Client, Locator, elements::Element, key::Key};
use std::{
    fs,
    future::Future,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long anything on the page may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// An open window. Drop ends its processes; [`Window::close`] also checks that the app ended cleanly.
pub struct Window {
    client: Client,
    name: String,
    // Dropped in this order: the driver ends the app, which needs display and home until then.
    driver: Driver,
    _display: Display,
    home: TempDir,
}

impl Window {
    /// Opens the app as on a new computer: nothing configured, no profile yet. `name` names its pictures.
    ///
    /// # Panics
    /// When the app, the display or the driver cannot be started; the message says what is missing.
    pub async fn open(name: &str) -> Window {
        Window::open_in(name, tempfile::tempdir().expect("a temporary folder")).await
    }

    /// Opens the app on a home that an earlier window left; see [`Window::close`].
    ///
    /// # Panics
    /// As [`Window::open`].
    pub async fn open_in(name: &str, home: TempDir) -> Window {
        let display = Display::start();
        let driver = Driver::start(&display.name, home.path()).await;
        let client = driver.connect(&programs::app()).await;
        Window {
            client,
            name: name.to_owned(),
            driver,
            _display: display,
            home,
        }
    }

    /// The app's data folder.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.home.path().join("data/weir")
    }

    /// The app's configuration folder; exists once the app has started.
    #[must_use]
    pub fn config_folder(&self) -> PathBuf {
        self.home.path().join("config/weir")
    }

    /// WebDriver itself, for what the sentences below cannot say.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until the part is there and shown.
    ///
    /// # Panics
    /// When it does not come; with a picture.
    pub async fn see(&self, testid: &str) -> Element {
        let found = self.until(|| async {
            let element = self.client.find(Locator::Css(&selector(testid))).await.ok()?;
            element.is_displayed().await.ok()?.then_some(element)
        });
        match found.await {
            Some(element) => element,
            None => self.give_up(&format!("{testid} never appeared")).await,
        }
    }

    /// Waits until the part is gone.
    ///
    /// # Panics
    /// When it stays.
    pub async fn see_no(&self, testid: &str) {
        let gone = self.until(|| async {
            let found = self.client.find_all(Locator::Css(&selector(testid))).await.ok()?;
            found.is_empty().then_some(())
        });
        if gone.await.is_none() {
            self.give_up::<()>(&format!("{testid} never went away")).await;
        }
    }

    /// Waits until the part's text satisfies the wish and returns it.
    ///
    /// # Panics
    /// When it never does; the message has the last text.
    pub async fn read_until(&self, testid: &str, wish: impl Fn(&str) -> bool) -> String {
        let last = std::cell::RefCell::new(String::new());
        let read = self.until(|| async {
            let element = self.client.find(Locator::Css(&selector(testid))).await.ok()?;
            let text = element.text().await.ok()?;
            last.replace(text.clone());
            wish(&text).then_some(text)
        });
        match read.await {
            Some(text) => text,
            None => {
                let words = format!("{testid} stayed at {:?}", last.borrow());
                self.give_up(&words).await
            }
        }
    }

    /// The part's text once it is there.
    ///
    /// # Panics
    /// As [`Window::see`].
    pub async fn read(&self, testid: &str) -> String {
        self.see(testid).await;
        self.read_until(testid, |_| true).await
    }

    /// Clicks the part once it is there, shown and enabled.
    ///
    /// # Panics
    /// When it cannot be clicked.
    pub async fn click(&self, testid: &str) {
        let problem = std::cell::RefCell::new(String::new());
        let clicked = self.until(|| async {
            // The page may draw the part anew between finding and clicking; then both are done again.
            let outcome = async {
                let element = self.client.find(Locator::Css(&selector(testid))).await?;
                let rests = element.attr("aria-disabled").await?.as_deref() == Some("true");
                if rests || !element.is_enabled().await? {
                    return Ok("it is disabled".to_owned());
                }
                // The driver clicks only what lies in view, and does not always scroll there.
                let here = vec![serde_json::to_value(&element)?];
                self.client
                    .execute("arguments[0].scrollIntoView({block: 'nearest'})", here)
                    .await?;
                element.click().await.map(|()| String::new())
            };
            let said = outcome
                .await
                .unwrap_or_else(|error: fantoccini::error::CmdError| format!("{error:?}"));
            problem.replace(said);
            problem.borrow().is_empty().then_some(())
        });
        if clicked.await.is_none() {
            let words = format!("{testid} could not be clicked: {}", problem.borrow());
            self.give_up::<()>(&words).await;
        }
    }

    /// Replaces what stands in a field.
    ///
    /// # Panics
    /// When the field does not take it.
    pub async fn fill(&self, testid: &str, text: &str) {
        let field = self.see(testid).await;
        let select_all = format!("{}a{}", char::from(Key::Control), char::from(Key::Null));
        let typed = async {
            field.click().await?;
            field.send_keys(&select_all).await?;
            field.send_keys(&char::from(Key::Delete).to_string()).await?;
            field.send_keys(text).await
        };
        if let Err(problem) = typed.await {
            self.give_up::<()>(&format!("{testid} did not take {text:?}: {problem}"))
                .await;
        }
    }

    /// Chooses one of a field's options by its value.
    ///
    /// # Panics
    /// When there is no such option.
    pub async fn choose(&self, testid: &str, value: &str) {
        let field = self.see(testid).await;
        if let Err(problem) = field.select_by_value(value).await {
            self.give_up::<()>(&format!("{testid} has no {value:?}: {problem}"))
                .await;
        }
    }

    /// Saves a picture of the page as `target/screenshots/<window>-<label>.png`.
    ///
    /// # Panics
    /// When the driver takes none.
    pub async fn picture(&self, label: &str) -> PathBuf {
        let folder = programs::target_folder().join("screenshots");
        fs::create_dir_all(&folder).expect("the folder for pictures");
        let path = folder.join(format!("{}-{label}.png", self.name));
        self.wait_until_painted().await;
        let bytes = self.client.screenshot().await.expect("a picture of the page");
        fs::write(&path, bytes).expect("the picture is written");
        path
    }

    /// The driver's picture is of the last painted frame, which on a busy machine is older than the page.
    async fn wait_until_painted(&self) {
        let two_frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true), 100)));";
        let painted = self.client.execute_async(two_frames, Vec::new()).await;
        painted.expect("the page paints");
    }

    /// Closes the window and waits for the app to end; returns its home for another window.
    ///
    /// # Panics
    /// When the session cannot be ended.
    pub async fn close(self) -> TempDir {
        let Window {
            client,
            home,
            mut driver,
            ..
        } = self;
        client.close().await.expect("the window closes");
        driver.stop().await;
        home
    }

    /// Looks again and again until there is an answer or patience ends.
    pub async fn until<T, Look: Future<Output = Option<T>>>(
        &self,
        mut look: impl FnMut() -> Look,
    ) -> Option<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = look().await {
                return Some(answer);
            }
            if Instant::now() > end {
                return None;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn give_up<T>(&self, words: &str) -> T {
        let picture = self.picture("failed").await;
        let log = fs::read_to_string(self.home.path().join(driver::LOG)).unwrap_or_default();
        panic!(
            "{words}\nthe page as it was: {}\nthe app's log:\n{log}",
            picture.display()
        )
    }
}

fn selector(testid: &str) -> String {
    format!("[data-testid=\"{testid}\"]")
}

/// True when the file is there and not empty.
#[must_use]
pub fn is_written(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() > 0)
}
