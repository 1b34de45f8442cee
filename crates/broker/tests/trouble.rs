//! What a broker does when the token service is away, when many ask at once, and when its trail cannot be written.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod stage;

use std::sync::atomic::Ordering;

use daypass_broker::{Broker, SettingsError};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use stage::neighbours::Door;
use stage::{Stage, api_keys, get, send, settings};

const TEMPLATE: &str = "[[templates]]\nname = 't'\nendpoints = ['sts']\nprefix = 'uploads/${user}/'\nactions = ['upload']\nkeys_per_minute = 10000\n";

#[tokio::test]
async fn many_who_ask_at_once_get_one_key() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let door = Door::before(stage.store.address()).await;
    let settings = settings(&door.url, "", &format!("{callers}{TEMPLATE}"));
    let broker = stage.broker(&settings).await;
    let ask = || async {
        let (status, document) = get(&broker, "/sts", &keys[0]).await;
        assert_eq!(status, 200, "{document}");
        document["credentials"]["tmpSecretId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let ids = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask(), ask(), ask());
    let ids = [&ids.0, &ids.1, &ids.2, &ids.3, &ids.4, &ids.5, &ids.6, &ids.7];
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(door.passed.load(Ordering::SeqCst), 1);
    stage.advance(850);
    assert_eq!(ask().await, *ids[0], "more than half its life is left");
    stage.advance(100);
    assert_ne!(ask().await, *ids[0], "less is left");
    assert_eq!(door.passed.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn keys_are_handed_out_while_they_live_when_the_token_service_is_away() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann", "bob"]);
    let door = Door::before(stage.store.address()).await;
    let settings = settings(&door.url, "", &format!("{callers}{TEMPLATE}"));
    let broker = stage.broker(&settings).await;
    let (_, first) = get(&broker, "/sts", &keys[0]).await;
    assert_eq!(ready(&broker).await, 200);
    door.is_shut.store(true, Ordering::SeqCst);
    stage.advance(1700);
    let (status, later) = get(&broker, "/sts", &keys[0]).await;
    assert_eq!((status, &later["credentials"]), (200, &first["credentials"]));
    let (status, refusal) = get(&broker, "/sts", &keys[1]).await;
    assert_eq!(
        (status, &refusal["codeDesc"]),
        (503, &json!("ServiceUnavailable"))
    );
    stage.advance(50);
    let (status, _) = get(&broker, "/sts", &keys[0]).await;
    assert_eq!(status, 503, "its last minute is not handed out");
    door.is_shut.store(false, Ordering::SeqCst);
    let (status, again) = get(&broker, "/sts", &keys[0]).await;
    assert_eq!(status, 200);
    assert_ne!(again["credentials"], first["credentials"]);
}

async fn ready(broker: &Broker) -> u16 {
    let request = Request::get("/_broker/ready").body(Full::default()).unwrap();
    send(broker, request).await.status().as_u16()
}

#[tokio::test]
async fn a_broker_without_its_token_service_lives_and_is_not_ready() {
    let stage = Stage::set().await;
    let (_, callers) = api_keys(&["ann"]);
    let broker = stage
        .broker(&settings(
            "http://127.0.0.1:1",
            "",
            &format!("{callers}{TEMPLATE}"),
        ))
        .await;
    let live = Request::get("/_broker/live").body(Full::default()).unwrap();
    assert_eq!(send(&broker, live).await.status(), 200);
    assert_eq!(ready(&broker).await, 503);
}

#[tokio::test]
async fn a_key_that_cannot_be_recorded_is_not_handed_out() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let broker = stage
        .broker(&stage.settings(
            "audit = { file = '/dev/full' }\n",
            &format!("{callers}{TEMPLATE}"),
        ))
        .await;
    let (status, document) = get(&broker, "/sts", &keys[0]).await;
    assert_eq!(status, 503, "{document}");
    assert!(!document.to_string().contains("tmpSecret"), "{document}");
}

#[tokio::test]
async fn the_trail_names_keys_and_holds_no_secret() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    let audit = format!("audit = {{ file = '{}' }}\n", file.display());
    let broker = stage
        .broker(&stage.settings(&audit, &format!("{callers}{TEMPLATE}")))
        .await;
    let (_, document) = get(&broker, "/sts", &keys[0]).await;
    get(&broker, "/sts", "no such key").await;
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    let expected = [
        ("endpoint", json!("sts")),
        ("caller", json!("api_keys")),
        ("user", json!("ann")),
        ("template", json!("t")),
        ("outcome", json!("minted")),
        ("key", document["credentials"]["tmpSecretId"].clone()),
        ("expires", document["expiredTime"].clone()),
        ("request_id", document["requestId"].clone()),
    ];
    for (name, value) in expected {
        assert_eq!(lines[0][name], value, "{name}");
    }
    assert_eq!(
        (&lines[1]["outcome"], &lines[1]["key"]),
        (&json!("Unauthorized"), &Value::Null)
    );
    for secret in ["tmpSecretKey", "sessionToken"] {
        assert!(
            !text.contains(document["credentials"][secret].as_str().unwrap()),
            "{secret}"
        );
    }
    assert!(!text.contains(&keys[0]) && !text.contains("no such key"));
}

#[tokio::test]
async fn figures_have_a_listener_of_their_own() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let metrics = "metrics_listen = '127.0.0.1:0'\n";
    let broker = stage
        .broker(&stage.settings(metrics, &format!("{callers}{TEMPLATE}")))
        .await;
    get(&broker, "/sts", &keys[0]).await;
    get(&broker, "/sts", &keys[0]).await;
    get(&broker, "/sts", "wrong").await;
    let text = stage::fetch(broker.metrics_address().unwrap(), "/_broker/metrics").await;
    for line in [
        "daypass_broker_keys_total{origin=\"minted\"} 1",
        "daypass_broker_keys_total{origin=\"cached\"} 1",
        "daypass_broker_refused_total{reason=\"Unauthorized\"} 1",
        "daypass_broker_kept_keys 1",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} in\n{text}");
    }
    let outside = stage::fetch(broker.address(), "/_broker/metrics").await;
    assert!(!outside.contains("daypass_broker_keys"));
}

#[tokio::test]
async fn what_templates_grant_beyond_the_own_key_is_told() {
    let stage = Stage::set().await;
    let (_, callers) = api_keys(&["ann"]);
    let check = async |prefix: &str, expected: usize| {
        let template = TEMPLATE.replace("uploads/", prefix);
        let broker = stage
            .broker(&stage.settings("", &format!("{callers}{template}")))
            .await;
        let found = broker.beyond().await.unwrap();
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(
            found.iter().all(|one| one.contains("template `t` grants more")),
            "{found:?}"
        );
    };
    check("uploads/", 0).await;
    check("elsewhere/", 1).await;
}

#[test]
fn settings_that_are_dangerous_or_make_no_sense_are_refused_at_start() {
    let (_, callers) = api_keys(&["ann"]);
    let check = |before: &str, template: &str, expected: &str| {
        let settings = settings("http://127.0.0.1:9000", before, &format!("{callers}{template}"));
        let error: SettingsError = Broker::check(&settings).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let template = |prefix: &str, more: &str| {
        format!(
            "[[templates]]\nname = 't'\nendpoints = ['sts']\nprefix = '{prefix}'\nactions = ['upload']\n{more}"
        )
    };
    check("", &template("uploads/${user}", ""), "both allow");
    check("", &template("uploads/", ""), "both allow");
    check("", &template("uploads/*/${user}/", ""), "`*`");
    check(
        "",
        &template("uploads/${uin}/", ""),
        "`${uin}` stands for nothing here",
    );
    check(
        "",
        &template("u/${user}/", "duration_seconds = 0"),
        "duration_seconds",
    );
    check(
        "",
        &template("u/${user}/", "keys_per_minute = 0"),
        "keys_per_minute",
    );
    check("", &template("u/${user}/", "shared = true"), "only be read");
    check(
        "",
        &template("u/${user}/", "content_types = ['image/*']"),
        "content type",
    );
    let good = template("u/${user}/", "");
    check("", &format!("{good}{good}"), "the same name");
    check(
        "cache = { least_left_percent = 100 }\n",
        &good,
        "cache.least_left_percent",
    );
    check("limits = { connections = 0 }\n", &good, "limits.connections");
    check(
        "limits = { connections_per_address = 100001 }\n",
        &good,
        "limits.connections_per_address",
    );
    check(
        "cors = { origins = ['*'], credentials = true }\n",
        &good,
        "any page",
    );
    let no_callers = settings("http://127.0.0.1:9000", "callers = []\n", &good);
    assert!(Broker::check(&no_callers).is_err());
}
