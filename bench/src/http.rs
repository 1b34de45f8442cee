//! The least of HTTP/1.1 that a load generator needs: one request at a time over a connection that is kept, the
//! answer's status and length, its body counted and thrown away.
//!
//! Hand-written and blocking, because driver and server share the same few cores: what this costs is taken from what
//! is measured. An answer without a stated length is refused rather than guessed at.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// A server that says nothing for so long hangs.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// Bodies are read in pieces of at most so many bytes.
const BUFFER_BYTES: usize = 256 * 1024;
/// Bodies up to this many bytes go out together with the head.
const TOGETHER_BYTES: usize = 64 * 1024;

/// A request, ready to go.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// Request line and headers, with the empty line.
    pub(crate) head: &'a [u8],
    /// What the body is made of.
    pub(crate) piece: &'a [u8],
    /// How often the piece is sent; 0 for no body.
    pub(crate) repeats: usize,
    /// Whether the answer has a body; that to HEAD has none, whatever its length says.
    pub(crate) answer_has_body: bool,
}

/// What came back.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The stated length.
    pub(crate) length: u64,
}

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LONGEST_SILENCE))?;
        stream.set_write_timeout(Some(LONGEST_SILENCE))?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER_BYTES],
            outgoing: Vec::new(),
        })
    }

    /// Sends a request and reads its answer to the end. The body goes to `keep` when somebody wants it.
    pub(crate) fn exchange(&mut self, request: &Request<'_>, keep: Option<&mut Vec<u8>>) -> Result<Answer> {
        self.send(request)?;
        self.receive(request.answer_has_body, keep)
    }

    fn send(&mut self, request: &Request<'_>) -> Result<()> {
        let bytes = request.piece.len().saturating_mul(request.repeats);
        if bytes == 0 {
            return self.stream.write_all(request.head).context("cannot send");
        }
        if bytes <= TOGETHER_BYTES {
            self.outgoing.clear();
            self.outgoing.extend_from_slice(request.head);
            for _ in 0..request.repeats {
                self.outgoing.extend_from_slice(request.piece);
            }
            return self.stream.write_all(&self.outgoing).context("cannot send");
        }
        self.stream
            .write_all(request.head)
            .context("cannot send a head")?;
        for _ in 0..request.repeats {
            self.stream
                .write_all(request.piece)
                .context("cannot send a body")?;
        }
        Ok(())
    }

    fn receive(&mut self, has_body: bool, mut keep: Option<&mut Vec<u8>>) -> Result<Answer> {
        let mut filled = 0;
        let (answer, head_length) = loop {
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            ensure!(!free.is_empty(), "the head of an answer is too long");
            let count = self.stream.read(free).context("no answer")?;
            ensure!(count > 0, "the connection was closed before the answer");
            filled += count;
            let read = self.buffer.get(..filled).unwrap_or_default();
            if let Some(end) = end_of_head(read) {
                break (parse(read.get(..end).unwrap_or_default())?, end);
            }
        };
        let first = self.buffer.get(head_length..filled).unwrap_or_default();
        if !has_body {
            ensure!(first.is_empty(), "bytes follow an answer that has no body");
            return Ok(answer);
        }
        if let Some(keep) = keep.as_mut() {
            keep.clear();
            keep.extend_from_slice(first);
        }
        let mut missing = answer
            .length
            .checked_sub(first.len() as u64)
            .context("more bytes came than the answer's length says")?;
        while missing > 0 {
            let most = usize::try_from(missing).map_or(BUFFER_BYTES, |missing| missing.min(BUFFER_BYTES));
            let free = self.buffer.get_mut(..most).unwrap_or_default();
            let count = self.stream.read(free).context("an answer stalled")?;
            ensure!(count > 0, "the connection was closed within an answer");
            if let Some(keep) = keep.as_mut() {
                keep.extend_from_slice(self.buffer.get(..count).unwrap_or_default());
            }
            missing -= count as u64;
        }
        Ok(answer)
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

fn parse(head: &[u8]) -> Result<Answer> {
    let head = std::str::from_utf8(head).context("the head of an answer is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
    let status: u16 = status.context("not an answer of HTTP/1.1")?;
    let mut length = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse().context("a length is not a number")?);
        } else if name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close") {
            bail!("the server does not keep the connection (status {status})");
        }
    }
    let length = match length {
        None if status == 204 || status == 304 => 0,
        None => bail!("an answer does not state its length (status {status})"),
        Some(length) => length,
    };
    Ok(Answer { status, length })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn check(head: &str, expected: Option<(u16, u64)>) {
        let answer = parse(head.as_bytes()).ok();
        assert_eq!(
            answer.map(|answer| (answer.status, answer.length)),
            expected,
            "{head}"
        );
    }

    #[test]
    fn heads_are_read() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", Some((200, 12)));
        check("HTTP/1.1 204 No Content\r\n\r\n", Some((204, 0)));
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None);
        check("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", None);
        check(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n",
            None,
        );
        check("HTTP/2 200\r\nContent-Length: 1\r\n\r\n", None);
    }

    /// What one exchange comes to with a server that sends these bytes, in two pieces, and closes.
    fn exchanged(answer: &'static str, cut: usize, has_body: bool) -> Result<(Answer, Vec<u8>)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 6];
            stream.read_exact(&mut request).unwrap();
            assert_eq!(&request, b"headAB");
            stream.set_nodelay(true).unwrap();
            stream.write_all(&answer.as_bytes()[..cut]).unwrap();
            stream.write_all(&answer.as_bytes()[cut..]).unwrap();
        });
        let request = Request {
            head: b"head",
            piece: b"AB",
            repeats: 1,
            answer_has_body: has_body,
        };
        let mut kept = Vec::new();
        let answer = Connection::open(address)?.exchange(&request, Some(&mut kept));
        server.join().unwrap();
        Ok((answer?, kept))
    }

    #[test]
    fn an_answer_is_read_to_its_end_however_it_is_cut() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        for cut in [0, 10, 37, 39, 43] {
            let (answer, body) = exchanged(whole, cut, true).unwrap();
            assert_eq!((answer.status, body.as_slice()), (200, &b"hello"[..]), "{cut}");
        }
        let (answer, _) = exchanged("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 3, false).unwrap();
        assert_eq!(answer.length, 5);
    }

    #[test]
    fn what_is_no_whole_answer_is_an_error() {
        for wrong in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello",
        ] {
            assert!(exchanged(wrong, 0, true).is_err(), "{wrong}");
        }
    }
}
