//! Single functions, measured by `cargo bench` and read back from what Criterion leaves behind.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::results::Results;
use crate::workspace;

/// Runs all benches and notes the median of each, in microseconds.
pub(crate) fn measure(results: &mut Results) -> Result<()> {
    eprintln!("single functions");
    let status = Command::new("cargo")
        .args([
            "bench",
            "--quiet",
            "--package",
            "daypass-bench",
            "--bench",
            "pieces",
            "--",
        ])
        .args([
            "--quiet",
            "--noplot",
            "--warm-up-time",
            "0.3",
            "--measurement-time",
            "1",
            "--sample-size",
            "20",
        ])
        .env("CRITERION_HOME", output())
        .current_dir(workspace::root())
        .stdout(std::io::stderr())
        .status()
        .context("cannot start `cargo bench`")?;
    ensure!(status.success(), "`cargo bench` failed ({status})");
    let mut found = Vec::new();
    collect(&output(), String::new(), &mut found)?;
    ensure!(!found.is_empty(), "`cargo bench` left no results");
    found.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, microseconds) in found {
        eprintln!("{name:<32} {microseconds:>9.3} µs");
        results.note(&format!("piece:{name}"), microseconds);
    }
    Ok(())
}

fn output() -> std::path::PathBuf {
    workspace::target().join("bench-pieces")
}

/// Walks down to every `new/estimates.json`; the folders above it spell the name.
fn collect(folder: &Path, name: String, found: &mut Vec<(String, f64)>) -> Result<()> {
    let estimates = folder.join("new").join("estimates.json");
    if estimates.exists() {
        let estimates: Value = serde_json::from_str(&fs::read_to_string(estimates)?)?;
        let median = estimates
            .pointer("/median/point_estimate")
            .and_then(Value::as_f64);
        found.push((name, median.context("no median was left")? / 1000.0));
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let part = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            collect(&entry.path(), name, found)?;
        }
    }
    Ok(())
}
