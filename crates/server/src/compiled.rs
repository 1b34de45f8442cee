//! Policies compiled from their texts, kept so that each text is compiled once.
//!
//! What a text compiles to depends on nothing but the text, its kind and its account, so nothing here grows old. Only
//! documents that were accepted come here: stored ones, and those in tokens that proved genuine.

use std::sync::{Arc, Mutex};

use daypass_access::StoredPolicy;
use daypass_api::names::Account;
use daypass_policy::{DocumentKind, OwnerAccount};
use sha2::{Digest, Sha256};

use crate::bounded::Bounded;
use crate::metrics::CacheMeter;

/// Memory for compiled policies, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// What each statement, and each entry of a statement's lists, takes at most beside its text.
const BYTES_EACH: usize = 512;

/// Compiled policies, by what they are compiled from.
pub(crate) struct CompiledPolicies {
    pub(crate) meter: CacheMeter,
    known: Mutex<Bounded<[u8; 32], StoredPolicy>>,
}

impl Default for CompiledPolicies {
    fn default() -> Self {
        Self {
            meter: CacheMeter::default(),
            known: Mutex::new(Bounded::new(MAX_BYTES)),
        }
    }
}

impl CompiledPolicies {
    /// A document as deciding wants it: one that does not parse is kept as unreadable, which denies.
    pub(crate) fn compile(&self, text: &str, kind: DocumentKind, account: Account) -> StoredPolicy {
        let name = name(text, kind, account);
        let found = self.known.lock().ok().and_then(|mut known| known.find(&name));
        if let Some(found) = self.meter.count(found) {
            return found;
        }
        let owner = OwnerAccount {
            app_id: account.app_id.0,
            owner_uin: account.owner_uin.0,
        };
        let policy = daypass_policy::parse(text, kind, &owner).ok().map(Arc::new);
        if let Ok(mut known) = self.known.lock() {
            // Patterns stand in what is compiled as written, ready to be compared, and in the index.
            known.keep(name, policy.clone(), weight(&policy) + 3 * text.len());
        }
        policy
    }
}

/// Kinds and accounts take the same room in every name, so that no two inputs read alike.
fn name(text: &str, kind: DocumentKind, account: Account) -> [u8; 32] {
    let kind = match kind {
        DocumentKind::Identity => 1_u8,
        DocumentKind::Session => 2,
        DocumentKind::Bucket => 3,
        DocumentKind::Trust => 4,
    };
    let mut digest = Sha256::new();
    digest.update([kind]);
    digest.update(account.app_id.0.to_be_bytes());
    digest.update(account.owner_uin.0.to_be_bytes());
    digest.update(text.as_bytes());
    digest.finalize().into()
}

/// An upper bound of the memory that a compiled policy takes, apart from its text. A list of short entries takes
/// many times the room of its text, so that the text alone is no measure.
pub(crate) fn weight(policy: &StoredPolicy) -> usize {
    let statements = policy.iter().flat_map(|policy| policy.statements());
    let entries = statements.map(|statement| {
        let conditions = statement.conditions().iter();
        let values = conditions.map(|condition| 1 + condition.values().len());
        let resources = statement.resources().unwrap_or_default().len();
        let principals = statement.principals().unwrap_or_default().len();
        1 + statement.actions().len() + resources + principals + values.sum::<usize>()
    });
    (1 + entries.sum::<usize>()) * BYTES_EACH
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{AppId, Uin};

    use super::*;

    const ACCOUNT: Account = Account {
        app_id: AppId(1_250_000_000),
        owner_uin: Uin(100),
    };

    #[test]
    fn a_text_is_compiled_once_for_each_kind_and_account() {
        let compiled = CompiledPolicies::default();
        let text = r#"{"version":"2.0","statement":[{"effect":"allow","action":["*"],"resource":["*"]}]}"#;
        let policy = |kind, account| compiled.compile(text, kind, account).unwrap();
        let first = policy(DocumentKind::Identity, ACCOUNT);
        assert!(Arc::ptr_eq(&first, &policy(DocumentKind::Identity, ACCOUNT)));
        assert_eq!(
            policy(DocumentKind::Session, ACCOUNT).kind(),
            DocumentKind::Session
        );
        let other = Account {
            owner_uin: Uin(200),
            ..ACCOUNT
        };
        assert_eq!(policy(DocumentKind::Identity, other).owner().owner_uin, 200);
        assert_eq!(compiled.compile("{}", DocumentKind::Identity, ACCOUNT), None);
        assert_eq!(compiled.compile(text, DocumentKind::Bucket, ACCOUNT), None);
    }
}
