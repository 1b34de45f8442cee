//! What is asked of a server in one operation, and what its answer must be.
//!
//! The same signed requests go to nginx, which ignores what it does not know: so the driver costs the same on both
//! sides of a comparison.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::form::form;
use crate::http::{Answer, Connection, Request};
use crate::issuer::Issuer;
use crate::load::Step;
use crate::request::{Action, Key, ObjectRequest, call, object};

/// How many keys one listing asks for.
pub(crate) const LISTED_KEYS: u64 = 1000;
/// The account that a server makes by itself.
pub(crate) const OWNER: u64 = 100_000_000_001;
/// The role that is assumed.
pub(crate) const ROLE: &str = "bench";
/// The role that is assumed on the word of the identity provider, and the provider's name.
pub(crate) const VOUCHED_ROLE: &str = "vouched";
pub(crate) const PROVIDER: &str = "bench";

/// Sizes of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Medium,
    Large,
}

impl Size {
    /// As it is spelled in the names of objects.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Small => "4k",
            Self::Medium => "1m",
            Self::Large => "64m",
        }
    }

    /// How many bytes make up an object: a piece, and how often it is repeated.
    fn shape(self) -> (usize, usize) {
        match self {
            Self::Small => (4 << 10, 1),
            Self::Medium => (1 << 20, 1),
            Self::Large => (1 << 20, 64),
        }
    }

    /// How many bytes an object has.
    pub(crate) fn bytes(self) -> usize {
        let (piece, repeats) = self.shape();
        piece * repeats
    }

    /// How many objects of this size there are to read; together they fit in the page cache.
    pub(crate) fn objects(self) -> u64 {
        match self {
            Self::Small => 1000,
            Self::Medium => 64,
            Self::Large => 2,
        }
    }
}

/// What to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Put(Size),
    /// The same by a form with a policy.
    Form(Size),
    Get(Size),
    Head(Size),
    List,
    Mint,
    Assume,
    /// A key on the word of an identity provider whose keys are kept.
    WebIdentity,
}

/// Where to ask, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) key: &'a Key,
    pub(crate) issuer: &'a Issuer,
    /// The status that every answer must have.
    pub(crate) status: u16,
    /// What sets the names of objects that are put apart from those of other cells.
    pub(crate) series: &'a str,
    /// How many keys there are to list.
    pub(crate) listable: u64,
    /// The bytes that objects are made of.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Target<'a> {
    /// One worker's way of doing this work, over a connection of its own.
    pub(crate) fn step(self, work: Work, worker: usize) -> Result<Step<'a>> {
        let connection = Connection::open(self.address)?;
        let mut asker = Asker {
            target: self,
            connection,
            worker,
            head: Vec::new(),
            body: Vec::new(),
            answer: Vec::new(),
        };
        let policy = statements(1, "get/4k/*");
        let minting = match work {
            Work::Mint => Some((
                Action::GET_FEDERATION_TOKEN,
                federation_body(&policy),
                Some(self.key),
            )),
            Work::Assume => Some((Action::ASSUME_ROLE, assume_body(&policy), Some(self.key))),
            Work::WebIdentity => {
                let body = web_identity_body(&policy, &self.issuer.token()?);
                Some((Action::ASSUME_ROLE_WITH_WEB_IDENTITY, body, None))
            }
            _ => None,
        };
        if let Some((action, body, key)) = minting {
            return Ok(Box::new(move |_| asker.mint(action, &body, key)));
        }
        Ok(Box::new(move |count| match work {
            Work::Put(size) => asker.put(size, count),
            Work::Form(size) => asker.form(size, count),
            Work::Get(size) => asker.get(size, count),
            Work::Head(size) => asker.head(size, count),
            Work::List | Work::Mint | Work::Assume | Work::WebIdentity => asker.list(count),
        }))
    }

    /// Puts every object that there is to read of this size, this worker's share of them.
    pub(crate) fn fill(self, names: Vec<String>, size: usize) -> Result<Step<'a>> {
        let mut connection = Connection::open(self.address)?;
        let mut head = Vec::new();
        let (piece, repeats) = if size > self.bytes.len() {
            (self.bytes, size / self.bytes.len())
        } else {
            (self.bytes.get(..size).unwrap_or_default(), 1)
        };
        Ok(Box::new(move |count| {
            let name = usize::try_from(count).ok().and_then(|index| names.get(index));
            let Some(name) = name else {
                return Ok(());
            };
            let request = ObjectRequest {
                method: "PUT",
                path: name,
                query: "",
                length: Some(size),
            };
            object(request, self.key, &mut head)?;
            let request = Request {
                head: &head,
                piece,
                repeats,
                answer_has_body: true,
            };
            self.expect(&connection.exchange(&request, None)?)
        }))
    }

    fn expect(&self, answer: &Answer) -> Result<()> {
        ensure!(
            answer.status == self.status,
            "status {} instead of {}",
            answer.status,
            self.status
        );
        Ok(())
    }
}

/// One worker with its connection.
struct Asker<'a> {
    target: Target<'a>,
    connection: Connection,
    worker: usize,
    head: Vec<u8>,
    body: Vec<u8>,
    answer: Vec<u8>,
}

impl Asker<'_> {
    fn put(&mut self, size: Size, count: u64) -> Result<()> {
        let path = format!("/put/{}/{}/{count}", self.target.series, self.worker);
        let (piece, repeats) = size.shape();
        let request = ObjectRequest {
            method: "PUT",
            path: &path,
            query: "",
            length: Some(size.bytes()),
        };
        object(request, self.target.key, &mut self.head)?;
        let request = Request {
            head: &self.head,
            piece: self.target.bytes.get(..piece).unwrap_or_default(),
            repeats,
            answer_has_body: true,
        };
        let answer = self.connection.exchange(&request, None)?;
        self.target.expect(&answer)
    }

    fn form(&mut self, size: Size, count: u64) -> Result<()> {
        let key = format!("put/{}/{}/{count}", self.target.series, self.worker);
        let file = self
            .target
            .bytes
            .get(..size.bytes())
            .context("forms are made of one piece")?;
        form(&key, file, self.target.key, &mut self.head, &mut self.body)?;
        let request = Request {
            head: &self.head,
            piece: &self.body,
            repeats: 1,
            answer_has_body: true,
        };
        let answer = self.connection.exchange(&request, None)?;
        self.target.expect(&answer)
    }

    fn get(&mut self, size: Size, count: u64) -> Result<()> {
        let path = object_path(size, self.scattered(count, size.objects()));
        let looks = self.worker == 0 && count == 0 && self.target.status == 200;
        let answer = self.read("GET", &path, "", looks)?;
        self.target.expect(&answer)?;
        if self.target.status != 200 {
            return Ok(());
        }
        ensure!(
            answer.length == size.bytes() as u64,
            "an object of the wrong length came"
        );
        let right = |piece: &[u8]| self.target.bytes.starts_with(piece);
        ensure!(
            !looks || self.answer.chunks(self.target.bytes.len()).all(right),
            "an object came back changed"
        );
        Ok(())
    }

    fn head(&mut self, size: Size, count: u64) -> Result<()> {
        let path = object_path(size, self.scattered(count, size.objects()));
        let answer = self.read("HEAD", &path, "", false)?;
        self.target.expect(&answer)?;
        ensure!(
            answer.length == size.bytes() as u64,
            "an object of the wrong length is stated"
        );
        Ok(())
    }

    fn list(&mut self, count: u64) -> Result<()> {
        let room = self.target.listable.saturating_sub(LISTED_KEYS).max(1);
        let marker = list_path(self.scattered(count, room));
        let marker = marker.trim_start_matches('/').replace('/', "%2F");
        let query = format!("prefix=list%2F&marker={marker}&max-keys={LISTED_KEYS}");
        let looks = count == 0;
        let answer = self.read("GET", "/", &query, looks)?;
        self.target.expect(&answer)?;
        if looks {
            let text = String::from_utf8_lossy(&self.answer);
            let keys = text.matches("<Key>").count() as u64;
            let expected = LISTED_KEYS.min(self.target.listable.saturating_sub(1));
            ensure!(
                keys == expected,
                "a listing has {keys} keys instead of {expected}"
            );
        }
        Ok(())
    }

    fn mint(&mut self, action: Action, body: &[u8], key: Option<&Key>) -> Result<()> {
        call(action, body, key, &mut self.head)?;
        let request = Request {
            head: &self.head,
            piece: body,
            repeats: 1,
            answer_has_body: true,
        };
        let answer = self.connection.exchange(&request, Some(&mut self.answer))?;
        self.target.expect(&answer)?;
        // An error comes with status 200, too.
        let begin = self.answer.get(..40).unwrap_or_default();
        ensure!(
            begin.windows(13).any(|word| word == b"\"Credentials\""),
            "no key was minted: {}",
            String::from_utf8_lossy(&self.answer)
        );
        Ok(())
    }

    fn read(&mut self, method: &str, path: &str, query: &str, keeps: bool) -> Result<Answer> {
        let request = ObjectRequest {
            method,
            path,
            query,
            length: None,
        };
        object(request, self.target.key, &mut self.head)?;
        let request = Request {
            head: &self.head,
            piece: b"",
            repeats: 0,
            answer_has_body: method != "HEAD",
        };
        self.connection
            .exchange(&request, keeps.then_some(&mut self.answer))
    }

    /// A different number below `among` for each operation, without an order that a cache could profit from.
    fn scattered(&self, count: u64, among: u64) -> u64 {
        let mixed = (count + 1)
            .wrapping_add((self.worker as u64).wrapping_mul(0x9e37_79b9))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) % among
    }
}

/// The path of an object to read.
pub(crate) fn object_path(size: Size, index: u64) -> String {
    format!("/get/{}/{index:04}", size.name())
}

/// The path of an object to list.
pub(crate) fn list_path(index: u64) -> String {
    format!("/list/{index:06}")
}

/// Pseudo-random bytes, the same in every run.
pub(crate) fn object_bytes() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(1 << 20);
    while bytes.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// A session policy of so many statements, of which only the last allows reading what lies under `path`.
pub(crate) fn statements(count: usize, path: &str) -> String {
    let resource = |path: &str| format!("qcs::cos:ap-guangzhou:uid/1250000000:bench-1250000000/{path}");
    let statement = |index: usize| {
        let path = match index + 1 == count {
            true => path.to_owned(),
            false => format!("elsewhere/{index}/*"),
        };
        json!({
            "effect": "allow",
            "action": ["name/cos:GetObject", "name/cos:HeadObject"],
            "resource": [resource(&path)],
        })
    };
    let statements: Vec<Value> = (0..count).map(statement).collect();
    json!({ "version": "2.0", "statement": statements }).to_string()
}

fn federation_body(policy: &str) -> Vec<u8> {
    let encoded = utf8_percent_encode(policy, NON_ALPHANUMERIC).to_string();
    json!({ "Name": "bench", "Policy": encoded, "DurationSeconds": 7200 })
        .to_string()
        .into_bytes()
}

fn assume_body(policy: &str) -> Vec<u8> {
    let encoded = utf8_percent_encode(policy, NON_ALPHANUMERIC).to_string();
    json!({
        "RoleArn": format!("qcs::cam::uin/{OWNER}:roleName/{ROLE}"),
        "RoleSessionName": "bench",
        "Policy": encoded,
        "DurationSeconds": 7200,
    })
    .to_string()
    .into_bytes()
}

fn web_identity_body(policy: &str, token: &str) -> Vec<u8> {
    let encoded = utf8_percent_encode(policy, NON_ALPHANUMERIC).to_string();
    json!({
        "ProviderId": PROVIDER,
        "WebIdentityToken": token,
        "RoleArn": format!("qcs::cam::uin/{OWNER}:roleName/{VOUCHED_ROLE}"),
        "RoleSessionName": "bench",
        "Policy": encoded,
        "DurationSeconds": 7200,
    })
    .to_string()
    .into_bytes()
}

/// A temporary key with a policy, or without one.
pub(crate) fn temporary_key(address: SocketAddr, key: &Key, policy: Option<&str>) -> Result<Key> {
    let body = match policy {
        Some(policy) => federation_body(policy),
        None => br#"{"Name":"bench","DurationSeconds":7200}"#.to_vec(),
    };
    let mut head = Vec::new();
    call(Action::GET_FEDERATION_TOKEN, &body, Some(key), &mut head)?;
    let request = Request {
        head: &head,
        piece: &body,
        repeats: 1,
        answer_has_body: true,
    };
    let mut answer = Vec::new();
    Connection::open(address)?.exchange(&request, Some(&mut answer))?;
    let answer: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
    let text = |name: &str| {
        let value = answer.pointer(&format!("/Response/Credentials/{name}"));
        let text = value.and_then(Value::as_str).map(str::to_owned);
        text.with_context(|| format!("no `{name}` came: {answer}"))
    };
    Ok(Key {
        id: text("TmpSecretId")?,
        secret: daypass_signature::SecretKey::new(text("TmpSecretKey")?),
        token: Some(text("Token")?),
        presigns: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_statement_names_the_path() {
        let policy: Value = serde_json::from_str(&statements(13, "get/4k/*")).unwrap();
        let statements = policy["statement"].as_array().unwrap();
        let names_path = |statement: &Value| statement.to_string().contains("get/4k");
        assert_eq!(statements.len(), 13);
        assert_eq!(statements.iter().filter(|one| names_path(one)).count(), 1);
        assert!(names_path(&statements[12]));
    }

    #[test]
    fn objects_are_made_of_whole_pieces() {
        let bytes = object_bytes();
        for size in [Size::Small, Size::Medium, Size::Large] {
            let (piece, repeats) = size.shape();
            assert!(piece <= bytes.len());
            assert_eq!(piece * repeats, size.bytes());
        }
        assert_eq!((Size::Small.bytes(), Size::Large.bytes()), (4096, 67_108_864));
    }
}
