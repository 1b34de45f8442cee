//! One target of `daypass-fuzz` under libFuzzer: the one that the program is named after.

#![no_main]

use daypass_fuzz::TARGETS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let named = |target: &&daypass_fuzz::Target| target.name == env!("CARGO_BIN_NAME");
    let understood = TARGETS.iter().find(named).map(|target| (target.run)(bytes));
    assert!(understood.is_some(), "no target has the name of this program");
});
