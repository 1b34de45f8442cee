//! Performing an operation that was allowed: the only place that touches data.
//!
//! Each arm hands the operation to the store, on the snapshot that the decision was made on. What has no arm does not
//! compile.

use daypass_access::issue::{self, FreshSession};
use daypass_access::issue_role::assume_role;
use daypass_access::{Caller, Facts, Identity};
use daypass_api::names::{BucketName, SessionId};
use daypass_api::operation::{
    AccountOperation, IdentityOperation, ObjectOperation, PolicyScope, PostObject, ReadObject,
    SessionOperation, Subject,
};
use daypass_api::outcome::{CallerIdentity, Ownership, Page, Posted};
use daypass_api::{Error, ErrorCode, Operation, Outcome, Timestamp};
use daypass_store::identity::{Holder, KeyMaterial, WrappedKeyRing};
use daypass_store::{BodyStream, ObjectReader, View};

use crate::bootstrap::key_material;
use crate::edge::pace::paced;
use crate::family::Asked;
use crate::perform_identity::judged_user;
use crate::service::Service;

/// Most buckets of one account.
const MAX_BUCKETS: u64 = 200;

/// What was performed, and the bytes that go with it.
pub(crate) struct Performed {
    pub(crate) outcome: Outcome,
    /// An object's bytes and how many there are.
    pub(crate) bytes: Option<(ObjectReader, u64)>,
}

impl From<Outcome> for Performed {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, bytes: None }
    }
}

impl Service {
    /// Performs what was asked and allowed; `items` says which of an operation's items were, if it has any.
    pub(crate) async fn perform(
        &self,
        view: View,
        asked: Asked,
        caller: &Caller,
        facts: &Facts,
        items: &[bool],
        now: Timestamp,
    ) -> Result<Performed, Error> {
        let Asked {
            operation,
            body,
            traffic_limit,
            ..
        } = asked;
        match operation {
            Operation::Object(operation) => {
                let body = body.ok_or(ErrorCode::InternalError)?;
                let body = at_pace(body, traffic_limit);
                let performed = self
                    .perform_object(view, operation, caller, items, body, now)
                    .await?;
                let bytes = performed.bytes;
                Ok(Performed {
                    bytes: bytes.map(|(reader, length)| (at_pace(reader, traffic_limit), length)),
                    ..performed
                })
            }
            Operation::Session(SessionOperation::AssumeRoleWithWebIdentity(assume)) => match caller {
                Caller::Vouched(vouched) => self
                    .mint_for_vouched(&view, vouched, &assume, facts, now)
                    .await
                    .map(Performed::from),
                Caller::Anonymous | Caller::Identified(_) => Err(ErrorCode::AccessDenied.into()),
            },
            Operation::Session(operation) => self
                .perform_session(&view, &operation, identified(caller)?, facts, now)
                .await
                .map(Performed::from),
            Operation::Identity(operation) => self
                .perform_identity(view, operation, identified(caller)?, now)
                .await
                .map(Performed::from),
        }
    }

    async fn perform_object(
        &self,
        view: View,
        operation: ObjectOperation,
        caller: &Caller,
        items: &[bool],
        body: BodyStream<'static>,
        now: Timestamp,
    ) -> Result<Performed, Error> {
        use ObjectOperation as Op;
        let (store, random) = (&self.store, &self.random);
        let outcome = match operation {
            Op::ListBuckets(list) => {
                store
                    .list_buckets(&view, &list, identified(caller)?.account)
                    .await?
            }
            Op::CreateBucket(create) => {
                let owner = identified(caller)?.account;
                store
                    .create_bucket(view, &create, owner, &self.region, MAX_BUCKETS, now)
                    .await?
            }
            Op::HeadBucket(bucket) => store.head_bucket(&view, &bucket).await?,
            Op::DeleteBucket(bucket) => store.delete_bucket(view, &bucket).await?,
            Op::GetBucketLocation(bucket) => store.bucket_location(&view, &bucket).await?,
            Op::GetBucketAcl(bucket) => store.bucket_acl(&view, &bucket).await?,
            Op::PutBucketAcl { bucket, acl } => store.put_bucket_acl(view, &bucket, &acl).await?,
            Op::GetBucketCors(bucket) => store.bucket_cors(&view, &bucket).await?,
            Op::PutBucketCors { bucket, rules } => store.put_bucket_cors(&bucket, Some(rules)).await?,
            Op::DeleteBucketCors(bucket) => store.put_bucket_cors(&bucket, None).await?,
            Op::GetBucketPolicy(bucket) => store.bucket_policy(&view, &bucket).await?,
            Op::PutBucketPolicy { bucket, policy } => {
                let owner = view.bucket(&bucket).await?.ok_or(ErrorCode::NoSuchBucket)?.owner;
                issue::check_bucket_policy(&policy, owner)?;
                store.put_bucket_policy(view, &bucket, Some(&policy)).await?
            }
            Op::DeleteBucketPolicy(bucket) => store.put_bucket_policy(view, &bucket, None).await?,
            Op::Preflight(preflight) => store.preflight(&view, &preflight).await?,
            Op::GetBucketTagging(bucket) => store.bucket_tags(&view, &bucket).await?,
            Op::PutBucketTagging { bucket, tags } => {
                store.put_bucket_tags(view, &bucket, &tags).await?;
                Outcome::BucketTagged
            }
            Op::DeleteBucketTagging(bucket) => {
                store.put_bucket_tags(view, &bucket, &Vec::new()).await?;
                Outcome::Deleted
            }
            Op::GetObjectTagging { bucket, key } => store.object_tags(&view, &bucket, &key).await?,
            Op::PutObjectTagging { bucket, key, tags } => {
                store.put_object_tags(view, &bucket, &key, &tags).await?;
                Outcome::Changed
            }
            Op::DeleteObjectTagging { bucket, key } => {
                store.put_object_tags(view, &bucket, &key, &Vec::new()).await?;
                Outcome::Deleted
            }
            Op::GetObjectAcl { bucket, key } => store.object_acl(&view, &bucket, &key).await?,
            Op::PutObjectAcl { bucket, key, acl } => store.put_object_acl(view, &bucket, &key, &acl).await?,
            Op::ListObjects(list) => store.list_objects(&view, &list).await?,
            Op::ListMultipartUploads(list) => store.list_multipart_uploads(&view, &list).await?,
            Op::PutObject(put) => store.put_object(view, &put, body, now, random).await?,
            Op::PostObject(post) => self.post_object(view, post, body, now).await?,
            Op::CopyObject(copy) => store.copy_object(view, &copy, now, random).await?,
            Op::UploadPartCopy(part) => store.upload_part_copy(view, &part, now, random).await?,
            Op::GetObject(read) => return self.get_object(&view, &read).await,
            Op::HeadObject(read) => store.head_object(&view, &read).await?,
            Op::DeleteObject(delete) => store.delete_object(view, &delete, now).await?,
            Op::DeleteObjects(delete) => self.delete_objects(view, delete, items, now).await?,
            Op::InitiateMultipartUpload(start) => {
                let ownership = ownership(caller, &view, &start.bucket).await?;
                store
                    .initiate_multipart(view, &start, ownership, now, random)
                    .await?
            }
            Op::UploadPart(part) => store.upload_part(view, &part, body, now, random).await?,
            Op::CompleteMultipartUpload {
                upload,
                forbid_overwrite,
                parts,
            } => {
                store
                    .complete_multipart(view, &upload, forbid_overwrite, &parts, now)
                    .await?
            }
            Op::AbortMultipartUpload(upload) => store.abort_multipart(view, &upload, now).await?,
            Op::ListParts(list) => store.list_parts(&view, &list).await?,
            Op::Unbuilt(operation, _) => {
                let text = format!("{operation:?} is not offered by this server");
                return Err(Error::with_message(ErrorCode::NotImplemented, text));
            }
        };
        Ok(outcome.into())
    }
}

/// Bytes on their way, no faster than was asked for.
fn at_pace(stream: BodyStream<'static>, bits_per_second: Option<u64>) -> BodyStream<'static> {
    match bits_per_second {
        Some(bits_per_second) => paced(stream, bits_per_second),
        None => stream,
    }
}

/// The identity of a caller that has one; what needs one is not allowed to anybody else.
fn identified(caller: &Caller) -> Result<&Identity, Error> {
    caller.identity().ok_or(ErrorCode::AccessDenied.into())
}

/// Whose an upload is: its bucket's owner's, begun by the caller, or for everybody's bucket by the owner itself.
async fn ownership(caller: &Caller, view: &View, bucket: &BucketName) -> Result<Ownership, Error> {
    let owner_uin = view
        .bucket(bucket)
        .await?
        .ok_or(ErrorCode::NoSuchBucket)?
        .owner
        .owner_uin;
    let initiator_uin = caller
        .identity()
        .map_or(owner_uin, |identity| identity.origin.responsible());
    Ok(Ownership {
        owner_uin,
        initiator_uin,
    })
}

fn role_has_no_keys() -> Error {
    Error::with_message(
        ErrorCode::ParamError,
        "a role has no access keys of its own, say whose with `TargetUin`",
    )
}

/// Who a caller is. A session that the caller minted for itself without a name is the caller itself.
fn caller_identity(identity: &Identity) -> CallerIdentity {
    let name = identity.session.as_ref().map(|session| session.name.to_string());
    CallerIdentity {
        owner_uin: identity.account.owner_uin,
        uin: identity.origin.responsible(),
        role: identity.role(),
        session_name: name.filter(|name| !name.is_empty()),
    }
}

impl Service {
    async fn post_object(
        &self,
        view: View,
        post: PostObject,
        body: BodyStream<'static>,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let PostObject { put, answer } = post;
        match self.store.put_object(view, &put, body, now, &self.random).await? {
            Outcome::Stored { etag, crc64 } => Ok(Outcome::ObjectPosted(Posted {
                bucket: put.bucket,
                key: put.key,
                etag,
                crc64,
                answer,
            })),
            _ => Err(ErrorCode::InternalError.into()),
        }
    }

    async fn get_object(&self, view: &View, read: &ReadObject) -> Result<Performed, Error> {
        let (outcome, reader) = self.store.get_object(view, read).await?;
        let length = match &outcome {
            Outcome::Object { info, span, .. } => span.map_or(info.length, |span| span.length),
            _ => 0,
        };
        Ok(Performed {
            outcome,
            bytes: reader.map(|reader| (reader, length)),
        })
    }

    async fn perform_session(
        &self,
        view: &View,
        operation: &SessionOperation,
        identity: &Identity,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        use SessionOperation as Op;
        let (least, ring) = (self.min_session_seconds, self.ring());
        let minted = match operation {
            Op::GetFederationToken(request) => {
                issue::federation(identity, request, least, self.fresh_session(), &ring.ring, now)
            }
            Op::AssumeRole(request) => {
                let role = facts.role(request.owner, &request.role);
                let role = role.ok_or(ErrorCode::RoleNotExist)?;
                assume_role(
                    identity,
                    request,
                    role,
                    least,
                    self.fresh_session(),
                    &ring.ring,
                    now,
                )
            }
            Op::GetSessionToken { duration_seconds } => issue::own_session(
                identity,
                *duration_seconds,
                least,
                self.fresh_session(),
                &ring.ring,
                now,
            ),
            // It has no identity to perform it: it was performed before.
            Op::AssumeRoleWithWebIdentity(_) => return Err(ErrorCode::AccessDenied.into()),
            Op::GetCallerIdentity => return Ok(Outcome::CallerIdentity(caller_identity(identity))),
            Op::RevokeSession(revoke) => return self.revoke_session(view, revoke, identity).await,
            Op::ListRevocations(list) => {
                let account = identity.account;
                return self
                    .store
                    .list_revocations(view, account, list.after, list.limit)
                    .await;
            }
            Op::ListSessions(list) => return self.list_sessions(view, list, identity, now).await,
            Op::KeyRing(operation) => return self.key_ring.perform(*operation, now).await,
            Op::QueryApiKey(subject) => return self.query_api_key(view, *subject, identity).await,
        };
        minted.map(Outcome::TemporaryKey)
    }

    pub(crate) fn fresh_session(&self) -> FreshSession {
        FreshSession {
            id: SessionId(self.random.bytes()),
            secret: daypass_token::temporary_secret(&self.random.bytes()),
            salt: self.random.bytes(),
        }
    }

    async fn query_api_key(
        &self,
        view: &View,
        subject: Subject,
        identity: &Identity,
    ) -> Result<Outcome, Error> {
        let own = issue::permanent(identity)?;
        let uin = match subject {
            Subject::Caller => own,
            Subject::Uin(uin) => uin,
        };
        match self.store.list_access_keys(view, identity.account, uin).await? {
            Outcome::AccessKeys(keys) => Ok(Outcome::ApiKeys(keys)),
            _ => Err(ErrorCode::InternalError.into()),
        }
    }

    async fn perform_identity(
        &self,
        view: View,
        operation: IdentityOperation,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        use IdentityOperation as Op;
        let (store, account) = (&self.store, identity.account);
        let whose = |subject| match subject {
            Subject::Caller => identity.user().ok_or_else(role_has_no_keys),
            Subject::Uin(uin) => Ok(uin),
        };
        match operation {
            Op::CreateUser(create) => {
                store
                    .create_user(account, &create, |ring| self.fresh_key(ring), now)
                    .await
            }
            Op::GetUser(name) => store.get_user(&view, account, &name).await,
            Op::ListUsers => store.list_users(&view, account).await,
            Op::DeleteUser(delete) => {
                let uin = judged_user(&view, account, &delete.name).await?;
                store.delete_user(account, uin, delete.force).await
            }
            Op::UpdateUser(update) => {
                let uin = judged_user(&view, account, &update.name).await?;
                store.update_user(account, uin, &update).await
            }
            Op::DescribeUsers(uins) => store.describe_users(&view, account, &uins).await,
            Op::ListCollaborators => Ok(Outcome::Collaborators(Page {
                total: 0,
                entries: Vec::new(),
            })),
            // A role has no number of this kind: its account's stands for it.
            Op::GetAccountNumbers => Ok(Outcome::AccountNumbers {
                uin: identity.user().unwrap_or(account.owner_uin),
                account,
            }),
            Op::GetAccountSummary => store
                .account_summary(&view, account)
                .await
                .map(Outcome::AccountSummary),
            Op::CreateAccessKey { subject, description } => {
                store
                    .create_access_key(
                        account,
                        whose(subject)?,
                        &description,
                        |ring| self.fresh_key(ring),
                        now,
                    )
                    .await
            }
            Op::ListAccessKeys(subject) => store.list_access_keys(&view, account, whose(subject)?).await,
            Op::UpdateAccessKey {
                subject,
                access_key_id,
                status,
            } => {
                store
                    .update_access_key(account, whose(subject)?, &access_key_id, status)
                    .await
            }
            Op::DeleteAccessKey {
                subject,
                access_key_id,
            } => {
                store
                    .delete_access_key(account, whose(subject)?, &access_key_id)
                    .await
            }
            Op::SearchAudit(search) => self.search_audit(*search, identity).await,
            Op::Analysis(operation) => self.perform_analysis(&view, operation, identity).await,
            Op::ListLastUses(ids) => self.last_uses(&view, account, ids).await.map(Outcome::LastUses),
            Op::ExplainDecision(id) => self.explain_decision(id, identity, now).await,
            Op::UpdatePolicy(update) => self.update_policy(&view, account, &update, now).await,
            Op::CreatePolicy(policy) => {
                issue::check_identity_policy(&policy.document, account)?;
                store.create_policy(account, &policy, now).await
            }
            Op::GetPolicy(id) => store.get_policy(&view, account, id).await,
            Op::ListPolicies {
                scope,
                keyword,
                paging,
            } => {
                store
                    .list_policies(&view, account, scope, keyword.as_deref(), paging)
                    .await
            }
            Op::DeletePolicies(ids) => store.delete_policies(account, &ids).await,
            Op::AttachUserPolicy { uin, policy_id } => {
                store
                    .attach_policy(account, Holder::User(uin), policy_id, now)
                    .await
            }
            Op::DetachUserPolicy { uin, policy_id } => {
                store.detach_policy(account, Holder::User(uin), policy_id).await
            }
            Op::Account(operation) => self.perform_account(&view, operation, now).await,
            Op::ListAttachedUserPolicies { uin, paging } => {
                store
                    .list_attached_policies(&view, account, Holder::User(uin), PolicyScope::All, None, paging)
                    .await
            }
            Op::ListUserPolicies(list) => store.list_user_policies(&view, account, &list).await,
            Op::ListPolicyEntities {
                policy_id,
                filter,
                paging,
            } => {
                store
                    .list_policy_entities(&view, account, policy_id, filter, paging)
                    .await
            }
            Op::Version(operation) => self.perform_version(&view, operation, account, now).await,
            Op::Group(operation) => self.perform_group(&view, operation, account, now).await,
            Op::Boundary(operation) => self.perform_boundary(&view, operation, account, now).await,
            Op::Role(operation) => self.perform_role(view, operation, identity, now).await,
            Op::Provider(operation) => self.perform_provider(view, operation, account, now).await,
        }
    }

    async fn perform_account(
        &self,
        view: &View,
        operation: AccountOperation,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        use AccountOperation as Op;
        let store = &self.store;
        match operation {
            Op::Create(new) => store.add_account(new, |ring| self.fresh_key(ring), now).await,
            Op::Get(owner_uin) => store.get_account(view, owner_uin).await,
            Op::List => store.list_accounts(view).await,
            Op::Update { owner_uin, status } => store.update_account(self.operator, owner_uin, status).await,
        }
    }

    /// A new permanent key, with its secret as it is shown once and as it is kept: under the master key of the stored ring,
    /// which every gateway that answers has.
    fn fresh_key(&self, ring: Option<&WrappedKeyRing>) -> Result<KeyMaterial, Error> {
        let keys = self.masters.keys();
        let master = ring.and_then(|ring| keys.of_ring(&ring.wrapped));
        let master = master.ok_or(ErrorCode::ServiceUnavailable)?;
        let (id, secret) = daypass_token::permanent_key(&self.random.bytes());
        key_material(master, id, secret, self.random).map_err(|error| {
            tracing::error!(%error, "a secret could not be wrapped");
            Error::new(ErrorCode::InternalError)
        })
    }
}
