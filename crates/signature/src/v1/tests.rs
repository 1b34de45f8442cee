//! Tests of signature v1: reading claims, host candidates, canonical text.

use super::*;
use crate::{MAX_KEY_ID_BYTES, MAX_TOKEN_BYTES, SentToken};

const GOOD: &str =
    "SecretId=id&Timestamp=1700000000&Nonce=5&Signature=c2ln&Token=tok&SignatureMethod=HmacSHA256";

fn secret() -> SecretKey {
    SecretKey::new("secret".to_owned())
}

fn read(form: &str) -> Result<Option<Claim>, ClaimError> {
    claim(&form_parameters(form).unwrap())
}

#[test]
fn reads_every_field() {
    let expected = Claim {
        key_id: "id".to_owned(),
        timestamp: 1_700_000_000,
        method: Method::HmacSha256,
        signature: "c2ln".to_owned(),
        token: Some(SentToken::new("tok".to_owned())),
    };
    assert_eq!(read(GOOD), Ok(Some(expected)));
}

#[test]
fn a_request_without_key_and_signature_is_unsigned() {
    assert_eq!(read(""), Ok(None));
    assert_eq!(read("Action=AssumeRoleWithSAML&Timestamp=1"), Ok(None));
}

#[test]
fn refuses_malformed_claims() {
    let check = |from: &str, to: &str, expected: ClaimError| {
        let form = GOOD.replacen(from, to, 1);
        assert_ne!(form, GOOD);
        assert_eq!(read(&form), Err(expected), "{form}");
    };
    check("SecretId=id&", "", ClaimError::Missing("SecretId"));
    check("SecretId=id", "SecretId=", ClaimError::Missing("SecretId"));
    check("SecretId=id", "SecretId=i%20d", ClaimError::Malformed("SecretId"));
    check("Signature=c2ln&", "", ClaimError::Missing("Signature"));
    check("Timestamp=1700000000&", "", ClaimError::Missing("Timestamp"));
    check(
        "Timestamp=1700000000",
        "Timestamp=-1",
        ClaimError::Malformed("Timestamp"),
    );
    check(
        "Timestamp=1700000000",
        "Timestamp=99999999999999999999",
        ClaimError::Malformed("Timestamp"),
    );
    check("Nonce=5&", "", ClaimError::Missing("Nonce"));
    check("Nonce=5", "Nonce=-5", ClaimError::Malformed("Nonce"));
    check(
        "Nonce=5",
        "Nonce=5&Nonce=5",
        ClaimError::Repeated("Nonce".to_owned()),
    );
    check("Nonce=5", "Nonce=5&A=1&A=2", ClaimError::Repeated("A".to_owned()));
}

#[test]
fn no_value_reads_as_two() {
    let check = |value: &str, is_refused: bool| {
        let mut parameters = form_parameters(GOOD).unwrap();
        parameters.push(("Remark".to_owned(), value.to_owned()));
        let expected = is_refused.then_some(ClaimError::Malformed("parameters"));
        assert_eq!(claim(&parameters).err(), expected, "{value}");
    };
    check("a&UseApi=1", true);
    check("a&b&Tags.0.Key=", true);
    check("&A=", true);
    check("A=1", false);
    check("R&D", false);
    check("R&D is fun = true", false);
    check("http://a.test/?x=1&y=2", false);
    check("%26A=1", false);
    let mut parameters = form_parameters(GOOD).unwrap();
    parameters.push(("A=1&B".to_owned(), "2".to_owned()));
    assert!(claim(&parameters).is_err());
    // Under the same signature, the one could be sent for the other.
    let (mut one, mut two) = (parameters.clone(), form_parameters(GOOD).unwrap());
    one.pop();
    one.extend([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
    two.push(("A".to_owned(), "1&B=2".to_owned()));
    let text = |parameters: &[(String, String)]| string_to_sign("POST", "h", "/", parameters);
    assert_eq!(text(&one), text(&two));
    assert!(claim(&one).is_ok() && claim(&two).is_err());
}

#[test]
fn only_the_exact_name_selects_sha256() {
    let check = |form: &str, expected: Method| {
        assert_eq!(Method::of(&form_parameters(form).unwrap()), expected, "{form}");
    };
    check("SignatureMethod=HmacSHA256", Method::HmacSha256);
    check("SignatureMethod=HmacSHA1", Method::HmacSha1);
    check("SignatureMethod=hmacsha256", Method::HmacSha1);
    check("SignatureMethod=", Method::HmacSha1);
    check("", Method::HmacSha1);
}

#[test]
fn bounds() {
    let too_long = |field, limit| Err(ClaimError::TooLong { field, limit });
    let with = |from: &str, field: &str, length: usize| {
        read(&GOOD.replacen(from, &format!("{field}={}", "a".repeat(length)), 1))
    };
    assert!(with("SecretId=id", "SecretId", MAX_KEY_ID_BYTES).is_ok());
    assert_eq!(
        with("SecretId=id", "SecretId", MAX_KEY_ID_BYTES + 1),
        too_long("SecretId", MAX_KEY_ID_BYTES)
    );
    assert!(with("Token=tok", "Token", MAX_TOKEN_BYTES).is_ok());
    assert_eq!(
        with("Token=tok", "Token", MAX_TOKEN_BYTES + 1),
        too_long("Token", MAX_TOKEN_BYTES)
    );
    assert!(with("Signature=c2ln", "Signature", MAX_SIGNATURE_BYTES).is_ok());
    let refused = with("Signature=c2ln", "Signature", MAX_SIGNATURE_BYTES + 1);
    assert_eq!(refused, too_long("Signature", MAX_SIGNATURE_BYTES));

    let form = |count: usize| vec!["a=1"; count].join("&");
    assert_eq!(
        form_parameters(&form(MAX_PARAMETERS)).unwrap().len(),
        MAX_PARAMETERS
    );
    let too_many = ClaimError::TooMany {
        field: "parameters",
        limit: MAX_PARAMETERS,
    };
    assert_eq!(form_parameters(&form(MAX_PARAMETERS + 1)), Err(too_many));
}

#[test]
fn forms_are_decoded_once() {
    let check = |form: &str, name: &str, value: &str| {
        assert_eq!(
            form_parameters(form).unwrap(),
            [(name.to_owned(), value.to_owned())],
            "{form}"
        );
    };
    check("Policy=%257B+%2B", "Policy", "%7B +");
    check("a%2Eb=1;2", "a.b", "1;2");
    check("a", "a", "");
    assert_eq!(form_parameters("a=%FF"), Err(ClaimError::Malformed("parameters")));
}

#[test]
fn names_sort_by_bytes_and_the_signature_is_left_out() {
    let parameters = form_parameters("Ids.2=b&Signature=x&Ids.12=a&a=%26&Z=").unwrap();
    assert_eq!(
        string_to_sign("POST", "h", "/", &parameters),
        "POSTh/?Ids.12=a&Ids.2=b&Z=&a=&"
    );
    assert_eq!(
        string_to_sign("GET", "h:1", "/v2/index.php", &[]),
        "GETh:1/v2/index.php?"
    );
}

#[test]
fn tries_each_host_a_client_may_have_signed() {
    let candidates = host_candidates("127.0.0.1:8443", &["sts.example"], "sts", Some("ap-guangzhou"));
    let parameters = form_parameters(GOOD).unwrap();
    let check = |signed_host: &str, expected: bool| {
        let signature = sign("POST", signed_host, "/", &parameters, &secret());
        let claim = Claim {
            signature,
            ..claim(&parameters).unwrap().unwrap()
        };
        assert_eq!(
            claim.verify("POST", &candidates, "/", &parameters, &secret()),
            expected,
            "{signed_host}"
        );
    };
    check("127.0.0.1:8443", true);
    check("127.0.0.1", true);
    check("sts.example", true);
    check("sts.tencentcloudapi.com", true);
    check("sts.ap-guangzhou.tencentcloudapi.com", true);
    check("sts.internal.tencentcloudapi.com", true);
    check("sts.intl.tencentcloudapi.com", true);
    check("sts.api.qcloud.com", true);
    check("cam.tencentcloudapi.com", false);
    check("127.0.0.1:8444", false);
    check("", false);
}

#[test]
fn every_part_is_signed() {
    let parameters = form_parameters(GOOD).unwrap();
    let hosts = vec!["h".to_owned()];
    let signature = sign("POST", "h", "/", &parameters, &secret());
    let claim = Claim {
        signature,
        ..claim(&parameters).unwrap().unwrap()
    };
    assert!(claim.verify("POST", &hosts, "/", &parameters, &secret()));
    assert!(!claim.verify("GET", &hosts, "/", &parameters, &secret()));
    assert!(!claim.verify("POST", &[], "/", &parameters, &secret()));
    assert!(!claim.verify("POST", &hosts, "/v2/index.php", &parameters, &secret()));
    assert!(!claim.verify(
        "POST",
        &hosts,
        "/",
        &parameters,
        &SecretKey::new("Secret".to_owned())
    ));
    let other_token = form_parameters(&GOOD.replace("tok", "kot")).unwrap();
    assert!(!claim.verify("POST", &hosts, "/", &other_token, &secret()));
}

#[test]
fn debug_hides_token_and_signature() {
    let text = format!("{:?}", read(GOOD).unwrap().unwrap());
    assert!(!text.contains("tok\"") && !text.contains("c2ln"), "{text}");
}
