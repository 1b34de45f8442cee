//! What the records say. docs/audit.md describes every field; a test holds the two together.
//!
//! INVARIANT: nothing here can hold a secret, a token or a signature: keys are named by their ids, URLs stand here without
//! their queries, and of a header only the user agent is kept.

use serde::{Deserialize, Serialize};

/// Longest text of a client that is kept where the client may choose any: a path or a user agent.
pub const MAX_TEXT_BYTES: usize = 512;

/// Most identities and policies of one call that are kept.
pub const MAX_ABOUT: usize = 128;

/// Most bytes of keys of a batch that are kept.
pub const MAX_ITEM_BYTES: usize = 64 * 1024;

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// When it came in, in milliseconds since 1970.
    pub time: i64,
    /// The id it was answered under.
    pub request_id: String,
    /// The HTTP method.
    pub method: String,
    /// What was asked, as policies name it; none when it was refused before that was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The path, only where the operation is not known; bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The address it came from.
    pub ip: String,
    /// Who asked; none when nobody signed, or the key is not known.
    #[serde(flatten)]
    pub who: Option<Who>,
    /// Whom an identity provider vouched for, where nobody signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vouched: Option<WebIdentity>,
    /// The bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The object's key; of a listing, its prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The users, groups, roles, policies and providers that a call of access management is about: what gains or loses
    /// first, and each by the number or name that the caller gave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// Where a copy reads: bucket and key, joined by `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The objects of a batch, those that were named first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// How many more there were, of these or of what a call is about.
    #[serde(skip_serializing_if = "is_zero")]
    pub items_omitted: u64,
    /// The status of the answer; 0 when the client left before there was one.
    pub status: u16,
    /// The name of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Announced length of the body that came; none for one in chunks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<u64>,
    /// Announced length of the answer's body.
    pub bytes_out: u64,
    /// Milliseconds from the head of the request to the head of the answer.
    pub millis: u64,
    /// What was decided, where it came to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// What the client calls itself; bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The temporary key that was minted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minted: Option<Minted>,
    /// What was found about the policy of the temporary key that was asked for; none when there is nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
    /// The permanent key that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_access_key_id: Option<String>,
}

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// Whether the signature and the life of the key were in order. If not, somebody only named this key.
    pub proven: bool,
    /// The account's number in bucket names.
    pub app_id: u64,
    /// The account's root.
    pub owner_uin: u64,
    /// Which kind of identity.
    pub principal: Principal,
    /// Its number; that of a role is its id.
    pub uin: u64,
    /// The key that signed.
    pub access_key_id: String,
    /// The session, where the key is a temporary one.
    #[serde(flatten)]
    pub session: Option<Session>,
}

/// A kind of identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Principal {
    /// A root account.
    #[default]
    Root,
    /// A sub-account.
    User,
    /// A role.
    Role,
}

/// The session of a temporary key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id, in hex digits.
    pub session_id: String,
    /// Its name.
    pub session_name: String,
    /// The sessions it was minted from, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ancestors: Vec<String>,
    /// The identity whose permanent key began the chain.
    pub original_uin: u64,
    /// That key.
    pub original_access_key_id: String,
    /// Whom an identity provider vouched for, where no key began the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_identity: Option<WebIdentity>,
    /// Who its caller said it acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
}

/// Whom an identity provider vouched for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebIdentity {
    /// The provider's number.
    pub provider_id: u64,
    /// Whom it vouched for, in its own words; bounded.
    pub subject: String,
}

/// One object of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its key.
    pub key: String,
    /// Whether the caller may.
    pub allowed: bool,
}

/// What was decided, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Decision {
    /// Whether all of it was allowed.
    pub allowed: bool,
    /// The layer that decided; none when nothing was asked of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Which document of the layer, from 0 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<u64>,
    /// What it said: `allows`, `denies`, `silent` or `unreadable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// Which statement of the document, from 0 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<u64>,
    /// The action that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// A temporary key, as it was minted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Minted {
    /// TmpSecretId.
    pub access_key_id: String,
    /// Its session.
    pub session_id: String,
    /// The session's name.
    pub name: String,
    /// When it ends, in milliseconds since 1970.
    pub expires: i64,
    /// The role it acts as: its number, or its name where it was named so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The policies that this step added, as they were given; none when it narrowed nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Who its caller said it acts for, now or earlier in the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// The session's tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Whose it is, and what it ends with; absent in records of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

/// What was found about the policy of a temporary key, by the rules of docs/lint.md.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Judgement {
    /// The rules that found something, each once for each severity, what weighs most first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<JudgedRule>,
    /// How many findings there were beyond those that are counted here.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: u64,
    /// Why something was not judged: `busy`, nothing was, or `too-large`, whether the caller may do all of it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<String>,
}

/// What one rule found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JudgedRule {
    /// The number of the rule.
    pub rule: String,
    /// `E` or `W`.
    pub severity: String,
    /// How often.
    pub count: u64,
}

/// Whose a temporary key is, and all that it ends with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Standing {
    /// How it came to be: `federation`, `role` or `own`.
    pub kind: String,
    /// The number of the key that sealed its token.
    pub epoch: u32,
    /// The last session of the chain: its own.
    #[serde(flatten)]
    pub link: Link,
    /// The sessions it was minted from, the first one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub descent: Vec<Link>,
    /// Who answers for the chain: whose key began it, or the account of the identity provider.
    pub responsible_uin: u64,
    /// The permanent key that began the chain; none where an identity provider did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_access_key_id: Option<String>,
}

/// A session, by all that sessions are ended by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Link {
    /// Its id, in hex digits.
    pub session_id: String,
    /// The account's root.
    pub owner_uin: u64,
    /// Which kind of identity.
    pub principal: Principal,
    /// Its number; that of a role is its id.
    pub uin: u64,
    /// When it began, in milliseconds since 1970.
    pub issued: i64,
    /// A digest of its name, in hex digits.
    pub name_digest: String,
}

/// A tag of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A text of a client, cut to what is kept of it.
pub fn bounded(text: &str) -> String {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

impl Request {
    /// What its lines are called.
    pub const KIND: &str = "request";
}

macro_rules! own {
    ($($(#[$doc:meta])* $name:ident = $kind:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// When it was written, in milliseconds since 1970.
            pub time: i64,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            /// What its lines are called.
            pub const KIND: &str = $kind;
        })*
    };
}

own! {
    /// A segment begins.
    SegmentBegun = "segment" {
        /// The version of the format.
        version: u32,
        /// Which trail, at random: segments of two trails do not fit together.
        trail: String,
        /// Where the chain stood before.
        from: String,
    }
    /// A segment ends; the next one follows.
    SegmentClosed = "closed" {
        /// How many records it has, this one included.
        records: u64,
    }
    /// The program began to write.
    Started = "started" {
        /// Whether it had stopped in good order before.
        clean: bool,
    }
    /// The program stopped in good order.
    Stopped = "stopped" {}
    /// A crash had torn the last line; it is gone.
    Repaired = "repaired" {
        /// How many bytes of it there were.
        torn_bytes: u64,
    }
    /// The last segment was found damaged and left as it is; this one goes on after its last sound record.
    Abandoned = "abandoned" {
        /// The first record of the damaged segment.
        segment: u64,
        /// How many bytes in it are not sound.
        bytes: u64,
    }
    /// Records are missing that could not be written.
    Gap = "gap" {
        /// How many.
        lost: u64,
        /// When the first of them was lost.
        since: i64,
        /// How often what was written could not be made durable.
        flushes_failed: u64,
    }
    /// What stood before a record was removed because the trail is kept so long and so large only.
    Anchor = "anchor" {
        /// The first record that is kept.
        before: u64,
        /// Where the chain stood before it.
        from: String,
        /// How many segments are removed.
        segments: u64,
        /// Their bytes.
        bytes: u64,
    }
}

/// Every kind of line.
pub const KINDS: [&str; 9] = [
    Request::KIND,
    SegmentBegun::KIND,
    SegmentClosed::KIND,
    Started::KIND,
    Stopped::KIND,
    Repaired::KIND,
    Abandoned::KIND,
    Gap::KIND,
    Anchor::KIND,
];
