//! The calls of the token and access-management services.

use daypass_api::names::{PolicyId, Region, SessionName, Uin, UserName};
use daypass_api::operation::{
    Contact, CreateUser, GetFederationToken, ListBuckets, ObjectOperation, Operation, PolicyScope,
};
use daypass_signature::{RequestView, SentToken, tc3};

use super::server::{Answer, Received, Server, answer};
use super::{NOW, SECRET, connection};
use crate::{ActionClient, Credentials, Error};

fn json(body: &str) -> Answer {
    answer(
        200,
        &["Content-Type: application/json"],
        &format!("{{\"Response\":{body}}}"),
    )
}

fn refused(code: &str) -> Answer {
    json(&format!(
        "{{\"Error\":{{\"Code\":\"{code}\",\"Message\":\"no\"}},\"RequestId\":\"r1\"}}"
    ))
}

fn client(server: &Server) -> ActionClient {
    ActionClient::new(connection(server), Region::parse("ap-guangzhou").unwrap())
}

fn check_signed(received: &Received, service: &str) {
    let headers = received.pairs();
    let view = RequestView::new(&received.method, &received.target, "", &headers).unwrap();
    let claim = tc3::claim(&view).unwrap().expect("it is signed");
    let secret = daypass_signature::SecretKey::new(SECRET.to_owned());
    assert!(claim.verify(&view, &received.body, &secret, service, &[]));
    assert_eq!(
        (claim.timestamp, claim.token.as_ref().map(SentToken::expose)),
        (NOW.unix_seconds(), Some("token"))
    );
}

#[tokio::test]
async fn a_key_is_minted() {
    let minted = r#"{"Credentials":{"Token":"t","TmpSecretId":"AKIDtmp","TmpSecretKey":"s"},
        "ExpiredTime":1700001800,"Expiration":"2023-11-14T22:43:20Z","RequestId":"r"}"#;
    let server = Server::start(vec![json(minted)]).await;
    let get = GetFederationToken {
        name: SessionName::parse("demo").unwrap(),
        policy: Some("{}".to_owned()),
        duration_seconds: Some(1800),
    };
    let key = client(&server).get_federation_token(get).await.unwrap();
    assert_eq!(key.expires.unix_seconds(), 1_700_001_800);
    let credentials = Credentials::from(key);
    assert_eq!(credentials.secret_id.as_str(), "AKIDtmp");
    let shown = format!("{credentials:?}");
    assert!(!shown.contains("\"s\"") && !shown.contains("\"t\""), "{shown}");

    let received = server.only_received();
    assert_eq!(
        (received.method.as_str(), received.target.as_str()),
        ("POST", "/")
    );
    let expected = [
        ("content-type", "application/json"),
        ("x-tc-action", "GetFederationToken"),
        ("x-tc-version", "2018-08-13"),
        ("x-tc-region", "ap-guangzhou"),
        ("x-tc-token", "token"),
    ];
    for (name, value) in expected {
        assert_eq!(received.header(name), Some(value));
    }
    let body = String::from_utf8(received.body.clone()).unwrap();
    assert_eq!(
        body,
        r#"{"DurationSeconds":1800,"Name":"demo","Policy":"%7B%7D"}"#
    );
    check_signed(&received, "sts");
}

#[tokio::test]
async fn reading_is_tried_again_and_changing_is_not() {
    let add = CreateUser {
        name: UserName::parse("ann").unwrap(),
        remark: String::new(),
        contact: Contact::default(),
        with_access_key: false,
    };
    for trouble in [Answer::Close, refused("InternalError.SystemError")] {
        let server = Server::start(vec![trouble.clone(), json("{\"Data\":[]}"), trouble, json("{}")]).await;
        assert_eq!(client(&server).list_users().await.unwrap(), []);
        client(&server).add_user(add.clone()).await.unwrap_err();
        assert_eq!(server.received().len(), 3);
        check_signed(&server.received()[2], "cam");
    }
    // What the server did not even look at may be sent again whatever it is.
    let server = Server::start(vec![refused("RequestLimitExceeded"), json("{}")]).await;
    client(&server)
        .attach_user_policy(Uin(1), PolicyId(2))
        .await
        .unwrap();
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn refusals_are_told() {
    let server = Server::start(vec![refused("ResourceNotFound.UserNotExist")]).await;
    let outcome = client(&server).get_user(&UserName::parse("ann").unwrap()).await;
    let Err(Error::Refused(refusal)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(refusal.is_not_found());
    assert_eq!(
        (refusal.message.as_str(), refusal.request_id.as_str()),
        ("no", "r1")
    );

    let server = Server::start(vec![answer(404, &[], "<html>")]).await;
    let outcome = client(&server).get_caller_identity().await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "the server refused with `Not Found` (404)"
    );
}

#[tokio::test]
async fn answers_that_are_none() {
    for body in ["", "[]", "{\"Response\":{}}"] {
        let server = Server::start(vec![answer(200, &[], body)]).await;
        let outcome = client(&server).get_caller_identity().await;
        assert!(matches!(outcome, Err(Error::Malformed(_))), "{body}");
    }
}

#[tokio::test]
async fn all_pages_are_read() {
    let policy = |id: u64| {
        format!(
            "{{\"PolicyId\":{id},\"PolicyName\":\"p\",\"AddTime\":\"2023-11-15 06:13:20\",\
            \"UpdateTime\":\"2023-11-15 06:13:20\",\"Type\":1,\"Attachments\":0}}"
        )
    };
    let page = |total: usize, policies: &[String]| {
        json(&format!(
            "{{\"TotalNum\":{total},\"List\":[{}]}}",
            policies.join(",")
        ))
    };
    let server = Server::start(vec![page(3, &[policy(1), policy(2)]), page(3, &[policy(3)])]).await;
    let policies = client(&server)
        .list_policies(PolicyScope::All, None)
        .await
        .unwrap();
    assert_eq!(
        policies.iter().map(|policy| policy.id.0).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    // The server says that there are more than it lists.
    let server = Server::start(vec![page(3, &[policy(1)]), page(3, &[])]).await;
    assert_eq!(
        client(&server)
            .list_policies(PolicyScope::All, None)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn the_object_store_is_elsewhere() {
    let server = Server::start(Vec::new()).await;
    let list = Operation::Object(ObjectOperation::ListBuckets(ListBuckets::default()));
    assert!(matches!(
        client(&server).call(&list).await,
        Err(Error::Request(_))
    ));
}
