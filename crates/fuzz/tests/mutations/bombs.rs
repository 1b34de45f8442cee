//! Inputs that are built to cost much: deep, long, repeated, of many parts. Each ends at a bound, and what is read below
//! it costs memory in step with its length.

use daypass_fuzz::TARGETS;
use daypass_policy::{
    DocumentKind, MAX_DEPTH, MAX_LIST, MAX_RAW_BYTES, MAX_STATEMENTS, OwnerAccount, Policy, PolicyErrorKind,
    parse,
};

use crate::{allocator, run};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 125,
    owner_uin: 900,
};

/// What twice the text may cost beyond twice the memory: lists and tables grow by doubling.
const MOST_GROWTH: usize = 3;

fn read(text: &str) -> Result<Policy, PolicyErrorKind> {
    parse(text, DocumentKind::Bucket, &OWNER).map_err(|error| error.kind)
}

fn statements(count: usize) -> String {
    let one = r#"{"effect":"deny","action":"*","resource":"*"}"#;
    let all = vec![one; count].join(",");
    format!(r#"{{"version":"2.0","principal":"*","statement":[{all}]}}"#)
}

/// A document of one statement, with this action and condition.
fn document(action: &str, condition: &str) -> String {
    format!(
        r#"{{"version":"2.0","principal":"*","statement":[{{"effect":"deny","action":{action},"resource":"*","condition":{condition}}}]}}"#
    )
}

fn actions(count: usize) -> String {
    document(&format!("[{}]", vec![r#""*""#; count].join(",")), "{}")
}

fn stars(count: usize) -> String {
    document(&format!(r#""{}""#, "*".repeat(count)), "{}")
}

fn keys(count: usize) -> String {
    let keys: Vec<String> = (0..count)
        .map(|key| format!(r#""qcs:tag/{key}":"a*b""#))
        .collect();
    document(r#""*""#, &format!(r#"{{"string_like":{{{}}}}}"#, keys.join(",")))
}

/// Lists within lists in place of a value, so that the whole is this deep.
fn deep(depth: usize) -> String {
    let around = 6;
    let lists = depth - around + 1;
    let value = format!("{}1{}", "[".repeat(lists), "]".repeat(lists));
    document(r#""*""#, &format!(r#"{{"string_equal":{{"cos:host":{value}}}}}"#))
}

#[test]
fn bombs_end_at_the_bounds() {
    let check = |text: &str, expected: Option<PolicyErrorKind>| {
        assert_eq!(read(text).err(), expected, "{} bytes: {text:.200}", text.len());
    };
    check(&statements(MAX_STATEMENTS), None);
    check(&statements(MAX_STATEMENTS + 1), Some(PolicyErrorKind::TooMany));
    check(&actions(MAX_LIST), None);
    check(&actions(MAX_LIST + 1), Some(PolicyErrorKind::TooMany));
    // What is deep but not too deep is read, and is no value then.
    check(&deep(MAX_DEPTH), Some(PolicyErrorKind::ConditionValue));
    check(&deep(MAX_DEPTH + 1), Some(PolicyErrorKind::TooDeep));
    check(&"[".repeat(20 * 1024), Some(PolicyErrorKind::TooDeep));
    check(&"[".repeat(100_000), Some(PolicyErrorKind::TooLong));
    let most = 20 * 1024 - stars(0).len();
    check(&stars(most), None);
    check(&stars(most + 1), Some(PolicyErrorKind::TooLong));
    check(&stars(100_000), Some(PolicyErrorKind::TooLong));
    let blanks = MAX_RAW_BYTES - stars(1).len();
    check(&(" ".repeat(blanks) + &stars(1)), None);
    check(
        &(" ".repeat(blanks + 1) + &stars(1)),
        Some(PolicyErrorKind::TooLong),
    );
    check(
        &document(r#""*""#, r#"{"string_like":{"cos:host":"a","cos:host":"a"}}"#),
        Some(PolicyErrorKind::DuplicateElement),
    );
    check(
        &document(r#""*""#, r#"{"string_like":{},"string_like":{}}"#),
        Some(PolicyErrorKind::DuplicateElement),
    );
}

#[test]
fn twice_the_text_costs_twice_the_memory() {
    let cost = |text: &str| {
        let before = allocator::taken();
        assert!(read(text).is_ok(), "{text:.200}");
        allocator::taken().wrapping_sub(before)
    };
    type Bomb = fn(usize) -> String;
    let bombs: [(&str, Bomb, usize); 4] = [
        ("statements", statements, MAX_STATEMENTS),
        ("actions", actions, MAX_LIST),
        ("stars", stars, 16 * 1024),
        ("keys", keys, 800),
    ];
    for (name, bomb, most) in bombs {
        let (half, whole) = (cost(&bomb(most / 2)), cost(&bomb(most)));
        assert!(whole <= half * MOST_GROWTH, "{name}: {half} and {whole} bytes");
    }
}

#[test]
fn no_target_breaks_under_a_bomb() {
    let repeated = [
        "[", "{", "{\"a\":[", "\"", "*", "&a=b", "%", "<a>", "<Tag>", "&amp;", "a=b;", "=", "-", ",",
        "\u{e9}",
    ];
    let mut bombs: Vec<String> = repeated
        .iter()
        .map(|part| part.repeat(100_000 / part.len()))
        .collect();
    bombs.extend([
        statements(300),
        actions(2_000),
        stars(100_000),
        keys(5_000),
        deep(1_000),
    ]);
    bombs.push(format!("{{{}\"a\":1}}", "\"a\":1,".repeat(10_000)));
    for target in TARGETS {
        for bomb in &bombs {
            run(target, bomb.as_bytes(), "a bomb");
            for seed in (target.seeds)() {
                let middle = seed.len() / 2;
                let around = [&seed[..middle], bomb.as_bytes(), &seed[middle..]].concat();
                run(target, &around, "a bomb in a seed");
            }
        }
    }
}
