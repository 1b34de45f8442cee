//! Looks at each template before anybody asks: is its policy one to be given out, and does it keep users apart?
//!
//! Each template is filled in for users whose names are as alike as names can be. Lint looks at what results, and
//! `compare` searches a request that the keys of both users allow; where there is one, the template is refused with it.

use std::fmt;

use daypass_analysis::{
    Audience, Containment, Doubt, Finding, LintContext, Severity, Witness, compare, lint,
};
use daypass_policy::{DocumentKind, Policy, parse};
use serde_json::{Value, json};

use crate::place::Place;
use crate::settings::SettingsError;
use crate::template::Template;
use crate::user::{Names, User};

/// Pairs of users of whom one's name is the other's with something before or behind it.
const PAIRS: [(&str, &str); 4] = [
    ("ann", "annabel"),
    ("ann", "joann"),
    ("a", "a-a"),
    ("ann", "ann.ann"),
];

/// Why a template is not used.
#[derive(Debug)]
pub enum TemplateFault {
    /// The keys of one user reach what is another's.
    Reaches {
        /// One user.
        one: String,
        /// The other.
        other: String,
        /// A request that both their keys allow.
        witness: Box<Witness>,
    },
    /// It could not be shown that they do not.
    Unclear(Doubt),
    /// Lint found what is not to be given out.
    Finding(Box<Finding>),
    /// The policy is none that the token service takes.
    Policy(String),
}

/// Something about a template that somebody should know.
#[derive(Debug)]
pub struct Warning {
    /// Which template.
    pub template: String,
    /// What was found.
    pub finding: Finding,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reaches { one, other, witness } => write!(
                f,
                "the key of user `{one}` and that of user `{other}` both allow {witness}; does `prefix` name `${{user}}` \
                 once, with a `/` behind?"
            ),
            Self::Unclear(doubt) => write!(f, "it cannot be shown that it keeps users apart: {doubt:?}"),
            Self::Finding(finding) => {
                write!(
                    f,
                    "{} ({}): {}; {}",
                    finding.title, finding.rule, finding.what, finding.mend
                )
            }
            Self::Policy(problem) => write!(f, "its policy is refused: {problem}"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            rule, title, what, ..
        } = &self.finding;
        write!(f, "template `{}`: {title} ({rule}): {what}", self.template)
    }
}

/// Looks at a template; refuses it, or tells what is worth knowing.
pub(crate) fn check(template: &Template, place: &Place) -> Result<Vec<Warning>, SettingsError> {
    let dangerous = |fault| SettingsError::Dangerous {
        template: template.name.clone(),
        fault,
    };
    let mut warnings = Vec::new();
    let mut pairs: Vec<_> = PAIRS.map(|(one, other)| (user(one), user(other))).into();
    pairs.push((user("ann"), longer_than_ann(template)));
    for pair in pairs {
        let (Some(one), Some(other)) = pair else { continue };
        let policies = (policy(template, place, &one), policy(template, place, &other));
        let found = look(template, place, &one, &policies.0).map_err(dangerous)?;
        if warnings.is_empty() {
            warnings = found;
        }
        if !template.is_shared {
            keep_apart(place, (&one, &policies.0), (&other, &policies.1)).map_err(dangerous)?;
        }
    }
    Ok(warnings)
}

/// A user whose folder begins with all of that of `ann`, as it is possible where no `/` ends the name: for
/// `uploads/${user}x` that is `annxbel`.
fn longer_than_ann(template: &Template) -> Option<User> {
    let folder = template.folder(&user("ann")?)?;
    let (_, from_the_name) = folder.rsplit_once("ann")?;
    user(&format!("ann{from_the_name}bel"))
}

fn user(name: &str) -> Option<User> {
    User::parse(name, Names::Refuse).ok()
}

/// The policy of a user: of the folder, or of the object that is chosen. Two users never get the same random key; the
/// worst case for both is that they would.
fn policy(template: &Template, place: &Place, user: &User) -> String {
    if let Some(policy) = template.folder_policy(place, user) {
        return policy;
    }
    let random = random_of(user);
    let ext = template.extensions.first().map_or("", String::as_str);
    let now = daypass_api::Timestamp::from_unix_seconds(0);
    let key = template.choose(user, ext, now, random);
    let key = key.map(|key| key.as_str().to_owned()).unwrap_or_default();
    template.object_policy(place, &key)
}

/// Stands for randomness, another for each user.
fn random_of(user: &User) -> [u8; 16] {
    let mut random = [0; 16];
    for (place, byte) in random.iter_mut().zip(user.as_str().bytes()) {
        *place = byte;
    }
    random
}

fn look(
    template: &Template,
    place: &Place,
    user: &User,
    policy: &str,
) -> Result<Vec<Warning>, TemplateFault> {
    let context = LintContext {
        audience: Audience::FrontEnd,
        owner: place.owner(),
        duration_seconds: Some(u64::from(template.seconds)),
        by_root: false,
        bucket_region: Some(place.region.as_str()),
        end_user: template
            .prefix
            .as_ref()
            .filter(|_| !template.is_shared)
            .map(|_| user.as_str()),
        permissions: None,
    };
    let mut warnings = Vec::new();
    for finding in lint(Some(policy), &context) {
        let is_accepted = template.accepted.iter().any(|rule| rule == finding.rule);
        match (finding.severity, is_accepted) {
            (_, true) => {}
            (Severity::Error, false) => return Err(TemplateFault::Finding(Box::new(finding))),
            (Severity::Warning, false) => warnings.push(Warning {
                template: template.name.clone(),
                finding,
            }),
        }
    }
    Ok(warnings)
}

/// Searches a request that both policies allow: one that the first allows, and that everything but the second does not.
fn keep_apart(place: &Place, one: (&User, &str), other: (&User, &str)) -> Result<(), TemplateFault> {
    let narrow = read(one.1, place)?;
    let wide = read(&all_but(other.1, place), place)?;
    match compare(&wide, &narrow) {
        Containment::Contained => Ok(()),
        Containment::NotContained(witness) => Err(TemplateFault::Reaches {
            one: one.0.to_string(),
            other: other.0.to_string(),
            witness,
        }),
        Containment::Unknown(doubt) => Err(TemplateFault::Unclear(doubt)),
    }
}

fn read(policy: &str, place: &Place) -> Result<Policy, TemplateFault> {
    parse(policy, DocumentKind::Session, &place.owner())
        .map_err(|error| TemplateFault::Policy(error.to_string()))
}

/// Everything, but nothing on the resources of this policy, under whatever condition.
fn all_but(policy: &str, place: &Place) -> String {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = policy.get("statement").and_then(Value::as_array);
    let resources = statements
        .into_iter()
        .flatten()
        .filter_map(|statement| statement.get("resource"));
    let resources: Vec<&Value> = resources.filter_map(Value::as_array).flatten().collect();
    json!({ "version": "2.0", "statement": [
        { "effect": "allow", "action": "*", "resource": ["*", place.resource("*")] },
        { "effect": "deny", "action": "*", "resource": resources },
    ] })
    .to_string()
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{BucketName, Region};
    use daypass_policy::{CosTarget, Principal, Request, Resource};
    use proptest::prelude::*;

    use super::*;
    use crate::settings::TemplateSettings;

    fn place() -> Place {
        Place {
            bucket: BucketName::parse("photos-1250000000").unwrap(),
            region: Region::parse("ap-guangzhou").unwrap(),
        }
    }

    fn template(prefix: &str, actions: &str, more: &str) -> Template {
        let text =
            format!("name = 't'\nendpoints = ['sts']\nprefix = '{prefix}'\nactions = [{actions}]\n{more}");
        let settings: TemplateSettings = toml::from_str(&text).unwrap();
        Template::new(&settings).unwrap()
    }

    fn fault(prefix: &str, actions: &str, more: &str) -> Option<String> {
        let found = super::check(&template(prefix, actions, more), &place());
        found.err().map(|error| error.to_string())
    }

    #[test]
    fn a_template_that_reaches_another_user_is_refused_with_a_request_that_shows_it() {
        for prefix in [
            "uploads/${user}",
            "uploads/${user}x",
            "${user}-",
            "uploads/",
            "up",
        ] {
            let fault = fault(prefix, "'upload'", "").unwrap();
            assert!(fault.contains("both allow `cos:"), "{prefix}: {fault}");
        }
        let fault = fault("uploads/${user}", "'download'", "").unwrap();
        assert!(fault.contains("uploads/annabel"), "{fault}");
    }

    #[test]
    fn a_template_that_keeps_users_apart_is_taken() {
        for prefix in [
            "uploads/${user}/",
            "${user}/",
            "a/${user}/b/",
            "u/${user}/${user}/",
        ] {
            assert_eq!(
                fault(prefix, "'upload', 'download', 'list'", ""),
                None,
                "{prefix}"
            );
        }
        assert_eq!(
            fault(
                "u/${user}/",
                "'upload'",
                "max_bytes = 9\ncontent_types = ['image/png']"
            ),
            None
        );
        assert_eq!(fault("public/", "'download', 'list'", "shared = true"), None);
    }

    #[test]
    fn what_lint_calls_an_error_is_refused_unless_it_is_accepted() {
        let found = fault("u/${user}/", "'delete'", "").unwrap();
        assert!(found.contains("L05"), "{found}");
        assert_eq!(fault("u/${user}/", "'delete'", "accept = ['L05']"), None);
    }

    #[test]
    fn keys_of_single_objects_are_looked_at_too() {
        let text = "name = 't'\nendpoints = ['put-sign']\nkey = 'file/${date}/${random}.${ext}'\n\
            extensions = ['jpg']\nactions = ['name/cos:PutObject']";
        let template = Template::new(&toml::from_str(text).unwrap()).unwrap();
        assert!(super::check(&template, &place()).is_ok());
    }

    fn allows(policy: &str, action: &str, key: &str) -> bool {
        let policy = read(policy, &place()).unwrap();
        let context = Default::default();
        let bucket = place().bucket;
        let verdict = policy.evaluate(&Request {
            action,
            resource: Resource::Cos {
                region: "ap-guangzhou",
                app_id: 1_250_000_000,
                bucket: bucket.as_str(),
                target: CosTarget::Object { key },
            },
            principal: Principal::Account { owner_uin: 1, uin: 1 },
            context: &context,
        });
        verdict.allow.is_some() && verdict.deny.is_none()
    }

    proptest! {
        /// Whatever two users are called: a key of the one's folder is never in reach of the other.
        #[test]
        fn no_key_is_matched_by_the_policies_of_two_users(
            one in "\\PC{1,12}|[ab./*=${}]{1,6}",
            other in "\\PC{1,12}|[ab./*=${}]{1,6}",
            rest in "[a-b/.*]{0,6}",
            prefix in prop::sample::select(vec!["uploads/${user}/", "${user}/", "x/u-${user}-/y/", "${user}/${user}/"]),
        ) {
            let template = template(prefix, "'upload', 'download'", "");
            let user = |name: &str| User::parse(name, Names::Encode).unwrap();
            let (one, other) = (user(&one), user(&other));
            let policy = template.folder_policy(&place(), &one).unwrap();
            let key = |user: &User| format!("{}{rest}", template.folder(user).unwrap());
            for action in ["cos:PutObject", "cos:GetObject"] {
                prop_assert!(allows(&policy, action, &key(&one)));
                prop_assert_eq!(allows(&policy, action, &key(&other)), one == other);
            }
        }
    }
}
