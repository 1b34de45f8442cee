//! Compares pairs of documents, one pair a line: `["<wide document>","<narrow document>"]` in, one word out. The
//! cross-check with an SMT solver in `tests/z3` feeds it.

use std::io::{self, BufRead, Write};

use daypass_analysis::{Containment, compare};
use daypass_policy::{DocumentKind, OwnerAccount, Policy, parse};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 125,
    owner_uin: 900,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let [wide, narrow]: [String; 2] = serde_json::from_str(&line?)?;
        let word = match compare(&read(&wide)?, &read(&narrow)?) {
            Containment::Contained => "contained",
            Containment::NotContained(_) => "not-contained",
            Containment::Unknown(_) => "unknown",
        };
        writeln!(out, "{word}")?;
    }
    Ok(())
}

fn read(text: &str) -> Result<Policy, Box<dyn std::error::Error>> {
    Ok(parse(text, DocumentKind::Identity, &OWNER)?)
}
