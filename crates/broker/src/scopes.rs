//! What a front end says that it is about to do, as `getAuthorization` has it: a list of actions on single keys. It gets a
//! key for just that, if the template would have allowed it anyway.

use serde::Deserialize;

use crate::place::Place;
use crate::policy::{self, Grant};
use crate::refusal::Refusal;
use crate::template::Template;
use crate::user::User;

/// Most scopes of one key: the policy of a key has a bounded length.
const MAX_SCOPES: usize = 20;
/// Longest key of an object.
const MAX_KEY_BYTES: usize = 850;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    action: OneOrMany,
    bucket: String,
    region: String,
    prefix: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The policy for what a front end is about to do; refused where the template does not allow it.
pub(crate) fn policy(
    body: &[u8],
    template: &Template,
    place: &Place,
    user: &User,
) -> Result<String, Refusal> {
    let scopes: Vec<Scope> = serde_json::from_slice(body).map_err(|_| {
        Refusal::request("the body is no JSON list of `{\"action\", \"bucket\", \"region\", \"prefix\"}`")
    })?;
    if scopes.is_empty() || scopes.len() > MAX_SCOPES {
        return Err(Refusal::scope("there must be 1 to 20 scopes"));
    }
    let grants = scopes.into_iter().map(|scope| scope.grant(template, place, user));
    let grants = grants.collect::<Result<Vec<_>, _>>()?;
    Ok(policy::document(&grants, &template.bounds))
}

impl Scope {
    fn grant(self, template: &Template, place: &Place, user: &User) -> Result<Grant, Refusal> {
        if self.bucket != place.bucket.as_str() || self.region != place.region.as_str() {
            return Err(Refusal::scope("it is another bucket or region"));
        }
        let actions = match self.action {
            OneOrMany::One(action) => vec![action],
            OneOrMany::Many(actions) => actions,
        };
        let is_allowed = |action: &String| template.actions.contains(action);
        if actions.is_empty() || actions.len() > template.actions.len() || !actions.iter().all(is_allowed) {
            return Err(Refusal::scope("the action is none that you may do"));
        }
        let key = self.prefix.strip_prefix('/').unwrap_or(&self.prefix);
        let folder = template.folder(user).unwrap_or_default();
        // Only what is plain text in a policy, and what no reader of paths could take for another folder.
        let is_plain = !key.contains('*') && !key.contains("${") && !key.chars().any(char::is_control);
        let stays = !key.split('/').any(|part| part == ".." || part == ".");
        if folder.is_empty() || !key.starts_with(&folder) || !is_plain || !stays || key.len() > MAX_KEY_BYTES
        {
            return Err(Refusal::scope("the key is none that you may reach"));
        }
        Ok(Grant {
            actions,
            resources: vec![place.resource(key)],
        })
    }
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{BucketName, Region};
    use serde_json::{Value, json};

    use super::*;
    use crate::user::Names;

    fn asked(body: &str) -> Result<Value, Refusal> {
        let place = Place {
            bucket: BucketName::parse("b-1250000000").unwrap(),
            region: Region::parse("ap-guangzhou").unwrap(),
        };
        let text = "name = 't'\nendpoints = ['sts-scope']\nprefix = 'u/${user}/'\nactions = ['name/cos:PutObject', 'list']";
        let template = Template::new(&toml::from_str(text).unwrap()).unwrap();
        let user = User::parse("ann", Names::Refuse).unwrap();
        policy(body.as_bytes(), &template, &place, &user).map(|text| serde_json::from_str(&text).unwrap())
    }

    fn scope(action: &str, bucket: &str, region: &str, prefix: &str) -> String {
        json!([{ "action": action, "bucket": bucket, "region": region, "prefix": prefix }]).to_string()
    }

    #[test]
    fn what_is_within_the_template_is_granted_and_no_more() {
        let expected = json!({ "version": "2.0", "statement": [{
            "effect": "allow", "action": ["name/cos:PutObject"],
            "resource": ["qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/u/ann/a.txt"],
        }] });
        for key in ["u/ann/a.txt", "/u/ann/a.txt"] {
            let found = asked(&scope("name/cos:PutObject", "b-1250000000", "ap-guangzhou", key));
            assert_eq!(found, Ok(expected.clone()));
        }
        assert!(
            asked(&scope(
                "name/cos:GetBucket",
                "b-1250000000",
                "ap-guangzhou",
                "u/ann/"
            ))
            .is_ok()
        );
    }

    #[test]
    fn what_is_outside_is_refused() {
        let check = |action, bucket, region, prefix| {
            let refusal = asked(&scope(action, bucket, region, prefix)).unwrap_err();
            assert_eq!(
                refusal.word, "ScopeNotAllowed",
                "{action} {bucket} {region} {prefix}"
            );
        };
        let (put, bucket, region) = ("name/cos:PutObject", "b-1250000000", "ap-guangzhou");
        for key in [
            "",
            "u/bob/a",
            "u/annabel/a",
            "u/ann",
            "*",
            "u/ann/*",
            "u/ann/../bob/a",
            "u/ann/./a",
            "u/ann/${uin}",
            "u/ann/\n",
            "//u/ann/a",
        ] {
            check(put, bucket, region, key);
        }
        check("name/cos:GetObject", bucket, region, "u/ann/a");
        check("name/cos:*", bucket, region, "u/ann/a");
        check(put, "c-1250000000", region, "u/ann/a");
        check(put, bucket, "ap-shanghai", "u/ann/a");
        check(put, bucket, region, &format!("u/ann/{}", "a".repeat(850)));
        assert_eq!(asked("[]").unwrap_err().word, "ScopeNotAllowed");
        for no_list in ["", "{}", "[1]", "[{}]"] {
            assert_eq!(asked(no_list).unwrap_err().word, "BadRequest", "{no_list}");
        }
        let one = scope(put, bucket, region, "u/ann/a");
        let one = one.trim_matches(['[', ']']);
        let many = |count| format!("[{}]", vec![one; count].join(","));
        assert!(asked(&many(MAX_SCOPES)).is_ok());
        assert_eq!(asked(&many(MAX_SCOPES + 1)).unwrap_err().word, "ScopeNotAllowed");
    }
}
