//! Someone who administers an account over one connection, before anything is measured.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::http::{Connection, Request};
use crate::request::{Action, Key, call};

/// Somebody with a key, and a connection.
pub(crate) struct Administrator {
    connection: Connection,
    key: Key,
}

impl Administrator {
    /// Connects.
    pub(crate) fn new(address: SocketAddr, key: Key) -> Result<Self> {
        let connection = Connection::open(address)?;
        Ok(Self { connection, key })
    }

    /// What the service answers to one call; an error that it answers is an error.
    pub(crate) fn ask(&mut self, action: Action, parameters: &Value) -> Result<Value> {
        let (body, mut head, mut answer) = (parameters.to_string(), Vec::new(), Vec::new());
        call(action, body.as_bytes(), Some(&self.key), &mut head)?;
        let request = Request {
            head: &head,
            piece: body.as_bytes(),
            repeats: 1,
            answer_has_body: true,
        };
        self.connection.exchange(&request, Some(&mut answer))?;
        let mut answer: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
        let response = answer.get_mut("Response").map(Value::take).unwrap_or_default();
        ensure!(response.get("Error").is_none(), "{}: {response}", action.name);
        Ok(response)
    }
}
