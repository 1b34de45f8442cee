//! Laws: what was signed verifies, what was changed does not, and no input makes a reader panic.

use daypass_signature::{
    RequestView, SecretKey, SentToken, Window, conflicting_parameter, cos, decode_path, encode, parameters,
    tc3, v1,
};
use proptest::{collection::vec, prelude::*};

type Pairs = Vec<(String, Vec<u8>)>;

/// Distinct names with arbitrary values.
fn pairs(name: &'static str, most: usize) -> impl Strategy<Value = Pairs> {
    vec((name, vec(any::<u8>(), 0..12)), 0..most).prop_map(|mut pairs| {
        pairs.sort();
        pairs.dedup_by(|(one, _), (other, _)| one == other);
        pairs
    })
}

fn query(pairs: &Pairs) -> String {
    let encoded = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    encoded.collect::<Vec<_>>().join("&")
}

/// Headers as HTTP lets them be: no control bytes, no surrounding blanks.
fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    vec(("x-cos-[a-c]{1,3}|host|range", "[!-~]{0,8}"), 0..5).prop_map(|mut headers| {
        headers.sort();
        headers.dedup_by(|(one, _), (other, _)| one == other);
        headers
    })
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

fn window() -> impl Strategy<Value = Window> {
    (0..i64::MAX / 2, 0..i64::MAX / 2).prop_filter_map("start is not after end", |(start, length)| {
        Window::new(start, start + length).ok()
    })
}

proptest! {
    #[test]
    fn cos_signatures_verify(
        method in "GET|PUT|POST|DELETE|HEAD",
        path in vec(any::<u8>(), 0..20),
        pairs in pairs("[ -~]{1,6}", 6),
        headers in headers(),
        secret in "[ -~]{1,80}",
        window in window(),
    ) {
        let (path, query) = (format!("/{}", encode(path)), query(&pairs));
        let secret = SecretKey::new(secret);
        let options = cos::SignOptions::standard(window);
        let mut headers = borrowed(&headers);
        let view = RequestView::new(&method, &path, &query, &headers).unwrap();
        prop_assume!(conflicting_parameter(&view).is_none());

        let presigned = cos::presign(&view, "AKID", &secret, Some("t/+ ="), &options).unwrap();
        let text = cos::sign(&view, "AKID", &secret, &options);
        let presigned = [query.as_str(), &presigned].join("&");
        let view = RequestView::new(&method, &path, &presigned, &headers).unwrap();
        let claim = cos::claim(&view).unwrap().unwrap();
        prop_assert!(claim.verify(&view, &secret, &[]));
        prop_assert_eq!(claim.token.as_ref().map(SentToken::expose), Some("t/+ ="));
        prop_assert_eq!(cos::unsigned_meaning(&view, &claim), None);

        headers.push(("Authorization", text.as_bytes()));
        let view = RequestView::new(&method, &path, &query, &headers).unwrap();
        let claim = cos::claim(&view).unwrap().unwrap();
        prop_assert!(claim.verify(&view, &secret, &[]));
        prop_assert_eq!((claim.sign_time, claim.key_time), (window, window));

        let longer = format!("{path}x");
        let view = RequestView::new(&method, &longer, &query, &headers).unwrap();
        prop_assert!(!claim.verify(&view, &secret, &[]));
    }

    #[test]
    fn cos_signatures_cover_every_parameter(pairs in pairs("[a-z/]{1,4}", 6), which in any::<prop::sample::Index>()) {
        prop_assume!(!pairs.is_empty());
        let secret = SecretKey::new("secret".to_owned());
        let options = cos::SignOptions::standard(Window::new(1, 2).unwrap());
        let sent = query(&pairs);
        let text = cos::sign(&RequestView::new("GET", "/", &sent, &[]).unwrap(), "AKID", &secret, &options);
        let mut changed = pairs;
        which.get_mut(&mut changed).1.push(b'x');
        let (sent, headers) = (query(&changed), [("authorization", text.as_bytes())]);
        let view = RequestView::new("GET", "/", &sent, &headers).unwrap();
        prop_assert!(!cos::claim(&view).unwrap().unwrap().verify(&view, &secret, &[]));
    }

    #[test]
    fn tc3_signatures_verify(
        method in "GET|POST",
        query in "[!-~]{0,20}",
        host in "[a-z.]{1,12}(:[0-9]{1,5})?",
        content_type in "[!-~]{1,20}",
        body in vec(any::<u8>(), 0..50),
        timestamp in 0..253_402_300_799_i64,
    ) {
        let (secret, time) = (SecretKey::new("secret".to_owned()), timestamp.to_string());
        let mut headers = vec![
            ("Host", host.as_bytes()), ("Content-Type", content_type.as_bytes()), ("X-TC-Timestamp", time.as_bytes()),
        ];
        let view = RequestView::new(&method, "/", &query, &headers).unwrap();
        let text = tc3::sign(&view, &body, "AKID", &secret, "sts", timestamp).unwrap();
        headers.push(("Authorization", text.as_bytes()));
        let view = RequestView::new(&method, "/", &query, &headers).unwrap();
        let claim = tc3::claim(&view).unwrap().unwrap();
        prop_assert!(claim.verify(&view, &body, &secret, "sts", &[]));
        let changed = [body.as_slice(), b"x"].concat();
        prop_assert_eq!(claim.verify(&view, &changed, &secret, "sts", &[]), method == "GET");
    }

    #[test]
    fn v1_signatures_verify(
        method in "GET|POST",
        // A value in which another parameter seems to begin is refused: parameters begin with a capital.
        pairs in vec(("[a-z.]{1,6}", "[ -@\\[-~]{0,12}"), 0..8),
        sha256 in any::<bool>(),
    ) {
        let mut parameters: Vec<(String, String)> = pairs;
        parameters.sort();
        parameters.dedup_by(|(one, _), (other, _)| one == other);
        for (name, value) in [("SecretId", "AKID"), ("Timestamp", "17"), ("Nonce", "1")] {
            parameters.push((name.to_owned(), value.to_owned()));
        }
        if sha256 {
            parameters.push(("SignatureMethod".to_owned(), "HmacSHA256".to_owned()));
        }
        let secret = SecretKey::new("secret".to_owned());
        let signature = v1::sign(&method, "h", "/", &parameters, &secret);
        parameters.insert(0, ("Signature".to_owned(), signature));
        let encoded: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let decoded = v1::form_parameters(&encoded.join("&")).unwrap();
        prop_assert_eq!(&decoded, &parameters);
        let claim = v1::claim(&decoded).unwrap().unwrap();
        prop_assert!(claim.verify(&method, &["h".to_owned()], "/", &decoded, &secret));
    }

    #[test]
    fn queries_and_paths_decode_to_what_was_encoded(pairs in pairs("[ -~]{1,6}", 8), path in vec(any::<u8>(), 0..30)) {
        let text = query(&pairs);
        let parsed = parameters(&text).unwrap();
        let decoded: Pairs = parsed
            .iter()
            .map(|one| (String::from_utf8(one.name.to_vec()).unwrap(), one.value.to_vec()))
            .collect();
        prop_assert_eq!(decoded, pairs);
        let encoded = encode(&path);
        prop_assert_eq!(decode_path(&encoded), path);
    }

    #[test]
    fn windows_render_what_they_read(window in window()) {
        prop_assert_eq!(Window::parse(&window.to_string()), Ok(window));
    }

    #[test]
    fn no_text_makes_a_reader_panic(
        authorization in "(q-sign-algorithm=sha1&q-ak=a&|TC3-HMAC-SHA256 Credential=)?(q-[a-z]{2,9}=|[;&=,/%]|\\PC){0,30}",
        text in "\\PC{0,40}",
        now in any::<i64>(),
    ) {
        let headers = [("authorization", authorization.as_bytes()), ("x-tc-timestamp", text.as_bytes())];
        for headers in [&headers[..], &[]] {
            let query = format!("{authorization}&{text}");
            let view = RequestView::new(&text, &text, &query, headers).unwrap();
            let secret = SecretKey::new(text.clone());
            if let Ok(Some(claim)) = cos::claim(&view) {
                claim.verify(&view, &secret, &[&text]);
                claim.window(now);
                cos::unsigned_meaning(&view, &claim);
            }
            if let Ok(Some(claim)) = tc3::claim(&view) {
                claim.verify(&view, text.as_bytes(), &secret, "sts", &[&text]);
                claim.window(now);
            }
            if let Ok(Ok(Some(claim))) = v1::form_parameters(&query).map(|form| v1::claim(&form)) {
                claim.window(now);
            }
            conflicting_parameter(&view);
        }
        let _ = Window::parse(&text).map(|window| window.verdict(now, daypass_signature::COS_CLOCK_TOLERANCE));
    }
}
