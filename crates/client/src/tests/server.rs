//! A server that answers requests from a script, byte by byte, one connection for each, and keeps what it received.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with one request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Send this, and close.
    Text(String),
    /// Close without a word.
    Close,
    /// Say nothing, and do not close.
    Silence,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) struct Server {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

/// An answer with a status, headers (each `name: value`) and a body.
pub(super) fn answer(status: u16, headers: &[&str], body: &str) -> Answer {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    Answer::Text(format!(
        "HTTP/1.1 {status} OK\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

impl Server {
    /// Answers as many requests as the script is long; later connections are refused.
    pub(super) async fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        tokio::spawn(async move {
            for answer in script {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, answer, Arc::clone(&log)));
            }
        });
        Self { port, received }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(super) fn only_received(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1);
        received.remove(0)
    }
}

impl Received {
    /// Its headers, as whoever verifies a signature takes them.
    pub(super) fn pairs(&self) -> Vec<(&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect()
    }

    /// The one header of this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(other, _)| other == name);
        let first = named.next();
        assert!(named.next().is_none(), "{name} stands twice");
        first.map(|(_, value)| value.as_str())
    }
}

async fn serve(mut stream: TcpStream, answer: Answer, log: Arc<Mutex<Vec<Received>>>) {
    let Some(request) = receive(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(request);
    match answer {
        Answer::Text(text) => {
            stream.write_all(text.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        Answer::Close => {}
        Answer::Silence => std::future::pending().await,
    }
}

/// Reads a request with its body; none when the client gave up.
async fn receive(stream: &mut TcpStream) -> Option<Received> {
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
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    assert!(
        !headers.iter().any(|(name, _)| name == "transfer-encoding"),
        "a length is always known"
    );
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_length + length {
        read_more(stream, &mut bytes).await?;
    }
    let body = bytes.split_off(head_length);
    Some(Received {
        method,
        target,
        headers,
        body,
    })
}

async fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(bytes).await.ok()?;
    (count > 0).then_some(())
}
