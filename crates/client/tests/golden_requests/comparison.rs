//! In what two requests differ, in words: `+` is what ours has and the recorded one has not, `-` the other way round, `~`
//! what is in both and not the same.

use std::collections::{BTreeMap, BTreeSet};

use daypass_client::Credentials;
use daypass_signature::cos::{Selection, SignOptions};
use daypass_signature::{RequestView, SecretKey, Window, cos, parameters, tc3};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value as Json;

use crate::recorder::Request;

/// Headers that say how long a body is and what its digest is: those of documents that are the same tree, and not the
/// same text, differ.
const OF_THE_TEXT: [&str; 2] = ["content-length", "content-md5"];

/// In what ours differs from the recorded one. Where it differs in nothing that was signed, the signature over ours with
/// the time of the recorded one must be the recorded one.
pub(crate) fn differences(recorded: &Request, ours: &Request, credentials: &Credentials) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut same = |what: &str, equal: bool| {
        if !equal {
            found.insert(format!("~{what}"));
        }
    };
    same("method", recorded.method == ours.method);
    same("host", recorded.host == ours.host);
    same("path", recorded.path == ours.path);
    same("body", tree(&recorded.body) == tree(&ours.body));
    compare("parameter", &query(recorded), &query(ours), &mut found);
    compare(
        "header",
        &headers(recorded, ours),
        &headers(ours, recorded),
        &mut found,
    );
    match recorded.header("authorization").unwrap() {
        text if text.starts_with("TC3") => tc3_signatures(recorded, ours, credentials, &mut found),
        _ => cos_signatures(recorded, ours, credentials, &mut found),
    }
    found
}

fn compare(
    what: &str,
    recorded: &BTreeMap<String, String>,
    ours: &BTreeMap<String, String>,
    found: &mut BTreeSet<String>,
) {
    for (name, value) in recorded {
        match ours.get(name) {
            None => found.insert(format!("-{what} {name}")),
            Some(other) if other != value => found.insert(format!("~{what} {name}")),
            Some(_) => false,
        };
    }
    let more = ours.keys().filter(|name| !recorded.contains_key(*name));
    found.extend(more.map(|name| format!("+{what} {name}")));
}

fn query(request: &Request) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    parameters(&request.query)
        .unwrap()
        .iter()
        .map(|parameter| (text(&parameter.name), text(&parameter.value)))
        .collect()
}

/// Its headers but for the signature, as far as they can be compared with those of the other.
fn headers(request: &Request, other: &Request) -> BTreeMap<String, String> {
    let is_same_text = request.body == other.body;
    let comparable = |name: &str, value: &str| match OF_THE_TEXT.contains(&name) && !is_same_text {
        true => String::new(),
        false => value.to_owned(),
    };
    request
        .headers
        .iter()
        .filter(|(name, _)| name != "authorization")
        .map(|(name, value)| (name.clone(), comparable(name, value)))
        .collect()
}

fn pairs(request: &Request) -> Vec<(&str, &[u8])> {
    let headers = request.headers.iter().filter(|(name, _)| name != "authorization");
    headers
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

fn secret(credentials: &Credentials) -> SecretKey {
    SecretKey::new(credentials.secret_key.expose().to_owned())
}

/// The fields of a signature of the object store.
fn fields(request: &Request) -> BTreeMap<&str, &str> {
    let text = request.header("authorization").unwrap();
    text.split('&')
        .map(|field| field.split_once('=').unwrap())
        .collect()
}

fn cos_signatures(
    recorded: &Request,
    ours: &Request,
    credentials: &Credentials,
    found: &mut BTreeSet<String>,
) {
    let (theirs, mine) = (fields(recorded), fields(ours));
    for (what, field) in [
        ("signed header", "q-header-list"),
        ("signed parameter", "q-url-param-list"),
    ] {
        let names = |fields: &BTreeMap<&str, &str>| {
            let names = fields[field].split(';').filter(|name| !name.is_empty());
            names.map(|name| (name.to_owned(), String::new())).collect()
        };
        compare(what, &names(&theirs), &names(&mine), found);
    }
    // Our signer makes the recorded signature of the recorded request, and of ours as far as that is the same.
    assert_eq!(
        signed_as(recorded, &theirs, credentials),
        recorded.header("authorization").unwrap()
    );
    assert_eq!(
        signed_as(ours, &mine, credentials),
        ours.header("authorization").unwrap()
    );
    let is_same = theirs["q-header-list"]
        .split(';')
        .all(|name| recorded.header(name) == ours.header(name));
    let is_same_place = recorded.path == ours.path && recorded.method == ours.method;
    if is_same && is_same_place {
        assert_eq!(
            signed_as(ours, &theirs, credentials),
            recorded.header("authorization").unwrap()
        );
    }
}

/// The signature of a request for the window and over the names that these fields tell.
fn signed_as(request: &Request, fields: &BTreeMap<&str, &str>, credentials: &Credentials) -> String {
    let names = |field: &str| -> Vec<&str> {
        let names = fields[field].split(';').filter(|name| !name.is_empty());
        names.collect()
    };
    let (header_names, parameter_names) = (names("q-header-list"), names("q-url-param-list"));
    let window = Window::parse(fields["q-sign-time"]).unwrap();
    let headers = pairs(request);
    let view = RequestView::new(&request.method, &request.path, &request.query, &headers).unwrap();
    let options = SignOptions {
        sign_time: window,
        key_time: window,
        headers: Selection::Only(&header_names),
        parameters: Selection::Only(&parameter_names),
    };
    cos::sign(
        &view,
        credentials.secret_id.as_str(),
        &secret(credentials),
        &options,
    )
}

fn tc3_signatures(
    recorded: &Request,
    ours: &Request,
    credentials: &Credentials,
    found: &mut BTreeSet<String>,
) {
    let (theirs, mine) = (
        recorded.header("authorization").unwrap(),
        ours.header("authorization").unwrap(),
    );
    assert_eq!(tc3_signed(recorded, credentials), theirs);
    if mine == "SKIP" {
        found.insert("-signature".to_owned());
        return;
    }
    assert_eq!(tc3_signed(ours, credentials), mine);
    let without_signature = |text: &str| text.split(", Signature=").next().unwrap().to_owned();
    if without_signature(theirs) != without_signature(mine) {
        found.insert("~signed".to_owned());
    }
}

fn tc3_signed(request: &Request, credentials: &Credentials) -> String {
    let headers = pairs(request);
    let view = RequestView::new(&request.method, &request.path, &request.query, &headers).unwrap();
    let time = request.header("x-tc-timestamp").unwrap().parse().unwrap();
    let service = request.host.split('.').next().unwrap();
    let id = credentials.secret_id.as_str();
    tc3::sign(
        &view,
        request.body.as_bytes(),
        id,
        &secret(credentials),
        service,
        time,
    )
    .unwrap()
}

/// What a body says, whatever it is.
#[derive(Debug, PartialEq)]
enum Tree {
    Json(Json),
    Xml(Vec<String>),
    Text(String),
}

fn tree(body: &str) -> Tree {
    if body.starts_with('{') {
        return Tree::Json(serde_json::from_str(body).unwrap());
    }
    if body.starts_with('<') {
        return Tree::Xml(elements(body));
    }
    Tree::Text(body.to_owned())
}

/// The elements of a document in their order, without its declaration and what is between them.
fn elements(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let mut found = vec![String::new()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => found.push(format!("{}>", &*start)),
            Event::End(end) => found.push(format!("/{}", end.as_ref())),
            Event::Text(text) => found
                .last_mut()
                .unwrap()
                .push_str(text.xml10_content().trim_ascii()),
            Event::GeneralRef(name) => {
                let named = quick_xml::escape::resolve_xml_entity(&name);
                found.last_mut().unwrap().push_str(named.unwrap());
            }
            Event::Eof => return found,
            Event::Decl(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
