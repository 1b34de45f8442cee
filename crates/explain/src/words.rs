//! An explanation as a person would say it, with a `hint:` line for whatever can be done.
//!
//! Statements and documents are counted from 1 here, as `daypass policy lint` does; from 0 in JSON.

use std::fmt::Write as _;

use crate::record::{Cause, CauseKind, Explanation};
use crate::report::{
    Closest, ConditionReport, Deciding, Denial, Judgement, LayerReport, Mend, Mismatch, Reasons, Step,
    Verdict,
};

/// The explanation in lines. Texts of requests and documents stand in it with control characters escaped.
pub fn in_words(explanation: &Explanation) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(head(explanation));
    if let Some(caller) = &explanation.caller {
        let key = caller
            .access_key_id
            .as_ref()
            .map_or(String::new(), |key| format!(" with key {}", plain(key)));
        let session = caller
            .session_name
            .as_ref()
            .map_or(String::new(), |name| format!(", session `{}`", plain(name)));
        let claims = if caller.proven { "by" } else { "in the name of" };
        line(format!("{claims} {}{key}{session}", plain(&caller.principal)));
    } else if explanation.cause.is_none() {
        line("by nobody: the request is not signed".to_owned());
    }
    if let Some(cause) = &explanation.cause {
        cause_lines(cause).into_iter().for_each(&mut line);
    }
    if let Some(reasons) = &explanation.reasons {
        reason_lines(reasons).into_iter().for_each(&mut line);
    }
    if explanation.withheld {
        line("another account has a part in this; what its layers say is not shown".to_owned());
    }
    out
}

fn head(explanation: &Explanation) -> String {
    let mut text = String::new();
    if !explanation.request_id.is_empty() {
        let _ = write!(text, "{}: ", plain(&explanation.request_id));
    }
    let asked = explanation.operation.as_deref().unwrap_or(&explanation.method);
    let _ = match &explanation.code {
        Some(code) => write!(text, "{} was refused: {}", plain(asked), plain(code)),
        None => {
            let allowed = explanation.reasons.as_ref().is_none_or(|reasons| reasons.allowed);
            write!(
                text,
                "{} is {}",
                plain(asked),
                if allowed { "allowed" } else { "not allowed" }
            )
        }
    };
    text
}

fn cause_lines(cause: &Cause) -> Vec<String> {
    let fact = |name| cause.fact(name).map(plain).unwrap_or_else(|| "?".to_owned());
    let (text, hint) = match cause.kind {
        CauseKind::SignatureMismatch => (
            "the signature is not that of this request, made with this key".to_owned(),
            "compare the text above with what the client signed: the first difference is the reason; if there is none, \
             the secret key is another one",
        ),
        CauseKind::SignatureExpired => (
            format!("the signature's time was over for {} s", fact("SecondsPast")),
            "sign again; if it was signed just now, the client's clock is behind by about that much",
        ),
        CauseKind::ClockSkew => (
            format!("the signature's time begins {} s in the future", fact("SecondsAhead")),
            "set the client's clock, or take the time from the Date header of any answer as its difference",
        ),
        CauseKind::TokenExpired => (
            format!("the temporary key ended {} s before", fact("SecondsPast")),
            "get a new temporary key; a link that is signed with one ends with it, whatever its own expiry",
        ),
        CauseKind::TokenInvalid => (
            "the token is missing, not genuine, not of this key, or given twice with different values".to_owned(),
            "send the token that came with the key, unchanged: in x-cos-security-token for objects, X-TC-Token for the API; if it was, the key was ended by an exchange of the key ring: get a new one",
        ),
        CauseKind::KeyUnknown => ("there is no such access key".to_owned(), "check the SecretId, and that this is the right server"),
        CauseKind::KeyDisabled => (
            "the key, or the permanent key it rests on, is disabled, or its user, role or account is not there any more"
                .to_owned(),
            "look with `daypass key ls`; `daypass key enable` brings a disabled key back",
        ),
        CauseKind::SessionRevoked => (
            "the session was ended before its time".to_owned(),
            "`daypass session revocations` shows by whom; get a new temporary key",
        ),
        CauseKind::MeaningNotSigned => (
            "something that changes what the request does is not covered by its signature".to_owned(),
            "list it in q-header-list or q-url-param-list, as the official SDKs do",
        ),
        CauseKind::SignatureMissing => ("the request must be signed and is not".to_owned(), "sign it, or send the signature in the query"),
        CauseKind::ClaimUnreadable => (
            "what the request says about its signature cannot be read".to_owned(),
            "compare the Authorization header or the q- parameters with docs/compatibility.md",
        ),
        CauseKind::BucketNotFound => (
            "there is no such bucket here".to_owned(),
            "check the name with its number, and the region in the host",
        ),
        CauseKind::Other => ("it was refused before any policy was asked".to_owned(), ""),
    };
    let mut lines = vec![text];
    for known in &cause.facts {
        match known.value.contains('\n') {
            true => {
                lines.push(format!("  {}:", plain(&known.name)));
                lines.extend(
                    known
                        .value
                        .lines()
                        .map(|part| format!("    | {}", plain(part)).trim_end().to_owned()),
                );
            }
            false => lines.push(format!("  {}: {}", plain(&known.name), plain(&known.value))),
        }
    }
    if !hint.is_empty() {
        lines.push(format!("hint: {hint}"));
    }
    lines
}

fn reason_lines(reasons: &Reasons) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(rule) = &reasons.rule {
        lines.push(format!(
            "the rule `{}` refuses it, whatever policies say: {}",
            plain(rule),
            rule_in_words(rule)
        ));
    }
    for judgement in &reasons.judgements {
        lines.extend(judgement_lines(judgement));
    }
    if reasons.omitted > 0 {
        lines.push(format!("and {} more", reasons.omitted));
    }
    lines.extend(mend_lines(&reasons.mend, reasons.rule.is_some()));
    lines
}

fn rule_in_words(rule: &str) -> &'static str {
    match rule {
        "session_rule" => "a session that is narrowed, and every federation session, changes no identities",
        "root_keys_rule" => "nobody but the root changes the root's access keys",
        "operator_rule" => "it is for the root of the store's first account alone, with its permanent key",
        _ => "it binds this operation",
    }
}

fn judgement_lines(judgement: &Judgement) -> Vec<String> {
    let said = if judgement.allowed {
        "allowed"
    } else {
        "not allowed"
    };
    let mut lines = vec![format!(
        "{} on {}: {said}",
        plain(&judgement.action),
        plain(&judgement.resource)
    )];
    let own = ["identity", "boundary"];
    let lacks_own =
        |layer: &LayerReport| own.contains(&layer.layer.as_str()) && layer.verdict == Verdict::Silent;
    let lacks_own = judgement.layers.iter().any(lacks_own);
    for layer in &judgement.layers {
        lines.extend(layer_lines(layer, lacks_own));
    }
    lines
}

fn layer_lines(layer: &LayerReport, lacks_own: bool) -> Vec<String> {
    let name = layer_in_words(&layer.layer, layer.document);
    let said = match (layer.verdict, layer.layer.as_str()) {
        (Verdict::Silent, "unowned") => "nobody is known to own it, so nothing can allow it".to_owned(),
        (Verdict::Silent, "bucket_policy") => "says nothing".to_owned(),
        (Verdict::Silent, _) => "says nothing, which is not enough".to_owned(),
        // What names the account alone is not enough for one of its identities.
        (Verdict::Allows, "acl" | "bucket_policy") if lacks_own => format!(
            "allows{}, which counts only together with the identity's own right",
            by_statement(layer.deciding.as_ref())
        ),
        (Verdict::Allows, _) => format!("allows{}", by_statement(layer.deciding.as_ref())),
        (Verdict::Denies, _) => format!("denies{}", by_statement(layer.deciding.as_ref())),
        (Verdict::Unreadable, _) => "its document cannot be read, which denies".to_owned(),
    };
    let mut lines = vec![format!("  {name}: {said}")];
    for condition in layer.deciding.iter().flat_map(|deciding| &deciding.conditions) {
        lines.push(format!("    held: {}", condition_in_words(condition)));
    }
    if let Some(closest) = &layer.closest {
        lines.extend(closest_lines(closest));
    }
    lines
}

fn by_statement(deciding: Option<&Deciding>) -> String {
    deciding.map_or(String::new(), |deciding| {
        format!(
            " by {}",
            statement_in_words(deciding.statement, deciding.sid.as_deref())
        )
    })
}

fn statement_in_words(statement: usize, sid: Option<&str>) -> String {
    let sid = sid.map_or(String::new(), |sid| format!(" ({})", plain(sid)));
    format!("statement {}{sid}", statement + 1)
}

fn closest_lines(closest: &Closest) -> Vec<String> {
    let document = closest
        .document
        .map_or(String::new(), |document| format!(" of document {}", document + 1));
    let statement = statement_in_words(closest.statement, closest.sid.as_deref());
    let mut lines = vec![format!("    closest is {statement}{document}, but")];
    let parts = [
        ("principal", &closest.principal),
        ("action", &closest.action),
        ("resource", &closest.resource),
    ];
    for (part, mismatch) in parts {
        if let Some(Mismatch { expected, actual }) = mismatch {
            lines.push(format!(
                "      its {part} is {}, not {}",
                list(expected),
                plain(actual)
            ));
        }
    }
    for condition in &closest.conditions {
        lines.push(format!(
            "      its condition fails: {}",
            condition_in_words(condition)
        ));
    }
    lines
}

fn condition_in_words(condition: &ConditionReport) -> String {
    let actual = match (condition.withheld, condition.actual.is_empty()) {
        (true, _) => "what it has is the other account's to tell".to_owned(),
        (false, true) => "the request has none".to_owned(),
        (false, false) => format!("the request has {}", list(&condition.actual)),
    };
    format!(
        "{} {} {}; {actual}",
        plain(&condition.key),
        plain(&condition.operator),
        list(&condition.expected)
    )
}

fn mend_lines(mend: &Mend, by_rule: bool) -> Vec<String> {
    match mend {
        Mend::NotNeeded => Vec::new(),
        Mend::Statements { steps } => steps.iter().flat_map(step_lines).collect(),
        Mend::Denied { denials } => vec![format!(
            "hint: no allow can mend this: {}",
            denials.iter().map(denial_in_words).collect::<Vec<_>>().join("; ")
        )],
        Mend::Never if by_rule => Vec::new(),
        Mend::Never => vec!["hint: check the name: no statement can allow what nobody owns".to_owned()],
        Mend::Withheld => vec!["hint: ask the other account: what is missing is in its hands".to_owned()],
        Mend::Unknown => vec![
            "hint: no single statement was found that would allow it; the documents may be full".to_owned(),
        ],
    }
}

fn step_lines(step: &Step) -> Vec<String> {
    let place = layer_in_words(&step.layer, step.document);
    let how = match step.layer.as_str() {
        "session" => " (fixed at minting: ask for it there)",
        "bucket_policy" => " (its owner can)",
        _ => "",
    };
    vec![
        format!("hint: add to {place}{how}:"),
        format!("  {}", plain(step.statement.to_string())),
    ]
}

fn denial_in_words(denial: &Denial) -> String {
    let layer = layer_in_words(&denial.layer, denial.document);
    match denial.statement {
        Some(statement) => format!(
            "{} of {layer} denies",
            statement_in_words(statement, denial.sid.as_deref())
        ),
        None => format!("{layer} cannot be read"),
    }
}

fn layer_in_words(layer: &str, document: Option<usize>) -> String {
    let number = document.map_or(String::new(), |document| format!(" {}", document + 1));
    match layer {
        "root" => "the root's own right".to_owned(),
        "identity" if document.is_none() => "the identity's policies".to_owned(),
        "identity" => format!("the identity's policy{number}"),
        "boundary" => "the permission boundary".to_owned(),
        "session" => format!("the session policy{number}"),
        "bucket_policy" => "the bucket's policy".to_owned(),
        "acl" => "the access control list".to_owned(),
        "trust" => "the role's trust policy".to_owned(),
        "public" => "what anybody may do".to_owned(),
        "unowned" => "the resource".to_owned(),
        other => plain(other),
    }
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("`{}`", plain(text))).collect();
    quoted.join(", ")
}

/// Without anything that a terminal would act on.
fn plain(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    text.chars()
        .flat_map(|letter| {
            let escaped = letter.is_control() || is_invisible(letter);
            let as_is = (!escaped).then_some(letter);
            let spelled = escaped.then(|| letter.escape_unicode());
            as_is.into_iter().chain(spelled.into_iter().flatten())
        })
        .collect()
}

/// Letters that change how others are shown.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
