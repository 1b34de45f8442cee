//! What goes over the wire of the STS and CAM APIs.

#![cfg(test)]

mod answers;
mod calls;
mod laws;
mod refusals;
mod vectors;

use daypass_api::Error;
use daypass_api::names::{AccessKeyId, UserName};
use daypass_dialect::api3::{Action, Call, Edition, Service, Spelling, read, write_error};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const COMMON: &str = "SecretId=AKIDx&Nonce=1&Timestamp=1700000000&Region=&SignatureMethod=HmacSHA256&Language=zh-CN\
    &RequestClient=SDK&Token=t&Signature=a%2Bb%3D";

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn tc3(action: &str, version: &str, content_type: &str) -> HeaderMap {
    headers(&[
        ("Content-Type", content_type),
        ("X-TC-Action", action),
        ("X-TC-Version", version),
        ("X-TC-Region", "anywhere"),
        ("X-TC-Timestamp", "1700000000"),
        ("Authorization", "TC3-HMAC-SHA256 Credential=x"),
    ])
}

fn version(action: &str) -> &'static str {
    Action::parse(action)
        .map_or(Service::Sts, Action::service)
        .version()
}

fn post_json(action: &str, body: &str) -> Result<Call, Error> {
    let headers = tc3(action, version(action), JSON);
    read(&Method::POST, "/", "", &headers, body.as_bytes())
}

fn post_form(action: &str, form: &str) -> Result<Call, Error> {
    let body = format!("{form}&Action={action}&Version={}&{COMMON}", version(action));
    read(
        &Method::POST,
        "/",
        "",
        &headers(&[("Content-Type", FORM)]),
        body.as_bytes(),
    )
}

fn get_tc3(action: &str, form: &str) -> Result<Call, Error> {
    read(&Method::GET, "/", form, &tc3(action, version(action), FORM), b"")
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn key_id(id: &str) -> AccessKeyId {
    AccessKeyId::parse(id).unwrap()
}

fn code_text(error: &Error, service: Service) -> String {
    let spelling = Spelling {
        edition: Edition::Current,
        service: Some(service),
    };
    let answer: Value = serde_json::from_slice(&write_error(error, spelling, "id").body).unwrap();
    answer["Response"]["Error"]["Code"].as_str().unwrap().to_owned()
}

fn spelling(service: Service) -> Spelling {
    Spelling {
        edition: Edition::Current,
        service: Some(service),
    }
}
