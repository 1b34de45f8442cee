//! Folders that are made like others, in all three directions.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Cloud, at, tree, write};

impl Cloud {
    /// Makes the target like the source: how many were copied, the same, and removed.
    fn sync(&self, arguments: &[&str]) -> (u64, u64, u64) {
        let line = self.succeeds(&[&["sync"], arguments, &["--json"]].concat());
        let told: Value = serde_json::from_str(line.lines().next_back().unwrap()).unwrap();
        let number = |name: &str| told.get(name).unwrap().as_u64().unwrap();
        (number("done"), number("same"), number("removed"))
    }

    fn touch(&self, name: &str, seconds: u64) {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        fs::File::open(self.path(name))
            .unwrap()
            .set_modified(moment)
            .unwrap();
    }
}

fn filled() -> Cloud {
    let cloud = Cloud::new();
    for (name, text) in [("a", "one"), ("b/c", "two"), ("b/d", ""), ("e.tmp", "three")] {
        let path = format!("from/{name}");
        write(&cloud.path(&path), text);
        // The clock of the store stands still from its start on, which must not be before a file was written.
        cloud.touch(&path, 1_600_000_000);
    }
    cloud
}

#[test]
fn only_what_differs_is_copied_to_the_store() {
    let cloud = filled();
    let (from, to) = ("from", at("p"));
    assert_eq!(cloud.sync(&[from, &to]), (4, 0, 0));
    assert_eq!(cloud.sync(&[from, &to]), (0, 4, 0));
    write(&cloud.path("from/a"), "longer");
    assert_eq!(cloud.sync(&[from, &to]), (1, 3, 0));
    // As long as before, and newer.
    write(&cloud.path("from/a"), "LONGER");
    cloud.touch("from/a", 4_000_000_000);
    assert_eq!(cloud.sync(&[from, &to]), (1, 3, 0));
    assert_eq!(cloud.succeeds(&["cat", &at("p/a")]), "LONGER");
    cloud.stop();
}

#[test]
fn what_was_downloaded_is_the_same_from_either_side() {
    let cloud = filled();
    cloud.sync(&["from", &at("p")]);
    assert_eq!(cloud.sync(&[&at("p"), "to"]), (4, 0, 0));
    assert!(tree(&cloud.path("to")) == tree(&cloud.path("from")));
    assert_eq!(cloud.sync(&[&at("p"), "to"]), (0, 4, 0));
    assert_eq!(cloud.sync(&["to", &at("p")]), (0, 4, 0));
    assert_eq!(cloud.sync(&[&at("p"), &at("q")]), (4, 0, 0));
    assert_eq!(cloud.sync(&[&at("p"), &at("q")]), (0, 4, 0));
    cloud.stop();
}

#[test]
fn a_checksum_sees_what_time_and_length_do_not() {
    let cloud = filled();
    cloud.sync(&["from", &at("p")]);
    write(&cloud.path("from/a"), "ONE");
    cloud.touch("from/a", 1_000_000_000);
    assert_eq!(cloud.sync(&["from", &at("p")]), (0, 4, 0));
    assert_eq!(cloud.sync(&["from", &at("p"), "--checksum"]), (1, 3, 0));
    // Newer, and the same.
    cloud.touch("from/a", 4_000_000_000);
    assert_eq!(cloud.sync(&["from", &at("p"), "--checksum"]), (0, 4, 0));
    assert_eq!(cloud.sync(&[&at("p"), &at("q")]), (4, 0, 0));
    assert_eq!(cloud.sync(&[&at("p"), &at("q"), "--checksum"]), (0, 4, 0));
    write(&cloud.path("x"), "one");
    cloud.succeeds(&["cp", "x", &at("q/a")]);
    assert_eq!(cloud.sync(&[&at("p"), &at("q"), "--checksum"]), (1, 3, 0));
    cloud.stop();
}

#[test]
fn what_is_too_much_goes_when_that_is_asked() {
    let cloud = filled();
    cloud.sync(&["from", &at("p")]);
    fs::remove_file(cloud.path("from/b/c")).unwrap();
    fs::remove_file(cloud.path("from/e.tmp")).unwrap();
    assert_eq!(cloud.sync(&["from", &at("p")]), (0, 2, 0));
    let shown = cloud.succeeds(&["sync", "from", &at("p"), "--delete", "--dry-run"]);
    assert_eq!(
        shown,
        format!("remove {}\nremove {}\n", at("p/b/c"), at("p/e.tmp"))
    );
    let kept = ["from", &at("p"), "--delete", "--exclude", "*.tmp"];
    assert_eq!(cloud.sync(&kept), (0, 2, 1));
    assert_eq!(cloud.keys(), ["p/a", "p/b/d", "p/e.tmp"]);
    assert_eq!(cloud.sync(&["from", &at("p"), "--delete"]), (0, 2, 1));

    write(&cloud.path("to/old"), "x");
    write(&cloud.path("to/.daypass-0.part"), "x");
    assert_eq!(cloud.sync(&[&at("p"), "to", "--delete"]), (2, 0, 1));
    assert!(!cloud.path("to/old").exists() && cloud.path("to/.daypass-0.part").exists());
    cloud.stop();
}

#[test]
fn an_empty_source_removes_nothing_by_mistake() {
    let cloud = filled();
    cloud.sync(&["from", &at("p")]);
    fs::create_dir(cloud.path("empty")).unwrap();
    let said = cloud.fails(&["sync", "empty", &at("p"), "--delete"], 2);
    assert!(said.contains("the source is empty"), "{said}");
    assert_eq!(cloud.keys().len(), 4);
    assert_eq!(
        cloud.sync(&["empty", &at("p"), "--delete", "--allow-empty"]),
        (0, 0, 4)
    );
    cloud.fails(&["sync", "missing", &at("p")], 2);
    cloud.fails(&["sync", &at("p"), "x", "--allow-empty"], 2);
    cloud.stop();
}

#[test]
fn nothing_is_removed_when_something_could_not_be_copied() {
    let cloud = filled();
    for key in ["p/a", "p/a/b"] {
        cloud.succeeds(&["cp", "from/a", &at(key)]);
    }
    write(&cloud.path("to/old"), "x");
    let said = cloud.fails(&["sync", &at("p"), "to", "--delete"], 1);
    assert!(said.contains("one name cannot be file and folder"), "{said}");
    assert!(said.contains("nothing is removed"), "{said}");
    assert!(cloud.path("to/old").exists());
    cloud.stop();
}
