//! What templates grant that the broker's own key may not do: users get keys for it, and are refused when they use them.
//!
//! Only the token service knows what our key may do, so it is asked: one key for each template is made for nobody, and
//! Daypass says what it finds about its policy. Another token service says nothing, and so nothing is known.

use daypass_api::names::SessionName;
use daypass_api::operation::GetFederationToken;
use daypass_api::outcome::Within;
use daypass_client::{ActionClient, Error};

use crate::check;
use crate::place::Place;
use crate::template::Template;
use crate::user::{Names, User};

/// For whom the keys are made that nobody gets.
const NOBODY: &str = "daypass-broker-check";
/// Most findings that are told of a template.
const MAX_TOLD: usize = 3;

/// What each template grants in vain, in words.
pub(crate) async fn look(
    sts: &ActionClient,
    templates: &[Template],
    place: &Place,
) -> Result<Vec<String>, Error> {
    let sts = sts.clone().judging();
    let Ok(nobody) = User::parse(NOBODY, Names::Refuse) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for template in templates {
        let ask = GetFederationToken {
            name: SessionName::parse(NOBODY).map_err(Error::Request)?,
            policy: Some(check::policy(template, place, &nobody)),
            duration_seconds: Some(i64::from(template.seconds)),
        };
        let key = sts.get_federation_token(ask).await?;
        let Some(judgement) = key
            .judgement
            .filter(|judgement| judgement.within == Within::NotContained)
        else {
            continue;
        };
        let beyond = judgement
            .findings
            .iter()
            .filter(|finding| finding.witness.is_some());
        let told = beyond.take(MAX_TOLD).map(|finding| {
            format!(
                "template `{}` grants more than the broker's own key may do: {}",
                template.name, finding.message
            )
        });
        found.extend(told);
    }
    Ok(found)
}
