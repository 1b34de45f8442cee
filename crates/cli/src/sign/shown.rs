//! What is printed: the pieces of a signature, and what was found about the one that was sent.

use anyhow::Result;
use daypass_signature::WindowVerdict;
use daypass_signature::anatomy::{Cause, Diagnosis, Place, first_difference};
use serde_json::{Map, Value as Json, json};

use super::answer::Text;
use crate::output::{self, printable};
use crate::report::No;

/// The pieces of a signature, in the order in which they are made, and what was found.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) pieces: Vec<(&'static str, String)>,
    pub(super) found: Option<Found>,
    pub(super) compared: Vec<Compared>,
}

/// What was found about a signature that was sent.
pub(super) struct Found {
    pub(super) sent: String,
    /// The name of the text that the diagnosis is about.
    pub(super) about: &'static str,
    pub(super) diagnosis: Diagnosis,
    /// What is wrong beside the signature itself.
    pub(super) faults: Vec<Cause>,
}

/// A text of the answer beside ours.
pub(super) struct Compared {
    name: &'static str,
    ours: String,
    theirs: String,
}

impl Shown {
    pub(super) fn piece(&mut self, name: &'static str, text: impl Into<String>) {
        self.pieces.push((name, text.into()));
    }

    /// Puts the texts of an answer beside the pieces of the same names.
    pub(super) fn compare(&mut self, answer: &[Text]) {
        for theirs in answer {
            let ours = self.pieces.iter().find(|(name, _)| *name == theirs.name);
            if let Some((name, ours)) = ours {
                let ours = as_told(ours, &theirs.text).to_owned();
                self.compared.push(Compared {
                    name,
                    ours,
                    theirs: theirs.text.clone(),
                });
            }
        }
    }

    /// Prints all, and fails when the signature that was sent is not good.
    pub(super) fn print(&self, as_json: bool) -> Result<()> {
        let text = if as_json {
            output::json_line(&self.json())
        } else {
            self.text()
        };
        output::write(text.as_bytes())?;
        match &self.found {
            Some(found) if !found.is_good() => Err(No("the signature is not good".to_owned()).into()),
            _ if self.compared.iter().any(|one| one.ours != one.theirs) => {
                Err(No("the texts differ".to_owned()).into())
            }
            _ => Ok(()),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, piece) in &self.pieces {
            text.push_str(&shown_piece(name, piece));
        }
        for one in &self.compared {
            text.push_str(&one.text());
        }
        if let Some(found) = &self.found {
            text.push_str(&found.text());
        }
        text
    }

    fn json(&self) -> Json {
        let pieces = self
            .pieces
            .iter()
            .map(|(name, piece)| ((*name).to_owned(), json!(piece)));
        let mut json: Map<String, Json> = pieces.collect();
        if let Some(found) = &self.found {
            json.insert("sent".to_owned(), found.json());
        }
        let compared: Vec<Json> = self.compared.iter().map(Compared::json).collect();
        if !compared.is_empty() {
            json.insert("answer".to_owned(), compared.into());
        }
        json.into()
    }
}

impl Found {
    fn is_good(&self) -> bool {
        self.diagnosis.is_accepted && self.faults.is_empty()
    }

    /// Everything that is wrong; a signature that nothing explains has its own words.
    fn causes(&self) -> Vec<Cause> {
        let mut causes = self.faults.clone();
        match &self.diagnosis.causes {
            Some(found) => causes.extend(found.iter().cloned()),
            None => causes.push(Cause {
                part: "secret",
                cause: "no known mistake gives this signature: it is of another secret, or of another request".to_owned(),
                hint: "compare the id of the key, then the texts: --answer FILE takes those of the server or of the signer",
            }),
        }
        causes
    }

    fn difference(&self) -> Option<(Place, &[u8])> {
        let signed = self.diagnosis.signed.as_deref()?;
        Some((first_difference(&self.diagnosis.expected, signed)?, signed))
    }

    fn text(&self) -> String {
        let verdict = if self.is_good() { "good" } else { "not good" };
        let mut text = format!(
            "\nThe signature that was sent is {verdict}: {}\n",
            printable(&self.sent)
        );
        if let Some((place, signed)) = self.difference() {
            text.push_str(&shown_difference(
                self.about,
                place,
                &self.diagnosis.expected,
                signed,
                "signed",
            ));
        }
        for cause in self.causes() {
            text.push_str(&format!("  {}: {}\n", cause.part, printable(&cause.cause)));
            text.push_str(&format!("hint: {}\n", cause.hint));
        }
        text
    }

    fn json(&self) -> Json {
        let cause = |cause: Cause| json!({ "part": cause.part, "cause": cause.cause, "hint": cause.hint });
        let signed = self.diagnosis.signed.as_deref().map(String::from_utf8_lossy);
        json!({
            "signature": self.sent,
            "good": self.is_good(),
            "causes": self.causes().into_iter().map(cause).collect::<Json>(),
            "text": self.about,
            "signed": signed,
            "difference": self.difference().map(|(place, _)| place_json(place)),
        })
    }
}

impl Compared {
    fn place(&self) -> Option<Place> {
        first_difference(self.ours.as_bytes(), self.theirs.as_bytes())
    }

    fn text(&self) -> String {
        match self.place() {
            None => format!("\n{} of the answer is the same, to the byte\n", self.name),
            Some(place) => {
                let (ours, theirs) = (self.ours.as_bytes(), self.theirs.as_bytes());
                format!("\n{}", shown_difference(self.name, place, ours, theirs, "answer"))
            }
        }
    }

    fn json(&self) -> Json {
        json!({
            "name": self.name,
            "same": self.ours == self.theirs,
            "text": self.theirs,
            "difference": self.place().map(place_json),
        })
    }
}

/// A verdict about time, as a fault.
pub(super) fn time_fault(verdict: WindowVerdict, from: &str, now: i64) -> Option<Cause> {
    let (cause, hint) = match verdict {
        WindowVerdict::Valid => return None,
        WindowVerdict::Expired => ("has ended", "sign again, for a time that begins now"),
        WindowVerdict::NotYetValid => (
            "lies ahead",
            "set the clock of the signer right, and count seconds, not milliseconds",
        ),
    };
    let cause = format!("the time of the signature {cause}: it says `{from}`, and it is {now}");
    Some(Cause {
        part: "time",
        cause,
        hint,
    })
}

/// The key that a request names beside the one in use, as a fault.
pub(super) fn key_fault(named: &str, in_use: &str) -> Option<Cause> {
    (named != in_use).then(|| Cause {
        part: "key",
        cause: format!(
            "the request is signed with the key `{named}`, and the secret here is that of `{in_use}`"
        ),
        hint: "set DAYPASS_SECRET_ID and DAYPASS_SECRET_KEY to the key of the request, or name its --profile",
    })
}

fn place_json(place: Place) -> Json {
    json!({ "offset": place.offset, "line": place.line, "column": place.column })
}

/// A Daypass server tells texts without the token that is in them: such a text is the same when all around it is. That
/// the tokens are the same is told by StringToSign, which has nothing taken out.
fn as_told<'t>(ours: &'t str, theirs: &'t str) -> &'t str {
    let Some((head, tail)) = theirs.split_once("(token)") else {
        return ours;
    };
    let is_same = ours.len() >= head.len() + tail.len() && ours.starts_with(head) && ours.ends_with(tail);
    if is_same { theirs } else { ours }
}

/// A text of several lines stands below its name, and shows where each line ends.
fn shown_piece(name: &str, text: &str) -> String {
    if !text.contains('\n') {
        return format!("{name:<17} {}\n", printable(text));
    }
    let lines: String = text
        .split_inclusive('\n')
        .map(|line| format!("    {}\n", printable(line)))
        .collect();
    format!("{name}\n{lines}")
}

fn shown_difference(name: &str, place: Place, expected: &[u8], other: &[u8], whose: &str) -> String {
    let line = |text: &[u8]| {
        let line = text
            .split(|byte| *byte == b'\n')
            .nth(place.line - 1)
            .unwrap_or_default();
        printable(&String::from_utf8_lossy(line)).into_owned()
    };
    let Place {
        offset,
        line: number,
        column,
    } = place;
    format!(
        "{name} differs first at line {number}, byte {column} (offset {offset})\n    expected  {}\n    {whose:<8}  {}\n",
        line(expected),
        line(other),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_show_where_their_lines_end() {
        assert_eq!(shown_piece("KeyTime", "1;2"), "KeyTime           1;2\n");
        assert_eq!(
            shown_piece("HttpString", "get\n/\n\n"),
            "HttpString\n    get\\n\n    /\\n\n    \\n\n"
        );
    }

    #[test]
    fn differences_show_their_lines() {
        let place = first_difference(b"get\nhost=a%3A1\n", b"get\nhost=a\n").unwrap();
        assert_eq!(
            shown_difference(
                "HttpString",
                place,
                b"get\nhost=a%3A1\n",
                b"get\nhost=a\n",
                "signed"
            ),
            "HttpString differs first at line 2, byte 7 (offset 10)\n    expected  host=a%3A1\n    signed    host=a\n"
        );
    }

    #[test]
    fn a_token_that_was_taken_out_is_no_difference() {
        let check = |theirs: &str, is_same| {
            assert_eq!(as_told("a=1&t=xyz&b=2", theirs) == theirs, is_same, "{theirs}")
        };
        check("a=1&t=xyz&b=2", true);
        check("a=1&t=(token)&b=2", true);
        check("a=1&t=(token)&b=3", false);
        check("a=2&t=(token)&b=2", false);
        check("a=1&t=xyz&b=2(token)&b=2", false);
    }

    #[test]
    fn faults_of_time_and_key() {
        assert_eq!(time_fault(WindowVerdict::Valid, "1;2", 1), None);
        let fault = time_fault(WindowVerdict::Expired, "1;2", 3).unwrap();
        assert_eq!(
            fault.cause,
            "the time of the signature has ended: it says `1;2`, and it is 3"
        );
        assert_eq!(key_fault("a", "a"), None);
        assert!(key_fault("a", "b").is_some());
    }
}
