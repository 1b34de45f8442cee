//! The list of what is measured. Each row names its subjects; in every pass they take turns, so that a ratio compares
//! what was measured within the same seconds.

use crate::user_server::Handed;
use crate::work::{Size, Work};

/// Who is measured in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Our server.
    Daypass(Work),
    /// The user server over our server.
    Broker(Handed),
    /// nginx, over files with the same bytes.
    Nginx(Work),
    /// Durable files of this size, without any server.
    Files(Size),
    /// Synced appends of this size, without any server.
    Appends(Size),
    /// MD5 over a MiB.
    Digests,
}

impl Subject {
    /// As it is spelled in results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Daypass(_) => "daypass",
            Self::Broker(_) => "broker",
            Self::Nginx(_) => "nginx",
            Self::Files(_) => "files",
            Self::Appends(_) => "appends",
            Self::Digests => "md5",
        }
    }

    /// Whether our server writes, which it does on a folder that is thrown away after the pass.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Daypass(Work::Put(_) | Work::Form(_)))
    }

    /// How many bytes one operation leaves on the disk.
    pub(crate) fn bytes_left(self) -> usize {
        match self {
            Self::Daypass(Work::Put(size) | Work::Form(size)) | Self::Files(size) | Self::Appends(size) => {
                size.bytes()
            }
            _ => 0,
        }
    }
}

/// One row: the same work at the same number of connections, by one or two subjects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// Connections, or threads where there is no server.
    pub(crate) workers: usize,
    pub(crate) subjects: &'static [Subject],
}

const fn row(id: &'static str, title: &'static str, workers: usize, subjects: &'static [Subject]) -> Row {
    Row {
        id,
        title,
        workers,
        subjects,
    }
}

use Size::{Large, Medium, Small};
use Subject::{Appends, Broker, Daypass, Digests, Files, Nginx};
use Work::{Assume, Form, Get, Head, List, Mint, Put, WebIdentity};

/// All rows. Reading comes before writing, which leaves the disk busy for a while. Writing 64 MiB at 32 connections is
/// no row of rates (2 GiB a round); `footprint` does it once, for the memory.
pub(crate) const ROWS: &[Row] = &[
    row(
        "get-4k-1",
        "GET 4 KiB",
        1,
        &[Daypass(Get(Small)), Nginx(Get(Small))],
    ),
    row(
        "get-4k-32",
        "GET 4 KiB",
        32,
        &[Daypass(Get(Small)), Nginx(Get(Small))],
    ),
    row(
        "get-1m-1",
        "GET 1 MiB",
        1,
        &[Daypass(Get(Medium)), Nginx(Get(Medium))],
    ),
    row(
        "get-1m-32",
        "GET 1 MiB",
        32,
        &[Daypass(Get(Medium)), Nginx(Get(Medium))],
    ),
    row(
        "get-64m-1",
        "GET 64 MiB",
        1,
        &[Daypass(Get(Large)), Nginx(Get(Large))],
    ),
    row(
        "get-64m-32",
        "GET 64 MiB",
        32,
        &[Daypass(Get(Large)), Nginx(Get(Large))],
    ),
    row(
        "head-4k-1",
        "HEAD 4 KiB",
        1,
        &[Daypass(Head(Small)), Nginx(Head(Small))],
    ),
    row(
        "head-4k-32",
        "HEAD 4 KiB",
        32,
        &[Daypass(Head(Small)), Nginx(Head(Small))],
    ),
    row(
        "head-1m-1",
        "HEAD 1 MiB",
        1,
        &[Daypass(Head(Medium)), Nginx(Head(Medium))],
    ),
    row(
        "head-1m-32",
        "HEAD 1 MiB",
        32,
        &[Daypass(Head(Medium)), Nginx(Head(Medium))],
    ),
    row(
        "head-64m-1",
        "HEAD 64 MiB",
        1,
        &[Daypass(Head(Large)), Nginx(Head(Large))],
    ),
    row(
        "head-64m-32",
        "HEAD 64 MiB",
        32,
        &[Daypass(Head(Large)), Nginx(Head(Large))],
    ),
    row("list-1", "LIST of 1,000 keys", 1, &[Daypass(List)]),
    row("list-8", "LIST of 1,000 keys", 8, &[Daypass(List)]),
    row("mint-1", "GetFederationToken with a policy", 1, &[Daypass(Mint)]),
    row("mint-8", "GetFederationToken with a policy", 8, &[Daypass(Mint)]),
    row(
        "mint-32",
        "GetFederationToken with a policy",
        32,
        &[Daypass(Mint)],
    ),
    row("assume-1", "AssumeRole with a policy", 1, &[Daypass(Assume)]),
    row("assume-8", "AssumeRole with a policy", 8, &[Daypass(Assume)]),
    row(
        "web-identity-1",
        "AssumeRoleWithWebIdentity with a policy (RS256, keys kept)",
        1,
        &[Daypass(WebIdentity)],
    ),
    row(
        "web-identity-8",
        "AssumeRoleWithWebIdentity with a policy (RS256, keys kept)",
        8,
        &[Daypass(WebIdentity)],
    ),
    row(
        "broker-again-32",
        "key from the user server, handed out again",
        32,
        &[Broker(Handed::Again)],
    ),
    row(
        "broker-new-32",
        "key from the user server, new, for one object",
        32,
        &[Broker(Handed::New)],
    ),
    row("md5", "MD5 of 1 MiB", 1, &[Digests]),
    row("put-4k-1", "PUT 4 KiB", 1, &[Daypass(Put(Small)), Files(Small)]),
    row("put-4k-32", "PUT 4 KiB", 32, &[Daypass(Put(Small)), Files(Small)]),
    row("put-1m-1", "PUT 1 MiB", 1, &[Daypass(Put(Medium)), Files(Medium)]),
    row(
        "put-1m-32",
        "PUT 1 MiB",
        32,
        &[Daypass(Put(Medium)), Files(Medium)],
    ),
    row("form-4k-1", "POST form with 4 KiB", 1, &[Daypass(Form(Small))]),
    row("form-4k-32", "POST form with 4 KiB", 32, &[Daypass(Form(Small))]),
    row("form-1m-32", "POST form with 1 MiB", 32, &[Daypass(Form(Medium))]),
    row("put-64m-1", "PUT 64 MiB", 1, &[Daypass(Put(Large))]),
    row("put-64m-4", "PUT 64 MiB", 4, &[Daypass(Put(Large))]),
    row("append-4k-1", "append 4 KiB and sync", 1, &[Appends(Small)]),
    row("append-4k-32", "append 4 KiB and sync", 32, &[Appends(Small)]),
];

/// A comparison of two ways to read 4 KiB, in alternating pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What the ratio is under, and what it is over.
    pub(crate) sides: [Side; 2],
}

/// With which key 4 KiB are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The permanent key.
    Permanent,
    /// A temporary key whose policy has so many statements; without a policy for 0.
    Temporary(usize),
    /// A presigned link of the permanent key.
    PermanentLink,
    /// A presigned link of a temporary key whose policy has so many statements.
    TemporaryLink(usize),
    /// A temporary key whose policy has so many statements, none of which allows the request.
    Refused(usize),
}

impl Side {
    /// As it is spelled in results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Permanent | Self::PermanentLink => "permanent",
            Self::Temporary(_) | Self::TemporaryLink(_) => "temporary",
            Self::Refused(_) => "refused",
        }
    }
}

/// All pairs.
pub(crate) const PAIRS: &[Pair] = &[
    Pair {
        id: "pair-token",
        title: "temporary key without a policy, beside the permanent key",
        sides: [Side::Permanent, Side::Temporary(0)],
    },
    Pair {
        id: "pair-token-1",
        title: "temporary key with 1 statement, beside the permanent key",
        sides: [Side::Permanent, Side::Temporary(1)],
    },
    Pair {
        id: "pair-token-13",
        title: "temporary key with 13 statements, beside the permanent key",
        sides: [Side::Permanent, Side::Temporary(13)],
    },
    Pair {
        id: "pair-link-1",
        title: "link of a temporary key with 1 statement, beside one of the permanent key",
        sides: [Side::PermanentLink, Side::TemporaryLink(1)],
    },
    Pair {
        id: "pair-link-13",
        title: "link of a temporary key with 13 statements, beside one of the permanent key",
        sides: [Side::PermanentLink, Side::TemporaryLink(13)],
    },
    Pair {
        id: "pair-refused",
        title: "refused by the session policy (403), beside allowed",
        sides: [Side::Temporary(13), Side::Refused(13)],
    },
];

/// Memory and start.
pub(crate) const FOOTPRINT: &str = "footprint";
/// The token service beside a large installation.
pub(crate) const CROWD: &str = "crowd";
/// Single functions, by `cargo bench`.
pub(crate) const PIECES: &str = "pieces";

/// Which rows were asked for: everything, or what begins with one of these texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection(pub(crate) Vec<String>);

impl Selection {
    /// Whether this row was asked for.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|prefix| id.starts_with(prefix.as_str()))
    }

    /// What begins no row's id.
    pub(crate) fn unknown(&self) -> Option<&str> {
        let known = |prefix: &&String| !ids().any(|id| id.starts_with(prefix.as_str()));
        self.0.iter().find(known).map(String::as_str)
    }
}

/// The ids of everything that can be asked for.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    let rows = ROWS.iter().map(|row| row.id);
    rows.chain(PAIRS.iter().map(|pair| pair.id))
        .chain([FOOTPRINT, CROWD, PIECES])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_different() {
        assert_eq!(ids().collect::<BTreeSet<_>>().len(), ids().count());
    }

    #[test]
    fn rows_are_chosen_by_how_they_begin() {
        let selection = |words: &[&str]| Selection(words.iter().map(|word| (*word).to_owned()).collect());
        let check =
            |words: &[&str], id, expected| assert_eq!(selection(words).has(id), expected, "{words:?} {id}");
        check(&[], "get-4k-1", true);
        check(&["get-4k"], "get-4k-32", true);
        check(&["get-4k"], "get-1m-32", false);
        check(&["put", "pair"], "pair-token", true);
        assert_eq!(selection(&["get", "gte"]).unknown(), Some("gte"));
        assert_eq!(selection(&["foot"]).unknown(), None);
    }
}
