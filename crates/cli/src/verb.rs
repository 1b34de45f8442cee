//! The list of verbs.

use anyhow::Result;
use clap::Subcommand;

use crate::{
    account, bucket_policy, cat, cors, cp, explain, group, key, key_ring, ls, master_key, mb, mv, oidc,
    output, policy, presign, rb, rm, role, session, sign, stat, sts, sync, user,
};

/// A verb with its arguments.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Make a bucket
    Mb(mb::Arguments),
    /// Remove an empty bucket
    Rb(rb::Arguments),
    /// List buckets, or the objects of one
    Ls(ls::Arguments),
    /// Copy files and objects: to the store, from it, and inside it
    Cp(cp::Arguments),
    /// Move files and objects
    Mv(mv::Arguments),
    /// Make a folder like another one, copying only what differs
    Sync(sync::Arguments),
    /// Write objects to standard output
    Cat(cat::Arguments),
    /// Remove an object, or all below a folder
    Rm(rm::Arguments),
    /// Show what is known about an object
    Stat(stat::Arguments),
    /// What a bucket lets others do
    #[command(subcommand)]
    BucketPolicy(bucket_policy::Command),
    /// Which web pages may reach a bucket
    #[command(subcommand)]
    Cors(cors::Command),
    /// Print a link that reads or stores an object
    Presign(presign::Arguments),
    /// What a signature is made of, and why one does not match
    #[command(subcommand)]
    Sign(Box<sign::Command>),
    /// The account one belongs to, and for whoever operates the store, all root accounts
    #[command(subcommand)]
    Account(account::Command),
    /// Temporary keys, and who one is
    #[command(subcommand)]
    Sts(sts::Command),
    /// Sub-accounts
    #[command(subcommand)]
    User(user::Command),
    /// Groups of users, and their policies
    #[command(subcommand)]
    Group(group::Command),
    /// Access keys
    #[command(subcommand)]
    Key(key::Command),
    /// Policies, and who has them
    #[command(subcommand)]
    Policy(policy::Command),
    /// Roles, and who may act as them
    #[command(subcommand)]
    Role(role::Command),
    /// Identity providers, whose word lets others act as a role
    #[command(subcommand)]
    Oidc(oidc::Command),
    /// Temporary keys that were given out: end them before their time
    #[command(subcommand)]
    Session(session::Command),
    /// Say why a request was refused
    Explain(explain::Arguments),
    /// The keys that seal temporary keys' tokens, for whoever operates the store
    #[command(subcommand)]
    KeyRing(key_ring::Command),
    /// The key that secrets at rest are wrapped under, for whoever operates the store
    #[command(subcommand)]
    MasterKey(master_key::Command),
}

impl Verb {
    /// Does it. A reader of standard output that goes away ends it early, and that is no error.
    pub async fn run(self) -> Result<()> {
        match self.perform().await {
            Err(error) if output::reader_has_left(&error) => Ok(()),
            outcome => outcome,
        }
    }

    async fn perform(self) -> Result<()> {
        match self {
            Self::Mb(arguments) => mb::run(arguments).await,
            Self::Rb(arguments) => rb::run(arguments).await,
            Self::Ls(arguments) => ls::run(arguments).await,
            Self::Cp(arguments) => cp::run(arguments).await,
            Self::Mv(arguments) => mv::run(arguments).await,
            Self::Sync(arguments) => sync::run(arguments).await,
            Self::Cat(arguments) => cat::run(arguments).await,
            Self::Rm(arguments) => rm::run(arguments).await,
            Self::Stat(arguments) => stat::run(arguments).await,
            Self::BucketPolicy(command) => bucket_policy::run(command).await,
            Self::Cors(command) => cors::run(command).await,
            Self::Presign(arguments) => presign::run(arguments).await,
            Self::Sign(command) => sign::run(*command).await,
            Self::Account(command) => account::run(command).await,
            Self::Sts(command) => sts::run(command).await,
            Self::User(command) => user::run(command).await,
            Self::Group(command) => group::run(command).await,
            Self::Key(command) => key::run(command).await,
            Self::Policy(command) => policy::run(command).await,
            Self::Role(command) => role::run(command).await,
            Self::Oidc(command) => oidc::run(command).await,
            Self::Session(command) => session::run(command).await,
            Self::Explain(arguments) => explain::run(arguments).await,
            Self::KeyRing(command) => key_ring::run(command).await,
            Self::MasterKey(command) => master_key::run(command).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser, Debug)]
    #[command(name = "daypass", version = "1", propagate_version = true)]
    struct Arguments {
        #[command(subcommand)]
        verb: Verb,
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_teaches_by_example() {
        fn check(command: &clap::Command) {
            if command.has_subcommands() {
                command.get_subcommands().for_each(check);
            } else {
                let help = command
                    .get_after_long_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let example = format!("daypass {}", command.get_name());
                let in_group = format!(" {} ", command.get_name());
                assert!(help.contains("Example"), "{}", command.get_name());
                assert!(help.contains(&example) || help.contains(&in_group), "{help}");
            }
        }
        Arguments::command().get_subcommands().for_each(check);
    }

    fn check(line: &str, is_understood: bool) {
        let words = std::iter::once("daypass").chain(line.split_whitespace());
        let outcome = Arguments::try_parse_from(words);
        assert_eq!(outcome.is_ok(), is_understood, "{line}: {outcome:?}");
        if let Err(error) = outcome {
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn lines_that_are_understood() {
        check("mb cos://photos-1250000000", true);
        check("rb cos://photos-1250000000/", true);
        check("ls", true);
        check("ls cos://photos-1250000000/a/ --recursive --json", true);
        check("cp - cos://photos-1250000000/a", true);
        check(
            "cp cos://photos-1250000000/a . --endpoint http://localhost:9000",
            true,
        );
        check(
            "cp a cos://photos-1250000000/a -r --include *.jpg --exclude b/* --jobs 256 --part-size 1M",
            true,
        );
        check(
            "cp a cos://photos-1250000000 --recursive --dry-run --json --follow-symlinks",
            true,
        );
        check("mv cos://photos-1250000000/a cos://photos-1250000000/b", true);
        check(
            "cat cos://photos-1250000000/a cos://photos-1250000000/b --range -5",
            true,
        );
        check(
            "presign cos://photos-1250000000/a --method put --expires 7d --json",
            true,
        );
        check("rm cos://photos-1250000000 --recursive --dry-run", true);
        check("ls --profile work --ca-file ca.pem", true);
        check("rm cos://photos-1250000000/a", true);
        check("stat cos://photos-1250000000/a --json", true);
        check(
            "sts token --name ann --policy - --duration-seconds 1800 --format json",
            true,
        );
        check("sts whoami --region ap-shanghai", true);
        check(
            "sign cos --url http://h/k --key-time 1;2 --sign-header host --json",
            true,
        );
        check("sign tc3 --request - --known-host h", true);
        check("sign v1 --request r.txt --answer a.xml --profile work", true);
        check(
            "sign post-policy --policy p.json --key-time 1;2 --signature ab",
            true,
        );
        check("sts exec --policy p.json --duration-seconds 900 -- ls -l", true);
        check("sts exec --role dev --account 5 -- env", true);
        check("user add ann --remark x --with-key", true);
        check("key create", true);
        check("key disable AKID1 --user ann", true);
        check("bucket-policy get cos://photos-1250000000", true);
        check("bucket-policy put cos://photos-1250000000 --document -", true);
        check("bucket-policy rm cos://photos-1250000000", true);
        check("cors get cos://photos-1250000000 --json", true);
        check("cors put cos://photos-1250000000 --document -", true);
        check(
            "cors put cos://photos-1250000000 --origin https://a,https://b --origin * --method get,PUT --header * \
             --expose ETag --max-age 600",
            true,
        );
        check("cors rm cos://photos-1250000000", true);
        check(
            "account create --appid 7 --owner-uin 9 --secret-file f --json",
            true,
        );
        check("account ls --json", true);
        check("account show 7", true);
        check("account disable 7", true);
        check("account enable 7", true);
        check("policy create --name p --document p.json", true);
        check("policy lint --user ann", true);
        check("policy compare --user ann b.json", true);
        check("policy effective --user ann b.json --svg p.svg", true);
        check("policy attach 7 --uin 100000000002", true);
        check("policy show QcloudCOSReadOnlyAccess --json", true);
        check("policy rm 7 8", true);
        check("policy lint - --kind bucket --json", true);
        check(
            "policy lint p.json --end-user ann --duration-seconds 1800 --by-root --permissions q.json",
            true,
        );
        check(
            "policy compare a.json b.json --kind-of-a bucket --kind-of-b bucket",
            true,
        );
        check(
            "policy create --name p --document p.json --tag a=b --tag c=",
            true,
        );
        check("policy update 7 --description x", true);
        check("policy entities 7 --kind group --json", true);
        check("policy reach --user ann", true);
        check("policy version create 7 --document - --default", true);
        check("policy version use 7 2", true);
        check("policy version rm 7 2 3", true);
        check("user update ann --email a@b", true);
        check("user boundary set 7 --user ann", true);
        check("group create photographers --remark x", true);
        check("group ls", true);
        check("group ls --user ann", true);
        check("group ls --uin 5", true);
        check("group add 3 --uin 100000000002", true);
        check("group attach 3 --policy 7", true);
        check("key last-used AKID1 AKID2", true);
        check("account summary --json", true);
        check("account --json", false);
        check("policy entities 7 --kind role", true);
        check(
            "role create dev --trust t.json --session-seconds 0 --tag a=b --tag c=",
            true,
        );
        check("role update dev --description x", true);
        check("role untag dev a b", true);
        check(
            "oidc create ci --issuer https://id.example --audience a --audience b --keys k.json",
            true,
        );
        check("oidc get ci --json", true);
        check("oidc rm ci", true);
        check("role boundary dev --set 7", true);
        check("session revoke --id AKIDa AKIDb", true);
        check(
            "session revoke --user ann --issued-before 2026-11-01T12:00:00Z",
            true,
        );
        check("session revocations --json", true);
        check("sts assume-role dev --name ann --external-id a/b --tag a=b", true);
    }

    #[test]
    fn lines_that_are_not() {
        check("", false);
        check("mb", false);
        check("mb photos", false);
        check("mb cos://", false);
        check("mb cos://photos", false);
        check("mb cos://photos-1250000000/key", false);
        check("cp a cos://photos-1250000000 --include *.jpg", false);
        check("cp a cos://photos-1250000000 --follow-symlinks", false);
        check("cp a cos://photos-1250000000 --jobs 0", false);
        check("cp a cos://photos-1250000000 --jobs 257", false);
        check("cp a cos://photos-1250000000 --part-size 1K", false);
        check("cat", false);
        check("cat cos://photos-1250000000/a --range 5-4", false);
        check("presign cos://photos-1250000000/a --expires 0", false);
        check("presign cos://photos-1250000000/a --method delete", false);
        check("rm photos/a", false);
        check("stat cos://photos-1250000000/", false);
        check("ls --endpoint ftp://localhost", false);
        check("ls --endpoint https://localhost/x", false);
        check("ls --secret-key x", false);
        check("sts token", false);
        check("sts exec --policy p.json", false);
        check("sign cos", false);
        check("sign cos --url http://h/ --request r.txt", false);
        check("sign cos --url http://h/ --key-time 2;1", false);
        check("sign tc3 --url http://h/ --secret-key x", false);
        check("sts exec ls", false);
        check("sts exec --account 5 -- env", false);
        check("sts token --name a/b", false);
        check("sts token --name a --duration-seconds 0", false);
        check("sts token --name a --duration-seconds -5", false);
        check("key ls --user ann --uin 1", false);
        check("policy lint --user ann --kind bucket", false);
        check("policy compare b.json --user ann --kind-of-a bucket", false);
        check("bucket-policy put cos://photos-1250000000", false);
        check("bucket-policy get photos-1250000000", false);
        check("cors put cos://photos-1250000000", false);
        check("cors put cos://photos-1250000000 --origin https://a", false);
        check(
            "cors put cos://photos-1250000000 --origin https://a/ --method GET",
            false,
        );
        check(
            "cors put cos://photos-1250000000 --origin https://a --method PATCH",
            false,
        );
        check(
            "cors put cos://photos-1250000000 --document c.json --max-age 5",
            false,
        );
        check("cors rm cos://photos-1250000000/a", false);
        check("account create --appid 0", false);
        check("account disable", false);
        check("policy attach 7", false);
        check("policy attach x --uin 1", false);
        check("policy rm", false);
        check("policy lint", false);
        check("policy lint p.json --kind session", false);
        check("policy compare a.json", false);
        check("policy compare a.json b.json --user ann", false);
        check("policy lint p.json --user ann", false);
        check("policy effective a b c", false);
        check("policy create --name p --document p.json --tag =b", false);
        check("policy version rm 7", false);
        check("user boundary set 7", false);
        check("oidc create ci --issuer https://id.example", false);
        check("oidc create a/b --issuer https://id.example --audience a", false);
        check("group add 3", false);
        check("group attach 3", false);
        check("group ls --user ann --keyword x", false);
        check("group ls --user ann --uin 5", false);
        check("key last-used", false);
        check("role create dev", false);
        check("role create a/b --trust t.json", false);
        check("role create dev --trust t.json --tag a", false);
        check("role update dev", false);
        check("role boundary dev --set 7 --remove", false);
        check("key-ring show --json", true);
        check("key-ring rotate", true);
        check("key-ring rotate --now --json", true);
        check("master-key rotate --json", true);
        check("master-key", false);
        check("key-ring", false);
        check("explain NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE= --json", true);
        check("explain", false);
        check("explain a/../b", false);
        check(
            "policy explain --action cos:GetObject --resource * --user-policy a --user-policy b",
            true,
        );
        check("policy explain --action cos:GetObject", false);
        check("policy explain --action a --resource b --context c", false);
        check("session revoke", false);
        check("session revoke --name a --role b", false);
        check(
            "session revoke --id AKIDa --issued-before 2026-11-01T12:00:00Z",
            false,
        );
        check("session revoke --name a --issued-before yesterday", false);
        check("sts assume-role dev --name a", false);
        check("sts assume-role --name ann", false);
    }
}
