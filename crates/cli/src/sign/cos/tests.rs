use super::super::answer::texts;
use super::super::tests::{text, vectors, work};
use super::*;

fn piece<'s>(shown: &'s Shown, wanted: &str) -> &'s str {
    let mut named = shown.pieces.iter().filter(|(name, _)| *name == wanted);
    named.next().unwrap().1.as_str()
}

#[test]
fn the_vectors_as_judge() {
    let vectors = vectors("cos-request");
    assert_eq!(vectors.len(), 14);
    for vector in vectors {
        let name = text(&vector, "/name");
        let shown = shown(&work(&vector, "wire"), &Choice::default()).unwrap();
        let found = shown.found.as_ref().unwrap();
        assert!(
            found.faults.is_empty() && found.diagnosis.is_accepted,
            "{name}: {:?}",
            found.faults
        );
        assert_eq!(
            piece(&shown, "SignKey"),
            text(&vector, "/expected/sign_key"),
            "{name}"
        );
        assert_eq!(found.sent, text(&vector, "/expected/signature"), "{name}");
        let signed = found.diagnosis.signed.as_deref().map(String::from_utf8_lossy);
        assert_eq!(
            signed.as_deref(),
            Some(text(&vector, "/expected/http_string")),
            "{name}"
        );
    }
}

#[test]
fn the_vectors_as_signer() {
    let names = |list: &str| {
        list.split(';')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let mut count = 0;
    for vector in vectors("cos-request") {
        let name = text(&vector, "/name");
        let (headers, parameters) = (
            names(text(&vector, "/expected/header_list")),
            names(text(&vector, "/expected/url_param_list")),
        );
        // No list means the usual one on the command line, and the signed host is not always the one that is sent.
        let host = vector["inputs"]["signed_host_value"].as_str();
        let work = work(&vector, "inputs");
        let is_plain = !headers.is_empty() && !parameters.is_empty() && host == work.request.header("host");
        if !is_plain {
            continue;
        }
        let choice = Choice {
            key_time: Some(Window::parse(text(&vector, "/inputs/key_time")).unwrap()),
            sign_time: Some(Window::parse(text(&vector, "/inputs/sign_time")).unwrap()),
            headers,
            parameters,
            ..Choice::default()
        };
        let shown = shown(&work, &choice).unwrap();
        for (piece_name, pointer) in [
            ("HttpString", "/expected/http_string"),
            ("StringToSign", "/expected/string_to_sign"),
            ("Signature", "/expected/signature"),
            ("Authorization", "/expected/authorization"),
        ] {
            assert_eq!(piece(&shown, piece_name), text(&vector, pointer), "{name}");
        }
        count += 1;
    }
    assert!(count > 2, "{count}");
}

#[test]
fn a_request_that_was_changed_is_explained() {
    let vectors = vectors("cos-request");
    let vector = vectors
        .iter()
        .find(|vector| vector["inputs"]["method"] == "PUT")
        .unwrap();
    let mut work = work(vector, "wire");
    work.request.method = "POST".to_owned();
    let shown = shown(&work, &Choice::default()).unwrap();
    let found = shown.found.as_ref().unwrap();
    assert!(!found.diagnosis.is_accepted);
    let causes = found.diagnosis.causes.as_ref().unwrap();
    assert_eq!(causes.first().unwrap().cause, "the method was signed as `put`");
    assert!(shown.print(true).is_err());
}

#[test]
fn an_answer_is_compared_to_the_byte() {
    let vector = vectors("cos-request").remove(0);
    let mut work = work(&vector, "wire");
    let same = text(&vector, "/expected/http_string");
    let check = |answer: &str, work: &mut Work, expected: &str| {
        work.answer = Some(texts(answer.as_bytes()).unwrap());
        let shown = shown(work, &Choice::default()).unwrap();
        assert_eq!(shown.compared.len(), 1);
        assert_eq!(shown.print(true).is_ok(), expected == "same", "{answer}");
    };
    check(same, &mut work, "same");
    check(
        &same.to_uppercase().replacen(|_| true, "g", 1),
        &mut work,
        "differs",
    );
}
