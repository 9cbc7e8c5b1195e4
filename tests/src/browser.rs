//! A real browser: Debian's chromium over its own protocol, headless, with an empty profile.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use chromiumoxide::browser::{Browser, BrowserConfig};
use chromiumoxide::page::{Page, ScreenshotParams};
use futures_util::StreamExt;
use tokio::task::JoinHandle;

/// A running browser with its event loop.
pub struct TestBrowser {
    browser: Browser,
    events: JoinHandle<()>,
}

impl TestBrowser {
    /// Starts it with its profile under `folder`.
    pub async fn start(folder: &Path) -> Result<Self> {
        let config = BrowserConfig::builder()
            .no_sandbox()
            .chrome_executable("/usr/bin/chromium")
            .user_data_dir(folder.join("browser"))
            .window_size(1280, 900)
            .request_timeout(Duration::from_secs(20))
            .args(["--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .build()
            .map_err(|why| anyhow!(why))?;
        let (browser, mut handler) = Browser::launch(config).await.context("starting chromium")?;
        #[expect(clippy::disallowed_methods, reason = "the browser's event loop; joined in stop()")]
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Ok(Self { browser, events })
    }

    /// Opens `address` in a new page.
    pub async fn open(&self, address: &str) -> Result<Page> {
        let page = self.browser.new_page(address).await?;
        page.wait_for_navigation().await?;
        Ok(page)
    }

    pub async fn stop(mut self) -> Result<()> {
        self.browser.close().await?;
        self.browser.wait().await?;
        self.events.abort();
        Ok(())
    }
}

/// The page's visible text.
pub async fn text(page: &Page) -> Option<String> {
    page.evaluate("document.body.innerText").await.ok()?.into_value().ok()
}

/// Keeps a picture of the whole page for a person to look at.
pub async fn picture(page: &Page, file: &Path) -> Result<()> {
    page.save_screenshot(ScreenshotParams::builder().full_page(true).build(), file).await?;
    Ok(())
}
