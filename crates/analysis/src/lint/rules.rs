//! The rules as data: what each is called, how much it weighs, why it matters and how to mend it.
//!
//! `docs/lint.md` is this table as a page, and a test holds the two equal.

use serde::{Serialize, Serializer};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; `W`.
    Warning,
    /// Not to be given out like this; `E`.
    Error,
}

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `L` and two digits; stable.
    pub id: &'static str,
    /// The weight of most of its findings.
    pub severity: Severity,
    /// What is found, in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
}

impl Severity {
    /// `E` or `W`.
    pub fn letter(self) -> &'static str {
        match self {
            Severity::Warning => "W",
            Severity::Error => "E",
        }
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.letter())
    }
}

const fn error(id: &'static str, title: &'static str, why: &'static str, mend: &'static str) -> Rule {
    Rule {
        id,
        severity: Severity::Error,
        title,
        why,
        mend,
    }
}

const fn warning(id: &'static str, title: &'static str, why: &'static str, mend: &'static str) -> Rule {
    Rule {
        id,
        severity: Severity::Warning,
        title,
        why,
        mend,
    }
}

/// All rules, by rising number. L01 to L25 are those of the security guide, the others are ours.
pub static RULES: [Rule; 31] = [
    error(
        "L01",
        "a whole bucket, or all of them",
        "whoever reads the key off the front end reaches every object there",
        "name the folder of the one end user, `<bucket>-<appid>/<folder>/*`, or the keys themselves",
    ),
    warning(
        "L02",
        "a folder that several end users share",
        "each of them reaches what the others have stored",
        "put the end user's own id into the folder, or list the keys",
    ),
    error(
        "L03",
        "all actions",
        "the key may delete, configure and publish as well",
        "list the actions that the front end needs",
    ),
    warning(
        "L04",
        "an action with a wildcard",
        "it takes in more than it seems, `GetBucket*` also lists objects, and whatever is added later",
        "list the actions that the front end needs",
    ),
    error(
        "L05",
        "an action that is neither upload nor download",
        "deleting, configuring and sharing are no business of a front end",
        "leave the action to the server, or take it out",
    ),
    warning(
        "L06",
        "reading and writing mixed over several resources",
        "every action is granted on every resource, which is rarely what is meant",
        "make one statement for what is read and one for what is written",
    ),
    warning(
        "L07",
        "an upload of any size",
        "a stolen key fills the bucket",
        "add `numeric_less_than_equal` with `cos:content-length`",
    ),
    warning(
        "L08",
        "an upload of any type",
        "a page or a script can be stored and served under your name",
        "add `string_like` with `cos:content-type`",
    ),
    warning(
        "L09",
        "a bound that a client passes by leaving the header out",
        "with `_if_exist` a request without the header fulfils the condition",
        "use the operator without `_if_exist`",
    ),
    warning(
        "L10",
        "a length that bounds parts, not objects",
        "in an upload in parts every part is a request of its own, and there may be 10,000",
        "leave out the actions for parts, or accept that only parts are bounded",
    ),
    warning(
        "L11",
        "a condition key that requests with the action do not have",
        "the key is absent, so the condition fails: an allow does not grant, a deny does not refuse",
        "move the actions without the key to a statement of their own",
    ),
    error(
        "L12",
        "a condition that does not say what it seems to",
        "an unknown key or operator is refused; a value of a query parameter is compared URL-encoded elsewhere",
        "correct the name, and write the values of query parameters URL-encoded, `doc%2F` for `doc/`",
    ),
    warning(
        "L13",
        "a long life for a front-end key",
        "until it expires the key works for whoever has it",
        "ask for 7,200 seconds or less, and renew",
    ),
    warning(
        "L14",
        "made with a root account's permanent key",
        "a root key on a user server gives away the whole account when the server is broken into",
        "make a sub-account for the user server, with only the permissions that it hands on",
    ),
    error(
        "L15",
        "a root account's key without a policy",
        "it may do whatever the root account may",
        "hand in a policy",
    ),
    warning(
        "L16",
        "more than the one who asks has",
        "what the caller itself may not do is never granted by its temporary keys: those requests will be refused",
        "take the grant out, or give the caller the permission",
    ),
    error(
        "L17",
        "a resource that is not one of the account",
        "the token service refuses it: bucket names end in `-<appid>`, with the number of the account that asks",
        "correct the bucket's name and the account segment, `uid/<appid>`",
    ),
    warning(
        "L18",
        "a principal in a session policy",
        "the documentation forbids it; here it is accepted when it means everybody, and ignored",
        "take the principal out",
    ),
    warning(
        "L19",
        "a resource in the legacy form",
        "`prefix//<appid>/<bucket>/…` is accepted, but not everywhere",
        "write `<bucket>-<appid>/…`",
    ),
    warning(
        "L20",
        "every region, or not the bucket's",
        "a resource in another region never matches; one without a region matches in all of them",
        "name the bucket's region",
    ),
    warning(
        "L21",
        "a statement that never matches",
        "it grants nothing and protects from nothing",
        "check which resource the actions are about",
    ),
    warning(
        "L22",
        "keys of objects that the client chooses",
        "it may overwrite whatever is below the prefix",
        "choose the key on the server and name it, or demand `cos:x-cos-forbid-overwrite`",
    ),
    warning(
        "L23",
        "writing for everybody",
        "anybody may store in the bucket, at your cost and under your name",
        "name the accounts that may write",
    ),
    warning(
        "L24",
        "a deny that fires when the header is missing",
        "with `_if_exist` and a wildcard every request that lacks the key is refused",
        "name the actions that have the key",
    ),
    warning(
        "L25",
        "a deny for everybody that does not bind signed requests",
        "a deny for anyone refuses unsigned requests only",
        "name the accounts, or deny in their own policies",
    ),
    warning(
        "L26",
        "an upload that may be published",
        "whoever has the key may add `x-cos-acl: public-read` and share what it uploads with everybody",
        "add `string_equal_if_exist` with `cos:x-cos-acl` and `private` or `default`",
    ),
    warning(
        "L27",
        "actions for parts forgotten",
        "the SDKs store large objects in parts, and ask for all of these actions",
        "add the missing actions, or bound `cos:content-length` so that parts are not needed",
    ),
    warning(
        "L28",
        "a prefix that reaches its siblings",
        "`user1*` is also `user10/…` and `user1-backup/…`",
        "end the folder with a slash, `user1/*`",
    ),
    warning(
        "L29",
        "an action that the object store does not have",
        "no request is ever judged under it; a misspelled action in a deny protects nothing",
        "correct the name",
    ),
    error(
        "L30",
        "a document that is refused",
        "it is not of the policy language 2.0",
        "correct what is named",
    ),
    warning(
        "L31",
        "a key that may do nothing",
        "nothing is allowed both by its policy and by what the one who asks may do, so that every request will be refused",
        "compare the policy with the permissions, `daypass policy effective`, and correct the one that is wrong",
    ),
];
