//! The answer on its way out: spelled by its dialect, then handed to the HTTP library.

use std::borrow::Cow;

use bytes::Bytes;
use daypass_api::{Error, ErrorCode};
use daypass_dialect::cos::{self, AnswerContext, ErrorContext};
use daypass_dialect::site::Site;
use daypass_dialect::{api3, cos::Answer};
use http::header::{CONNECTION, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};

use crate::edge::body::ResponseBody;
use crate::edge::header_case::HeaderCase;
use crate::family::Family;
use crate::perform::Performed;
use crate::received::Received;

/// A refused body longer than this is not read to its end to save a connection.
const MAX_BODY_WORTH_READING: u64 = 1024 * 1024;

/// An answer, ready to go.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    body: ResponseBody,
    close: bool,
}

impl Reply {
    /// Spells an outcome in the words of its family.
    pub(crate) fn spell(received: &Received, family: &Family, outcome: Result<Performed, Error>) -> Self {
        let refused = outcome.is_err();
        let mut reply = match family {
            Family::Object(site) => object(received, site, outcome),
            Family::Action(spelling) => {
                let answer = match outcome {
                    Ok(performed) => api3::write(&performed.outcome, *spelling, &received.request_id),
                    Err(error) => api3::write_error(&error, *spelling, &received.request_id),
                };
                let headers = answer
                    .headers
                    .into_iter()
                    .map(|(name, value)| (Cow::Borrowed(name), value))
                    .collect();
                Self {
                    status: answer.status,
                    headers,
                    body: ResponseBody::Whole(answer.body),
                    close: false,
                }
            }
        };
        reply.close = refused
            && received
                .body_length()
                .is_none_or(|length| length > MAX_BODY_WORTH_READING);
        reply
    }

    /// A text of the program's own.
    pub(crate) fn plain(status: u16, text: &'static str) -> Self {
        let headers = vec![(Cow::Borrowed("Content-Type"), "text/plain".to_owned())];
        Self {
            status,
            headers,
            body: ResponseBody::Whole(Bytes::from_static(text.as_bytes())),
            close: false,
        }
    }

    /// Headers alone.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: ResponseBody::Whole(Bytes::new()),
            close: false,
        }
    }

    /// Adds headers to those that are there.
    pub(crate) fn add(&mut self, headers: Vec<(Cow<'static, str>, String)>) {
        self.headers.extend(headers);
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Length of the body in bytes.
    pub(crate) fn length(&self) -> u64 {
        http_body::Body::size_hint(&self.body).exact().unwrap_or_default()
    }

    pub(crate) fn into_response(self, header_case: &HeaderCase) -> Response<ResponseBody> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // With room for those that the HTTP library adds.
        *response.headers_mut() = HeaderMap::with_capacity(self.headers.len() + 4);
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            // Values were checked when they came in; one that cannot be sent is left out rather than sent broken.
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
                response.headers_mut().append(name, value);
            }
        }
        if self.close {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        header_case.apply(&mut response);
        response
    }
}

fn object(received: &Received, site: &Site, outcome: Result<Performed, Error>) -> Reply {
    let context = AnswerContext {
        request_id: &received.request_id,
        now: received.now,
        scheme: received.scheme(),
        host: &received.host,
        path: &received.path,
        path_style: matches!(site, Site::Service(_)),
    };
    let is_head = received.method == Method::HEAD;
    let written = outcome
        .and_then(|performed| cos::write(&performed.outcome, &context).map(|answer| (answer, performed)));
    let (answer, bytes) = match written {
        Ok((answer, performed)) => (answer, performed.bytes),
        Err(error) => (error_answer(received, &error, is_head), None),
    };
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let body = match bytes {
        Some((stream, length)) if !is_head => ResponseBody::Stream(stream, length),
        _ => ResponseBody::Whole(body),
    };
    Reply {
        status,
        headers,
        body,
        close: false,
    }
}

fn error_answer(received: &Received, error: &Error, is_head: bool) -> Answer {
    if error.code == ErrorCode::InternalError {
        tracing::error!(request_id = %received.request_id, %error, "a request failed");
    }
    let context = ErrorContext {
        resource: &received.resource(),
        request_id: &received.request_id,
        trace_id: &received.request_id,
        now: received.now,
        is_head,
    };
    cos::write_error(error, &context)
}
