//! The pages of the console, as they are sent to a browser.
//!
//! They are plain ES modules without a framework and without a step that builds them, so that `cargo build` needs no
//! Node.js and what is read here is what runs there. Every file stands in one table; a test finds the one that does
//! not. Who may fetch them, and under which rules for the browser, is the server's business.

/// A file of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path, such as `/js/main.js`.
    pub path: &'static str,
    /// What it is, for `Content-Type`.
    pub content_type: &'static str,
    /// All of it.
    pub bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const MODULE: &str = "text/javascript; charset=utf-8";

macro_rules! pages {
    ($($content_type:ident: $($path:literal),+;)+) => {
        /// Every file of the console.
        pub const PAGES: &[Page] = &[$($(Page {
            path: concat!("/", $path),
            content_type: $content_type,
            bytes: include_bytes!(concat!("../assets/", $path)),
        }),+),+];
    };
}

pages! {
    HTML: "index.html";
    CSS: "app.css";
    SVG: "icon.svg";
    MODULE:
        "js/calls.js",
        "js/dom.js",
        "js/effective.js",
        "js/everything.js",
        "js/explanation.js",
        "js/holders.js",
        "js/i18n.js",
        "js/main.js",
        "js/paged.js",
        "js/pages/all.js",
        "js/pages/audit.js",
        "js/pages/groups.js",
        "js/pages/keys.js",
        "js/pages/objects.js",
        "js/pages/policies.js",
        "js/pages/refusals.js",
        "js/pages/roles.js",
        "js/pages/sessions.js",
        "js/pages/sign-in.js",
        "js/pages/signature.js",
        "js/pages/users.js",
        "js/policy-editor.js",
        "js/records.js",
        "js/refusal.js",
        "js/router.js",
        "js/scope.js",
        "js/session.js",
        "js/signing.js",
        "js/statement-place.js",
        "js/transfers.js",
        "js/virtual-list.js",
        "js/widgets.js",
        "js/words/core.js",
        "js/words/explanations.js",
        "js/words/keys.js",
        "js/words/lint.js",
        "js/words/objects.js",
        "js/words/people.js",
        "js/words/sessions.js",
        "js/words/signature.js",
        "js/words/trail.js";
}

/// The file that a path names; the root is the one page that there is.
pub fn page(path: &str) -> Option<&'static Page> {
    let path = if path == "/" { "/index.html" } else { path };
    PAGES.iter().find(|page| page.path == path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::path::Path;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// What all files together may weigh, compressed one by one as a browser would get them.
    const MOST_BYTES: usize = 150 * 1024;

    fn files(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, root, found);
            } else {
                found.insert(format!("/{}", path.strip_prefix(root).unwrap().display()));
            }
        }
    }

    #[test]
    fn every_file_is_in_the_table_once() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let mut found = BTreeSet::new();
        files(&root, &root, &mut found);
        let listed: BTreeSet<String> = PAGES.iter().map(|page| page.path.to_owned()).collect();
        assert_eq!(listed, found);
        assert_eq!(listed.len(), PAGES.len());
    }

    #[test]
    fn the_root_is_the_page_and_nothing_else_is_found() {
        assert_eq!(page("/").map(|page| page.path), Some("/index.html"));
        assert_eq!(page("/js/main.js").map(|page| page.content_type), Some(MODULE));
        for unknown in [
            "",
            "/js",
            "/js/",
            "//js/main.js",
            "/js/../index.html",
            "/INDEX.HTML",
            "/index.html/",
        ] {
            assert_eq!(page(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn all_of_it_is_small() {
        let compressed = |page: &Page| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(page.bytes).unwrap();
            encoder.finish().unwrap().len()
        };
        let whole: usize = PAGES.iter().map(compressed).sum();
        assert!(whole < MOST_BYTES, "{whole} bytes, compressed");
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere_and_no_markup_is_made_of_text() {
        for page in PAGES.iter().filter(|page| page.content_type != SVG) {
            let text = std::str::from_utf8(page.bytes).unwrap();
            for forbidden in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "//cdn",
                "sessionStorage",
            ] {
                assert!(!text.contains(forbidden), "{}: {forbidden}", page.path);
            }
        }
    }
}
