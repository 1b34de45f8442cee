//! The cases on which engine and model once differed, and their neighbours, as they were decided.

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
