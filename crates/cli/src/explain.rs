//! `daypass explain`: why a request was answered as it was.

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::operation::RequestId;
use daypass_explain::{Explanation, in_words};

use crate::connection::ServiceArguments;
use crate::output;

/// Say why a request was refused: the layer and the statement that decided, the condition that failed, and the smallest
/// statement that would have allowed it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The id stands in every answer: x-cos-request-id for objects, RequestId for the API. Whoever asks needs the permission
cam:ExplainDecision, and belongs to the account of the request or of what it was about. Explanations are kept for some
days; a cluster's gateway knows those of its own requests.

Examples:
  daypass explain NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE=
  daypass explain NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE= --json

Exit codes: 0 it was explained, 1 the server was not reached or answered badly, 2 the command line makes no sense, 3 it
is not permitted, 4 nothing is known about the request.")]
pub struct Arguments {
    /// The id that the request was answered under
    #[arg(value_name = "REQUEST-ID", value_parser = request_id)]
    id: RequestId,
    /// One line of JSON; statements are counted from 0
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let text = client.explain_decision(arguments.id).await;
    let text = text.context("cannot explain the request")?;
    if arguments.json {
        return output::write(format!("{text}\n").as_bytes());
    }
    let explanation: Explanation = serde_json::from_str(&text).context("the explanation cannot be read")?;
    output::write(in_words(&explanation).as_bytes())
}

fn request_id(text: &str) -> Result<RequestId, String> {
    RequestId::parse(text).map_err(|error| error.to_string())
}
