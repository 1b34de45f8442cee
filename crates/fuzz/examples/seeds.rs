//! Writes the seeds of every target where libFuzzer looks for them: `<folder>/<target>/seed-<number>`.

#![expect(
    clippy::unwrap_used,
    reason = "a tool for the command line may fail by panicking"
)]

use std::fs;
use std::path::PathBuf;

use daypass_fuzz::TARGETS;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    for target in TARGETS {
        let place = folder.join(target.name);
        fs::create_dir_all(&place).unwrap();
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(place.join(format!("seed-{number}")), seed).unwrap();
        }
    }
}
