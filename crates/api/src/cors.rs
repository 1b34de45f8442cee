//! Which pages of other origins a browser lets read a bucket's answers.
//!
//! The rules restrain browsers only: nobody may do more because of them.

/// Most rules of one bucket.
pub const MAX_CORS_RULES: usize = 100;

/// The rules of a bucket. The first that fits counts.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CorsRules {
    /// In the order in which they were given.
    pub rules: Vec<CorsRule>,
    /// Whether caches shall be told that answers differ by origin.
    pub vary: Option<bool>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CorsRule {
    /// What its maker calls it.
    pub id: Option<String>,
    /// Origins, each with at most one `*`.
    pub origins: Vec<String>,
    /// Methods of the requests.
    pub methods: Vec<CorsMethod>,
    /// Headers that requests may have, each with at most one `*`.
    pub headers: Vec<String>,
    /// Headers of answers that pages may read.
    pub exposed: Vec<String>,
    /// For how many seconds a browser may remember the answer.
    pub max_age: Option<u32>,
}

/// A method that a rule may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of that name")]
pub enum CorsMethod {
    Get,
    Put,
    Post,
    Delete,
    Head,
}

impl CorsMethod {
    /// Every method with its name.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Get, "GET"),
        (Self::Put, "PUT"),
        (Self::Post, "POST"),
        (Self::Delete, "DELETE"),
        (Self::Head, "HEAD"),
    ];

    /// The method's name.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(method, _)| *method == self);
        found.map_or("GET", |(_, name)| name)
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(method, _)| *method)
    }
}

/// What a browser is told about a request of another origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsGrant {
    /// The origin that may read the answer; nothing means every one.
    pub origin: Option<String>,
    /// Methods that may be used.
    pub methods: Vec<CorsMethod>,
    /// Headers of the request that were asked about, all of which may be sent.
    pub headers: Vec<String>,
    /// Headers of the answer that may be read.
    pub exposed: Vec<String>,
    /// For how many seconds this may be remembered.
    pub max_age: Option<u32>,
}

impl CorsRules {
    /// What the first rule that fits grants to a request from this origin, by this method and with these headers.
    pub fn grant(&self, origin: &str, method: &str, headers: &[String]) -> Option<CorsGrant> {
        let method = CorsMethod::from_name(method)?;
        let named = |header: &String, rule: &CorsRule| {
            let header = header.to_ascii_lowercase();
            rule.headers
                .iter()
                .any(|known| fits(&known.to_ascii_lowercase(), &header))
        };
        self.rules.iter().find_map(|rule| {
            let pattern = rule.origins.iter().find(|pattern| fits(pattern, origin))?;
            let whole = rule.methods.contains(&method) && headers.iter().all(|header| named(header, rule));
            whole.then(|| CorsGrant {
                origin: (pattern != "*").then(|| origin.to_owned()),
                methods: rule.methods.clone(),
                headers: headers.to_vec(),
                exposed: rule.exposed.clone(),
                max_age: rule.max_age,
            })
        })
    }
}

/// Whether a text is what a pattern with at most one `*` stands for.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text
            .strip_prefix(before)
            .is_some_and(|rest| rest.ends_with(after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern, text, expected| assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        check("*", "http://a", true);
        check("http://a", "http://a", true);
        check("http://a", "http://a.b", false);
        check("http://*.a", "http://b.a", true);
        check("http://*.a", "http://.a", true);
        check("http://*.a", "https://b.a", false);
        check("http://a*a", "http://a", false);
        check("http://a:*", "http://a:8080", true);
    }

    #[test]
    fn the_first_rule_that_fits() {
        let rule = |origin: &str, methods: &[CorsMethod], header: &str| CorsRule {
            origins: vec![origin.to_owned()],
            methods: methods.to_vec(),
            headers: vec![header.to_owned()],
            exposed: vec![header.to_owned()],
            ..CorsRule::default()
        };
        let rules = CorsRules {
            rules: vec![
                rule("http://a", &[CorsMethod::Get], "X-First"),
                rule("http://*", &[CorsMethod::Get, CorsMethod::Put], "x-*"),
                rule("*", &[CorsMethod::Head], "none"),
            ],
            vary: None,
        };
        let check = |origin: &str, method: &str, headers: &[&str], expected: Option<(Option<&str>, &str)>| {
            let headers: Vec<_> = headers.iter().map(|header| (*header).to_owned()).collect();
            let found = rules.grant(origin, method, &headers);
            let found = found
                .as_ref()
                .map(|grant| (grant.origin.as_deref(), grant.exposed[0].as_str()));
            assert_eq!(found, expected, "{origin} {method} {headers:?}");
        };
        check("http://a", "GET", &[], Some((Some("http://a"), "X-First")));
        check(
            "http://a",
            "GET",
            &["x-first"],
            Some((Some("http://a"), "X-First")),
        );
        check("http://a", "GET", &["X-Second"], Some((Some("http://a"), "x-*")));
        check(
            "http://a",
            "PUT",
            &["X-Second", "x-third"],
            Some((Some("http://a"), "x-*")),
        );
        check("http://a", "PUT", &["X-Second", "content-type"], None);
        check("https://b", "HEAD", &[], Some((None, "none")));
        check("https://b", "GET", &[], None);
        check("http://a", "DELETE", &[], None);
        check("http://a", "PATCH", &[], None);
    }
}
