//! A server that writes down every request and refuses it, so that each call is one request. It is the client's HTTP
//! proxy: requests go to the hosts of the real service, as far as the client knows.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message><Resource>/</Resource><RequestId>r</RequestId></Error>";
const REFUSED: &str = r#"{"Response":{"Error":{"Code":"AuthFailure","Message":"no"},"RequestId":"r"}}"#;

/// A request as it came, without the headers that speak of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The host of the address on the request line.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case, sorted.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(other, _)| other == name);
        let first = named.next();
        assert!(named.next().is_none(), "{name} stands twice");
        first.map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Recorder {
    port: u16,
    received: Arc<Mutex<Vec<Request>>>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&log)));
            }
        });
        Self { port, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was received since it was asked last.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}

/// One request for each connection.
async fn serve(mut stream: TcpStream, log: Arc<Mutex<Vec<Request>>>) {
    let Some(request) = receive(&mut stream).await else {
        return;
    };
    let is_action = request.host.ends_with("tencentcloudapi.com");
    let is_head = request.method == "HEAD";
    log.lock().unwrap().push(request);
    let (status, refusal) = if is_action { (200, REFUSED) } else { (403, DENIED) };
    let length = refusal.len();
    let body = if is_head { "" } else { refusal };
    let answer =
        format!("HTTP/1.1 {status} no\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

async fn receive(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        read_more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8(bytes[..head_length].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let method = first.next().unwrap().to_owned();
    let address = first.next().unwrap();
    let rest = address
        .strip_prefix("http://")
        .expect("a proxy is told the whole address");
    let (host, target) = rest.split_at(rest.find('/').unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    headers.sort();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_length + length {
        read_more(stream, &mut bytes).await?;
    }
    Some(Request {
        method,
        host: host.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: String::from_utf8(bytes.split_off(head_length)).unwrap(),
    })
}

async fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(bytes).await.ok()?;
    (count > 0).then_some(())
}
