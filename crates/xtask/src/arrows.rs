//! Which crate may depend on which: the one list of the arrows, and the check that every `Cargo.toml` keeps to it.
//!
//! A new arrow is a change of design: it is drawn here first. Tests may also use the test support of the two storage
//! seams and the test kit, and those two must never reach the program.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::workspace;

/// All arrows: a crate, and the crates that its code may use.
const ARROWS: &[(&str, &[&str])] = &[
    // The demo plays the app, and so speaks as a client.
    (
        "daypass",
        &[
            "daypass-api",
            "daypass-audit",
            "daypass-broker",
            "daypass-check",
            "daypass-cli",
            "daypass-client",
            "daypass-server",
            "daypass-tls",
        ],
    ),
    (
        "daypass-access",
        &[
            "daypass-api",
            "daypass-policy",
            "daypass-signature",
            "daypass-token",
        ],
    ),
    // What policies mean: for the command line, for programs that mint, and for the STS.
    ("daypass-analysis", &["daypass-api", "daypass-policy"]),
    ("daypass-api", &[]),
    ("daypass-audit", &[]),
    // Measures the program from outside, and single functions in its benches; nothing depends on it.
    (
        "daypass-bench",
        &[
            "daypass-access",
            "daypass-analysis",
            "daypass-api",
            "daypass-audit",
            "daypass-dialect",
            "daypass-policy",
            "daypass-signature",
            "daypass-token",
        ],
    ),
    ("daypass-blob", &[]),
    // The user server: a client of the store, and nothing of it.
    (
        "daypass-broker",
        &[
            "daypass-analysis",
            "daypass-api",
            "daypass-client",
            "daypass-door",
            "daypass-federation",
            "daypass-policy",
            "daypass-tls",
        ],
    ),
    // Beside `server` and above everything that is stored; its tests make damage through the store.
    (
        "daypass-check",
        &[
            "daypass-api",
            "daypass-blob",
            "daypass-kv",
            "daypass-metadata",
            "daypass-policy",
            "daypass-store",
            "daypass-token",
        ],
    ),
    (
        "daypass-cli",
        &[
            "daypass-access",
            "daypass-analysis",
            "daypass-api",
            "daypass-client",
            "daypass-explain",
            "daypass-policy",
            "daypass-signature",
        ],
    ),
    (
        "daypass-client",
        &[
            "daypass-analysis",
            "daypass-api",
            "daypass-dialect",
            "daypass-policy",
            "daypass-signature",
        ],
    ),
    ("daypass-console", &[]),
    ("daypass-dialect", &["daypass-api"]),
    // Where connections come in: the server's and the broker's.
    ("daypass-door", &["daypass-api", "daypass-tls"]),
    // What a request is answered is the gate's to say, so it is asked.
    (
        "daypass-explain",
        &["daypass-access", "daypass-api", "daypass-policy"],
    ),
    ("daypass-federation", &["daypass-api"]),
    // The readers of outside bytes as targets of fuzzing; no program uses it.
    (
        "daypass-fuzz",
        &[
            "daypass-api",
            "daypass-cli",
            "daypass-dialect",
            "daypass-policy",
            "daypass-signature",
            "daypass-token",
        ],
    ),
    ("daypass-kv", &[]),
    ("daypass-metadata", &["daypass-api", "daypass-kv"]),
    // The decision once more, to hold the engine against: its code uses nothing of ours, and no program uses it.
    (MODEL, &[]),
    ("daypass-policy", &["daypass-api"]),
    (
        "daypass-server",
        &[
            "daypass-access",
            "daypass-analysis",
            "daypass-api",
            "daypass-audit",
            "daypass-blob",
            "daypass-console",
            "daypass-dialect",
            "daypass-door",
            "daypass-explain",
            "daypass-federation",
            "daypass-kv",
            "daypass-metadata",
            "daypass-policy",
            "daypass-signature",
            "daypass-store",
            "daypass-tls",
            "daypass-token",
        ],
    ),
    ("daypass-signature", &[]),
    (
        "daypass-store",
        &["daypass-api", "daypass-blob", "daypass-kv", "daypass-metadata"],
    ),
    (
        "daypass-testkit",
        &[
            "daypass-api",
            "daypass-blob",
            "daypass-client",
            "daypass-kv",
            "daypass-server",
            "daypass-tls",
        ],
    ),
    // What a listener shows: the server's and the broker's.
    ("daypass-tls", &["daypass-api"]),
    ("daypass-token", &["daypass-api"]),
    ("xtask", &[]),
];

/// Test support as a crate.
const TEST_KIT: &str = "daypass-testkit";

/// The executable model of the decision. Only its own tests bring it and the engine together.
const MODEL: &str = "daypass-model";

/// What the tests of the model hold it against, and what they need to ask that.
const FOR_TESTS_OF_THE_MODEL: [&str; 4] =
    ["daypass-access", "daypass-api", "daypass-policy", "daypass-token"];

/// What the tests of any crate may use beside its own arrows.
const FOR_TESTS: [&str; 3] = [TEST_KIT, "daypass-blob", "daypass-kv"];

/// The feature with which the storage seams offer their test support.
const TEST_SUPPORT: &str = "testing";

/// Most arrows in a row.
const MAX_DEPTH: usize = 5;

/// One of our crates as its `Cargo.toml` describes it.
#[derive(Debug, PartialEq)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

/// A dependency between two of our crates.
#[derive(Debug, PartialEq)]
struct Dependency {
    name: String,
    only_for_tests: bool,
    with_test_support: bool,
}

/// Checks every crate of the workspace.
pub(crate) fn run() -> anyhow::Result<()> {
    let packages = packages(&workspace::metadata()?)?;
    let complaints = complaints(&packages);
    if !complaints.is_empty() {
        bail!(
            "dependencies do not point as drawn:\n  {}",
            complaints.join("\n  ")
        );
    }
    println!(
        "{} crates, {} arrows deep at most",
        packages.len(),
        depth(&packages)
    );
    Ok(())
}

fn packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let listed = metadata["packages"]
        .as_array()
        .context("cargo lists no packages")?;
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .context("cargo names no package")
    };
    let ours: Vec<String> = listed
        .iter()
        .map(|package| text(&package["name"]))
        .collect::<Result<_, _>>()?;
    let mut packages = Vec::new();
    for package in listed {
        let dependencies = package["dependencies"]
            .as_array()
            .context("cargo lists no dependencies")?;
        packages.push(Package {
            name: text(&package["name"])?,
            dependencies: dependencies
                .iter()
                .filter_map(|one| dependency(one, &ours))
                .collect(),
        });
    }
    Ok(packages)
}

fn dependency(dependency: &Value, ours: &[String]) -> Option<Dependency> {
    let name = dependency["name"].as_str()?;
    let features = dependency["features"].as_array().map_or(&[][..], Vec::as_slice);
    ours.iter()
        .any(|crate_name| crate_name == name)
        .then(|| Dependency {
            name: name.to_owned(),
            only_for_tests: dependency["kind"] == "dev",
            with_test_support: features.iter().any(|feature| feature == TEST_SUPPORT),
        })
}

fn complaints(packages: &[Package]) -> Vec<String> {
    let mut complaints: Vec<String> = packages.iter().flat_map(complaints_about).collect();
    for (name, _) in ARROWS {
        if !packages.iter().any(|package| package.name == *name) {
            complaints.push(format!(
                "`{name}` is in the list of arrows, but not in the workspace"
            ));
        }
    }
    let depth = depth(packages);
    if depth > MAX_DEPTH {
        complaints.push(format!("{depth} arrows in a row; {MAX_DEPTH} are the most"));
    }
    complaints
}

fn complaints_about(package: &Package) -> Vec<String> {
    let name = &package.name;
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| from == name) else {
        return vec![format!("`{name}` is missing from the list of arrows")];
    };
    let wrong = package.dependencies.iter().filter_map(|dependency| {
        let fault = fault(name, allowed, dependency)?;
        Some(format!(
            "`{name}` may not depend on `{}`: {fault}",
            dependency.name
        ))
    });
    wrong.collect()
}

/// What is wrong with an arrow, if anything.
fn fault(from: &str, allowed: &[&str], dependency: &Dependency) -> Option<&'static str> {
    let to = dependency.name.as_str();
    if dependency.only_for_tests {
        let by_the_model = from == MODEL && FOR_TESTS_OF_THE_MODEL.contains(&to);
        let drawn = allowed.contains(&to) || FOR_TESTS.contains(&to) || by_the_model;
        return (!drawn).then_some("no such arrow, not even for tests");
    }
    if to == TEST_KIT {
        return Some("it is for tests only");
    }
    if dependency.with_test_support && from != TEST_KIT {
        return Some("its test support is for tests only");
    }
    (!allowed.contains(&to)).then_some("no such arrow")
}

/// The length of the longest chain of arrows. Cargo has seen to it that there is no circle.
fn depth(packages: &[Package]) -> usize {
    let arrows: BTreeMap<&str, Vec<&str>> = packages
        .iter()
        .map(|package| (package.name.as_str(), used(package)))
        .collect();
    arrows
        .keys()
        .map(|name| depth_below(name, &arrows))
        .max()
        .unwrap_or(0)
}

fn used(package: &Package) -> Vec<&str> {
    let lasting = package
        .dependencies
        .iter()
        .filter(|dependency| !dependency.only_for_tests);
    lasting.map(|dependency| dependency.name.as_str()).collect()
}

fn depth_below(name: &str, arrows: &BTreeMap<&str, Vec<&str>>) -> usize {
    let below = arrows.get(name).into_iter().flatten();
    below.map(|used| 1 + depth_below(used, arrows)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace as drawn, but with one more dependency.
    fn complaints_with(from: &str, to: &str, only_for_tests: bool, with_test_support: bool) -> Vec<String> {
        let mut packages: Vec<Package> = ARROWS.iter().map(|(name, _)| plain(name)).collect();
        let package = packages.iter_mut().find(|package| package.name == from).unwrap();
        package.dependencies.push(Dependency {
            name: to.to_owned(),
            only_for_tests,
            with_test_support,
        });
        complaints(&packages)
    }

    fn plain(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn an_arrow_must_be_drawn() {
        let check = |from, to, good| {
            assert_eq!(
                complaints_with(from, to, false, false).is_empty(),
                good,
                "{from} -> {to}"
            );
        };
        check("daypass-store", "daypass-kv", true);
        check("daypass-kv", "daypass-store", false);
        check("daypass-dialect", "daypass-signature", false);
        check("daypass-api", "daypass-policy", false);
        check("xtask", "daypass-api", false);
    }

    #[test]
    fn test_support_stays_in_tests() {
        let check = |from, to, only_for_tests, with_test_support, good| {
            let complaints = complaints_with(from, to, only_for_tests, with_test_support);
            assert_eq!(complaints.is_empty(), good, "{from} -> {to}: {complaints:?}");
        };
        check("daypass-server", TEST_KIT, true, false, true);
        check("daypass-server", TEST_KIT, false, false, false);
        check("daypass-store", "daypass-kv", true, true, true);
        check("daypass-store", "daypass-kv", false, true, false);
        check(TEST_KIT, "daypass-kv", false, true, true);
        check("daypass-policy", "daypass-store", true, false, false);
        check(MODEL, "daypass-policy", true, false, true);
        check(MODEL, "daypass-policy", false, false, false);
        check("daypass-access", MODEL, false, false, false);
    }

    #[test]
    fn the_list_and_the_workspace_name_the_same_crates() {
        let mut packages: Vec<Package> = ARROWS.iter().map(|(name, _)| plain(name)).collect();
        packages.push(plain("daypass-new"));
        assert_eq!(
            complaints(&packages),
            ["`daypass-new` is missing from the list of arrows"]
        );
        packages.retain(|package| package.name != "daypass-new" && package.name != "daypass-kv");
        assert_eq!(
            complaints(&packages),
            ["`daypass-kv` is in the list of arrows, but not in the workspace"]
        );
    }

    #[test]
    fn a_chain_may_not_be_too_long() {
        let chain = |length: usize| -> Vec<Package> {
            let name = |index: usize| format!("c{index}");
            let arrow = |index| Dependency {
                name: name(index + 1),
                only_for_tests: false,
                with_test_support: false,
            };
            (0..=length)
                .map(|index| Package {
                    name: name(index),
                    dependencies: (index < length).then(|| arrow(index)).into_iter().collect(),
                })
                .collect()
        };
        assert_eq!(depth(&chain(5)), 5);
        assert!(complaints(&chain(6)).contains(&"6 arrows in a row; 5 are the most".to_owned()));
        assert!(!complaints(&chain(5)).iter().any(|text| text.contains("in a row")));
    }

    #[test]
    fn the_drawing_itself_is_shallow_and_has_no_test_kit_in_it() {
        let drawn: Vec<Package> = ARROWS
            .iter()
            .map(|(name, allowed)| Package {
                name: (*name).to_owned(),
                dependencies: allowed
                    .iter()
                    .map(|to| Dependency {
                        name: (*to).to_owned(),
                        only_for_tests: false,
                        with_test_support: false,
                    })
                    .collect(),
            })
            .collect();
        assert_eq!(complaints(&drawn), Vec::<String>::new());
    }

    #[test]
    fn cargo_is_understood() {
        let metadata = serde_json::json!({"packages": [
            {"name": "a", "dependencies": [
                {"name": "b", "kind": null, "features": ["testing"]},
                {"name": "c", "kind": "dev", "features": []},
                {"name": "serde", "kind": null, "features": []},
            ]},
            {"name": "b", "dependencies": []},
            {"name": "c", "dependencies": []},
        ]});
        let found = packages(&metadata).unwrap();
        let expected = [
            Dependency {
                name: "b".into(),
                only_for_tests: false,
                with_test_support: true,
            },
            Dependency {
                name: "c".into(),
                only_for_tests: true,
                with_test_support: false,
            },
        ];
        assert_eq!(
            found[0],
            Package {
                name: "a".into(),
                dependencies: expected.into()
            }
        );
        assert!(packages(&serde_json::json!({})).is_err());
    }
}
