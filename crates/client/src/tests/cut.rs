//! What may happen to a transfer that takes its time, against the real server: connections that are cut in the middle of a
//! part, keys that are revoked, clocks that are off, and as many parts as there may be.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::names::{PolicyName, Region, SessionName, UserName};
use daypass_api::operation::{
    AccessKeyStatus, Contact, CreateUser, GetFederationToken, NewPolicy, RevokeSession, RevokedTarget,
    Subject,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::transfers::{bytes, root, store, uploads};
use super::{bucket, key};
use crate::{
    ActionClient, Clock, Connection, Credentials, Error, ObjectClient, Patience, SystemClock, Transfer,
    request,
};

const MIB: usize = 1024 * 1024;
const LENGTH: usize = 5 * MIB + 7;

/// A way to a server on which each connection is cut when so many bytes have passed, as often as it is told.
struct Cutter {
    endpoint: String,
    cuts_left: Arc<AtomicI64>,
}

impl Cutter {
    async fn start(server: std::net::SocketAddr, cuts: i64, after: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let cuts_left = Arc::new(AtomicI64::new(cuts));
        let left = Arc::clone(&cuts_left);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                tokio::spawn(pass(near, far, Arc::clone(&left), after));
            }
        });
        Self { endpoint, cuts_left }
    }

    fn client(&self) -> ObjectClient {
        let patience = Patience {
            first_delay: Duration::from_millis(1),
            retries: 5,
            ..Patience::default()
        };
        let connection = Connection::new(self.endpoint.parse().unwrap(), Some(root()));
        ObjectClient::new(connection.with_patience(patience))
    }
}

/// Passes bytes in both directions until they are too many, and then drops both connections.
async fn pass(mut near: TcpStream, mut far: TcpStream, cuts_left: Arc<AtomicI64>, after: usize) {
    let (mut there, mut back) = ([0; 16 * 1024], [0; 16 * 1024]);
    let mut passed = 0;
    loop {
        let moved = tokio::select! {
            count = near.read(&mut there) => move_on(count, &there, &mut far).await,
            count = far.read(&mut back) => move_on(count, &back, &mut near).await,
        };
        let Some(count) = moved else { return };
        passed += count;
        if passed > after && cuts_left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return;
        }
    }
}

async fn move_on(count: std::io::Result<usize>, bytes: &[u8], to: &mut TcpStream) -> Option<usize> {
    let count = count.ok().filter(|count| *count > 0)?;
    to.write_all(&bytes[..count]).await.ok()?;
    Some(count)
}

#[tokio::test]
async fn connections_cut_in_the_middle_of_parts_cost_nothing_but_time() {
    let (server, direct) = store().await;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, bytes(LENGTH)).unwrap();
    let transfer = Transfer::new(MIB as u64, 2).unwrap();

    let cutter = Cutter::start(server.address(), 4, MIB / 2).await;
    let put = request::put_object(&bucket(), &key());
    let uploaded = cutter.client().upload_file(put, &from, &transfer).await;
    let stored = uploaded.unwrap();
    assert!(cutter.cuts_left.load(Ordering::SeqCst) <= 0, "all were cut");
    assert_eq!(uploads(&direct).await, 0);

    let cutter = Cutter::start(server.address(), 4, MIB / 2).await;
    let read = request::read_object(&bucket(), &key());
    let info = cutter.client().download_file(read, &to, &transfer).await.unwrap();
    assert!(cutter.cuts_left.load(Ordering::SeqCst) <= 0, "all were cut");
    assert_eq!(info.crc64, stored.crc64);
    assert!(std::fs::read(&to).unwrap() == bytes(LENGTH));
    server.stop().await;
}

/// Bytes of which the fourth MiB is not had before something was done.
struct Interrupted<F: FnOnce()> {
    left: usize,
    act: Option<F>,
}

impl<F: FnOnce()> Read for Interrupted<F> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        if self.left <= 3 * MIB
            && let Some(act) = self.act.take()
        {
            act();
        }
        let count = room.len().min(self.left);
        room[..count].fill(7);
        self.left -= count;
        Ok(count)
    }
}

/// What becomes of an upload in parts when this is done in the middle of it.
async fn upload_while(client: &ObjectClient, act: impl Future<Output = ()> + Send + 'static) -> Error {
    let runtime = tokio::runtime::Handle::current();
    let source = Interrupted {
        left: 6 * MIB,
        act: Some(move || runtime.block_on(act)),
    };
    let transfer = Transfer::new(MIB as u64, 1).unwrap();
    let put = request::put_object(&bucket(), &key());
    let upload = client.upload_from(put, source, &transfer);
    let ended = tokio::time::timeout(Duration::from_secs(30), upload).await;
    ended.expect("it does not hang").unwrap_err()
}

/// The code of a refusal that ended an upload, whose parts the key could not remove any more.
fn code(error: &Error) -> &str {
    match error {
        Error::LeftBehind { source, .. } => source.refusal().map_or("none", |refusal| &refusal.code),
        other => panic!("{other:?}"),
    }
}

fn sts(of: &ObjectClient) -> ActionClient {
    ActionClient::new(of.connection().clone(), Region::parse("ap-guangzhou").unwrap())
}

fn with(key: Credentials, of: &ObjectClient) -> ObjectClient {
    ObjectClient::new(of.connection().clone().with_credentials(Some(key)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_key_that_is_disabled_in_the_middle_of_an_upload_ends_it_with_the_reason() {
    let (server, client) = store().await;
    let root = sts(&client);
    let (user, made) = root
        .add_user(CreateUser {
            name: UserName::parse("ann").unwrap(),
            remark: String::new(),
            contact: Contact::default(),
            with_access_key: true,
        })
        .await
        .unwrap();
    let everything = NewPolicy {
        name: PolicyName::parse("everything").unwrap(),
        document: r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:*"],"resource":["*"]}]}"#
            .to_owned(),
        description: String::new(),
        tags: Vec::new(),
    };
    let policy = root.create_policy(everything).await.unwrap();
    root.attach_user_policy(user.uin, policy).await.unwrap();
    let made = made.unwrap();
    let id = made.access_key.id.clone();
    let error = upload_while(&with(made.into(), &client), async move {
        let subject = Subject::Uin(user.uin);
        let inactive = AccessKeyStatus::Inactive;
        root.update_access_key(subject, &id, inactive).await.unwrap();
    })
    .await;
    assert_eq!(code(&error), "InvalidAccessKeyId", "{error}");
    // The parts are told of, so that somebody else may remove them.
    assert_eq!(uploads(&client).await, 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_key_that_is_revoked_in_the_middle_of_an_upload_ends_it_with_the_reason() {
    let (server, client) = store().await;
    let root = sts(&client);
    let ask = GetFederationToken {
        name: SessionName::parse("ann").unwrap(),
        policy: None,
        duration_seconds: None,
    };
    let key = root.get_federation_token(ask).await.unwrap();
    let id = key.access_key_id.clone();
    let error = upload_while(&with(key.into(), &client), async move {
        let target = RevokedTarget::Sessions(vec![id]);
        let revoke = RevokeSession {
            target,
            issued_before: None,
        };
        root.revoke_session(revoke).await.unwrap();
    })
    .await;
    assert_eq!(code(&error), "AccessDenied", "{error:?}");
    server.stop().await;
}

/// A clock that is off by so many seconds.
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_seconds(self.0)
    }
}

#[tokio::test]
async fn a_clock_an_hour_off_is_set_right_once_for_a_whole_upload() {
    let (server, _) = store().await;
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    std::fs::write(&from, bytes(LENGTH)).unwrap();
    for off in [-3700, 3700] {
        let refused = Arc::new(AtomicUsize::new(0));
        let endpoint = counting(server.address(), Arc::clone(&refused)).await;
        let clock = Arc::new(Off(off));
        let connection = Connection::new(endpoint.parse().unwrap(), Some(root())).with_clock(clock);
        let client = ObjectClient::new(connection);
        let transfer = Transfer::new(MIB as u64, 2).unwrap();
        let put = request::put_object(&bucket(), &key());
        client.upload_file(put, &from, &transfer).await.unwrap();
        assert_eq!(
            refused.load(Ordering::SeqCst),
            1,
            "{off}: only the first request was refused"
        );
    }
    server.stop().await;
}

/// A way to a server that counts refusals.
async fn counting(server: std::net::SocketAddr, refused: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (mut near_read, mut near_write) = near.into_split();
            let (mut far_read, mut far_write) = TcpStream::connect(server).await.unwrap().into_split();
            tokio::spawn(async move { tokio::io::copy(&mut near_read, &mut far_write).await });
            let refused = Arc::clone(&refused);
            tokio::spawn(async move {
                let mut room = [0; 16 * 1024];
                while let Ok(count @ 1..) = far_read.read(&mut room).await {
                    refused.fetch_add(usize::from(room.starts_with(b"HTTP/1.1 403")), Ordering::SeqCst);
                    near_write.write_all(&room[..count]).await.unwrap();
                }
            });
        }
    });
    endpoint
}

#[tokio::test]
async fn the_ten_thousandth_part_is_the_last() {
    let (server, client) = store().await;
    let start = request::initiate_multipart_upload(&bucket(), &key());
    let upload = client.initiate_multipart_upload(start).await.unwrap();
    let part = |number| client.upload_part(&upload, number, Bytes::from_static(b"the end").into());
    let refused = part(10_001).await.unwrap_err();
    assert_eq!(
        refused.refusal().map(|refusal| refusal.status),
        Some(400),
        "{refused}"
    );
    let last = part(10_000).await.unwrap();
    client
        .complete_multipart_upload(&upload, &[last], false)
        .await
        .unwrap();
    let read = client
        .get_object(request::read_object(&bucket(), &key()))
        .await
        .unwrap();
    assert_eq!(read.bytes().await.unwrap(), "the end");
    server.stop().await;
}
