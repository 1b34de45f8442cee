//! A large installation: accounts with many users and roles, and many ended sessions, all made through the API; and
//! what the token service does beside them, in alternating pairs with a server that holds none of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use daypass_signature::SecretKey;
use serde_json::{Value, json};

use crate::administrator::Administrator;
use crate::issuer::{AUDIENCE, SUBJECT};
use crate::load::{Plan, Step, measure};
use crate::process::memory;
use crate::request::{Action, Key};
use crate::results::{Measured, Results, Sample};
use crate::run::{STARTS, Settings};
use crate::server::Server;
use crate::stage::Stage;
use crate::work::{OWNER, PROVIDER, ROLE, VOUCHED_ROLE, Work};

/// Users of one account, and roles of one: as many as it may have.
const SHARE: usize = 1000;
/// Sessions that one call ends: as many as it may.
const ENDED_AT_ONCE: usize = 1000;
/// Connections that fill a server.
const FILLING_CONNECTIONS: usize = 16;
/// Connections of the pairs.
const PAIR_CONNECTIONS: usize = 8;
/// The least memory for pages of the metadata that the server takes, so that it does not hide what else grows.
const LEAST_CACHE: &[&str] = &["--metadata-cache-mib", "8"];

/// What is compared: the row's id, its title, and the work.
pub(crate) const COMPARED: &[(&str, &str, Work)] = &[
    ("crowd-federation", "GetFederationToken with a policy", Work::Mint),
    ("crowd-assume", "AssumeRole with a policy", Work::Assume),
    (
        "crowd-web-identity",
        "AssumeRoleWithWebIdentity with a policy",
        Work::WebIdentity,
    ),
];

/// The two servers, as they are spelled in results.
pub(crate) const SIDES: [&str; 2] = ["empty", "crowded"];

/// How much there is of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowd {
    users: usize,
    roles: usize,
    ended: usize,
}

impl Crowd {
    /// A role for ten users, and ten ended sessions for each.
    pub(crate) fn of(users: usize) -> Self {
        Self {
            users,
            roles: users / 10,
            ended: users * 10,
        }
    }

    /// How many users and roles each account gets.
    fn shares(self) -> Vec<Share> {
        let accounts = self.users.div_ceil(SHARE).max(1);
        let part = |all: usize, index: usize| all * (index + 1) / accounts - all * index / accounts;
        (0..accounts)
            .map(|index| Share {
                users: part(self.users, index),
                roles: part(self.roles, index),
            })
            .collect()
    }
}

/// What one account gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    users: usize,
    roles: usize,
}

/// Fills a server, looks at memory and start, and measures it beside an empty one.
pub(crate) fn run(stage: &Stage, settings: &Settings, results: &mut Results) -> Result<()> {
    let crowd = Crowd::of(settings.users);
    results.note("crowd_users", crowd.users as f64);
    results.note("crowd_roles", crowd.roles as f64);
    results.note("crowd_ended", crowd.ended as f64);
    for side in SIDES {
        let server = stage.fresh_server(side)?;
        make_roles(&server, stage)?;
        server.stop()?;
    }
    let server = stage.server("crowded")?;
    timed("users and roles", || make_identities(&server, &stage.root, crowd))?;
    server.stop()?;
    let before = memory_after_start(stage)?;
    let server = stage.server("crowded")?;
    timed("ended sessions", || {
        end_sessions(&server, &stage.root, crowd.ended)
    })?;
    server.stop()?;
    let grown = (memory_after_start(stage)? - before) * f64::from(1 << 20);
    results.note("ended_session_bytes", grown / crowd.ended as f64);
    for _ in 0..STARTS {
        let (server, milliseconds) = timed_start(stage)?;
        results.note("start_crowd_ms", milliseconds);
        server.stop()?;
    }
    for name in ["ended_session_bytes", "start_crowd_ms"] {
        let fact = results.fact(name).context("it was just noted")?;
        eprintln!(
            "{name}: {:.1} ({:.1}–{:.1})",
            fact.median, fact.lowest, fact.highest
        );
    }
    pairs(stage, settings, results)?;
    SIDES.iter().try_for_each(|side| stage.clear(side))
}

fn timed(what: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    work().with_context(|| format!("{what} cannot be made"))?;
    eprintln!("made {what} in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Both servers in turns, beginning with either.
fn pairs(stage: &Stage, settings: &Settings, results: &mut Results) -> Result<()> {
    let servers = [stage.server(SIDES[0])?, stage.server(SIDES[1])?];
    for round in 0..settings.pairs {
        for (row, _, work) in COMPARED {
            let mut sides: Vec<(&str, &Server)> = SIDES.into_iter().zip(&servers).collect();
            if round % 2 == 1 {
                sides.reverse();
            }
            for (subject, server) in sides {
                let measured = side(stage, settings, server, *work)?;
                eprintln!(
                    "pair {}/{}  {row} {subject} {:.0}/s",
                    round + 1,
                    settings.pairs,
                    measured.rate
                );
                results.samples.push(Sample {
                    row: (*row).to_owned(),
                    subject: subject.to_owned(),
                    pass: round,
                    measured,
                });
            }
        }
    }
    servers.into_iter().try_for_each(Server::stop)
}

fn side(stage: &Stage, settings: &Settings, server: &Server, work: Work) -> Result<Measured> {
    let plan = settings.plan(PAIR_CONNECTIONS, settings.window / 3, vec![server.process()]);
    let target = stage.target(server, &stage.root, 200);
    measure(&plan, |worker| target.step(work, worker))
}

/// Resident memory in MiB of a server that has just read everything and done one call.
fn memory_after_start(stage: &Stage) -> Result<f64> {
    let server = stage.server_with("crowded", LEAST_CACHE)?;
    stage.target(&server, &stage.root, 200).step(Work::Mint, 0)?(0)?;
    std::thread::sleep(Duration::from_millis(500));
    let (now, _) = memory(server.process())?;
    server.stop()?;
    Ok(now)
}

/// From starting the program until it has minted a key.
fn timed_start(stage: &Stage) -> Result<(Server, f64)> {
    let begun = Instant::now();
    let server = stage.server("crowded")?;
    stage.target(&server, &stage.root, 200).step(Work::Mint, 0)?(0)?;
    Ok((server, begun.elapsed().as_secs_f64() * 1e3))
}

/// The roles that are assumed, and the identity provider that one of them trusts.
pub(crate) fn make_roles(server: &Server, stage: &Stage) -> Result<()> {
    let mut administrator = Administrator::new(server.address(), stage.root.clone())?;
    let provider = json!({
        "Name": PROVIDER,
        "IdentityUrl": stage.issuer.url(),
        "ClientId": [AUDIENCE],
        "AutoRotateKey": 1,
    });
    administrator.ask(Action::CREATE_OIDC_CONFIG, &provider)?;
    administrator.ask(Action::CREATE_ROLE, &role(ROLE, OWNER))?;
    administrator.ask(Action::CREATE_ROLE, &vouched_role()).map(drop)
}

/// A role that the account's root may assume.
fn role(name: &str, owner: u64) -> Value {
    trusting(
        name,
        json!({
            "effect": "allow",
            "action": "name/sts:AssumeRole",
            "principal": { "qcs": [format!("qcs::cam::uin/{owner}:root")] },
        }),
    )
}

/// The role that may be assumed by whom the identity provider vouches for.
fn vouched_role() -> Value {
    trusting(
        VOUCHED_ROLE,
        json!({
            "effect": "allow",
            "action": "name/sts:AssumeRoleWithWebIdentity",
            "principal": { "federated": [format!("qcs::cam::uin/{OWNER}:oidc-provider/{PROVIDER}")] },
            "condition": { "string_equal": { "oidc:aud": AUDIENCE, "oidc:sub": SUBJECT } },
        }),
    )
}

fn trusting(name: &str, statement: Value) -> Value {
    let document = json!({ "version": "2.0", "statement": [statement] });
    json!({ "RoleName": name, "PolicyDocument": document.to_string() })
}

fn make_identities(server: &Server, root: &Key, crowd: Crowd) -> Result<()> {
    let address = server.address();
    let mut operator = Administrator::new(address, root.clone())?;
    let accounts: Vec<(Key, u64, Share)> = crowd
        .shares()
        .into_iter()
        .map(|share| {
            let made = operator.ask(Action::CREATE_ROOT_ACCOUNT, &json!({}))?;
            let text = |name: &str| made.get(name).and_then(Value::as_str).map(str::to_owned);
            let key = Key {
                id: text("SecretId").context("no key came")?,
                secret: SecretKey::new(text("SecretKey").context("no key came")?),
                token: None,
                presigns: false,
            };
            let owner = made
                .get("OwnerUin")
                .and_then(Value::as_u64)
                .context("no account came")?;
            Ok((key, owner, share))
        })
        .collect::<Result<_>>()?;
    in_parallel(&accounts, |(key, owner, share)| {
        let mut administrator = Administrator::new(address, key.clone())?;
        for index in 0..share.users {
            administrator.ask(Action::ADD_USER, &json!({ "Name": format!("user-{index:04}") }))?;
        }
        for index in 0..share.roles {
            administrator.ask(Action::CREATE_ROLE, &role(&format!("role-{index:04}"), *owner))?;
        }
        Ok(())
    })
}

fn end_sessions(server: &Server, root: &Key, count: usize) -> Result<()> {
    let numbers: Vec<usize> = (0..count).collect();
    let calls: Vec<&[usize]> = numbers.chunks(ENDED_AT_ONCE).collect();
    in_parallel(&calls, |numbers| {
        let ids: Vec<String> = numbers.iter().map(|number| session_id(*number)).collect();
        let mut administrator = Administrator::new(server.address(), root.clone())?;
        administrator
            .ask(Action::REVOKE_SESSION, &json!({ "TmpSecretIds": ids }))
            .map(drop)
    })
}

/// The id of a temporary key that might have been: digits are digits of its encoding, too.
fn session_id(number: usize) -> String {
    let scattered = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("AKIDtmp{scattered:021}A")
}

/// Does this once for each item, on as many connections as fill a server.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let plan = Plan {
        workers: FILLING_CONNECTIONS,
        warm_up: Duration::ZERO,
        window: Duration::from_secs(1200),
        most: items.len() as u64,
        processes: Vec::new(),
    };
    let step = |_| -> Result<Step<'_>> {
        Ok(Box::new(|_| {
            let item = items.get(next.fetch_add(1, Ordering::Relaxed));
            item.map_or(Ok(()), &work)
        }))
    };
    measure(&plan, step).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_shared_among_accounts() {
        for users in [0, 1, 999, 1000, 1001, 4321] {
            let crowd = Crowd::of(users);
            let shares = crowd.shares();
            let sum = |of: fn(&Share) -> usize| shares.iter().map(of).sum::<usize>();
            assert_eq!(sum(|share| share.users), crowd.users);
            assert_eq!(sum(|share| share.roles), crowd.roles);
            assert!(
                shares
                    .iter()
                    .all(|share| share.users <= SHARE && share.roles <= SHARE)
            );
        }
    }

    #[test]
    fn sessions_have_ids_of_their_own() {
        let ids: std::collections::BTreeSet<String> = (0..5000).map(session_id).collect();
        assert_eq!(ids.len(), 5000);
        assert!(ids.iter().all(|id| id.len() == 29));
    }
}
