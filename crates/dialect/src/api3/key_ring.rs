//! DescribeKeyRing, RotateKeyRing, EndAllSessions and RotateMasterKey: of our own making, without parameters. The first
//! three answer what is in the key ring now. No key is ever told, here least of all.

use daypass_api::operation::{KeyRingOperation, Operation, SessionOperation};
use daypass_api::outcome::EpochSummary;
use daypass_api::{Outcome, Timestamp};
use serde_json::{Value as Json, json};

use super::action::Action;
use super::object::with_some;
use super::reply::{AnswerError, Reply, malformed};

pub(super) fn read(operation: KeyRingOperation) -> Operation {
    Operation::Session(SessionOperation::KeyRing(operation))
}

pub(super) fn action(operation: KeyRingOperation) -> Action {
    match operation {
        KeyRingOperation::Describe => Action::DescribeKeyRing,
        KeyRingOperation::Rotate => Action::RotateKeyRing,
        KeyRingOperation::EndAll => Action::EndAllSessions,
        KeyRingOperation::RotateMasterKey => Action::RotateMasterKey,
    }
}

pub(super) fn write(epochs: &[EpochSummary]) -> Json {
    json!({ "Epochs": epochs.iter().map(write_one).collect::<Json>() })
}

fn write_one(epoch: &EpochSummary) -> Json {
    let fields = json!({
        "Id": epoch.id,
        "Created": epoch.created.iso_millis(),
        "Seals": epoch.opens_until.is_none(),
    });
    with_some(fields, "OpensUntil", epoch.opens_until.map(Timestamp::iso_millis))
}

pub(super) fn write_rotated(secrets: u64) -> Json {
    json!({ "Secrets": secrets })
}

pub(super) fn read_answer(operation: KeyRingOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    match operation {
        KeyRingOperation::Describe | KeyRingOperation::Rotate | KeyRingOperation::EndAll => {
            reply.list("Epochs", read_one).map(Outcome::KeyRing)
        }
        KeyRingOperation::RotateMasterKey => reply.number("Secrets").map(Outcome::MasterKeyRotated),
    }
}

fn read_one(reply: Reply<'_>) -> Result<EpochSummary, AnswerError> {
    let time = |field| reply.parsed(field, |text| Timestamp::parse_iso(text).ok_or(()));
    let opens_until = match reply.optional_text("OpensUntil")? {
        Some(_) => Some(time("OpensUntil")?),
        None => None,
    };
    Ok(EpochSummary {
        id: u32::try_from(reply.number("Id")?).map_err(|_| malformed("Id"))?,
        created: time("Created")?,
        opens_until,
    })
}
