//! The verbs of the command line that talk to a server: over objects, temporary keys, users, keys, policies and roles.
//!
//! Each verb has a file with its arguments, its effect and its output. Standard output is data, standard error is
//! talk; where a script may read there is `--json`, one object a line. The verbs know nothing of a data directory:
//! whatever they do, any other client could do as well.

mod verb;

mod account;
mod account_summary;
mod assume_role;
mod boundary;
mod bucket_policy;
mod cat;
mod cors;
mod cp;
mod explain;
mod explain_policy;
mod group;
mod key;
mod key_last_used;
mod key_ring;
mod live;
mod ls;
mod master_key;
mod mb;
mod mv;
mod policy;
mod policy_holders;
mod policy_version;
mod presign;
mod rb;
mod rm;
mod role;
mod session;
mod shell_exports;
mod sign;
mod stat;
mod sts;
mod sts_exec;
mod sync;
mod user;

mod connection;
mod contact;
mod copy;
mod cors_document;
mod document;
mod effective;
mod environment;
mod interrupt;
mod judgement;
mod names;
mod oidc;
mod output;
mod pattern;
mod profile;
mod progress;
mod quantity;
mod remote;
mod report;
mod statement;
mod subject;

pub use report::{EXIT_CODES, report};
pub use sign::Request;
pub use verb::Verb;
