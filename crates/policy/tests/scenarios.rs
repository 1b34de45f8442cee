//! Walks the scenarios in `tests/vectors/policy-scenarios.json`: the documentation's examples and the traps.
//!
//! The data names for each request what every document says, so that those who combine documents can use
//! the same file.

#![cfg(test)]

use daypass_policy::{
    Context, CosTarget, DocumentKind, OwnerAccount, Policy, Principal, QueryText, Request, Resource,
    Standing, Verdict, parse,
};
use serde_json::Value;

const SCENARIOS: &str = include_str!("../../../tests/vectors/policy-scenarios.json");

/// Context keys of the file that this walker understands; others are a mistake in the file.
const CONTEXT_KEYS: [&str; 8] = [
    "content_length",
    "content_type",
    "ip",
    "acl",
    "response_content_type",
    "prefix_parameter",
    "external_id",
    "saml_audience",
];

#[test]
fn every_scenario_decides_as_written() {
    let file: Value = serde_json::from_str(SCENARIOS).unwrap();
    let owner = OwnerAccount {
        app_id: number(&file["owner"], "app_id"),
        owner_uin: number(&file["owner"], "owner_uin"),
    };
    let mut checked = 0;
    for scenario in file["scenarios"].as_array().unwrap() {
        for request in scenario["requests"].as_array().unwrap() {
            for (name, expected) in request["expect"].as_object().unwrap() {
                let policy = document(&scenario["documents"][name], &owner);
                let found = with_request(request, |request| outcome(&policy.evaluate(request)));
                let (scenario, what) = (&scenario["name"], &request["what"]);
                assert_eq!(
                    found,
                    full(expected.as_str().unwrap()),
                    "{scenario} {what} {name}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 100, "only {checked} expectations found");
}

fn document(document: &Value, owner: &OwnerAccount) -> Policy {
    let kind = match document["kind"].as_str().unwrap() {
        "identity" => DocumentKind::Identity,
        "session" => DocumentKind::Session,
        "bucket" => DocumentKind::Bucket,
        "trust" => DocumentKind::Trust,
        other => panic!("{other}"),
    };
    let text = document["text"].to_string();
    parse(&text, kind, owner).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The expectation with the standing that it leaves out.
fn full(expected: &str) -> String {
    if expected == "none" || expected.contains('/') {
        expected.to_owned()
    } else {
        format!("{expected}/named")
    }
}

fn outcome(verdict: &Verdict<'_>) -> String {
    let (word, found) = match (verdict.deny, verdict.allow) {
        (Some(deny), _) => ("deny", deny),
        (None, Some(allow)) => ("allow", allow),
        (None, None) => return "none".to_owned(),
    };
    let standing = match found.standing {
        Standing::Everyone => "everyone",
        Standing::Account => "account",
        Standing::Named => "named",
    };
    format!("{word}/{standing}")
}

fn with_request<R>(request: &Value, decide: impl FnOnce(&Request<'_>) -> R) -> R {
    let sent = &request["context"];
    for key in sent.as_object().into_iter().flat_map(|sent| sent.keys()) {
        assert!(CONTEXT_KEYS.contains(&key.as_str()), "{key}");
    }
    let context = Context {
        content_length: sent["content_length"].as_str(),
        content_type: sent["content_type"].as_str(),
        ip: sent["ip"].as_str().map(|ip| ip.parse().unwrap()),
        acl: sent["acl"].as_str(),
        response_content_type: query(&sent["response_content_type"]),
        prefix: query(&sent["prefix_parameter"]),
        external_id: sent["external_id"].as_str(),
        saml_audience: sent["saml_audience"].as_str(),
        ..Context::default()
    };
    decide(&Request {
        action: request["action"].as_str().unwrap(),
        resource: resource(&request["resource"]),
        principal: principal(&request["principal"]),
        context: &context,
    })
}

fn query(parameter: &Value) -> Option<QueryText<'_>> {
    Some(QueryText {
        raw: parameter["raw"].as_str()?,
        decoded: parameter["decoded"].as_str()?,
    })
}

fn resource(resource: &Value) -> Resource<'_> {
    if resource["operation"] == true {
        return Resource::Operation;
    }
    let target = match (resource["key"].as_str(), resource["prefix"].as_str()) {
        (Some(key), None) => CosTarget::Object { key },
        (None, Some(prefix)) => CosTarget::Listing { prefix },
        (None, None) => CosTarget::Bucket,
        (Some(_), Some(_)) => panic!("{resource}"),
    };
    Resource::Cos {
        region: resource["region"].as_str().unwrap(),
        app_id: number(resource, "app_id"),
        bucket: resource["bucket"].as_str().unwrap(),
        target,
    }
}

fn principal(principal: &Value) -> Principal<'_> {
    if principal.is_null() {
        return Principal::Account {
            owner_uin: 100000000001,
            uin: 100000000011,
        };
    }
    if principal == "anonymous" {
        return Principal::Anonymous;
    }
    if let Some(service) = principal["service"].as_str() {
        return Principal::Service(service);
    }
    let owner_uin = number(principal, "owner_uin");
    if let Some(provider) = principal["provider"].as_str() {
        return Principal::Federated { owner_uin, provider };
    }
    match (principal["role_id"].as_str(), principal["role_name"].as_str()) {
        (Some(id), Some(name)) => Principal::Role {
            owner_uin,
            id,
            name,
            caller_uin: None,
        },
        _ => Principal::Account {
            owner_uin,
            uin: number(principal, "uin"),
        },
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}
