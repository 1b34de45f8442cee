//! Rules for other origins in a file: XML as the service has it, or JSON with the same names.

use anyhow::{Context, Result, bail};
use daypass_api::cors::{CorsMethod, CorsRule, CorsRules, MAX_CORS_RULES};
use daypass_client::read_cors_document;
use serde::{Deserialize, Serialize};

/// The whole document.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "CORSRule", alias = "CORSRules")]
    rules: Vec<Rule>,
    #[serde(rename = "ResponseVary", skip_serializing_if = "Option::is_none")]
    vary: Option<bool>,
}

/// One rule. The plurals are those of other vendors' tools.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(rename = "ID", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "AllowedOrigin", alias = "AllowedOrigins")]
    origins: Vec<String>,
    #[serde(rename = "AllowedMethod", alias = "AllowedMethods")]
    methods: Vec<String>,
    #[serde(rename = "AllowedHeader", alias = "AllowedHeaders", default)]
    headers: Vec<String>,
    #[serde(rename = "ExposeHeader", alias = "ExposeHeaders", default)]
    exposed: Vec<String>,
    #[serde(rename = "MaxAgeSeconds", skip_serializing_if = "Option::is_none")]
    max_age: Option<u32>,
}

/// Reads rules from the text of a file.
pub(crate) fn parse(text: &str) -> Result<CorsRules> {
    if text.trim_start().starts_with('<') {
        return Ok(read_cors_document(text)?);
    }
    let document: Document = serde_json::from_str(text)
        .context("it is neither the XML nor the JSON of `daypass cors put --help`")?;
    if document.rules.is_empty() {
        bail!("there is no rule in it; `daypass cors rm` takes all rules away");
    }
    if document.rules.len() > MAX_CORS_RULES {
        bail!("there are more than {MAX_CORS_RULES} rules in it");
    }
    let rules = document.rules.into_iter().map(read).collect::<Result<_>>()?;
    Ok(CorsRules {
        rules,
        vary: document.vary,
    })
}

/// The rules as JSON that [`parse`] takes.
pub(crate) fn json(rules: &CorsRules) -> Result<serde_json::Value> {
    let shown = |rule: &CorsRule| Rule {
        id: rule.id.clone(),
        origins: rule.origins.clone(),
        methods: rule
            .methods
            .iter()
            .map(|method| method.name().to_owned())
            .collect(),
        headers: rule.headers.clone(),
        exposed: rule.exposed.clone(),
        max_age: rule.max_age,
    };
    let document = Document {
        rules: rules.rules.iter().map(shown).collect(),
        vary: rules.vary,
    };
    serde_json::to_value(document).context("the rules cannot be shown as JSON")
}

fn read(rule: Rule) -> Result<CorsRule> {
    let method = |name: &String| {
        let known = CorsMethod::from_name(name);
        known.with_context(|| format!("`{name}` is not one of GET, PUT, POST, DELETE and HEAD"))
    };
    Ok(CorsRule {
        id: rule.id,
        methods: rule.methods.iter().map(method).collect::<Result<_>>()?,
        origins: rule.origins,
        headers: rule.headers,
        exposed: rule.exposed,
        max_age: rule.max_age,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<?xml version='1.0'?><CORSConfiguration><CORSRule><ID>a</ID>\
        <AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
        <AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>\
        <MaxAgeSeconds>600</MaxAgeSeconds></CORSRule><ResponseVary>true</ResponseVary></CORSConfiguration>";
    const RULE: &str = r#"{"AllowedOrigin":["*"],"AllowedMethod":["GET"]}"#;

    #[test]
    fn both_forms_say_the_same() {
        let rules = parse(XML).unwrap();
        assert_eq!(rules.rules[0].max_age, Some(600));
        let shown = json(&rules).unwrap().to_string();
        assert_eq!(parse(&shown).unwrap(), rules, "{shown}");
        let other_names = shown
            .replace("\"CORSRule\"", "\"CORSRules\"")
            .replace("Origin\"", "Origins\"")
            .replace("Method\"", "Methods\"")
            .replace("Header\"", "Headers\"");
        assert_eq!(parse(&other_names).unwrap(), rules, "{other_names}");
    }

    #[test]
    fn documents_that_are_refused() {
        let check = |text: &str, expected: &str| {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(expected), "{text:.100}: {error}");
        };
        let json = |rules: &str| format!("{{\"CORSRule\":[{rules}]}}");
        check("", "neither the XML nor the JSON");
        check("[]", "neither the XML nor the JSON");
        check("{}", "missing field `CORSRule`");
        check(&json(""), "`daypass cors rm`");
        check(&json("{}"), "missing field `AllowedOrigin`");
        check(&json(&RULE.replace("GET", "PATCH")), "`PATCH` is not one of GET");
        check(
            &json(&RULE.replace('}', ",\"Allowed\":1}")),
            "unknown field `Allowed`",
        );
        check("<Other/>", "not a CORSConfiguration");
        check(&XML.replace("GET", "get"), "AllowedMethod is not one");
        assert!(parse(&json(&vec![RULE; 100].join(","))).is_ok());
        check(&json(&vec![RULE; 101].join(",")), "more than 100 rules");
    }
}
