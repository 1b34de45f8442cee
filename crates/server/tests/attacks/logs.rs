//! Secrets and logs: whatever the level, no secret, token or signature is written down.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::kit::{Key, Request, act, action_request, call, mint, policy, server, user};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Kept {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// What must not be found: the value and, for those that travel encoded, its other spelling.
fn canaries(key: &Key) -> Vec<String> {
    let mut all = vec![key.secret.clone()];
    if let Some(token) = &key.token {
        all.extend([token.clone(), token[..40].to_owned()]);
    }
    all
}

#[tokio::test]
async fn m54_no_secret_reaches_a_log() {
    let kept = Kept::default();
    // For the whole process, since the engines have threads of their own.
    let logging = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(kept.clone())
        .try_init();
    assert!(logging.is_ok());

    let server = server().await;
    let root = Key::root();
    let user = user(&server, "canary", &policy(&[("allow", &["*"], &["*"])])).await;
    let session = mint(
        &server,
        &user.key,
        Some(&policy(&[("allow", &["cos:*"], &["*"])])),
        1800,
    )
    .await;
    let mut forbidden: Vec<String> = [&root, &user.key, &session]
        .into_iter()
        .flat_map(canaries)
        .collect();

    for key in [&root, &user.key, &session] {
        act(&server, key, "PUT", "/k", b"canary body bytes").await;
        let requests = [
            Request::new(&server, "GET", "/k").sign(&server, key),
            Request::new(&server, "GET", "/k").presign(&server, key),
            Request::new(&server, "GET", "/?policy").presign(&server, key),
            // Refused in every way there is.
            Request::new(&server, "GET", "/k")
                .sign(&server, key)
                .target("/other"),
            Request::new(&server, "GET", "/k")
                .window(-100, -50)
                .presign(&server, key),
            Request::new(&server, "GET", "/%zz").presign(&server, key),
            action_request(&server, key, "GetCallerIdentity", "{}"),
            action_request(
                &server,
                key,
                "GetUser",
                r#"{"Name":"x","Password":"canary password"}"#,
            ),
            action_request(&server, key, "CreateAccessKey", "{"),
        ];
        for request in requests {
            request.send(&server).await;
            let signature = |text: &str| {
                let (_, rest) = text.split_once("ignature=")?;
                Some(rest.chars().take(40).collect::<String>())
            };
            let authorization = request.headers.iter().find(|(name, _)| name == "Authorization");
            let texts = authorization
                .map(|(_, value)| value)
                .into_iter()
                .chain([&request.target]);
            forbidden.extend(texts.filter_map(|text| signature(text)));
        }
    }
    // Secrets where they do not belong.
    for text in [format!("Bearer {}", root.secret), root.secret.clone()] {
        Request::new(&server, "GET", "/k")
            .header("Authorization", &text)
            .send(&server)
            .await;
    }
    let made = call(
        &server,
        &root,
        "CreateAccessKey",
        json!({ "TargetUin": user.uin }),
    )
    .await;
    forbidden.push(made["AccessKey"]["SecretAccessKey"].as_str().unwrap().to_owned());
    forbidden.extend(["canary password".to_owned(), "canary body bytes".to_owned()]);
    let server = server.restart().await;
    server.stop().await;

    let text = kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("daypass::audit") && text.contains(r#"path="/k""#),
        "something was logged"
    );
    assert!(text.contains(&root.id), "keys are named by their ids");
    for canary in forbidden {
        assert!(
            canary.len() >= 15 && !text.contains(&canary),
            "{canary} is in the log"
        );
    }
}
