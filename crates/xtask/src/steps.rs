//! The checks, one by one: each is a command of its own, and `test` runs all of them in this order.
//!
//! What is quick and often wrong comes first; what needs the finished program comes last.

use crate::process::{self, cargo};
use crate::{
    arrows, bench, calls, console, demo, deny, docs_run, package, sdk_browser, sdk_go, sdk_java, sdk_node,
    sdk_python,
};

/// One check.
pub(crate) struct Step {
    /// The command that runs it alone.
    pub(crate) name: &'static str,
    /// What it checks, in one line.
    pub(crate) about: &'static str,
    /// Runs it.
    pub(crate) run: fn() -> anyhow::Result<()>,
}

/// All checks, in the order of `test`.
pub(crate) const STEPS: [Step; 18] = [
    Step {
        name: "fmt",
        about: "sources are formatted",
        run: format_is_clean,
    },
    Step {
        name: "arrows",
        about: "crates depend on each other only as drawn",
        run: arrows::run,
    },
    Step {
        name: "lint",
        about: "clippy has nothing to say",
        run: lint,
    },
    Step {
        name: "unit",
        about: "the tests of all crates",
        run: unit,
    },
    Step {
        name: "docs",
        about: "the documentation builds without warnings",
        run: docs,
    },
    Step {
        name: "deny",
        about: "licences, duplicate versions and sources of dependencies",
        run: deny::run,
    },
    Step {
        name: "release",
        about: "the program builds as it is shipped",
        run: release,
    },
    Step {
        name: "package",
        about: "the Debian package is made, and serves when it is unpacked",
        run: package,
    },
    Step {
        name: "demo",
        about: "the program's own demonstration succeeds",
        run: demo::run,
    },
    Step {
        name: "bench",
        about: "every row of the bench still runs; its numbers are not looked at",
        run: bench::run,
    },
    Step {
        name: "sdk-python",
        about: "the unmodified Python SDKs against the program",
        run: sdk_python,
    },
    Step {
        name: "sdk-node",
        about: "the unmodified Node.js SDKs against the program, over HTTPS",
        run: sdk_node,
    },
    Step {
        name: "sdk-browser",
        about: "the unmodified browser SDK, in Chromium, against the program",
        run: sdk_browser,
    },
    Step {
        name: "console",
        about: "the console, in Chromium",
        run: console,
    },
    Step {
        name: "sdk-go",
        about: "the unmodified Go SDKs against the program, over HTTP and HTTPS",
        run: sdk_go,
    },
    Step {
        name: "sdk-java",
        about: "the unmodified Java SDKs against the program, over HTTPS and HTTP",
        run: sdk_java,
    },
    Step {
        name: "docs-run",
        about: "every block of the documentation runs, every link leads somewhere",
        run: docs_run,
    },
    Step {
        name: "sdk-calls",
        about: "docs/sdks.md shows what the suites of the SDKs have called",
        run: calls::run,
    },
];

fn format_is_clean() -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])
}

fn lint() -> anyhow::Result<()> {
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "--deny",
        "warnings",
    ])
}

fn unit() -> anyhow::Result<()> {
    // With what is behind features, too: the crate `object_store` brings tests of its own for its implementations.
    cargo(&["test", "--workspace", "--features", "daypass-client/object-store"])
}

fn docs() -> anyhow::Result<()> {
    // As who uses the SDK may read it, with what is behind features.
    let mut command = process::command("cargo");
    command.args(["doc", "--no-deps", "--workspace", "--all-features"]);
    process::run(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Builds the program that the later steps run.
pub(crate) fn release() -> anyhow::Result<()> {
    cargo(&["build", "--release", "--package", "daypass"])
}

fn package() -> anyhow::Result<()> {
    package::run(&[])
}

fn sdk_python() -> anyhow::Result<()> {
    sdk_python::run(&[])
}

fn sdk_node() -> anyhow::Result<()> {
    sdk_node::run(&[])
}

fn sdk_browser() -> anyhow::Result<()> {
    sdk_browser::run(&[])
}

fn console() -> anyhow::Result<()> {
    console::run(&[])
}

fn sdk_go() -> anyhow::Result<()> {
    sdk_go::run(&[])
}

fn sdk_java() -> anyhow::Result<()> {
    sdk_java::run(&[])
}

fn docs_run() -> anyhow::Result<()> {
    docs_run::run(&[])
}
