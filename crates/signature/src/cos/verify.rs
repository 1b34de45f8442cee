//! Checking a claim against a secret key.
//!
//! Time, token and rights are judged elsewhere; this is only "did the holder of the secret sign this request".

use super::{
    canonical::{http_string_for_host, sign_key, signature, string_to_sign},
    claim::Claim,
    meaning::drops_meaning,
};
use crate::{RequestView, SecretKey, hosts, mac};

impl Claim {
    /// Tells whether the signature was made with this secret over this request.
    ///
    /// If `host` is signed, the received Host is tried first, then without its port, lower-cased, and each of
    /// `extra_hosts`, the names under which clients may know this server.
    ///
    /// A listed name that the request lacks counts as empty, with one exception: a listed parameter that selects
    /// the operation must be there. Its usual value *is* empty, so that otherwise the holder of a signature for
    /// `GET /k?acl` could drop the `?acl` and read the object.
    pub fn verify(&self, view: &RequestView<'_>, secret: &SecretKey, extra_hosts: &[&str]) -> bool {
        if drops_meaning(view, self) {
            return false;
        }
        let key = sign_key(secret, self.key_time);
        let matches = |host: Option<&str>| {
            let signed = http_string_for_host(view, &self.header_list, &self.parameter_list, host);
            mac::same(
                &signature(&key, &string_to_sign(self.sign_time, &signed)),
                &self.signature,
            )
        };
        matches(None)
            || (self.covers_header("host") && other_hosts(view, extra_hosts, |host| matches(Some(host))))
    }
}

fn other_hosts(view: &RequestView<'_>, extra_hosts: &[&str], matches: impl Fn(&str) -> bool) -> bool {
    let received = view
        .header("host")
        .and_then(|host| str::from_utf8(host).ok())
        .unwrap_or_default();
    hosts::alternatives(received, extra_hosts)
        .iter()
        .any(|host| matches(host))
}

#[cfg(test)]
mod tests {
    use super::super::{NameList, Selection, SignOptions, claim, sign};
    use crate::{RequestView, SecretKey, Window};

    type Headers<'h> = &'h [(&'h str, &'h str)];

    fn secret() -> SecretKey {
        SecretKey::new("ExampleSecretKey".to_owned())
    }

    fn bytes<'h>(headers: Headers<'h>) -> Vec<(&'h str, &'h [u8])> {
        headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect()
    }

    /// Signs the first request as a client would, and verifies that signature on the second.
    fn carries_over(
        signed: (&str, &str, &str, Headers<'_>),
        received: (&str, &str, &str, Headers<'_>),
        extra_hosts: &[&str],
    ) -> bool {
        let signed_headers = bytes(signed.3);
        let view = RequestView::new(signed.0, signed.1, signed.2, &signed_headers).unwrap();
        let options = SignOptions::standard(Window::new(10, 20).unwrap());
        let text = sign(&view, "AKID", &secret(), &options);
        let mut headers = bytes(received.3);
        headers.push(("Authorization", text.as_bytes()));
        let view = RequestView::new(received.0, received.1, received.2, &headers).unwrap();
        claim(&view)
            .unwrap()
            .unwrap()
            .verify(&view, &secret(), extra_hosts)
    }

    fn check_host(signed: &str, received: &str, extra_hosts: &[&str], expected: bool) {
        let signed_request = ("GET", "/k", "", &[("Host", signed)][..]);
        let received_request = ("GET", "/k", "", &[("Host", received)][..]);
        let actual = carries_over(signed_request, received_request, extra_hosts);
        assert_eq!(actual, expected, "{signed} {received} {extra_hosts:?}");
    }

    #[test]
    fn host_with_and_without_port() {
        check_host("b.h:9000", "b.h:9000", &[], true);
        check_host("b.h", "b.h:9000", &[], true);
        check_host("b.h", "B.h:9000", &[], true);
        check_host("b.h:9000", "B.H:9000", &[], true);
        check_host("B.h", "B.h:9000", &[], true);
        check_host("b.h:9000", "b.h", &[], false);
        check_host("b.h:9001", "b.h:9000", &[], false);
        check_host("b.x", "b.h:9000", &[], false);
        check_host("", "b.h:9000", &[], false);
    }

    #[test]
    fn host_by_configured_names() {
        check_host("cos.example", "b.h:9000", &["other", "cos.example"], true);
        check_host("cos.example:1", "b.h:9000", &["cos.example"], false);
    }

    fn check(
        signed: (&str, &str, &str, Headers<'_>),
        received: (&str, &str, &str, Headers<'_>),
        expected: bool,
    ) {
        assert_eq!(
            carries_over(signed, received, &[]),
            expected,
            "{signed:?} {received:?}"
        );
    }

    #[test]
    fn spelling_on_the_wire_does_not_matter() {
        check(
            ("GET", "/a%20b/c", "", &[]),
            ("get", "/%61%20b%2Fc", "", &[]),
            true,
        );
        check(
            ("GET", "/", "a=x%20y&b=%2B", &[]),
            ("GET", "/", "b=%2b&A=x+y", &[]),
            true,
        );
        check(
            ("PUT", "/", "", &[("X-Cos-Acl", "private")]),
            ("PUT", "/", "", &[("x-cos-acl", " private\t")]),
            true,
        );
    }

    #[test]
    fn what_is_signed_may_not_change() {
        check(("GET", "/k", "", &[]), ("PUT", "/k", "", &[]), false);
        check(("GET", "/k", "", &[]), ("GET", "/K", "", &[]), false);
        check(("GET", "/k", "", &[]), ("GET", "//k", "", &[]), false);
        check(("GET", "/k+", "", &[]), ("GET", "/k%20", "", &[]), false);
        check(("GET", "/%2541", "", &[]), ("GET", "/%41", "", &[]), false);
        check(
            ("GET", "/k", "versionId=1", &[]),
            ("GET", "/k", "versionId=2", &[]),
            false,
        );
        check(
            ("PUT", "/k", "", &[("x-cos-acl", "private")]),
            ("PUT", "/k", "", &[("x-cos-acl", "public-read")]),
            false,
        );
        check(
            ("PUT", "/k", "", &[("content-length", "1")]),
            ("PUT", "/k", "", &[("content-length", "2")]),
            false,
        );
    }

    #[test]
    fn what_is_not_signed_may_be_added() {
        check(
            ("GET", "/", "", &[]),
            ("GET", "/", "marker=&max-keys=2000", &[("user-agent", "x")]),
            true,
        );
    }

    #[test]
    fn empty_and_absent_are_the_same() {
        check(
            ("PUT", "/k", "", &[("cache-control", "")]),
            ("PUT", "/k", "", &[]),
            true,
        );
        check(
            ("PUT", "/k", "", &[("cache-control", "")]),
            ("PUT", "/k", "", &[("cache-control", "x")]),
            false,
        );
        check(("GET", "/", "prefix=", &[]), ("GET", "/", "", &[]), true);
        check(("GET", "/", "prefix=a", &[]), ("GET", "/", "", &[]), false);
        check(
            ("HEAD", "/k", "", &[("content-length", "0")]),
            ("HEAD", "/k", "", &[("Content-Length", "0")]),
            true,
        );
        check(
            ("HEAD", "/k", "", &[("content-length", "0")]),
            ("HEAD", "/k", "", &[]),
            false,
        );
    }

    #[test]
    fn a_signed_operation_may_not_be_taken_away() {
        check(("GET", "/k", "acl", &[]), ("GET", "/k", "acl", &[]), true);
        check(("GET", "/k", "acl", &[]), ("GET", "/k", "ACL=", &[]), true);
        check(("GET", "/k", "acl", &[]), ("GET", "/k", "", &[]), false);
        check(
            ("POST", "/k", "uploads", &[]),
            ("POST", "/k", "upload", &[]),
            false,
        );
        check(("GET", "/k", "versionId=", &[]), ("GET", "/k", "", &[]), false);
    }

    #[test]
    fn a_subresource_may_stand_with_and_without_equals_sign() {
        check(
            ("POST", "/k", "uploads", &[]),
            ("POST", "/k", "uploads&uploads=", &[]),
            true,
        );
        check(
            ("POST", "/k", "uploads=", &[]),
            ("POST", "/k", "uploads", &[]),
            true,
        );
        // The first value counts.
        check(
            ("GET", "/k", "versionId=1", &[]),
            ("GET", "/k", "versionId=1&versionId=2", &[]),
            true,
        );
        check(
            ("GET", "/k", "versionId=1", &[]),
            ("GET", "/k", "versionId=2&versionId=1", &[]),
            false,
        );
    }

    #[test]
    fn a_name_listed_once_per_value_covers_all_of_them() {
        let headers = bytes(&[("x-cos-meta-a", "2"), ("X-Cos-Meta-A", "1")]);
        let view = RequestView::new("PUT", "/k", "", &headers).unwrap();
        let window = Window::new(10, 20).unwrap();
        let list = NameList::parse("q-header-list", "x-cos-meta-a;x-cos-meta-a").unwrap();
        let text = super::super::http_string(&view, &list, &NameList::default());
        assert_eq!(text, b"put\n/k\n\nx-cos-meta-a=1&x-cos-meta-a=2\n");
        let options = SignOptions::standard(window);
        let signed = sign(&view, "AKID", &secret(), &options);
        let key = super::sign_key(&secret(), window);
        let signature = super::signature(&key, &super::string_to_sign(window, &text));
        let go = format!(
            "{}&q-signature={signature}",
            signed.split_once("&q-signature").unwrap().0
        );
        let go = go.replace(
            "q-header-list=x-cos-meta-a",
            "q-header-list=x-cos-meta-a;x-cos-meta-a",
        );
        let headers = [headers.as_slice(), &[("authorization", go.as_bytes())]].concat();
        let view = RequestView::new("PUT", "/k", "", &headers).unwrap();
        assert!(claim(&view).unwrap().unwrap().verify(&view, &secret(), &[]));
    }

    #[test]
    fn sign_time_and_key_time_may_differ() {
        let options = SignOptions {
            sign_time: Window::new(10, 20).unwrap(),
            key_time: Window::new(1, 100).unwrap(),
            headers: Selection::Standard,
            parameters: Selection::Standard,
        };
        let view = RequestView::new("GET", "/k", "", &[]).unwrap();
        let text = sign(&view, "AKID", &secret(), &options);
        let verifies = |text: &str| {
            let headers = [("authorization", text.as_bytes())];
            let view = RequestView::new("GET", "/k", "", &headers).unwrap();
            claim(&view).unwrap().unwrap().verify(&view, &secret(), &[])
        };
        assert!(verifies(&text));
        assert!(!verifies(&text.replace("q-sign-time=10;20", "q-sign-time=10;21")));
        assert!(!verifies(&text.replace("q-key-time=1;100", "q-key-time=1;101")));
    }

    #[test]
    fn every_secret_but_the_right_one_fails() {
        let view = RequestView::new("GET", "/k", "", &[]).unwrap();
        let text = sign(
            &view,
            "AKID",
            &secret(),
            &SignOptions::standard(Window::new(10, 20).unwrap()),
        );
        let headers = [("authorization", text.as_bytes())];
        let view = RequestView::new("GET", "/k", "", &headers).unwrap();
        let claim = claim(&view).unwrap().unwrap();
        for other in ["", "ExampleSecretKe", "ExampleSecretKey ", "exampleSecretKey"] {
            assert!(
                !claim.verify(&view, &SecretKey::new(other.to_owned()), &[]),
                "{other}"
            );
        }
    }
}
