//! Which temporary keys were minted in an account, the newest first, a page at a time.
//!
//! What became of a key is not the trail's to know: who asks holds what is found here against what was revoked.

use std::io;
use std::path::Path;

use crate::index::Term;
use crate::pages::{Asked, Page, page};
use crate::record::{Minted, Request, Standing};

/// Which temporary keys are asked for: those that have all that is said here.
#[derive(Clone, Debug, Default)]
pub struct Mintings {
    /// Of this account, by its root.
    pub owner_uin: u64,
    /// With this identity's rights; a role's id, too.
    pub principal: Option<u64>,
    /// With this user's rights, or in a chain that a key of it began.
    pub user: Option<u64>,
    /// In a chain that this permanent key began.
    pub origin: Option<String>,
    /// Of this name.
    pub name: Option<String>,
    /// Not over by then, in milliseconds since 1970.
    pub expire_after: Option<i64>,
    /// Minted not before then. With an index, older segments are not looked at.
    pub minted_from: Option<i64>,
    /// In records before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// A temporary key that was minted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minting {
    /// The number of its record.
    pub record: u64,
    /// The key that signed for it; none where an identity provider vouched.
    pub minted_by: Option<String>,
    /// What was said when it was minted.
    pub minted: Minted,
    /// Whose it is, and what it ends with.
    pub standing: Standing,
}

/// A page of the temporary keys that the trail in this directory knows.
pub fn mintings(directory: &Path, asked: &Mintings) -> io::Result<Page<Minting>> {
    let paging = Asked {
        terms: asked.terms(),
        touches: &|(_, last)| asked.minted_from.is_none_or(|from| last >= from),
        mark: br#""minted":{"#,
        before: asked.before,
        limit: asked.limit,
    };
    page(directory, &paging, |record, request| {
        asked.accept(record, request)
    })
}

impl Mintings {
    fn terms(&self) -> Vec<Term<'_>> {
        let terms = [
            self.origin.as_deref().map(Term::Key),
            self.name.as_deref().map(Term::Name),
            self.principal.map(Term::MintedFor),
            self.user.map(Term::MintedFor),
            Some(Term::MintedIn(self.owner_uin)),
        ];
        terms.into_iter().flatten().collect()
    }

    /// The key in a record, if it is one that is asked for.
    fn accept(&self, record: u64, request: Request) -> Option<Minting> {
        let minted = request.minted?;
        let standing = minted.standing.clone()?;
        let is_wanted = standing.link.owner_uin == self.owner_uin
            && self.principal.is_none_or(|uin| standing.link.uin == uin)
            && self
                .user
                .is_none_or(|uin| standing.link.uin == uin || standing.responsible_uin == uin)
            && (self.origin.is_none() || standing.origin_access_key_id == self.origin)
            && self.name.as_ref().is_none_or(|name| minted.name == *name)
            && self.expire_after.is_none_or(|moment| minted.expires > moment)
            && self.minted_from.is_none_or(|from| standing.link.issued >= from);
        is_wanted.then(|| Minting {
            record,
            minted_by: request.who.map(|who| who.access_key_id),
            minted,
            standing,
        })
    }
}
