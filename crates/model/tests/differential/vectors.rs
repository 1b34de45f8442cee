//! The cases on which engine and model once differed, and those on which they could have erred together, as the
//! reference decides them; and documents that neither may read.

use daypass_model::document::{Document, Place};
use daypass_policy::{DocumentKind, OwnerAccount, parse};
use serde_json::Value;

use crate::situation::answers;

const DECISIONS: &str = include_str!("../../../../tests/vectors/decisions.json");

#[test]
fn engine_and_model_decide_the_vectors() {
    let vectors: Value = serde_json::from_str(DECISIONS).unwrap();
    let vectors = vectors["decisions"].as_array().unwrap();
    for vector in vectors {
        let answers =
            answers(&vector["case"]).unwrap_or_else(|difference| panic!("{}: {difference}", vector["name"]));
        let expected: Vec<bool> = serde_json::from_value(vector["expect"].clone()).unwrap();
        assert_eq!(answers.engine, expected, "engine on {}", vector["name"]);
        assert_eq!(answers.model, expected, "model on {}", vector["name"]);
    }
    assert!(!vectors.is_empty(), "there are vectors");
}

#[test]
fn neither_reads_what_the_language_does_not_have() {
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let vectors: Value = serde_json::from_str(DECISIONS).unwrap();
    let vectors = vectors["refused"].as_array().unwrap();
    for vector in vectors {
        let (kind, place) = match vector["place"].as_str() {
            Some("session") => (DocumentKind::Session, Place::Session),
            Some("bucket") => (DocumentKind::Bucket, Place::Bucket),
            _ => (DocumentKind::Identity, Place::Identity),
        };
        let text = vector["document"].to_string();
        assert!(
            parse(&text, kind, &owner).is_err(),
            "the engine reads {}",
            vector["name"]
        );
        assert!(
            Document::parse(&text, place).is_none(),
            "the model reads {}",
            vector["name"]
        );
    }
    assert!(!vectors.is_empty(), "there are vectors");
}
