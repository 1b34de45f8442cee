//! Random situations and requests, drawn from few words, so that policies and requests meet: names that begin alike,
//! wildcards in every place, both cases, empty and missing values, several values for one key.

use serde_json::{Map, Value, json};

use crate::random::Random;

const ACTIONS: [&str; 22] = [
    "*",
    "*",
    "cos:*",
    "name/cos:*",
    "cos:Get*",
    "name/cos:GetBucket*",
    "cos:PutObject",
    "cos:putobject",
    "cos:*Object",
    "cos:GetObject",
    "name/cos:GetBucket",
    "cos:UploadPart",
    "cos:UploadPartCopy",
    "cos:Head*",
    "c*:Get*",
    "cam:*",
    "cos:DeleteObject*",
    "cos:*Bucket*",
    "cos:*e*t*",
    "cos:*BucketPolicy",
    "cam:GetUser",
    "cos:GetService",
];

/// Paths that no number of an account stands in.
const WIDE_PATHS: [&str; 7] = ["*", "*", "b*", "b*/a*b", "*/a", "*5/*", "b-1*/*a"];

const OWN_PATHS: [&str; 16] = [
    "b-125/*",
    "b-125/*",
    "b-125/",
    "b-125/a",
    "b-125/a*",
    "b-125/a/*",
    "b-125/*.jpg",
    "b-125/a/b",
    "b-125/A*",
    "prefix//125/b/a/*",
    "prefix//125/*",
    "b-125/${uin}*",
    "b-125/**b",
    "b-125/a*a",
    "bb-125/*",
    "b-125/a?",
];

const REGIONS: [&str; 7] = ["", "", "*", "r-1", "r-1", "r-2", "r-*"];

const PRINCIPALS: [&str; 13] = [
    "*",
    "qcs::cam::anyone:anyone",
    "qcs::cam::anonymous:anonymous",
    "qcs::cam::uin/900:root",
    "qcs::cam::uin/900:uin/900",
    "qcs::cam::uin/900:uin/901",
    "qcs::cam::uin/900:uin/*",
    "qcs::cam::uin/900:roleName/dev",
    "qcs::cam::uin/900:role/46",
    "qcs::cam::uin/800:root",
    "qcs::cam::uin/800:uin/801",
    "qcs::cam::uin/800:uin/*",
    "qcs::cam::uin/800:roleName/dev",
];

const OPERATIONS: [&str; 21] = [
    "GetObject",
    "GetObject",
    "HeadObject",
    "PutObject",
    "DeleteObject",
    "DeleteObjects",
    "PostObject",
    "CopyObject",
    "UploadPartCopy",
    "AbortMultipartUpload",
    "GetObjectACL",
    "GetBucket",
    "GetBucket",
    "HeadBucket",
    "DeleteBucket",
    "GetBucketACL",
    "GetBucketPolicy",
    "DeleteBucketPolicy",
    "GetService",
    "GetUser",
    "AddUser",
];

const KEYS: [&str; 12] = [
    "a", "a/", "a/b", "a/b.jpg", "A", "ab", "a/a/b", "b", "aa", "a?", "${uin}", "901",
];

/// Values of keys that are texts, or numbers in a text.
const TEXTS: [&str; 28] = [
    "",
    "a",
    "A",
    "a*",
    "*",
    "*a",
    "image/*",
    "image/png",
    "a/b",
    "a%2Fb",
    "a%2fb",
    "a&b",
    "a&*",
    "5",
    "5.0",
    "${uin}",
    "901",
    "true",
    "5.01",
    "1.0",
    "a%2A",
    "%2a",
    "*%2Fb",
    "a%zz",
    "a%252Fb",
    "\u{391}\u{3a3}",
    "\u{3b1}\u{3c3}",
    "\u{3b1}\u{3c2}",
];

const NUMBERS: [&str; 7] = ["5", "5.0", "05", "-1", "10", "5.01", "0"];
/// What a request may have where a number belongs: some are none.
const HEADER_NUMBERS: [&str; 14] = [
    "5",
    "5.0",
    "05",
    "-1",
    "10",
    "5.01",
    "0",
    "-0",
    "+5",
    "5.",
    ".5",
    "5e0",
    "00000000000000000005",
    "000000000000000000005",
];
const TIMES: [&str; 7] = [
    "2023-11-15T06:13:20+08:00",
    "2023-11-14T22:13:20.5Z",
    "2023-11-14T22:13:20.000Z",
    "2023-11-14T22:13:20Z",
    "2023-11-14 22:13:20",
    "2023-11-14T22:13:21Z",
    "2023-11-14T22:13:19Z",
];
const NETWORKS: [&str; 10] = [
    "::ffff:10.0.0.0/104",
    "::ffff:10.1.2.3",
    "10.1.2.3/31",
    "10.0.0.0/8",
    "10.217.182.3/24",
    "10.217.182.3",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::1/32",
    "::1",
];

const HEADERS: [&str; 5] = [
    "cos:content-type",
    "cos:content-length",
    "cos:host",
    "cos:x-cos-storage-class",
    "cos:x-cos-acl",
];
const PARAMETERS: [&str; 3] = ["cos:prefix", "cos:versionid", "cos:response-content-type"];
/// A parameter as it was sent, and decoded.
const QUERIES: [(&str, &str); 12] = [
    ("a%2A", "a*"),
    ("a*", "a*"),
    ("ab", "ab"),
    ("a%252Fb", "a%2Fb"),
    ("", ""),
    ("a", "a"),
    ("A", "A"),
    ("%61", "a"),
    ("a%2Fb", "a/b"),
    ("a%2fb", "a/b"),
    ("a/b", "a/b"),
    ("image%2Fpng", "image/png"),
];
const TAGS: [(&str, &str); 5] = [("a", "b"), ("a", "B"), ("c", "d"), ("a", ""), ("c", "5")];

const TEXT_OPERATORS: [&str; 8] = [
    "string_equal",
    "string_not_equal",
    "string_equal_ignore_case",
    "string_not_equal_ignore_case",
    "string_like",
    "string_not_like",
    "binary_equal",
    "bool_equal",
];
const RELATIONS: [&str; 6] = [
    "equal",
    "not_equal",
    "less_than",
    "less_than_equal",
    "greater_than",
    "greater_than_equal",
];

/// For which place a document is made.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Identity,
    Session,
    Bucket,
}

/// A situation, all but the request.
pub(crate) fn situation(random: &mut Random) -> Value {
    let caller = caller(random);
    let foreign = caller["account"] == "other";
    let is_root = caller["is"] == "root";
    let mut documents = |kind, most: usize| -> Vec<Value> {
        let count = random.within(0..=most);
        (0..count).map(|_| document(random, kind, foreign)).collect()
    };
    let policies = documents(Kind::Identity, 2);
    // Only users and roles have a boundary.
    let boundary = match is_root || documents(Kind::Identity, 2).len() < 2 {
        true => Vec::new(),
        false => documents(Kind::Identity, 1),
    };
    let sessions = documents(Kind::Session, 2);
    let bucket_policy = match random.percent(50) {
        true => document(random, Kind::Bucket, false),
        false => Value::Null,
    };
    let object_acl = match random.percent(25) {
        true => grants(random),
        false => Value::Null,
    };
    json!({
        "caller": caller,
        "policies": policies,
        "boundary": boundary,
        "sessions": sessions,
        "bucket_policy": bucket_policy,
        "bucket_acl": grants(random),
        "object_acl": object_acl,
        "tags": tags(random),
    })
}

fn caller(random: &mut Random) -> Value {
    let who = *random.pick(&["nobody", "root", "user", "user", "user", "role"]);
    if who == "nobody" {
        return Value::Null;
    }
    let account = if random.percent(25) { "other" } else { "own" };
    json!({"account": account, "is": who, "temporary": random.percent(30)})
}

fn grants(random: &mut Random) -> Value {
    let mut grants = vec![json!(["own", "FullControl"])];
    for _ in 0..random.within(0..=2) {
        let grantee = *random.pick(&["everybody", "signed", "own", "other"]);
        let permissions = ["Read", "Read", "Write", "ReadAcp", "WriteAcp", "FullControl"];
        grants.push(json!([grantee, random.pick(&permissions)]));
    }
    Value::Array(grants)
}

fn tags(random: &mut Random) -> Value {
    let count = random.within(0..=2);
    let mut tags: Vec<(&str, &str)> = Vec::new();
    for _ in 0..count {
        tags.push(*random.pick(&TAGS));
    }
    json!(tags)
}

/// A document that both sides can read, or one in a hundred that is stored and cannot be read.
pub(crate) fn document(random: &mut Random, kind: Kind, foreign: bool) -> Value {
    if random.percent(1) {
        return json!("unreadable");
    }
    let statements: Vec<Value> = (0..random.within(1..=3))
        .map(|_| statement(random, kind, foreign, None))
        .collect();
    json!({"version": "2.0", "statement": statements})
}

/// A statement, with a given effect or any.
pub(crate) fn statement(random: &mut Random, kind: Kind, foreign: bool, effect: Option<&str>) -> Value {
    let effect = match (effect, random.percent(75)) {
        (Some(effect), _) => effect,
        (None, true) => *random.pick(&["allow", "Allow", "allow"]),
        (None, false) => "deny",
    };
    let actions: Vec<&str> = (0..random.within(1..=2))
        .map(|_| *random.pick(&ACTIONS))
        .collect();
    let resources: Vec<String> = (0..random.within(1..=2))
        .map(|_| resource(random, kind, foreign))
        .collect();
    let mut statement = json!({"effect": effect, "action": actions, "resource": resources});
    if kind == Kind::Bucket {
        let names: Vec<&str> = (0..random.within(1..=2))
            .map(|_| *random.pick(&PRINCIPALS))
            .collect();
        statement["principal"] = json!({"qcs": names});
    }
    if random.percent(35) {
        statement["condition"] = conditions(random);
    }
    statement
}

fn resource(random: &mut Random, kind: Kind, foreign: bool) -> String {
    if random.percent(25) {
        return "*".to_owned();
    }
    let own_number = if foreign { "225" } else { "125" };
    if random.percent(10) {
        let path = random.pick(&["*", "uin/*", "uin/901", "uin/${uin}", "uin/9*1"]);
        return format!("qcs::cam:::{path}");
    }
    let number = match kind {
        Kind::Identity => *random.pick(&["", "125", "125", "225"]),
        Kind::Session | Kind::Bucket => *random.pick(&["", own_number]),
    };
    let account = match number {
        "" => String::new(),
        number => format!("uid/{number}"),
    };
    let is_own = number == "125" || (number.is_empty() && !foreign);
    let path = match is_own && random.percent(80) {
        true => random.pick(&OWN_PATHS),
        false => random.pick(&WIDE_PATHS),
    };
    let service = match random.percent(10) && !path.starts_with("prefix") {
        true => "*",
        false => "cos",
    };
    format!("qcs::{service}:{}:{account}:{path}", random.pick(&REGIONS))
}

fn conditions(random: &mut Random) -> Value {
    let mut conditions = Map::new();
    for _ in 0..random.within(1..=2) {
        let (operator, key, values) = condition(random);
        conditions.insert(operator, json!({key: values}));
    }
    Value::Object(conditions)
}

fn condition(random: &mut Random) -> (String, String, Value) {
    let key = match random.below(10) {
        0 => "qcs:current_time",
        1 => "qcs:ip",
        2 => "cos:secure-transport",
        3 => "cos:tls-version",
        4 => *random.pick(&[
            "qcs:request_tag",
            "qcs:resource_tag",
            "qcs:tag/a",
            "qcs:tag/c",
            "qcs:vpc",
        ]),
        5 | 6 => *random.pick(&PARAMETERS),
        _ => *random.pick(&HEADERS),
    };
    if random.percent(8) {
        return (
            "null_equal".to_owned(),
            key.to_owned(),
            json!(random.pick(&["true", "false"])),
        );
    }
    let relation = *random.pick(&RELATIONS);
    let (name, words): (String, &[&str]) = match key {
        "qcs:current_time" => (format!("date_{relation}"), &TIMES),
        "qcs:ip" => (
            (*random.pick(&["ip_equal", "ip_not_equal"])).to_owned(),
            &NETWORKS,
        ),
        "cos:secure-transport" => ("bool_equal".to_owned(), &["true", "false", "True"]),
        "cos:tls-version" if random.percent(30) => ("string_equal".to_owned(), &["1.2", "1.0", "1.20"]),
        "cos:tls-version" => (format!("numeric_{relation}"), &["1.2", "1.20", "1.1", "1.3"]),
        "cos:content-length" => (format!("numeric_{relation}"), &NUMBERS),
        _ if random.percent(15) => (format!("numeric_{relation}"), &NUMBERS),
        _ => ((*random.pick(&TEXT_OPERATORS)).to_owned(), &TEXTS),
    };
    let words = if name == "bool_equal" {
        &["true", "false"]
    } else {
        words
    };
    let before = *random.pick(&["", "", "for_any_value:", "for_all_value:"]);
    let after = *random.pick(&["", "", "_if_exist"]);
    let values: Vec<Value> = (0..random.within(1..=2))
        .map(|_| json!(random.pick(words)))
        .collect();
    (format!("{before}{name}{after}"), key.to_owned(), json!(values))
}

/// A request.
pub(crate) fn request(random: &mut Random) -> Value {
    let mut headers = Map::new();
    for header in HEADERS {
        if random.percent(50) {
            let words: &[&str] = if random.percent(60) {
                &TEXTS
            } else {
                &HEADER_NUMBERS
            };
            headers.insert(header.to_owned(), json!(random.pick(words)));
        }
    }
    let mut query = Map::new();
    for parameter in PARAMETERS {
        if random.percent(50) {
            query.insert(parameter.to_owned(), json!(random.pick(&QUERIES)));
        }
    }
    let now = *random.pick(&[
        (1_700_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_001, "2023-11-14T22:13:21Z"),
    ]);
    json!({
        "operation": random.pick(&OPERATIONS),
        "key": random.pick(&KEYS),
        "headers": headers,
        "query": query,
        "request_tags": tags(random),
        "ip": random.pick(&["10.217.182.3", "10.217.183.1", "::1", "2001:db8::5", "::ffff:10.1.2.3"]),
        "tls": random.pick(&[Value::Null, json!("1.0"), json!("1.2"), json!("1.3")]),
        "now": now,
    })
}
