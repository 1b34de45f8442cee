//! What is asked: action, resource, who, and the facts that conditions look at.
//!
//! Everything is borrowed, already decoded and already settled by the caller of this crate; in particular
//! an object key here is the very text that the storage uses.

use std::fmt::Write as _;

use crate::condition::Context;
use crate::scratch::Scratch;

/// One question put to a policy.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The action as `service:Name`, for example `cos:PutObject`. An action with several names is judged
    /// under all of them.
    pub action: &'a str,
    /// What the action is to be done to.
    pub resource: Resource<'a>,
    /// Who asks; looked at by bucket and trust policies, and by the variable `${uin}`.
    pub principal: Principal<'a>,
    /// The facts that conditions look at.
    pub context: &'a Context<'a>,
}

/// The resource of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The action is not about any one resource: only the resource `*` covers it.
    Operation,
    /// Something in the object store.
    Cos {
        /// The region of the bucket.
        region: &'a str,
        /// The application id of the bucket's owner.
        app_id: u64,
        /// The full name of the bucket, with the application id.
        bucket: &'a str,
        /// What in, or about, the bucket.
        target: CosTarget<'a>,
    },
    /// Something in access management: `uin/<U>`, `groupid/<G>`, `policyid/<P>`, …
    Cam {
        /// The account number of the root that owns it.
        owner_uin: u64,
        /// The last segment of its resource.
        path: &'a str,
    },
    /// A role, known by two names: `roleName/<name>` and `role/<id>`. Matching under either suffices, for
    /// allow and for deny.
    Role {
        /// The account number of the root that owns it.
        owner_uin: u64,
        /// The id of the role.
        id: &'a str,
        /// The name of the role.
        name: &'a str,
    },
}

/// What in a bucket a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CosTarget<'a> {
    /// The bucket itself: `<bucket>/`.
    Bucket,
    /// The names in the bucket that begin with `prefix`: `<bucket>/` and `<bucket>/<prefix>`. Matching
    /// under either suffices, for allow and for deny.
    Listing {
        /// The prefix parameter, decoded; empty when not sent.
        prefix: &'a str,
    },
    /// One object: `<bucket>/<key>`.
    Object {
        /// The decoded key.
        key: &'a str,
    },
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// Nobody known: the request is not signed.
    Anonymous,
    /// A root account (both numbers equal) or a sub-account; also what a federation key acts as.
    Account {
        /// The account number of the root.
        owner_uin: u64,
        /// The account's own number.
        uin: u64,
    },
    /// A session of a role.
    Role {
        /// The account number of the root that owns the role.
        owner_uin: u64,
        /// The id of the role.
        id: &'a str,
        /// The name of the role.
        name: &'a str,
        /// Whom the variable `${uin}` stands for: the account that assumed the role, when there is one.
        caller_uin: Option<u64>,
    },
    /// A service that wants to assume a role.
    Service(&'a str),
    /// Somebody vouched for by an identity provider of an account.
    Federated {
        /// The account number of the root that owns the provider.
        owner_uin: u64,
        /// `saml-provider/<name>` or `oidc-provider/<name>`.
        provider: &'a str,
    },
}

impl Principal<'_> {
    /// What the variable `${uin}` stands for.
    pub(crate) fn caller(&self) -> Option<u64> {
        match *self {
            Principal::Account { uin, .. } => Some(uin),
            Principal::Role { caller_uin, .. } => caller_uin,
            Principal::Anonymous | Principal::Service(_) | Principal::Federated { .. } => None,
        }
    }
}

/// The texts of a resource that patterns are compared with, put together once for each request.
pub(crate) struct Spelling {
    buffer: Scratch<1024>,
    names: Names,
}

/// Where in the buffer the names of a resource lie.
enum Names {
    None,
    One,
    /// The first name is the text up to here, the second is all of it.
    AlsoUpTo(usize),
    /// The first name ends and the second begins here.
    SplitAt(usize),
}

impl Spelling {
    pub(crate) fn of(resource: &Resource<'_>) -> Self {
        let mut buffer = Scratch::new();
        let names = match *resource {
            Resource::Operation => Names::None,
            Resource::Cos { bucket, target, .. } => spell_cos(&mut buffer, bucket, target),
            Resource::Cam { path, .. } => {
                buffer.push(path);
                Names::One
            }
            Resource::Role { id, name, .. } => {
                // Writing to a scratch never fails.
                let _ = write!(buffer, "roleName/{name}");
                let middle = buffer.len();
                let _ = write!(buffer, "role/{id}");
                Names::SplitAt(middle)
            }
        };
        Spelling { buffer, names }
    }

    /// The names of the resource; a pattern covers it when it matches one of them.
    pub(crate) fn names(&self) -> [Option<&str>; 2] {
        let whole = self.buffer.as_str();
        match self.names {
            Names::None => [None, None],
            Names::One => [Some(whole), None],
            Names::AlsoUpTo(end) => [whole.get(..end), Some(whole)],
            Names::SplitAt(middle) => [whole.get(..middle), whole.get(middle..)],
        }
    }
}

fn spell_cos(buffer: &mut Scratch<1024>, bucket: &str, target: CosTarget<'_>) -> Names {
    buffer.push(bucket);
    buffer.push("/");
    match target {
        CosTarget::Bucket => Names::One,
        CosTarget::Object { key } => {
            buffer.push(key);
            Names::One
        }
        CosTarget::Listing { prefix } => {
            let end = buffer.len();
            buffer.push(prefix);
            Names::AlsoUpTo(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resource: Resource<'_>, expected: [Option<&str>; 2]) {
        assert_eq!(Spelling::of(&resource).names(), expected, "{resource:?}");
    }

    #[test]
    fn names_of_resources() {
        let cos = |target| Resource::Cos {
            region: "r",
            app_id: 125,
            bucket: "b-125",
            target,
        };
        check(Resource::Operation, [None, None]);
        check(cos(CosTarget::Bucket), [Some("b-125/"), None]);
        check(cos(CosTarget::Object { key: "/a" }), [Some("b-125//a"), None]);
        check(
            cos(CosTarget::Listing { prefix: "doc/" }),
            [Some("b-125/"), Some("b-125/doc/")],
        );
        check(
            cos(CosTarget::Listing { prefix: "" }),
            [Some("b-125/"), Some("b-125/")],
        );
        check(
            Resource::Cam {
                owner_uin: 9,
                path: "uin/1",
            },
            [Some("uin/1"), None],
        );
        let role = Resource::Role {
            owner_uin: 9,
            id: "46",
            name: "dev",
        };
        check(role, [Some("roleName/dev"), Some("role/46")]);
        let long = "x".repeat(5000);
        check(
            cos(CosTarget::Object { key: &long }),
            [Some(&format!("b-125/{long}")), None],
        );
    }
}
