//! Names and their patterns: wildcards, actions, and resources of six segments.
//!
//! `*` is the only wildcard and stands for any characters, `/` included; `?` is an ordinary character.

/// The values of the policy variables for one caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// `${uin}`: the caller.
    pub uin: Option<String>,
    /// `${owner_uin}`: the caller's root account.
    pub owner_uin: Option<String>,
    /// `${app_id}`: the number of that account in bucket names.
    pub app_id: Option<String>,
}

impl Variables {
    /// The text with its variables replaced, or nothing if one has no value.
    #[must_use]
    pub fn expand(&self, text: &str) -> Option<String> {
        let mut text = text.to_owned();
        let all = [
            ("${uin}", &self.uin),
            ("${owner_uin}", &self.owner_uin),
            ("${app_id}", &self.app_id),
        ];
        for (name, value) in all {
            if text.contains(name) {
                text = text.replace(name, value.as_deref()?);
            }
        }
        Some(text)
    }
}

/// What a request touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `cos`, `sts` or `cam`.
    pub service: String,
    /// The region of the bucket; empty for services without one.
    pub region: String,
    /// `uid/<APPID>` for objects, `uin/<owner>` otherwise.
    pub account: String,
    /// The last segment; nothing for an action that is checked with resource `*` only.
    pub path: Option<String>,
}

/// Whether `*` in the pattern can be filled so that it reads like the text.
#[must_use]
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = pattern.get(first.len_utf8()..).unwrap_or_default();
    if first == '*' {
        let mut tails = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        return tails.any(|at| wildcard(rest, text.get(at..).unwrap_or_default()));
    }
    text.strip_prefix(first).is_some_and(|tail| wildcard(rest, tail))
}

/// Whether an action as a policy writes it covers the action of a request. `name/` is optional, case does not count.
#[must_use]
pub fn action(pattern: &str, action: &str) -> bool {
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.strip_prefix("name/").unwrap_or(&text).to_owned()
    };
    wildcard(&plain(pattern), &plain(action))
}

/// Whether a resource as a policy of the account `owner` writes it covers the resource of a request.
/// `owner` is that account in both spellings, `uid/<APPID>` and `uin/<owner>`.
#[must_use]
pub fn resource(pattern: &str, owner: &[String; 2], variables: &Variables, asked: &Resource) -> bool {
    if pattern == "*" {
        return true;
    }
    let segments: Vec<&str> = pattern.splitn(6, ':').collect();
    let ["qcs", "", service, region, account, path] = segments.as_slice() else {
        return false;
    };
    let service_fits = *service == "*" || *service == asked.service;
    let region_fits = ["", "*"].contains(region) || *region == asked.region;
    let account_fits = match *account {
        "" => owner.contains(&asked.account),
        named => named == asked.account,
    };
    service_fits && region_fits && account_fits && path_fits(path, variables, asked)
}

fn path_fits(pattern: &str, variables: &Variables, asked: &Resource) -> bool {
    let Some(path) = &asked.path else {
        return pattern == "*";
    };
    let pattern = modern(pattern);
    if asked.service == "cos" {
        // Variables mean nothing in the path of an object, and such a pattern must not match by its letters either.
        let has_variable = ["${uin}", "${owner_uin}", "${app_id}"]
            .iter()
            .any(|name| pattern.contains(name));
        return !has_variable && wildcard(&pattern, path);
    }
    variables
        .expand(&pattern)
        .is_some_and(|pattern| wildcard(&pattern, path))
}

/// `prefix//1250000000/bucket/doc/*` is the old spelling of `bucket-1250000000/doc/*`.
fn modern(pattern: &str) -> String {
    let Some(old) = pattern.strip_prefix("prefix//") else {
        return pattern.to_owned();
    };
    match old.splitn(3, '/').collect::<Vec<_>>().as_slice() {
        [_, "*"] => "*".to_owned(),
        [app_id, bucket, path] => format!("{bucket}-{app_id}/{path}"),
        _ => pattern.to_owned(),
    }
}
