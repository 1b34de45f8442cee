//! One target of `daypass-fuzz` under libFuzzer: the one that the program is named after.
//!
//! What the reader does not understand is not kept, so that the corpus stays within the language.

#![no_main]

use daypass_fuzz::TARGETS;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let target = TARGETS
        .iter()
        .find(|target| target.name == env!("CARGO_BIN_NAME"));
    match target.is_some_and(|target| (target.run)(bytes)) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
});
