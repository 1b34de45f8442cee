//! A key in every spelling in which it could be told: as bytes, in hex, in base64, as a list of numbers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The spellings of these bytes. Padding of base64 may follow; numbers are as `Debug` lists them, whatever is before.
pub(crate) fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let debugged = format!("{bytes:x?}").trim_matches(['[', ']']).to_owned();
    let texts = [
        hex.to_uppercase(),
        hex,
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        list.join(", "),
        list.join(","),
        debugged,
    ];
    let mut all: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    all.push(bytes.to_vec());
    all.dedup();
    all
}

/// Whether one is in the other. Compares the first byte alone at most places.
pub(crate) fn holds(text: &[u8], canary: &[u8]) -> bool {
    let (first, rest) = canary.split_first().unwrap();
    let mut places = text.iter().enumerate().filter(|(_, byte)| *byte == first);
    places.any(|(place, _)| text[place + 1..].starts_with(rest))
}

#[test]
fn a_key_is_found_in_each_spelling() {
    let key: Vec<u8> = (0..32).map(|number| number * 7).collect();
    let texts = [
        format!("{key:?}"),
        format!("{key:x?}"),
        serde_json::to_string(&key).unwrap(),
        base64::engine::general_purpose::STANDARD.encode(&key),
    ];
    for text in texts {
        let all = spellings(&key);
        assert!(all.iter().any(|canary| holds(text.as_bytes(), canary)), "{text}");
    }
    assert!(
        !spellings(&key[1..])
            .iter()
            .any(|canary| holds(&key[..31], canary))
    );
}
