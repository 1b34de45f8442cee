//! After the five steps: a worker takes a role for a while, and the owner of the account ends its session early.
//!
//! One session is ended and its neighbours live on: that is what is shown, and that the trail knows both.

use anyhow::{Context, Result, ensure};
use daypass_api::names::{ObjectKey, PolicyName, Region, RoleName, SessionName, Uin};
use daypass_api::operation::{
    AssumeRole, ListedTarget, NewPolicy, NewRole, PolicyRef, RevokeSession, RevokedTarget, RoleRef,
};
use daypass_api::outcome::{SessionState, TemporaryKey};
use daypass_client::{ActionClient, Credentials, ObjectClient, request};

use super::app::App;
use super::stage::{REGION, Stage, refused};
use super::{held, policies, say};
use crate::settings::{DEFAULT_APPID, DEFAULT_OWNER_UIN};

/// Most sessions that are listed; the demo makes two.
const MOST_LISTED: usize = 10;

/// Plays it; the app is there to show that its key is none of the ended ones.
pub(super) async fn play(stage: &Stage, app: &App) -> Result<()> {
    say("\nThen      a worker makes thumbnails: it takes a role, and its session is ended early")?;
    let root = ActionClient::new(stage.store(Some(stage.root.clone())), Region::parse(REGION)?);
    let role = make_role(stage, &root).await?;
    let picture = ObjectKey::parse(b"users/alice/cat.jpg")?;
    let first = assume(stage, &role, "worker-1").await?;
    held(
        "AssumeRole thumbnails, as worker-1",
        &format!("TmpSecretId {}", first.secret_id),
    )?;
    let second = assume(stage, &role, "worker-2").await?;
    read(stage, &picture, &first).await?;
    held("GET users/alice/cat.jpg", "the role may read")?;
    leave_the_role(stage, &picture, &first).await?;

    let revoke = RevokeSession {
        target: RevokedTarget::Sessions(vec![first.secret_id.clone()]),
        issued_before: None,
    };
    root.revoke_session(revoke)
        .await
        .context("the session cannot be ended")?;
    held("RevokeSession worker-1, by the root account", "on stable storage")?;
    refused(read(stage, &picture, &first).await, 403, "AccessDenied")?;
    held(
        "GET users/alice/cat.jpg, the next request",
        "refused, 403 AccessDenied: ended",
    )?;
    read(stage, &picture, &second).await?;
    app.read_again().await?;
    held("GET by worker-2, and by the app", "their keys live on")?;
    list(&root, &role).await
}

/// A role that may read everybody's pictures, and that the sub-account `uploader` may take.
async fn make_role(stage: &Stage, root: &ActionClient) -> Result<RoleRef> {
    let name = RoleName::parse("thumbnails")?;
    let new = NewRole {
        name: name.clone(),
        document: policies::trust(DEFAULT_OWNER_UIN, stage.uploader_uin.0),
        description: String::new(),
        console_login: false,
        session_duration: 0,
        tags: Vec::new(),
    };
    root.create_role(new).await.context("the role cannot be made")?;
    let (role, bucket) = (RoleRef::Name(name), stage.bucket.as_str());
    let reader = policies::reader(REGION, DEFAULT_APPID, bucket);
    let reader = create(root, "read-below-users", reader).await?;
    root.attach_role_policy(role.clone(), reader).await?;
    let taking = policies::taking(DEFAULT_OWNER_UIN, "thumbnails");
    if let PolicyRef::Id(taking) = create(root, "take-thumbnails", taking).await? {
        root.attach_user_policy(stage.uploader_uin, taking).await?;
    }
    Ok(role)
}

async fn create(root: &ActionClient, name: &str, document: String) -> Result<PolicyRef> {
    let policy = NewPolicy {
        name: PolicyName::parse(name)?,
        document,
        description: String::new(),
        tags: Vec::new(),
    };
    let created = root.create_policy(policy).await;
    Ok(PolicyRef::Id(
        created.with_context(|| format!("the policy {name} cannot be made"))?,
    ))
}

async fn assume(stage: &Stage, role: &RoleRef, name: &str) -> Result<Credentials> {
    let sts = ActionClient::new(stage.store(Some(stage.uploader.clone())), Region::parse(REGION)?);
    let ask = AssumeRole {
        owner: Uin(DEFAULT_OWNER_UIN),
        role: role.clone(),
        name: SessionName::parse_of_role(name)?,
        duration_seconds: None,
        policy: None,
        external_id: None,
        tags: Vec::new(),
        source_identity: None,
    };
    let key: TemporaryKey = sts.assume_role(ask).await.context("the role cannot be taken")?;
    Ok(key.into())
}

async fn read(stage: &Stage, object: &ObjectKey, key: &Credentials) -> Result<(), daypass_client::Error> {
    let store = ObjectClient::new(stage.store(Some(key.clone())));
    let answer = store
        .get_object(request::read_object(&stage.bucket, object))
        .await?;
    answer.bytes().await.map(drop)
}

async fn leave_the_role(stage: &Stage, object: &ObjectKey, key: &Credentials) -> Result<()> {
    let store = ObjectClient::new(stage.store(Some(key.clone())));
    refused(
        store.delete_object(&stage.bucket, object).await,
        403,
        "AccessDenied",
    )?;
    held(
        "DELETE users/alice/cat.jpg",
        "refused, 403 AccessDenied: the role may not",
    )
}

/// What `daypass session list` shows.
async fn list(root: &ActionClient, role: &RoleRef) -> Result<()> {
    let target = Some(ListedTarget::Role(role.clone()));
    let mut listed = root.list_sessions(target, false, MOST_LISTED).await?;
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    let states: Vec<_> = listed
        .iter()
        .map(|session| (session.name.as_str(), session.state))
        .collect();
    ensure!(
        states
            == [
                ("worker-1", SessionState::Revoked),
                ("worker-2", SessionState::Live)
            ],
        "the audit trail tells {states:?}"
    );
    held(
        "ListSessions, from the audit trail",
        "worker-1 revoked, worker-2 live",
    )
}
