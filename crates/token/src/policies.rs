//! Session policies made short, so that a usual policy of 6,144 characters fits in a token.
//!
//! Raw DEFLATE with a preset dictionary of what policies are made of. Each policy is a stream of its own, and
//! nothing else is ever in it: when texts of two authors share a stream, its length tells one about the other.
//! What a policy means is not known here; its bytes come back exactly.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The longest that the policies of one session are together, in bytes: two of 6,144 characters of any script,
/// and some. It bounds what opening a token may unpack.
pub const MAX_POLICIES_LENGTH: usize = 64 * 1024;

/// What policies are made of, the most usual last. Tokens of version 1 depend on every byte of it.
const DICTIONARY: &[u8] = include_bytes!("policies.dictionary");

/// The policy packed, or as it is when packing does not make it shorter.
pub(crate) fn pack(policy: &str) -> Vec<u8> {
    deflate(policy.as_bytes()).unwrap_or_else(|| policy.as_bytes().to_vec())
}

/// The policy of the given length from which [`pack`] made these bytes; `None` when there is none.
pub(crate) fn unpack(packed: &[u8], length: usize) -> Option<String> {
    let bytes = if packed.len() == length {
        packed.to_vec()
    } else {
        inflate(packed, length)?
    };
    String::from_utf8(bytes).ok()
}

/// `None` unless the outcome is shorter than the input.
fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Compress::new(Compression::best(), false);
    stream.set_dictionary(DICTIONARY).ok()?;
    let mut packed = Vec::with_capacity(bytes.len());
    let status = stream
        .compress_vec(bytes, &mut packed, FlushCompress::Finish)
        .ok()?;
    (status == Status::StreamEnd && packed.len() < bytes.len()).then_some(packed)
}

/// `None` unless the outcome has the length and nothing is left over.
fn inflate(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    if packed.len() > length || length > MAX_POLICIES_LENGTH {
        return None;
    }
    let mut stream = Decompress::new(false);
    stream.set_dictionary(DICTIONARY).ok()?;
    let mut bytes = Vec::with_capacity(length);
    let status = stream
        .decompress_vec(packed, &mut bytes, FlushDecompress::Finish)
        .ok()?;
    let whole = status == Status::StreamEnd && stream.total_in() == packed.len() as u64;
    (whole && bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    /// The longest policy document, in characters.
    const LIMIT: usize = 6144;

    /// A policy that uses up the limit as far as whole items of its kind allow.
    fn filled(head: &str, tail: &str, item: impl Fn(u64) -> String) -> String {
        let mut policy = format!("{head}{}", item(0));
        for number in 1.. {
            let next = format!(",{}", item(number));
            if policy.chars().count() + next.chars().count() + tail.chars().count() > LIMIT {
                break;
            }
            policy += &next;
        }
        policy + tail
    }

    /// Hexadecimal digits that do not repeat.
    fn digits(number: u64) -> String {
        let hash = Sha256::digest(number.to_be_bytes());
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn from_list(list: &[&str], number: u64) -> String {
        let hash = Sha256::digest(number.to_be_bytes());
        list[usize::from(hash[0]) % list.len()].to_owned()
    }

    const WORDS: &[&str] = &[
        "图片",
        "视频",
        "文档",
        "头像",
        "合同",
        "发票",
        "报表",
        "备份",
        "日志",
        "项目",
        "客户",
        "订单",
        "一月",
        "二月",
        "三月",
        "北京",
        "上海",
        "广州",
        "深圳",
        "成都",
        "研发部",
        "市场部",
        "财务部",
        "人事部",
    ];

    /// Policies of nearly 6,144 characters, as users write them.
    pub(crate) fn long_policies() -> Vec<(&'static str, String)> {
        let head = r#"{"version":"2.0","statement":[{"action":["name/cos:PutObject","name/cos:PostObject","name/cos:InitiateMultipartUpload","name/cos:ListMultipartUploads","name/cos:ListParts","name/cos:UploadPart","name/cos:CompleteMultipartUpload"],"effect":"allow","resource":["#;
        let resource =
            |path: &str| format!(r#""qcs::cos:ap-guangzhou:uid/1250000000:examplebucket-1250000000/{path}""#);
        let users = filled(head, "]}]}", |number| {
            resource(&format!("users/{}/*", 10_000_000 + number * 7_919 % 90_000_000))
        });
        let uuids = filled(head, "]}]}", |number| {
            let text = digits(number);
            resource(&format!(
                "{}-{}-{}-{}-{}/*",
                &text[..8],
                &text[8..12],
                &text[12..16],
                &text[16..20],
                &text[20..32]
            ))
        });
        let chinese = filled(head, "]}]}", |number| {
            let word = |offset: u64| from_list(WORDS, number * 4 + offset);
            resource(&format!("{}/{}/{}{number}/*", word(0), word(1), word(2)))
        });
        let encoded = filled(head, "]}]}", |number| {
            let word: String = from_list(WORDS, number)
                .bytes()
                .map(|byte| format!("%{byte:02X}"))
                .collect();
            resource(&format!("{word}/{number}/*"))
        });
        let statements = filled(r#"{"version":"2.0","statement":["#, "]}", |number| {
            let action = from_list(&["PutObject", "GetObject", "HeadObject", "DeleteObject"], number);
            let ip = digits(number)
                .bytes()
                .take(4)
                .map(|byte| byte.to_string())
                .collect::<Vec<_>>()
                .join(".");
            let resource = resource(&format!("team-{number}/*"));
            format!(
                r#"{{"effect":"allow","action":["name/cos:{action}"],"resource":[{resource}],"condition":{{"ip_equal":{{"qcs:ip":["{ip}/24"]}},"numeric_less_than_equal":{{"cos:content-length":{}}}}}}}"#,
                1_048_576 + number * 4_099
            )
        });
        let spaced = filled(
            "{\n    \"version\": \"2.0\",\n    \"statement\": [\n",
            "\n    ]\n}",
            |number| {
                format!(
                    "        {{\n            \"effect\": \"allow\",\n            \"action\": [\n                \"cos:GetObject\"\n            ],\n            \"resource\": [\n                {}\n            ]\n        }}",
                    resource(&format!("{}/*", &digits(number)[..12]))
                )
            },
        );
        vec![
            ("users", users),
            ("uuids", uuids),
            ("chinese", chinese),
            ("encoded", encoded),
            ("statements", statements),
            ("spaced", spaced),
        ]
    }

    #[test]
    fn long_policies_become_short() {
        for (name, policy) in long_policies() {
            let characters = policy.chars().count();
            assert!(
                (LIMIT - 500..=LIMIT).contains(&characters),
                "{name}: {characters}"
            );
            let packed = pack(&policy);
            assert!(packed.len() < 2500, "{name}: {}", packed.len());
            assert_eq!(unpack(&packed, policy.len()), Some(policy));
        }
    }

    #[test]
    fn a_short_policy_is_mostly_dictionary() {
        let policy = r#"{"version":"2.0","statement":[{"effect":"allow","action":["name/cos:PutObject"],"resource":["qcs::cos:ap-guangzhou:uid/1250000000:examplebucket-1250000000/doc/*"]}]}"#;
        let packed = pack(policy).len();
        assert!(packed < 60, "{packed}");
    }

    #[test]
    fn the_dictionary_is_that_of_version_1() {
        let hash: String = Sha256::digest(DICTIONARY)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hash, "8f1aa7b29109bf45d9649e74c358a3dad691d0bd078d9995b87ae7cc36854577",
            "a changed dictionary needs a new token version"
        );
    }

    #[test]
    fn the_longest_policy_that_is_unpacked() {
        let unpacked = |length: usize| unpack(&pack(&" ".repeat(length)), length);
        assert!(unpacked(MAX_POLICIES_LENGTH).is_some());
        assert!(unpacked(MAX_POLICIES_LENGTH + 1).is_none());
    }

    #[test]
    fn what_unpacks_to_another_length_is_refused() {
        let policy = long_policies().remove(0).1;
        let packed = pack(&policy);
        for length in [
            0,
            1,
            packed.len() - 1,
            policy.len() - 1,
            policy.len() + 1,
            MAX_POLICIES_LENGTH,
        ] {
            assert_eq!(unpack(&packed, length), None, "{length}");
        }
        for cut in 0..packed.len() {
            assert_eq!(unpack(&packed[..cut], policy.len()), None, "{cut}");
        }
        let longer = [&packed[..], &[0]].concat();
        assert_eq!(unpack(&longer, policy.len()), None);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in ".{0,200}", times in 1..20_usize) {
            let policy = text.repeat(times);
            let packed = pack(&policy);
            prop_assert!(packed.len() <= policy.len());
            prop_assert_eq!(unpack(&packed, policy.len()), Some(policy));
        }

        #[test]
        fn unpacking_never_panics(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            length in 0..100_000_usize,
        ) {
            let _ = unpack(&bytes, length);
        }
    }
}
