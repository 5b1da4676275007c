//! Every page of the real window, small and large, light and dark: nothing overflows, nothing complains, and a picture
//! of each is left under `target/screenshots` for a person to look at.

use fantoccini::Locator;
use support::window::Window;

const PAGES: [&str; 9] = [
    "overview", "requests", "cache", "budgets", "limits", "rollouts", "alerts", "changes", "settings",
];
const SIZES: [(u32, u32); 2] = [(1280, 800), (1920, 1080)];

#[tokio::test]
async fn every_page_fits_small_and_large_light_and_dark() {
    let window = Window::open("pages").await;
    window.click("door-sample").await;
    window.see("kpi-spend").await;
    for (width, height) in SIZES {
        window
            .client()
            .set_window_size(width, height)
            .await
            .expect("the window takes another size");
        for theme in ["Light theme", "Dark theme"] {
            choose(&window, theme).await;
            for page in PAGES {
                window.click(&format!("nav-{page}")).await;
                settle(&window, page).await;
                let word = theme.split(' ').next().unwrap_or(theme).to_lowercase();
                window.picture(&format!("{page}-{width}-{word}")).await;
                nothing_is_wrong(&window, page, width).await;
            }
        }
    }
    window.close().await;
}

async fn choose(window: &Window, theme: &str) {
    for _ in 0..3 {
        if window.read("theme-toggle").await.trim() == theme {
            return;
        }
        window.click("theme-toggle").await;
    }
    panic!("the theme never became {theme}");
}

/// Waits until the page stands and nothing on it is loading.
async fn settle(window: &Window, page: &str) {
    let heading = |text: String| text.to_lowercase().contains(page);
    let stands = window
        .until(|| async {
            let client = window.client();
            let heading_text = client.find(Locator::Css("h1")).await.ok()?.text().await.ok()?;
            let busy = client
                .find_all(Locator::Css("[aria-label=\"Loading\"], .stale"))
                .await
                .ok()?;
            (heading(heading_text) && busy.is_empty()).then_some(())
        })
        .await;
    assert!(stands.is_some(), "the page {page} never stood still");
}

async fn nothing_is_wrong(window: &Window, page: &str, width: u32) {
    let client = window.client();
    let overflow = client
        .execute(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
            Vec::new(),
        )
        .await
        .expect("the page measures itself");
    assert!(
        overflow.as_i64().is_some_and(|pixels| pixels <= 0),
        "{page} at {width} pixels is too wide by {overflow}"
    );
    let complaints = client
        .find_all(Locator::Css("[role=\"alert\"]"))
        .await
        .expect("the page can be searched");
    for complaint in complaints {
        let text = complaint.text().await.unwrap_or_default();
        assert!(text.trim().is_empty(), "{page} complains: {text}");
    }
}
