//! Walks every signature vector of the repository, as signer, as verifier, and damaged in every signed place.
//!
//! The vectors were made by running the official SDKs with a fixed clock; the file says where each one comes from.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a vector of another shape than documented must stop the test"
)]

use daypass_signature::{
    RequestView, SecretKey, SentToken, Window, WindowVerdict, cos, decode_path, tc3, v1,
};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = all.get("vectors").and_then(Value::as_array).unwrap();
    all.iter()
        .filter(|vector| vector["kind"] == kind)
        .cloned()
        .collect()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{} in {}", pointer, value["name"]))
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap().to_owned())
        .collect()
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let pair = |entry: &Value| {
        (
            entry[0].as_str().unwrap().to_owned(),
            entry[1].as_str().unwrap().to_owned(),
        )
    };
    value.as_array().unwrap().iter().map(pair).collect()
}

fn secret(vector: &Value) -> SecretKey {
    SecretKey::new(text(vector, "/inputs/secret_key").to_owned())
}

fn flip(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    match characters.pop() {
        Some(last) => characters.push(if last == 'a' { 'b' } else { 'a' }),
        None => characters.push('a'),
    }
    characters.into_iter().collect()
}

/// An owned request, to be damaged at will.
#[derive(Clone)]
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn of(part: &Value) -> Self {
        let url = part["url"].as_str().unwrap();
        let (_, rest) = url.split_once("://").unwrap();
        let (_, target) = rest.split_at(rest.find('/').unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: part["method"].as_str().unwrap().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: part.get("headers").map(pairs).unwrap_or_default(),
            body: part["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    fn with<T>(&self, use_view: impl FnOnce(&RequestView<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        use_view(&RequestView::new(&self.method, &self.path, &self.query, &headers).unwrap())
    }

    fn set_header(&mut self, name: &str, change: impl Fn(&str) -> String) {
        let (_, value) = self
            .headers
            .iter_mut()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .unwrap();
        *value = change(value);
    }

    /// Changes the Authorization text, or the query where the signature stands there.
    fn set_claim(&mut self, change: impl Fn(&str) -> String) {
        if self.headers.iter().any(|(name, _)| name == "Authorization") {
            self.set_header("Authorization", change);
        } else {
            self.query = change(&self.query);
        }
    }

    fn damaged(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut request = self.clone();
        change(&mut request);
        request
    }
}

#[test]
fn cos_sign_keys() {
    let vectors = vectors("cos-signkey");
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let key_time = Window::parse(text(&vector, "/inputs/key_time")).unwrap();
        let key = cos::sign_key(&secret(&vector), key_time);
        assert_eq!(key.expose(), text(&vector, "/expected/sign_key"));
    }
}

fn decoded(names: &Value) -> Vec<String> {
    texts(names)
        .iter()
        .map(|name| String::from_utf8(decode_path(name).into_owned()).unwrap())
        .collect()
}

#[test]
fn cos_requests_as_signer() {
    for vector in vectors("cos-request") {
        let name = text(&vector, "/name");
        let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
        let mut request = Request::of(inputs);
        if let Some(host) = inputs["signed_host_value"].as_str() {
            request.set_header("host", |_| host.to_owned());
        }
        let (headers, parameters) = (
            decoded(&inputs["signed_headers"]),
            decoded(&inputs["signed_params"]),
        );
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
        let options = cos::SignOptions {
            sign_time: Window::parse(text(&vector, "/inputs/sign_time")).unwrap(),
            key_time: Window::parse(text(&vector, "/inputs/key_time")).unwrap(),
            headers: cos::Selection::Only(&headers),
            parameters: cos::Selection::Only(&parameters),
        };
        request.with(|view| {
            let header_list = cos::NameList::of(&headers);
            let parameter_list = cos::NameList::of(&parameters);
            assert_eq!(header_list.as_str(), text(expected, "/header_list"), "{name}");
            assert_eq!(
                parameter_list.as_str(),
                text(expected, "/url_param_list"),
                "{name}"
            );
            let http_string = cos::http_string(view, &header_list, &parameter_list);
            assert_eq!(
                str::from_utf8(&http_string).unwrap(),
                text(expected, "/http_string"),
                "{name}"
            );
            let string_to_sign = cos::string_to_sign(options.sign_time, &http_string);
            assert_eq!(string_to_sign, text(expected, "/string_to_sign"), "{name}");
            let key = cos::sign_key(&secret(&vector), options.key_time);
            assert_eq!(key.expose(), text(expected, "/sign_key"), "{name}");
            assert_eq!(
                cos::signature(&key, &string_to_sign),
                text(expected, "/signature"),
                "{name}"
            );
            let authorization = cos::sign(view, text(inputs, "/secret_id"), &secret(&vector), &options);
            assert_eq!(authorization, text(expected, "/authorization"), "{name}");
        });
    }
}

fn cos_accepts(request: &Request, secret: &SecretKey) -> bool {
    request.with(|view| match cos::claim(view) {
        Ok(Some(claim)) => claim.verify(view, secret, &[]),
        Ok(None) | Err(_) => false,
    })
}

#[test]
fn cos_requests_as_verifier() {
    let vectors = vectors("cos-request");
    assert_eq!(vectors.len(), 14);
    for vector in vectors {
        let name = text(&vector, "/name");
        let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
        let request = Request::of(&vector["wire"]);
        request.with(|view| {
            let claim = cos::claim(view).unwrap().unwrap();
            assert_eq!(claim.key_id, text(inputs, "/secret_id"), "{name}");
            assert_eq!(
                claim.header_list.as_str(),
                text(expected, "/header_list"),
                "{name}"
            );
            assert_eq!(
                claim.parameter_list.as_str(),
                text(expected, "/url_param_list"),
                "{name}"
            );
            assert_eq!(
                claim.location == cos::Location::Header,
                inputs["signature_in"] == "header",
                "{name}"
            );
            // A plus left raw in a URL arrives as a space; whoever looks the token up may try it as a plus.
            let token = claim.token.as_ref().map(|token| token.expose().replace(' ', "+"));
            assert_eq!(token.as_deref(), inputs["token"].as_str(), "{name}");
            assert_eq!(
                claim.window(inputs["valid_at"].as_i64().unwrap()),
                WindowVerdict::Valid,
                "{name}"
            );
            assert!(claim.verify(view, &secret(&vector), &[]), "{name}");
            assert_eq!(cos::unsigned_meaning(view, &claim), None, "{name}");
        });
    }
}

#[test]
fn cos_requests_damaged() {
    for vector in vectors("cos-request") {
        let name = text(&vector, "/name");
        let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
        let request = Request::of(&vector["wire"]);
        let check = |what: &str, change: &dyn Fn(&mut Request)| {
            assert!(
                !cos_accepts(&request.damaged(change), &secret(&vector)),
                "{name}: {what}"
            );
        };
        assert!(cos_accepts(&request.damaged(|_| ()), &secret(&vector)), "{name}");
        assert!(
            !cos_accepts(&request, &SecretKey::new(flip(text(inputs, "/secret_key")))),
            "{name}: secret"
        );
        check("path", &|request| request.path.push('x'));
        check("method", &|request| request.method = "PATCH".to_owned());
        let signature = text(expected, "/signature");
        for index in [0, 20, 39] {
            let mut other = signature.to_owned();
            other.replace_range(
                index..=index,
                if signature.get(index..=index) == Some("0") {
                    "1"
                } else {
                    "0"
                },
            );
            check("signature", &|request| {
                request.set_claim(|claim| claim.replace(signature, &other))
            });
        }
        for time in ["q-key-time=17", "q-sign-time=17"] {
            let other = time.replace("17", "16");
            check(time, &|request| {
                request.set_claim(|claim| claim.replace(time, &other))
            });
        }
        for header in texts(&inputs["signed_headers"]) {
            check(&header, &|request| request.set_header(&header, flip));
            check(&header, &|request| {
                request
                    .headers
                    .retain(|(name, _)| !name.eq_ignore_ascii_case(&header))
            });
        }
        for parameter in texts(&inputs["signed_params"]) {
            let change = |query: &str| {
                let pair = |pair: &str| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    let is_it = name.to_ascii_lowercase() == parameter;
                    if is_it {
                        format!("{name}={value}x")
                    } else {
                        pair.to_owned()
                    }
                };
                query.split('&').map(pair).collect::<Vec<_>>().join("&")
            };
            assert_ne!(change(&request.query), request.query, "{name}: {parameter}");
            check(&parameter, &|request| request.query = change(&request.query));
        }
    }
}

#[test]
fn cos_requests_moved_to_a_sign_parameter() {
    for vector in vectors("cos-request") {
        let mut request = Request::of(&vector["inputs"]);
        let sign = daypass_signature::encode(text(&vector, "/expected/authorization"));
        request.query = format!("{}&sign={sign}", request.query);
        let accepted = cos_accepts(&request, &secret(&vector));
        assert!(accepted, "{}", text(&vector, "/name"));
    }
}

#[test]
fn cos_post_policies() {
    let vectors = vectors("cos-post-policy");
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let name = text(&vector, "/name");
        let key_time = Window::parse(text(&vector, "/inputs/key_time")).unwrap();
        let key = cos::sign_key(&secret(&vector), key_time);
        let (string_to_sign, signature) = (
            text(&vector, "/expected/string_to_sign"),
            text(&vector, "/expected/signature"),
        );
        assert_eq!(key.expose(), text(&vector, "/expected/sign_key"), "{name}");
        assert_eq!(cos::signature(&key, string_to_sign), signature, "{name}");
        let Some(policy) = vector["inputs"]["policy_text"].as_str() else {
            continue;
        };
        let policy = policy.as_bytes();
        assert_eq!(cos::post_policy_string_to_sign(policy), string_to_sign, "{name}");
        assert_eq!(
            cos::post_policy_signature(policy, key_time, &secret(&vector)),
            signature,
            "{name}"
        );
        assert!(
            cos::verify_post_policy(policy, key_time, signature, &secret(&vector)),
            "{name}"
        );
        assert!(
            !cos::verify_post_policy(policy, key_time, &flip(signature), &secret(&vector)),
            "{name}"
        );
    }
}

#[test]
fn tc3_as_signer() {
    for vector in vectors("tc3") {
        let name = text(&vector, "/name");
        let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
        let (service, timestamp) = (text(inputs, "/service"), inputs["timestamp"].as_i64().unwrap());
        let request = Request::of(inputs);
        request.with(|view| {
            let payload = tc3::hashed_payload(view, request.body.as_bytes());
            assert_eq!(payload, text(expected, "/hashed_payload"), "{name}");
            let list = text(inputs, "/signed_headers");
            let canonical = tc3::canonical_request(view, list, &payload, tc3::HeaderValues::Lowered);
            assert_eq!(
                str::from_utf8(&canonical).unwrap(),
                text(expected, "/canonical_request"),
                "{name}"
            );
            let date = tc3::utc_date(timestamp).unwrap();
            let scope = tc3::credential_scope(&date, service);
            assert_eq!(scope, text(expected, "/credential_scope"), "{name}");
            let string_to_sign = tc3::string_to_sign(timestamp, &scope, &canonical);
            assert_eq!(string_to_sign, text(expected, "/string_to_sign"), "{name}");
            let keys = tc3::DerivedKeys::new(&secret(&vector), &date, service);
            let [secret_date, secret_service, secret_signing] = keys.expose();
            assert_eq!(*secret_date, text(expected, "/secret_date"), "{name}");
            assert_eq!(*secret_service, text(expected, "/secret_service"), "{name}");
            assert_eq!(*secret_signing, text(expected, "/secret_signing"), "{name}");
            assert_eq!(
                keys.signature(&string_to_sign),
                text(expected, "/signature"),
                "{name}"
            );
            let key_id = text(inputs, "/secret_id");
            let signed = tc3::sign(
                view,
                request.body.as_bytes(),
                key_id,
                &secret(&vector),
                service,
                timestamp,
            );
            assert_eq!(signed.unwrap(), text(expected, "/authorization"), "{name}");
        });
    }
}

fn tc3_accepts(request: &Request, secret: &SecretKey, service: &str) -> bool {
    request.with(|view| match tc3::claim(view) {
        Ok(Some(claim)) => claim.verify(view, request.body.as_bytes(), secret, service, &[]),
        Ok(None) | Err(_) => false,
    })
}

#[test]
fn tc3_as_verifier() {
    let vectors = vectors("tc3");
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let name = text(&vector, "/name");
        let inputs = &vector["inputs"];
        let request = Request::of(&vector["wire"]);
        request.with(|view| {
            let claim = tc3::claim(view).unwrap().unwrap();
            assert_eq!(claim.key_id, text(inputs, "/secret_id"), "{name}");
            assert_eq!(
                claim.token.as_ref().map(SentToken::expose),
                inputs["token"].as_str(),
                "{name}"
            );
            assert_eq!(
                claim.window(inputs["valid_at"].as_i64().unwrap()),
                WindowVerdict::Valid,
                "{name}"
            );
        });
        assert!(
            tc3_accepts(&request, &secret(&vector), text(inputs, "/service")),
            "{name}"
        );
    }
}

#[test]
fn tc3_damaged() {
    for vector in vectors("tc3") {
        let name = text(&vector, "/name");
        let (inputs, service) = (&vector["inputs"], text(&vector, "/inputs/service"));
        let request = Request::of(&vector["wire"]);
        let check = |what: &str, change: &dyn Fn(&mut Request)| {
            assert!(
                !tc3_accepts(&request.damaged(change), &secret(&vector), service),
                "{name}: {what}"
            );
        };
        assert!(
            !tc3_accepts(
                &request,
                &SecretKey::new(flip(text(inputs, "/secret_key"))),
                service
            ),
            "{name}: secret"
        );
        check("signature", &|request| request.set_header("Authorization", flip));
        check("host", &|request| request.set_header("Host", flip));
        check("content-type", &|request| {
            request.set_header("Content-Type", flip)
        });
        check("timestamp", &|request| {
            request.set_header("X-TC-Timestamp", |time| format!("{}9", &time[..9]))
        });
        check("date", &|request| {
            request.set_header("Authorization", |text| text.replace("/20", "/21"))
        });
        check("service", &|request| {
            request.set_header("Authorization", |text| text.replace("/tc3", "x/tc3"))
        });
        check("payload", &|request| {
            request
                .headers
                .push(("X-TC-Content-SHA256".to_owned(), "UNSIGNED-PAYLOAD".to_owned()));
        });
        if request.method == "GET" {
            check("query", &|request| request.query.push('x'));
        } else {
            check("body", &|request| request.body.push('x'));
        }
    }
}

fn v1_parameters(request: &Request) -> Vec<(String, String)> {
    let form = if request.method == "GET" {
        &request.query
    } else {
        &request.body
    };
    v1::form_parameters(form).unwrap()
}

#[test]
fn v1_as_signer() {
    for vector in vectors("sts-v1") {
        let name = text(&vector, "/name");
        let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
        let (method, host, path) = (
            text(inputs, "/method"),
            text(inputs, "/host"),
            text(inputs, "/path"),
        );
        let parameters = pairs(&inputs["params"]);
        let string_to_sign = v1::string_to_sign(method, host, path, &parameters);
        assert_eq!(string_to_sign, text(expected, "/string_to_sign"), "{name}");
        let signature = v1::sign(method, host, path, &parameters, &secret(&vector));
        assert_eq!(signature, text(expected, "/signature"), "{name}");
    }
}

#[test]
fn v1_as_verifier() {
    let vectors = vectors("sts-v1");
    assert_eq!(vectors.len(), 10);
    for vector in vectors {
        let name = text(&vector, "/name");
        let inputs = &vector["inputs"];
        let request = Request::of(&vector["wire"]);
        let parameters = v1_parameters(&request);
        let claim = v1::claim(&parameters).unwrap().unwrap();
        assert_eq!(claim.key_id, text(inputs, "/secret_id"), "{name}");
        assert_eq!(
            claim.token.as_ref().map(SentToken::expose),
            inputs["token"].as_str(),
            "{name}"
        );
        assert_eq!(claim.signature, text(&vector, "/expected/signature"), "{name}");
        assert_eq!(
            claim.window(inputs["valid_at"].as_i64().unwrap()),
            WindowVerdict::Valid,
            "{name}"
        );
        // Whatever the client thinks the host is called, here it talks to us.
        let (received, configured) = ("127.0.0.1:9000", [text(inputs, "/host")]);
        let hosts = v1::host_candidates(received, &configured, "sts", Some("ap-guangzhou"));
        assert!(
            claim.verify(
                &request.method,
                &hosts,
                &request.path,
                &parameters,
                &secret(&vector)
            ),
            "{name}"
        );
    }
}

#[test]
fn v1_damaged() {
    for vector in vectors("sts-v1") {
        let name = text(&vector, "/name");
        let request = Request::of(&vector["wire"]);
        let hosts = [text(&vector, "/inputs/host").to_owned()];
        let accepts = |parameters: &[(String, String)], secret: &SecretKey, hosts: &[String], path: &str| {
            let claim = v1::claim(parameters).ok().flatten();
            claim.is_some_and(|claim| claim.verify(&request.method, hosts, path, parameters, secret))
        };
        let good = v1_parameters(&request);
        assert!(accepts(&good, &secret(&vector), &hosts, "/"), "{name}");
        for index in 0..good.len() {
            let mut parameters = good.clone();
            parameters[index].1 = format!("{}1", parameters[index].1);
            assert!(
                !accepts(&parameters, &secret(&vector), &hosts, "/"),
                "{name}: {}",
                good[index].0
            );
            parameters.remove(index);
            assert!(
                !accepts(&parameters, &secret(&vector), &hosts, "/"),
                "{name}: without {}",
                good[index].0
            );
        }
        let other = SecretKey::new(flip(text(&vector, "/inputs/secret_key")));
        assert!(!accepts(&good, &other, &hosts, "/"), "{name}: secret");
        assert!(
            !accepts(&good, &secret(&vector), &[flip(&hosts[0])], "/"),
            "{name}: host"
        );
        assert!(
            !accepts(&good, &secret(&vector), &hosts, "/v2/index.php"),
            "{name}: path"
        );
    }
}
