//! Every target on inputs made from its seeds: no panic, its law holds, and time and memory stay bounded.
//!
//! `DAYPASS_FUZZ_CASES` sets the cases of each target for longer runs, `DAYPASS_FUZZ_SEED` where they begin.
//! What once failed is kept in `tests/corpus/<target>/` of the workspace and is run first.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail by panicking, and says how to repeat what it did"
)]

mod allocator;
mod bombs;
mod mutation;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use daypass_fuzz::{TARGETS, Target};

use crate::mutation::{Random, input};

/// Cases of one target in an ordinary run of the tests.
const CASES: u64 = 20_000;
const SEED: u64 = 0x5eed;

/// Far more than any case needs, so that a busy machine is no failure.
const MOST_TIME: Duration = Duration::from_secs(5);

/// What a case may take from the allocator, all in all: so much, and so many times its own length.
const MOST_BYTES: usize = 8 << 20;
const MOST_BYTES_PER_BYTE: usize = 1024;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn every_target_keeps_its_law_on_mutated_inputs() {
    let (cases, seed) = (
        setting("DAYPASS_FUZZ_CASES", CASES),
        setting("DAYPASS_FUZZ_SEED", SEED),
    );
    for target in TARGETS {
        let started = Instant::now();
        let seeds = (target.seeds)();
        for known in seeds.iter().chain(&corpus(target)) {
            run(target, known, "a known input");
        }
        let mut understood = 0;
        for case in 0..cases {
            // Each case has its own number, so that one can be repeated alone.
            let number = seed.wrapping_add(case);
            let bytes = input(&mut Random(number), &seeds, target.words);
            let repeat = format!("DAYPASS_FUZZ_SEED={number} DAYPASS_FUZZ_CASES=1");
            understood += u64::from(run(target, &bytes, &repeat));
        }
        eprintln!(
            "{}: {cases} cases in {:?}, {understood} understood",
            target.name,
            started.elapsed()
        );
    }
}

#[test]
fn every_target_understands_its_seeds() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for seed in seeds {
            let understood = run(target, &seed, "a seed");
            assert!(understood, "{}: {}", target.name, String::from_utf8_lossy(&seed));
        }
    }
}

/// A folder that is no target's would be kept and never run.
#[test]
fn every_folder_of_the_corpus_is_a_target_s() {
    for folder in fs::read_dir(corpora()).unwrap() {
        let name = folder.unwrap().file_name();
        assert!(TARGETS.iter().any(|target| name == target.name), "{name:?}");
    }
}

/// The harness for libFuzzer has a program for each.
#[test]
fn every_target_has_a_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/Cargo.toml");
    let manifest = fs::read_to_string(path).unwrap();
    let (_, programs) = manifest.split_once("[[bin]]").unwrap();
    let named: Vec<&str> = programs
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .collect();
    let targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    for target in &targets {
        assert!(named.contains(target), "{target} has no program");
    }
    assert_eq!(named.len(), targets.len(), "{named:?}");
}

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus")
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let Ok(files) = fs::read_dir(corpora().join(target.name)) else {
        return Vec::new();
    };
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

/// Whether the target understood the bytes.
fn run(target: &Target, bytes: &[u8], repeat: &str) -> bool {
    let (started, before) = (Instant::now(), allocator::taken());
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    let (time, taken) = (started.elapsed(), allocator::taken().wrapping_sub(before));
    let shown = String::from_utf8_lossy(bytes);
    let about = format!("{} ({repeat}), {} bytes: {shown:.2000}", target.name, bytes.len());
    assert!(outcome.is_ok(), "the law is broken by {about}");
    assert!(time <= MOST_TIME, "{time:?} for {about}");
    let most = MOST_BYTES + MOST_BYTES_PER_BYTE * bytes.len();
    assert!(taken <= most, "{taken} bytes of memory for {about}");
    outcome.unwrap()
}
