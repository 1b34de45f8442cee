//! docs/reference/errors.md, made from the tables of both dialects and held to them.
//!
//! `DAYPASS_RENEW_DOCS=1 cargo test -p daypass-dialect --test errors` writes it anew.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fmt::Write;
use std::path::Path;

use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_dialect::api3::{self, Edition, Service, Spelling};
use daypass_dialect::cos::{self, ErrorContext};

const CONTEXT: ErrorContext<'_> = ErrorContext {
    resource: "",
    request_id: "-",
    trace_id: "-",
    now: Timestamp::from_unix_millis(0),
    is_head: false,
};

/// The code and the status of the object service, and its message.
fn of_objects(code: ErrorCode) -> (String, u16, String) {
    let answer = cos::write_error(&Error::new(code), &CONTEXT);
    let text = std::str::from_utf8(&answer.body).unwrap();
    let of = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
        rest.split_once("</").unwrap().0.to_owned()
    };
    (of("Code"), answer.status, of("Message"))
}

fn of_api(code: ErrorCode, service: Service) -> String {
    let spelling = Spelling {
        edition: Edition::Current,
        service: Some(service),
    };
    let answer = api3::write_error(&Error::new(code), spelling, "-");
    let text: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let code = text.pointer("/Response/Error/Code").unwrap();
    code.as_str().unwrap().to_owned()
}

#[test]
fn every_error_is_in_the_documentation() {
    let mut page = String::from(
        "# Every error\n\nMade from the program, and held to it by a test. What refused a request, and the way out, is told by \
         `daypass explain <request id>` ([explain.md](../explain.md)).\n\n\
         | what it means | object service | status | its message | STS | CAM |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        let (name, status, message) = of_objects(*code);
        let (sts, cam) = (of_api(*code, Service::Sts), of_api(*code, Service::Cam));
        let meaning = code.meaning();
        writeln!(
            page,
            "| {meaning} | `{name}` | {status} | {message} | `{sts}` | `{cam}` |"
        )
        .unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    #[expect(clippy::disallowed_methods, reason = "whoever renews the page says so")]
    if std::env::var_os("DAYPASS_RENEW_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/errors.md is not what the program says; renew it"
    );
}
