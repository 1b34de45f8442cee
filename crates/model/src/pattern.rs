//! Names and their patterns: wildcards, actions, and resources of six segments.
//!
//! `*` is the only wildcard and stands for any characters, `/` included; `?` is an ordinary character.

/// A root account, by both its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The decimal number of the account.
    pub uin: String,
    /// Its number in bucket names.
    pub app_id: String,
}

/// What the variables in a document stand for: whose document it is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    /// `${owner_uin}` and `${app_id}`.
    pub owner: Account,
    /// `${uin}`, where somebody signed.
    pub uin: Option<String>,
}

impl Variables {
    /// The text with its variables replaced, or nothing if one has no value.
    #[must_use]
    pub fn expand(&self, text: &str) -> Option<String> {
        let text = text
            .replace("${owner_uin}", &self.owner.uin)
            .replace("${app_id}", &self.owner.app_id);
        match (&self.uin, text.contains("${uin}")) {
            (_, false) => Some(text),
            (Some(uin), true) => Some(text.replace("${uin}", uin)),
            (None, true) => None,
        }
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
    /// The last segment in all its spellings, one of which must match: a listing is of its bucket and of a prefix in
    /// it. None for an action that is checked with resource `*` only.
    pub paths: Vec<String>,
}

/// Whether `*` in the pattern can be filled so that it reads like the text.
#[must_use]
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let parts: Vec<String> = pattern.split('*').map(str::to_owned).collect();
    wildcard_of(&parts, text)
}

/// The same for the parts between the wildcards, in which a star is a letter.
pub(crate) fn wildcard_of(parts: &[String], text: &str) -> bool {
    let Some((first, rest)) = parts.split_first() else {
        return text.is_empty();
    };
    let Some(after) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    if rest.is_empty() {
        return after.is_empty();
    }
    let mut tails = after.char_indices().map(|(at, _)| at).chain([after.len()]);
    tails.any(|at| wildcard_of(rest, after.get(at..).unwrap_or_default()))
}

/// Whether an action as a policy writes it covers the action of a request. `name/` is optional, case does not count.
#[must_use]
pub fn action(pattern: &str, action: &str) -> bool {
    let plain = |text: &str| text.strip_prefix("name/").unwrap_or(text).to_ascii_lowercase();
    let also = match action {
        "cos:PostObjectRestore" => "cos:RestoreObject",
        "cos:RestoreObject" => "cos:PostObjectRestore",
        only => only,
    };
    [action, also]
        .iter()
        .any(|name| wildcard(&plain(pattern), &plain(name)))
}

/// Whether a resource in a policy covers the resource of a request. Where that hangs on a variable without a value,
/// the answer is `unknown`.
#[must_use]
pub fn resource(pattern: &str, variables: &Variables, asked: &Resource, unknown: bool) -> bool {
    if pattern == "*" {
        return true;
    }
    let segments: Vec<&str> = pattern.splitn(6, ':').collect();
    let ["qcs", "", service, region, account, path] = segments.as_slice() else {
        return false;
    };
    let owner = &variables.owner;
    let own = [
        String::new(),
        format!("uid/{}", owner.app_id),
        format!("uin/{}", owner.uin),
    ];
    let is_own = |account: &str| own.iter().any(|spelling| spelling == account);
    let service_fits = *service == "*" || *service == asked.service;
    let region_fits = region.is_empty() || wildcard(region, &asked.region);
    let account_fits = *account == asked.account || (is_own(account) && is_own(&asked.account));
    let path = modern(path);
    let mut paths = asked.paths.iter();
    let path_fits = match variables.expand(&path) {
        // Variables mean nothing in the path of an object, and such a pattern must not match by its letters either.
        _ if asked.service == "cos" && has_variable(&path) => false,
        Some(path) => paths.any(|asked| wildcard(&path, asked)),
        None => unknown,
    };
    service_fits && region_fits && account_fits && path_fits
}

fn has_variable(text: &str) -> bool {
    ["${uin}", "${owner_uin}", "${app_id}"]
        .iter()
        .any(|name| text.contains(name))
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
