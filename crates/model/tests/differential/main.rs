//! The engine held against the model: random cases, every case of a small scope, the cases that once differed, and
//! the laws of the decision on random chains of minting.
//!
//! `DAYPASS_MODEL_CASES` sets the number of random cases for longer runs, `DAYPASS_MODEL_SEED` where they begin.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail by panicking, and says how to repeat what it did"
)]

mod generate;
mod laws;
mod minting;
mod random;
mod shrink;
mod situation;
mod small_scope;
mod spelling;
mod vectors;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::random::Random;
use crate::situation::{Situation, answers};

/// Cases in an ordinary run of the tests.
const CASES: u64 = 1_000_000;
/// Requests put to one situation.
const REQUESTS: u64 = 40;
const SEED: u64 = 0x5eed;

/// A number from the environment, for nights and for repeating.
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn engine_and_model_agree_on_random_cases() {
    let (cases, seed) = (
        setting("DAYPASS_MODEL_CASES", CASES),
        setting("DAYPASS_MODEL_SEED", SEED),
    );
    eprintln!("{cases} cases from DAYPASS_MODEL_SEED={seed}");
    let situations = cases.div_ceil(REQUESTS);
    let (next, allowed) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= situations {
                break;
            }
            allowed.fetch_add(compare(seed.wrapping_add(index)), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        for thread in threads {
            thread.join().unwrap();
        }
    });
    let share = allowed.into_inner() * 100 / (situations * REQUESTS);
    assert!(
        (10..=90).contains(&share),
        "both answers are tested: {share} % allowed"
    );
}

/// Puts requests to one situation; how many were allowed.
fn compare(seed: u64) -> u64 {
    // Neighbouring seeds must not give neighbouring streams.
    let mut random = Random(seed);
    let mut random = Random(random.number());
    let mut case = generate::situation(&mut random);
    spelling::respell(&mut random, &mut case);
    let situation = Situation::read(&case).unwrap_or_else(|difference| {
        panic!("DAYPASS_MODEL_SEED={seed}: one side refuses a document: {difference}")
    });
    let mut allowed = 0;
    for _ in 0..REQUESTS {
        let request = generate::request(&mut random);
        let answers = situation.ask(&request);
        if answers.engine != answers.model {
            case["request"] = request;
            report(case, seed);
        }
        allowed += u64::from(answers.engine.contains(&true));
    }
    allowed
}

fn report(case: Value, seed: u64) -> ! {
    let differs = |case: &Value| answers(case).is_ok_and(|answers| answers.engine != answers.model);
    let case = shrink::shrink(case, &differs);
    let answers = answers(&case).unwrap();
    panic!("DAYPASS_MODEL_SEED={seed}: {answers:?} on\n{case}")
}
