//! The browser of the suites that drive one: Debian's.

use std::path::Path;

use anyhow::bail;

use crate::debian;

/// Where Debian's package puts the browser.
const CHROMIUM: &str = "/usr/bin/chromium";
/// Where another one puts a font with Chinese letters.
const CHINESE_FONT: &str = "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf";

/// What a bare Debian lacks; the fonts are for what the pages' pictures shall show.
const DEBIAN_PACKAGES: [&str; 3] = ["chromium", "fonts-dejavu-core", "fonts-droid-fallback"];

/// Installs the browser where it is missing and that is possible.
pub(crate) fn install() -> anyhow::Result<()> {
    let complete = || Path::new(CHROMIUM).exists() && Path::new(CHINESE_FONT).exists();
    if !complete() {
        debian::install(&DEBIAN_PACKAGES, "Chromium or its fonts are not here")?;
    }
    if !complete() {
        bail!("`{CHROMIUM}` or `{CHINESE_FONT}` is not there, although their packages are installed");
    }
    Ok(())
}
