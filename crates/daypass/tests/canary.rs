//! No secret is told where it is not asked for: the built program at its most talkative, server and verbs, through calls that
//! succeed and calls that fail.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY};
use serde_json::Value as Json;

const BUCKET: &str = "cos://canary-1250000000";

struct Site {
    folder: tempfile::TempDir,
    process: Child,
    http: String,
    console: String,
    /// All that was said by verbs, but for what was asked for.
    said: Vec<u8>,
}

/// The spellings of a master key beside its hex digits: bytes, capital digits, base64.
fn spellings(digits: &str) -> Vec<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let bytes: Vec<u8> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let base64 = [URL_SAFE_NO_PAD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes)];
    let texts = [digits.to_owned(), digits.to_uppercase()]
        .into_iter()
        .chain(base64);
    let listed = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    texts
        .chain([listed])
        .map(String::into_bytes)
        .chain([bytes.clone()])
        .collect()
}

fn holds(text: &[u8], canary: &[u8]) -> bool {
    let (first, rest) = canary.split_first().unwrap();
    let mut places = text.iter().enumerate().filter(|(_, byte)| *byte == first);
    places.any(|(place, _)| text.get(place + 1..).is_some_and(|text| text.starts_with(rest)))
}

/// A key to run a verb with.
struct Key {
    id: String,
    secret: String,
    token: Option<String>,
}

impl Site {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_daypass"))
            .env_clear()
            .env("DAYPASS_ROOT_SECRET_ID", ROOT_SECRET_ID)
            .env("DAYPASS_ROOT_SECRET_KEY", ROOT_SECRET_KEY)
            .env("DAYPASS_LOG", "trace")
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--console-listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(folder.path().join("data"))
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Json = serde_json::from_str(&line).unwrap();
        let address = |name: &str| ready.get(name).unwrap().as_str().unwrap().to_owned();
        Self {
            http: address("http"),
            console: address("console"),
            process,
            folder,
            said: line.into_bytes(),
        }
    }

    fn verb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("DAYPASS_LOG", "trace")
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .args(arguments);
        command
    }

    fn run(&self, key: &Key, arguments: &[&str]) -> Output {
        let mut command = self.verb(arguments);
        command
            .env("DAYPASS_ENDPOINT", format!("http://{}", self.http))
            .env("DAYPASS_SECRET_ID", &key.id)
            .env("DAYPASS_SECRET_KEY", &key.secret);
        if let Some(token) = &key.token {
            command.env("DAYPASS_TOKEN", token);
        }
        command.output().unwrap()
    }

    /// Runs a verb that has no reason to tell a secret.
    fn tells_none(&mut self, key: &Key, arguments: &[&str], succeeds: bool) {
        let output = self.run(key, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), succeeds, "{arguments:?}: {error}");
        self.said.extend(&output.stdout);
        self.said.extend(&output.stderr);
    }

    /// Runs a verb whose key stands in a profile: this text, in a file of this mode.
    fn profile_tells_none(&mut self, text: &str, mode: u32, arguments: &[&str], succeeds: bool) {
        let folder = self.folder.path().join(".config/daypass");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("profiles.toml");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let output = self.verb(arguments).output().unwrap();
        fs::remove_file(file).unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), succeeds, "{arguments:?}: {error}");
        self.said.extend(&output.stdout);
        self.said.extend(&output.stderr);
    }

    /// Runs a verb that is asked for something secret, which goes to standard output alone.
    fn tells(&mut self, key: &Key, arguments: &[&str]) -> String {
        let output = self.run(key, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        self.said.extend(&output.stderr);
        String::from_utf8(output.stdout).unwrap()
    }

    fn get(&mut self, address: &str, target: &str, header: &str) {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{header}Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.read_to_end(&mut self.said).unwrap();
    }

    fn master_key(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("data/master.key")).unwrap();
        text.trim().to_owned()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn field(line: &str, names: &[&str]) -> String {
    let json: Json = serde_json::from_str(line).unwrap();
    let found = names.iter().find_map(|name| json.get(name));
    found.unwrap().as_str().unwrap().to_owned()
}

fn all_below(folder: &Path, bytes: &mut Vec<u8>) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        bytes.extend(fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    files
}

#[test]
fn no_secret_is_told_where_it_is_not_asked_for() {
    let mut site = Site::start();
    let root = Key {
        id: ROOT_SECRET_ID.to_owned(),
        secret: ROOT_SECRET_KEY.to_owned(),
        token: None,
    };
    let mut canaries = vec![root.secret.clone()];
    let mut master_keys = vec![site.master_key()];
    site.tells_none(&root, &["mb", BUCKET], true);
    let file = site.folder.path().join("file");
    fs::write(&file, "canary body of an object").unwrap();
    let object = format!("{BUCKET}/object");
    site.tells_none(&root, &["cp", file.to_str().unwrap(), &object], true);

    let made = site.tells(&root, &["user", "add", "ann", "--with-key", "--json"]);
    let ann = Key {
        id: field(&made, &["secret_id"]),
        secret: field(&made, &["secret_key"]),
        token: None,
    };
    let minted = site.tells(&root, &["sts", "token", "--name", "canary", "--format", "json"]);
    let session = Key {
        id: field(&minted, &["secret_id"]),
        secret: field(&minted, &["secret_key"]),
        token: Some(field(&minted, &["token"])),
    };
    let token = session.token.clone().unwrap();
    canaries.extend([ann.secret.clone(), session.secret.clone(), token.clone()]);
    canaries.push(token.chars().take(60).collect());

    for key in [&root, &session] {
        let link = site.tells(key, &["presign", &object]);
        let (link, http) = (link.trim(), site.http.clone());
        let target = link
            .split_once(&http)
            .map(|(_, target)| target.to_owned())
            .unwrap();
        let (_, signature) = target.split_once("q-signature=").unwrap();
        canaries.push(signature.chars().take(40).collect());
        // A link that is good, one whose signature is not its own, and one that cannot be read.
        let head = format!("Authorization: q-sign-algorithm=sha1&x={}\r\n", root.secret);
        site.get(&http, &target, "");
        site.get(&http, &target.replace("object", "other"), "");
        site.get(&http, &target, &head);
        site.get(&http, "/%zz", &head);
        site.tells_none(key, &["cat", &object], true);
        site.tells_none(key, &["stat", &format!("{BUCKET}/none")], false);
        site.tells_none(key, &["sts", "whoami"], true);
    }
    site.tells_none(&ann, &["rm", &object], false);
    site.tells_none(&session, &["user", "add", "bob"], false);
    let mixed = Key {
        id: root.id.clone(),
        secret: session.secret.clone(),
        token: session.token.clone(),
    };
    site.tells_none(&mixed, &["sts", "whoami"], false);
    let unfit = Key {
        id: root.id.clone(),
        secret: root.secret.clone(),
        token: Some(format!("{token} and a blank")),
    };
    site.tells_none(&unfit, &["ls"], false);

    site.tells_none(&root, &["key-ring", "show", "--json"], true);
    site.tells_none(&root, &["key-ring", "rotate"], true);
    site.tells_none(&session, &["master-key", "rotate"], false);
    site.tells_none(&root, &["master-key", "rotate", "--json"], true);
    master_keys.push(site.master_key());
    assert_ne!(master_keys.first(), master_keys.last());
    let http = site.http.clone();
    for (key, shell) in [(&root, "root"), (&session, "session")] {
        let token = key.token.as_ref().map(|token| format!("token = \"{token}\"\n"));
        let profile = format!(
            "[{shell}]\nendpoint = \"http://{http}\"\nsecret_id = \"{}\"\nsecret_key = \"{}\"\n{}",
            key.id,
            key.secret,
            token.unwrap_or_default()
        );
        let arguments = ["sts", "whoami", "--profile", shell];
        site.profile_tells_none(&profile, 0o600, &arguments, true);
        site.profile_tells_none(&profile, 0o644, &arguments, false);
        site.profile_tells_none(&profile, 0o600, &["sts", "whoami", "--profile", "none"], false);
        // What cannot be read is not quoted, wherever it breaks off, and neither is what no header can carry.
        for broken in [
            profile.replace("secret_key = ", "secret_key "),
            profile.replace("secret_key", "secret_keys"),
            profile.trim_end_matches(['"', '\n']).to_owned(),
            profile.replace("secret_id = \"", &format!("secret_id = \"{} ", key.secret)),
        ] {
            site.profile_tells_none(&broken, 0o600, &arguments, false);
        }
    }
    site.tells_none(&root, &["key-ring", "rotate", "--now"], true);
    let arguments = fs::read(format!("/proc/{}/cmdline", site.process.id())).unwrap();
    site.said.extend(arguments);
    site.tells_none(&session, &["sts", "whoami"], false);
    let console = site.console.clone();
    site.get(&console, "/metrics", "");

    site.process.kill().unwrap();
    site.process.wait().unwrap();
    let log = fs::read(site.folder.path().join("log")).unwrap();
    let shown = String::from_utf8_lossy(&log);
    assert!(
        shown.contains("daypass::audit") && shown.contains(&root.id),
        "the log tells everything else"
    );
    let mut trail = Vec::new();
    assert!(all_below(&site.folder.path().join("data/audit"), &mut trail) > 0);
    let said = String::from_utf8_lossy(&site.said).into_owned();
    assert!(
        said.contains("daypass_") && said.contains("SignatureDoesNotMatch"),
        "{said}"
    );
    let trail = String::from_utf8_lossy(&trail).into_owned();
    assert!(trail.contains("sts:EndAllSessions") && trail.contains("sts:RotateMasterKey"));
    canaries.push("canary body of an object".to_owned());
    for canary in master_keys.iter().flat_map(|digits| spellings(digits)) {
        for text in [&log[..], trail.as_bytes(), &site.said] {
            assert!(!holds(text, &canary), "a master key was told");
        }
    }
    for canary in canaries {
        assert!(canary.len() >= 16, "{canary} is too short to be looked for");
        assert!(!shown.contains(&canary), "{canary} is in the log");
        assert!(!trail.contains(&canary), "{canary} is in the trail");
        // Whoever may read an object is shown it.
        let is_body = canary.starts_with("canary body");
        assert!(is_body || !said.contains(&canary), "{canary} was said");
    }
}
