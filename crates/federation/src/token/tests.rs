//! Tokens signed by keys made for the test, and what is done to them on the way.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RsaEncoding,
};
use serde_json::json;

use super::*;
use crate::{KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://id.example";

static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
static P256: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
static P384: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap());
static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa_key() -> Value {
    // DER: heads of 9 bytes, the modulus, a head of 2 bytes, the exponent.
    let public = RSA.public_key().as_ref();
    let (modulus, exponent) = (&public[9..265], &public[267..]);
    json!({"kty": "RSA", "kid": "rsa", "use": "sig", "n": text(modulus), "e": text(exponent)})
}

fn curve_key(kid: &str, curve: &str, pair: &EcdsaKeyPair) -> Value {
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    json!({"kty": "EC", "kid": kid, "crv": curve, "x": text(x), "y": text(y)})
}

fn ed_key() -> Value {
    json!({"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": text(ED.public_key().as_ref())})
}

fn set(keys: &[Value]) -> Result<KeySet, KeySetError> {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
}

fn all_keys() -> KeySet {
    set(&[
        rsa_key(),
        curve_key("p256", "P-256", &P256),
        curve_key("p384", "P-384", &P384),
        ed_key(),
    ])
    .unwrap()
}

fn sign(algorithm: &str, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let rsa = |encoding: &'static dyn RsaEncoding| {
        let mut out = vec![0; RSA.public_modulus_len()];
        RSA.sign(encoding, &random, message, &mut out).unwrap();
        out
    };
    match algorithm {
        "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
        "RS384" => rsa(&signature::RSA_PKCS1_SHA384),
        "RS512" => rsa(&signature::RSA_PKCS1_SHA512),
        "PS256" => rsa(&signature::RSA_PSS_SHA256),
        "PS384" => rsa(&signature::RSA_PSS_SHA384),
        "PS512" => rsa(&signature::RSA_PSS_SHA512),
        "ES256" => P256.sign(&random, message).unwrap().as_ref().to_vec(),
        "ES384" => P384.sign(&random, message).unwrap().as_ref().to_vec(),
        "EdDSA" => ED.sign(message).as_ref().to_vec(),
        _ => b"unsigned".to_vec(),
    }
}

/// A token of these texts, signed by an algorithm that need not be the one that it names.
fn token(header: &str, claims: &str, algorithm: &str) -> String {
    let signed = format!("{}.{}", text(header), text(claims));
    format!("{signed}.{}", text(sign(algorithm, signed.as_bytes())))
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "alice", "aud": "app", "iat": NOW - 10, "exp": NOW + 300})
}

fn verified(token: &str, keys: &KeySet) -> Result<Verified, Refusal> {
    let audiences = ["app".to_owned(), "other-app".to_owned()];
    let expected = Expected {
        issuer: ISSUER,
        audiences: &audiences,
        now: Timestamp::from_unix_seconds(NOW),
    };
    Token::read(token)?.verify(keys, &expected)
}

fn check(header: &Value, claims: &Value, algorithm: &str, expected: Result<(), Refusal>) {
    let token = token(&header.to_string(), &claims.to_string(), algorithm);
    let found = verified(&token, &all_keys()).map(drop);
    assert_eq!(found, expected, "{header} {claims}");
}

#[test]
fn every_algorithm_with_its_own_type_of_key_and_no_other() {
    let kinds = [
        ("rsa", "RS256"),
        ("rsa", "RS384"),
        ("rsa", "RS512"),
        ("rsa", "PS256"),
        ("rsa", "PS384"),
        ("rsa", "PS512"),
        ("p256", "ES256"),
        ("p384", "ES384"),
        ("ed", "EdDSA"),
    ];
    for (kid, algorithm) in kinds {
        check(
            &json!({"alg": algorithm, "kid": kid, "typ": "JWT"}),
            &claims(),
            algorithm,
            Ok(()),
        );
        for (other, _) in kinds.iter().filter(|(other, _)| *other != kid) {
            let header = json!({"alg": algorithm, "kid": other});
            check(&header, &claims(), algorithm, Err(Refusal::UnsuitableKey));
        }
    }
    // The name of one algorithm over the signature of another.
    check(
        &json!({"alg": "RS256", "kid": "rsa"}),
        &claims(),
        "PS256",
        Err(Refusal::Signature),
    );
    check(
        &json!({"alg": "RS256", "kid": "rsa"}),
        &claims(),
        "RS512",
        Err(Refusal::Signature),
    );
}

#[test]
fn headers() {
    let rs = |header: Value, expected| check(&header, &claims(), "RS256", expected);
    for never in [
        "none", "None", "HS256", "HS384", "HS512", "rs256", "ES256K", "RSA1_5", "",
    ] {
        rs(json!({"alg": never, "kid": "rsa"}), Err(Refusal::Algorithm));
    }
    rs(json!({"kid": "rsa"}), Err(Refusal::Malformed));
    rs(json!({"alg": ["RS256"], "kid": "rsa"}), Err(Refusal::Malformed));
    rs(json!({"alg": "RS256", "kid": 1}), Err(Refusal::Malformed));
    rs(
        json!({"alg": "RS256", "kid": "a".repeat(257)}),
        Err(Refusal::Malformed),
    );
    rs(json!({"alg": "RS256", "kid": "other"}), Err(Refusal::UnknownKey));
    rs(json!({"alg": "RS256", "kid": "RSA"}), Err(Refusal::UnknownKey));
    rs(json!({"alg": "RS256", "kid": "../rsa"}), Err(Refusal::UnknownKey));
    rs(json!({"alg": "RS256"}), Err(Refusal::UnsuitableKey));
    rs(
        json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"]}),
        Err(Refusal::Extension),
    );
    rs(
        json!({"alg": "RS256", "kid": "rsa", "crit": []}),
        Err(Refusal::Extension),
    );
    rs(
        json!({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}),
        Err(Refusal::Malformed),
    );
    // Where the token says its key is to be found nobody looks.
    rs(
        json!({"alg": "RS256", "kid": "x", "jwk": rsa_key(), "jku": "https://evil.example"}),
        Err(Refusal::UnknownKey),
    );
    rs(
        json!({"alg": "RS256", "kid": "rsa", "jku": "https://evil.example"}),
        Ok(()),
    );
}

#[test]
fn claims_that_must_be_there_and_how() {
    let header = json!({"alg": "ES256", "kid": "p256"});
    let with = |name: &str, value: Value, expected| {
        let mut claims = claims();
        claims[name] = value;
        check(&header, &claims, "ES256", expected);
    };
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        check(&header, &claims, "ES256", Err(Refusal::Malformed));
    };
    ["iss", "sub", "aud", "iat", "exp"].into_iter().for_each(without);
    for other in [
        "https://id.example/",
        "HTTPS://id.example",
        "https://id.example.evil",
        "",
    ] {
        with("iss", json!(other), Err(Refusal::Issuer));
    }
    with("iss", json!([ISSUER]), Err(Refusal::Malformed));
    for bad in [
        json!(""),
        json!(7),
        json!(null),
        json!(["alice"]),
        json!("a".repeat(256)),
    ] {
        with("sub", bad, Err(Refusal::Malformed));
    }
    with("sub", json!("a".repeat(255)), Ok(()));
    with("aud", json!(["app"]), Ok(()));
    with("aud", json!("other-app"), Ok(()));
    for bad in [json!([]), json!([1]), json!({"a": 1}), json!(vec!["app"; 17])] {
        with("aud", bad, Err(Refusal::Malformed));
    }
    for foreign in [
        json!("App"),
        json!("app "),
        json!(["x"]),
        json!(["app", "x"]),
        json!("app,other-app"),
    ] {
        with("aud", foreign, Err(Refusal::Audience));
    }
    with("azp", json!("x"), Err(Refusal::Audience));
    with("azp", json!("app"), Ok(()));
    with("iat", json!(NOW - 100), Ok(()));
    with("exp", json!(NOW - 9), Ok(()));
    // Over before it began.
    with("exp", json!(NOW - 10), Err(Refusal::Expired));
    with("exp", json!(NOW as f64 + 0.5), Ok(()));
    for bad in [
        json!("1800000000"),
        json!(-1),
        json!(253_402_300_800_i64),
        json!(1e300),
    ] {
        with("exp", bad, Err(Refusal::Malformed));
    }
    with("iat", json!(NOW + 30), Ok(()));
    with("iat", json!(NOW + 31), Err(Refusal::NotYet));
    with("nbf", json!(NOW + 30), Ok(()));
    with("nbf", json!(NOW + 31), Err(Refusal::NotYet));
    with("nbf", json!("soon"), Err(Refusal::Malformed));
}

#[test]
fn a_little_late() {
    let late = |seconds: i64, expected| {
        let claims = json!({"iss": ISSUER, "sub": "a", "aud": "app", "iat": NOW - 900, "exp": NOW - seconds});
        check(&json!({"alg": "EdDSA", "kid": "ed"}), &claims, "EdDSA", expected);
    };
    late(29, Ok(()));
    late(30, Err(Refusal::Expired));
}

#[test]
fn a_token_for_several_counts_if_it_was_given_to_us() {
    let mut claims = claims();
    claims["aud"] = json!(["x", "other-app"]);
    claims["azp"] = json!("other-app");
    let token = token(r#"{"alg":"EdDSA","kid":"ed"}"#, &claims.to_string(), "EdDSA");
    let found = verified(&token, &all_keys()).unwrap();
    assert_eq!(
        (found.audience.as_str(), found.subject.as_str()),
        ("other-app", "alice")
    );
    assert_eq!(found.expires, Timestamp::from_unix_seconds(NOW + 300));
}

#[test]
fn shapes() {
    let header = r#"{"alg":"EdDSA","kid":"ed"}"#;
    let good = token(header, &claims().to_string(), "EdDSA");
    let shape = |text: &str, expected| {
        assert_eq!(verified(text, &all_keys()).map(drop), expected, "{text}");
    };
    shape(&good, Ok(()));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (first, second) = signed.split_once('.').unwrap();
    shape(&format!("{signed}."), Err(Refusal::Signature));
    shape(&format!("{signed}.{}", text([0; 64])), Err(Refusal::Signature));
    for bad in [
        String::new(),
        "a.b".to_owned(),
        format!("{signed}.{signature}="),
        format!("{signed}.{signature}.x"),
        format!("{first}=.{second}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("..{signature}"),
    ] {
        shape(&bad, Err(Refusal::Malformed));
    }
    shape(
        &format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES)),
        Err(Refusal::TooLong),
    );
    // Two meanings in one text.
    let twice = format!(
        r#"{{"iss":"{ISSUER}","sub":"bob","sub":"alice","aud":"app","iat":1,"exp":{}}}"#,
        NOW + 9
    );
    shape(&token(header, &twice, "EdDSA"), Err(Refusal::Malformed));
    let twice = r#"{"alg":"none","alg":"EdDSA","kid":"ed"}"#;
    shape(
        &token(twice, &claims().to_string(), "EdDSA"),
        Err(Refusal::Malformed),
    );
    // One changed letter of any part.
    let other = token(header, &claims().to_string().replace("alice", "alicf"), "none");
    let (changed, _) = other.rsplit_once('.').unwrap();
    shape(&format!("{changed}.{signature}"), Err(Refusal::Signature));
}

#[test]
fn sets_of_keys() {
    let mut marked = rsa_key();
    let check = |keys: &[Value], expected: Result<(), KeySetError>| {
        assert_eq!(set(keys).map(drop), expected, "{keys:?}");
    };
    check(&[rsa_key()], Ok(()));
    check(&[], Err(KeySetError::NoKey));
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("kty", json!("oct")),
        ("e", json!("AQ")),
        ("e", json!("Ag")),
        ("n", json!(text([255; 128]))),
        ("n", json!(text([255; 513]))),
        ("n", json!("not base64!")),
    ] {
        let before = marked[name].clone();
        marked[name] = value;
        check(&[marked.clone()], Err(KeySetError::NoKey));
        match before {
            Value::Null => drop(marked.as_object_mut().unwrap().remove(name)),
            value => marked[name] = value,
        }
    }
    check(&[json!({"kty": "oct"}), ed_key()], Ok(()));
    check(
        &[json!({"kty": "oct", "k": "c2VjcmV0"}), ed_key()],
        Err(KeySetError::Secret),
    );
    let mut private = ed_key();
    private["d"] = json!("AQAB");
    check(&[rsa_key(), private], Err(KeySetError::Secret));
    check(&[json!(7)], Err(KeySetError::Malformed));
    check(&vec![ed_key(); MAX_KEYS], Ok(()));
    check(&vec![ed_key(); MAX_KEYS + 1], Err(KeySetError::TooMany));
    let long = format!(r#"{{"keys":[],"x":"{}"}}"#, "a".repeat(MAX_KEY_SET_BYTES));
    assert_eq!(KeySet::parse(long.as_bytes()), Err(KeySetError::TooLong));
    assert_eq!(
        KeySet::parse(br#"{"keys":[],"keys":[]}"#),
        Err(KeySetError::Malformed)
    );
    assert_eq!(KeySet::parse(b"[]"), Err(KeySetError::Malformed));
}

#[test]
fn names_of_keys() {
    let token_of = |header: &str| token(header, &claims().to_string(), "EdDSA");
    let nameless = token_of(r#"{"alg":"EdDSA"}"#);
    // Nothing is named and nothing can be confused.
    assert!(verified(&nameless, &set(&[ed_key()]).unwrap()).is_ok());
    let several = set(&[ed_key(), curve_key("p256", "P-256", &P256)]).unwrap();
    assert_eq!(verified(&nameless, &several), Err(Refusal::UnsuitableKey));
    // Two keys of one name: neither is meant.
    let mut double = curve_key("p256", "P-256", &P256);
    double["kid"] = json!("ed");
    let double = set(&[ed_key(), double]).unwrap();
    assert_eq!(
        verified(&token_of(r#"{"alg":"EdDSA","kid":"ed"}"#), &double),
        Err(Refusal::UnsuitableKey)
    );
    // A key that is for one algorithm is not used for another of its type.
    let mut bound = rsa_key();
    bound["alg"] = json!("RS512");
    let bound = set(&[bound]).unwrap();
    let of = |algorithm: &str| {
        let header = json!({"alg": algorithm, "kid": "rsa"}).to_string();
        verified(&token(&header, &claims().to_string(), algorithm), &bound).map(drop)
    };
    assert_eq!(of("RS256"), Err(Refusal::UnsuitableKey));
    assert_eq!(of("RS512"), Ok(()));
}

proptest::proptest! {
    #[test]
    fn no_text_is_a_token_by_chance(text in "[A-Za-z0-9_.-]{0,200}") {
        proptest::prop_assert!(verified(&text, &all_keys()).is_err());
    }
}
