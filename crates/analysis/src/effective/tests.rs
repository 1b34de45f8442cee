//! What remains of layers: as rows, and right by the evaluator.

use daypass_policy::{DocumentKind, OwnerAccount, Policy, parse};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::compare::{Containment, compare};
use crate::witness::{Place, Subject, Who, Witness};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 125,
    owner_uin: 900,
};

fn policy(statements: &[String]) -> Policy {
    let text = format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","));
    parse(&text, DocumentKind::Identity, &OWNER).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn statement(effect: &str, action: &str, path: &str) -> String {
    let resource = match path {
        "*" => "*".to_owned(),
        path => format!("qcs::cos::uid/125:b-125/{path}"),
    };
    format!(r#"{{"effect":"{effect}","action":"{action}","resource":"{resource}"}}"#)
}

fn allow(action: &str, path: &str) -> String {
    statement("allow", action, path)
}

fn deny(action: &str, path: &str) -> String {
    statement("deny", action, path)
}

fn rows(a: &Policy, b: &Policy) -> Vec<Row> {
    let layer = |name, documents| LayerDocuments { name, documents };
    effective(&[layer("A", &[a]), layer("B", &[b])]).unwrap()
}

/// A row in a few words, the bucket left out.
fn in_brief(row: &Row) -> String {
    let side = |list: &[Vec<String>]| {
        let all: Vec<String> = list.iter().map(|one| one.join(" & ")).collect();
        all.join(", ").replace("qcs::cos::uid/125:b-125/", "")
    };
    let except: Vec<String> = row
        .exceptions
        .iter()
        .map(|one| format!(" but not {} {}", one.actions.join(", "), one.resources.join(", ")))
        .collect();
    let except = except.concat().replace("qcs::cos::uid/125:b-125/", "");
    format!("{} {}{except}", side(&row.actions), side(&row.resources))
}

#[test]
fn what_remains() {
    let check = |a: &[String], b: &[String], expected: &[&str]| {
        let found: Vec<String> = rows(&policy(a), &policy(b)).iter().map(in_brief).collect();
        assert_eq!(found, expected, "{a:?} {b:?}");
    };
    let get = |path| allow("cos:GetObject", path);
    check(&[get("*")], &[get("ann/*")], &["cos:GetObject ann/*"]);
    check(&[get("bob/*")], &[get("ann/*")], &[]);
    check(&[get("ann/*")], &[allow("cos:PutObject", "ann/*")], &[]);
    check(
        &[allow("cos:Get*", "*")],
        &[allow("cos:*", "a*")],
        &["cos:Get* a*"],
    );
    check(&[get("a*")], &[get("*b")], &["cos:GetObject a* & *b"]);
    check(
        &[allow("cos:RestoreObject", "*")],
        &[allow("cos:PostObjectRestore", "a")],
        &["cos:RestoreObject & cos:PostObjectRestore a"],
    );
    // Denies take away what they deny for certain, and are exceptions otherwise.
    check(&[get("*"), deny("cos:*", "*")], &[get("ann/*")], &[]);
    check(&[get("*")], &[get("ann/*"), deny("cos:GetObject", "ann/*")], &[]);
    check(
        &[get("*")],
        &[get("ann/*"), deny("cos:GetObject", "ann/secret/*")],
        &["cos:GetObject ann/* but not cos:GetObject ann/secret/*"],
    );
    check(
        &[get("*")],
        &[get("ann/*"), deny("cos:PutObject", "*")],
        &["cos:GetObject ann/*"],
    );
    // A listing is named by its bucket and by its prefix.
    check(
        &[allow("cos:GetBucket", "")],
        &[allow("cos:GetBucket", "ann/*")],
        &["cos:GetBucket  & ann/*"],
    );
    check(&[get("")], &[get("ann/*")], &[]);
}

#[test]
fn conditions_add_up_and_rows_tell_where_they_come_from() {
    let with = |network: &str| {
        let condition = format!(r#","condition":{{"ip_equal":{{"qcs:ip":"{network}"}}}}}}"#);
        let text = allow("cos:GetObject", "a");
        format!("{}{condition}", text.strip_suffix('}').unwrap())
    };
    let found = rows(&policy(&[with("10.0.0.0/8")]), &policy(&[with("10.1.0.0/16")]));
    let [row] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        row.conditions,
        [
            "ip_equal on qcs:ip: 10.0.0.0/8",
            "ip_equal on qcs:ip: 10.1.0.0/16"
        ]
    );
    let layers: Vec<&str> = row.from.iter().map(|origin| origin.layer.as_str()).collect();
    assert_eq!(layers, ["A", "B"]);
    assert!(!row.at_most);
}

#[test]
fn too_large_is_an_answer() {
    let many: Vec<String> = (0..60)
        .map(|n| allow("cos:GetObject", &format!("*{n}*")))
        .collect();
    let many = policy(&many);
    let layer = LayerDocuments {
        name: "A",
        documents: &[&many],
    };
    assert_eq!(effective(&[layer, layer]), Err(TooLarge));
}

#[test]
fn the_picture_escapes_what_it_writes() {
    let (a, b) = (
        policy(&[allow("cos:GetObject", "<script>&amp;*")]),
        policy(&[allow("cos:GetObject", "*")]),
    );
    let drawn = |a: &Policy, b: &Policy| {
        let (name, documents) = ("A", &[a][..]);
        let left = LayerDocuments { name, documents };
        let (name, documents) = ("B<", &[b][..]);
        picture(&left, &LayerDocuments { name, documents }, None, &rows(a, b))
    };
    let svg = drawn(&a, &b);
    assert!(!svg.contains("<script"), "{svg}");
    assert!(
        svg.contains("&lt;script&gt;&amp;amp;*") && svg.contains("A ∩ B&lt;"),
        "{svg}"
    );
    let (name, documents) = ("A", &[&b][..]);
    let layer = LayerDocuments { name, documents };
    let bound = LayerDocuments {
        name: "bound>",
        documents: &[&a],
    };
    let three = picture(&layer, &layer, Some(&bound), &rows(&a, &b));
    assert!(
        three.contains(">A ∩ bound&gt; ∩ A<") && three.contains("class=\"c\""),
        "{three}"
    );
    let nothing = drawn(&policy(&[allow("cos:PutObject", "*")]), &a);
    assert!(nothing.contains(">nothing<"), "{nothing}");
}

/// Whether a text is one of a pattern's.
fn is_match(pattern: &str, text: &str) -> bool {
    crate::compare::globs::contains(pattern, text)
}

fn paths() -> impl Strategy<Value = &'static str> {
    select(vec!["*", "a", "a*", "*a", "a/*", "*b", "a*b", "b", "ab", ""])
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    let actions = select(vec![
        "cos:GetObject",
        "cos:PutObject",
        "cos:Get*",
        "cos:*Object",
        "cos:*",
    ]);
    let one = (select(vec!["allow", "allow", "deny"]), actions, paths())
        .prop_map(|(effect, action, path)| statement(effect, action, path));
    proptest::collection::vec(one, 1..5)
}

fn request(action: &str, key: &str) -> Witness {
    Witness {
        action: action.to_owned(),
        statement: None,
        subject: Subject::Object(
            Place {
                region: "ap-guangzhou".to_owned(),
                app_id: 125,
                bucket: "b-125".to_owned(),
            },
            key.to_owned(),
        ),
        who: Who::Account {
            owner_uin: 900,
            uin: 901,
        },
        facts: Vec::new(),
    }
}

fn is_told(row: &Row, action: &str, key: &str) -> bool {
    let name = format!("qcs::cos::uid/125:b-125/{key}");
    let all = |patterns: &Vec<String>, text: &str| patterns.iter().all(|one| is_match(one, text));
    let action = action.to_ascii_lowercase();
    let covers = |pattern: &String| is_match(&pattern.to_ascii_lowercase(), &action);
    let is_excepted = row.exceptions.iter().any(|one| {
        one.actions.iter().any(covers) && one.resources.iter().any(|resource| is_match(resource, &name))
    });
    row.actions.iter().any(|one| one.iter().all(covers))
        && row.resources.iter().any(|one| all(one, &name))
        && !is_excepted
}

proptest! {
    /// Without conditions the rows are exactly what both allow.
    #[test]
    fn rows_are_what_the_evaluator_allows(a in statements(), b in statements()) {
        let (a, b) = (policy(&a), policy(&b));
        let rows = rows(&a, &b);
        for action in ["cos:GetObject", "cos:PutObject", "cos:DeleteObject", "cos:GetObjectACL"] {
            for key in ["a", "b", "ab", "a/b", "ba", "aab", "x", "a/x"] {
                let request = request(action, key);
                let is_allowed = request.is_allowed_by(&a) && request.is_allowed_by(&b);
                let is_told = rows.iter().any(|row| is_told(row, action, key));
                prop_assert_eq!(is_allowed, is_told, "{} {} {:?}", action, key, rows);
            }
        }
    }

    /// A row without exceptions, where its patterns are single, is contained in both documents.
    #[test]
    fn rows_are_contained_in_all_layers(a in statements(), b in statements()) {
        let (a, b) = (policy(&a), policy(&b));
        for row in rows(&a, &b).iter().filter(|row| row.exceptions.is_empty()) {
            let pairs = row.actions.iter().flat_map(|action| row.resources.iter().map(move |resource| (action, resource)));
            for (action, resource) in pairs {
                if let ([action], [resource]) = (action.as_slice(), resource.as_slice()) {
                    let own = policy(&[format!(
                        r#"{{"effect":"allow","action":"{action}","resource":"{resource}"}}"#
                    )]);
                    prop_assert_eq!(compare(&a, &own), Containment::Contained);
                    prop_assert_eq!(compare(&b, &own), Containment::Contained);
                }
            }
        }
    }
}
