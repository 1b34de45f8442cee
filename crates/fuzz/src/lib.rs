//! The readers of outside bytes as fuzz targets: each takes any bytes and asserts a law of what it read.
//!
//! A target panics when its law is broken. Where the bytes come from is left to the caller: the tests of this
//! crate mutate the seeds without looking at the code's coverage, so that they run on a stable toolchain. No
//! program uses this crate.

mod documents;
mod forms;
mod requests;
mod sealed;
mod signing;

/// A reader of outside bytes.
pub struct Target {
    /// What it is called on the command line and in reports.
    pub name: &'static str,
    /// Reads the bytes and asserts the law; panics when that is broken. Tells whether the reader understood them.
    pub run: fn(&[u8]) -> bool,
    /// Inputs that it understands, each of them, from which others are made.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of its language.
    pub words: &'static [&'static str],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    documents::POLICY,
    documents::XML,
    forms::FORM,
    forms::POST_POLICY,
    requests::AUTHORIZATION,
    requests::QUERY,
    requests::RANGE,
    requests::TC3,
    requests::V1,
    sealed::TOKEN,
    signing::SIGN_REQUEST,
    signing::SIGN_CURL,
    signing::SIGN_URL,
];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
