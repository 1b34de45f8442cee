//! The canonical texts of the COS signature and the keys derived on the way.
//!
//! Signer and verifier both come through here. Names are taken in the order of the lists, so that the result is
//! right for every SDK, whatever it sorts by.

use std::fmt;

use zeroize::Zeroizing;

use super::NameList;
use crate::{
    RequestView, SecretKey, Window,
    encoding::{decode_path, encode_into, is_encoded_name},
    mac,
};

/// The key that signs during one key time: hex text, as secret as the SecretKey for that time.
#[derive(Clone)]
pub struct SignKey(Zeroizing<String>);

impl SignKey {
    /// The hex text. Each use of this method is a place where the key may leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SignKey(..)")
    }
}

/// Derives the signing key of one key time.
pub fn sign_key(secret: &SecretKey, key_time: Window) -> SignKey {
    let digest = Zeroizing::new(mac::hmac_sha1(secret.as_bytes(), key_time.to_string().as_bytes()));
    SignKey(Zeroizing::new(mac::hex(digest.as_slice())))
}

/// The canonical request: method, decoded path, signed parameters, signed headers. Bytes, as the path may be.
///
/// A listed name that the request lacks counts as empty. Of a name listed once the first value counts; a name
/// listed several times in a row takes its values in byte order, as the Go SDK signs them.
pub fn http_string(view: &RequestView<'_>, headers: &NameList, parameters: &NameList) -> Vec<u8> {
    http_string_for_host(view, headers, parameters, None)
}

/// The canonical request with another value for `host`.
pub(super) fn http_string_for_host(
    view: &RequestView<'_>,
    headers: &NameList,
    parameters: &NameList,
    host: Option<&str>,
) -> Vec<u8> {
    // Room for all headers, so that a long session token does not make the text move.
    let headers_length = view
        .headers()
        .iter()
        .map(|(name, value)| name.len() + value.len() + 2);
    let room = view.path().len() + view.query().len() + headers_length.sum::<usize>() + 128;
    let mut out = Vec::with_capacity(room);
    out.extend(view.method().bytes().map(|byte| byte.to_ascii_lowercase()));
    out.push(b'\n');
    out.extend_from_slice(&signed_path(view));
    out.push(b'\n');
    append_pairs(&mut out, parameters, &ParameterValues(view));
    out.push(b'\n');
    append_pairs(&mut out, headers, &HeaderValues { view, host });
    out.push(b'\n');
    out
}

/// The text that the signing key signs.
pub fn string_to_sign(sign_time: Window, http_string: &[u8]) -> String {
    format!("sha1\n{sign_time}\n{}\n", mac::sha1_hex(http_string))
}

/// The signature: 40 lower-case hex digits.
pub fn signature(key: &SignKey, string_to_sign: &str) -> String {
    mac::hex(&mac::hmac_sha1(key.0.as_bytes(), string_to_sign.as_bytes()))
}

fn signed_path<'v>(view: &RequestView<'v>) -> std::borrow::Cow<'v, [u8]> {
    let path = if view.path().is_empty() { "/" } else { view.path() };
    decode_path(path)
}

/// Where the values of listed names come from.
trait Values {
    fn all<'s>(&'s self, listed: &'s str) -> impl Iterator<Item = &'s [u8]>;
}

struct ParameterValues<'v, 'a>(&'v RequestView<'a>);

impl Values for ParameterValues<'_, '_> {
    fn all<'s>(&'s self, listed: &'s str) -> impl Iterator<Item = &'s [u8]> {
        let named = self
            .0
            .parameters()
            .iter()
            .filter(move |one| is_encoded_name(listed, &one.name));
        named.map(|one| one.value.as_ref())
    }
}

struct HeaderValues<'v, 'a> {
    view: &'v RequestView<'a>,
    host: Option<&'v str>,
}

impl Values for HeaderValues<'_, '_> {
    fn all<'s>(&'s self, listed: &'s str) -> impl Iterator<Item = &'s [u8]> {
        let instead = self.host.filter(|_| listed == "host").map(str::as_bytes);
        let headers = if instead.is_some() {
            &[]
        } else {
            self.view.headers()
        };
        let named = headers
            .iter()
            .filter(move |(name, _)| is_encoded_name(listed, name.as_bytes()));
        instead
            .into_iter()
            .chain(named.map(|(_, value)| value.trim_ascii()))
    }
}

fn append_pairs(out: &mut Vec<u8>, list: &NameList, values: &impl Values) {
    let start = out.len();
    let mut names = list.iter().peekable();
    while let Some(name) = names.next() {
        let mut times = 1;
        while names.next_if_eq(&name).is_some() {
            times += 1;
        }
        if times == 1 {
            append_pair(out, start, name, values.all(name).next().unwrap_or_default());
            continue;
        }
        let mut sorted: Vec<&[u8]> = values.all(name).collect();
        sorted.sort_unstable();
        let mut sorted = sorted.into_iter();
        for _ in 0..times {
            append_pair(out, start, name, sorted.next().unwrap_or_default());
        }
    }
}

fn append_pair(out: &mut Vec<u8>, start: usize, name: &str, value: &[u8]) {
    if out.len() > start {
        out.push(b'&');
    }
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    encode_into(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, query: &str, headers: &[(&str, &[u8])], lists: (&str, &str), expected: &[u8]) {
        let view = RequestView::new("GET", path, query, headers).unwrap();
        let header_list = NameList::parse("q-header-list", lists.0).unwrap();
        let parameter_list = NameList::parse("q-url-param-list", lists.1).unwrap();
        let actual = http_string(&view, &header_list, &parameter_list);
        assert_eq!(
            String::from_utf8_lossy(&actual),
            String::from_utf8_lossy(expected)
        );
        assert_eq!(actual, expected);
    }

    #[test]
    fn empty_components_keep_their_line() {
        check("/k", "", &[], ("", ""), b"get\n/k\n\n\n");
        check("", "", &[], ("", ""), b"get\n/\n\n\n");
    }

    #[test]
    fn the_path_is_decoded_once_and_never_normalised() {
        check(
            "/a+b/%2541//./..%2F",
            "",
            &[],
            ("", ""),
            b"get\n/a+b/%41//./../\n\n\n",
        );
        check("/%FF", "", &[], ("", ""), b"get\n/\xff\n\n\n");
    }

    #[test]
    fn names_stand_in_the_order_of_the_list() {
        check("/", "a=1&b=2", &[], ("", "b;a"), b"get\n/\nb=2&a=1\n\n");
    }

    #[test]
    fn what_is_not_listed_is_not_signed() {
        check("/", "a=1&q-ak=x", &[("host", b"h")], ("", ""), b"get\n/\n\n\n");
    }

    #[test]
    fn a_listed_name_that_is_absent_counts_as_empty() {
        check("/", "", &[], ("range", "prefix"), b"get\n/\nprefix=\nrange=\n");
    }

    #[test]
    fn values_are_decoded_then_encoded_again() {
        check("/", "p=a+b%2bc/", &[], ("", "p"), b"get\n/\np=a%20b%2Bc%2F\n\n");
        check(
            "/",
            "p=1;2",
            &[("Range", b" bytes=0-9 ")],
            ("range", "p"),
            b"get\n/\np=1%3B2\nrange=bytes%3D0-9\n",
        );
    }

    #[test]
    fn a_name_listed_once_takes_the_first_value() {
        check(
            "/",
            "uploads&uploads=",
            &[],
            ("", "uploads"),
            b"get\n/\nuploads=\n\n",
        );
        check("/", "a=2&A=1", &[], ("", "a"), b"get\n/\na=2\n\n");
    }

    #[test]
    fn a_name_listed_again_takes_its_values_in_order() {
        check("/", "a=2&A=1&b=3", &[], ("", "a;a;b"), b"get\n/\na=1&a=2&b=3\n\n");
        check(
            "/",
            "",
            &[("x-cos-meta-a", b"b"), ("X-Cos-Meta-A", b"a")],
            ("x-cos-meta-a;x-cos-meta-a", ""),
            b"get\n/\n\nx-cos-meta-a=a&x-cos-meta-a=b\n",
        );
        check("/", "a=1", &[], ("", "a;a"), b"get\n/\na=1&a=\n\n");
    }

    #[test]
    fn another_host_replaces_every_received_one() {
        let headers: [(&str, &[u8]); 2] = [("Host", b"h:1"), ("host", b"h:2")];
        let view = RequestView::new("GET", "/", "", &headers).unwrap();
        let actual = http_string_for_host(&view, &NameList::of(["host"]), &NameList::default(), Some("h"));
        assert_eq!(actual, b"get\n/\n\nhost=h\n");
    }
}
