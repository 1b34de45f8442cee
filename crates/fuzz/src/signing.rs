//! What somebody pastes into `daypass sign`: a request as it went over the wire, a command line of curl, a link.
//!
//! Their law: a request that was understood and is written down again, in the plainest words of its kind, reads the
//! same. A request that is read wrong would be explained wrong.

use daypass_cli::Request;

use crate::{Target, texts};

pub(crate) const SIGN_REQUEST: Target = Target {
    name: "sign-request",
    run: request,
    seeds: || {
        texts(&[
            "PUT /a%20b?acl&x=http://h/ HTTP/1.1\r\nHost: b-125.localhost:9000\r\nAuthorization: q-sign-algorithm=sha1&q-ak=AKIDx\r\n\r\nA: b\r\n\r\nbody",
            "> GET http://h:80/k?a=1#b HTTP/1.1\n> A:  b \n>\nbody",
            "POST / HTTP/1.1\nHost: sts.tencentcloudapi.com\nX-TC-Action: GetCallerIdentity\n\n{}",
        ])
    },
    words: &[
        "\r\n", "\n", "\n\n", "\r\n\r\n", "\n>\n", "\n> \n", "> ", ">", ": ", ":", " ", "?", "#", "://",
        "http://", "https://", ":80", ":443", "@", "Host: ", "curl ", "\u{a0}", "\t", "\u{0}",
    ],
};

fn request(bytes: &[u8]) -> bool {
    let Ok(request) = Request::parse(bytes) else {
        return false;
    };
    // Curl's options say methods that no first line can, and a first line may not begin as a command line does.
    let is_said_by_a_line = request.method.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_said_by_a_line && request.method != "curl" && !is_curl(bytes) {
        assert!(
            Request::parse(&wire(&request)).ok().as_ref() == Some(&request),
            "{request:?} reads differently when it is written down"
        );
    }
    true
}

fn is_curl(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    bytes.starts_with(b"curl ") || bytes.starts_with(b"curl\n")
}

fn target(request: &Request) -> String {
    let mark = if request.query.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", request.path, request.query)
}

fn wire(request: &Request) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\n", request.method, target(request));
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\n"));
    }
    [head.as_bytes(), b"\n", &request.body].concat()
}

pub(crate) const SIGN_CURL: Target = Target {
    name: "sign-curl",
    run: curl,
    seeds: || {
        texts(&[
            "curl -sS -X PUT 'http://h:9000/k?a=1&b' \\\n  -H 'A: b'\\''c' --header \"D: \\\"e\\\"\" -d x -d -y",
            "curl --data-raw $'{\"a\":\\n\\u0021\\x3f}' -H 'content-type: application/json' --url https://h/ --compressed",
            "curl -sIXDELETE h/k?u=http://x -A -v -o /dev/null",
        ])
    },
    words: &[
        " ",
        "\n",
        "\\",
        "\\\n",
        "'",
        "\"",
        "$'",
        "\\'",
        "\\u0021",
        "\\x",
        "-X",
        "-sX",
        "-H",
        "-d",
        "-I",
        "-",
        "--",
        "--url",
        "--data-raw",
        "-T",
        "-A",
        "A: b",
        ":",
        "http://",
        "#",
        "?",
        "@",
    ],
};

fn curl(bytes: &[u8]) -> bool {
    if !is_curl(bytes) {
        return false;
    }
    let Ok(request) = Request::parse(bytes) else {
        return false;
    };
    assert!(
        Request::parse(line(&request).as_bytes()).ok().as_ref() == Some(&request),
        "{request:?} reads differently when it is written down"
    );
    true
}

/// A command line of curl in which every word is quoted.
fn line(request: &Request) -> String {
    let quoted = |word: &str| format!(" '{}'", word.replace('\'', "'\\''"));
    let mut line = format!("curl -X{}", quoted(&request.method));
    for (name, value) in &request.headers {
        line.push_str(&format!(" -H{}", quoted(&format!("{name}: {value}"))));
    }
    if !request.body.is_empty() {
        let body = String::from_utf8_lossy(&request.body);
        line.push_str(&format!(" --data-raw{}", quoted(&body)));
    }
    // The header says which host is meant.
    line + &quoted(&format!("http://h{}", target(request)))
}

pub(crate) const SIGN_URL: Target = Target {
    name: "sign-url",
    run: url,
    seeds: || {
        texts(&[
            "https://b-125.cos.ap-guangzhou.myqcloud.com/a%20b?q-sign-algorithm=sha1&q-ak=AKIDx&q-sign-time=1;2&q-key-time=1;2&q-header-list=host&q-url-param-list=&q-signature=ab#top",
            "http://h:80?acl",
        ])
    },
    words: &[
        "http://", "https://", "://", "/", "?", "#", "&", "=", ":80", ":443", "@", "%2F", " ", "\n",
        "\u{a0}", "[::1]",
    ],
};

fn url(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let Ok(request) = Request::of("GET", text, Vec::new(), Vec::new()) else {
        return false;
    };
    assert!(request.path.starts_with('/'), "{}", request.path);
    // What a flag says may have blanks, which end the target of a first line.
    if !text.contains(|char: char| char.is_whitespace() || char.is_control()) {
        assert!(
            Request::parse(&wire(&request)).ok().as_ref() == Some(&request),
            "{request:?} reads differently as it goes over the wire"
        );
    }
    true
}
