//! A template: what a user of it may do, where, for how long and how often.

use daypass_api::Timestamp;
use daypass_api::names::ObjectKey;

use crate::pattern::{Pattern, Values, Variable};
use crate::place::Place;
use crate::policy::{self, Bounds, Grant};
use crate::settings::{EndpointName, SettingsError, TemplateSettings};
use crate::user::User;

/// Longest life of a key that the token service gives.
const MAX_SECONDS: u32 = 129_600;
/// Most extensions or types of a template.
const MAX_KINDS: usize = 64;

/// A template that was read.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) name: String,
    /// The folder whose objects its keys are for.
    pub(crate) prefix: Option<Pattern>,
    /// The one object that a key is for, chosen here.
    pub(crate) key: Option<Pattern>,
    pub(crate) actions: Vec<String>,
    pub(crate) bounds: Bounds,
    pub(crate) extensions: Vec<String>,
    pub(crate) seconds: u32,
    pub(crate) per_minute: u32,
    pub(crate) endpoints: Vec<EndpointName>,
    pub(crate) is_shared: bool,
    pub(crate) accepted: Vec<String>,
}

impl Template {
    /// Reads what the settings say.
    pub(crate) fn new(settings: &TemplateSettings) -> Result<Self, SettingsError> {
        let wrong = |problem: String| SettingsError::Template {
            template: settings.name.clone(),
            problem,
        };
        if !is_word(&settings.name, 64) {
            return Err(wrong(
                "its name is not 1 to 64 of letters, digits, `-` and `_`".to_owned(),
            ));
        }
        let bounds = Bounds {
            max_bytes: settings.max_bytes,
            content_types: settings.content_types.clone(),
        };
        let pattern = |what: &str, text: &Option<String>, allowed: &[Variable]| {
            let parsed = text.as_deref().map(|text| Pattern::parse(text, allowed));
            parsed
                .transpose()
                .map_err(|error| wrong(format!("`{what}`: {error}")))
        };
        let all = [Variable::User, Variable::Date, Variable::Random, Variable::Ext];
        let template = Self {
            name: settings.name.clone(),
            prefix: pattern("prefix", &settings.prefix, &[Variable::User])?,
            key: pattern("key", &settings.key, &all)?,
            actions: policy::actions(&settings.actions, &bounds).map_err(wrong)?,
            bounds,
            extensions: settings.extensions.clone(),
            seconds: settings.duration_seconds,
            per_minute: settings.keys_per_minute,
            endpoints: settings.endpoints.clone(),
            is_shared: settings.shared,
            accepted: settings.accept.clone(),
        };
        template
            .fault()
            .map_or(Ok(template), |problem| Err(wrong(problem)))
    }

    /// What makes no sense about it, if anything.
    fn fault(&self) -> Option<String> {
        let serves = |name: EndpointName| self.endpoints.contains(&name);
        let needs_prefix = serves(EndpointName::Sts) || serves(EndpointName::StsScope);
        let needs_key = [EndpointName::Key, EndpointName::PutSign, EndpointName::PostPolicy]
            .into_iter()
            .any(serves);
        let may = |action: &str| self.actions.iter().any(|own| own == action);
        let found = if self.actions.is_empty() {
            "`actions` names none"
        } else if self.endpoints.is_empty() {
            "`endpoints` names none"
        } else if needs_prefix != self.prefix.is_some() {
            "`prefix` is what `sts` and `sts-scope` need, and nothing else"
        } else if needs_key != self.key.is_some() {
            "`key` is what `getKeyAndCredentials`, `put-sign` and `post-policy` need, and nothing else"
        } else if serves(EndpointName::PutSign) && !may("name/cos:PutObject") {
            "`put-sign` needs the action `name/cos:PutObject`"
        } else if serves(EndpointName::PostPolicy) && !may("name/cos:PostObject") {
            "`post-policy` needs the action `name/cos:PostObject`"
        } else if self
            .key
            .as_ref()
            .is_some_and(|key| key.uses(Variable::Random) == 0)
        {
            "`key` has no `${random}`, so that somebody could guess and replace what was uploaded"
        } else if self.key.as_ref().is_some_and(|key| key.uses(Variable::Ext) > 0)
            == self.extensions.is_empty()
        {
            "`${ext}` in `key` and `extensions` need each other"
        } else if !self.extensions.iter().all(|extension| is_word(extension, 16)) {
            "an extension is not 1 to 16 of letters, digits, `-` and `_`"
        } else if self.extensions.len() > MAX_KINDS || self.bounds.content_types.len() > MAX_KINDS {
            "there are more than 64 extensions or types"
        } else if !self.bounds.content_types.iter().all(|text| is_content_type(text)) {
            "a content type has the form `image/png`, without wildcards"
        } else if !(1..=MAX_SECONDS).contains(&self.seconds) {
            "`duration_seconds` is not from 1 to 129600"
        } else if self.per_minute == 0 {
            "`keys_per_minute` is 0, so that nobody would get a key"
        } else if self.is_shared && !self.actions.iter().all(|action| policy::only_reads(action)) {
            "what is `shared` may only be read and listed"
        } else if self.is_shared
            && self
                .prefix
                .as_ref()
                .is_none_or(|prefix| prefix.uses(Variable::User) > 0)
        {
            "what is `shared` has a `prefix` without `${user}`"
        } else {
            return None;
        };
        Some(found.to_owned())
    }

    /// The folder of a user; none where keys are for single objects.
    pub(crate) fn folder(&self, user: &User) -> Option<String> {
        self.prefix.as_ref().map(|prefix| prefix.of(user))
    }

    /// The policy of a key for a user's folder.
    pub(crate) fn folder_policy(&self, place: &Place, user: &User) -> Option<String> {
        let folder = self.folder(user)?;
        let grant = Grant {
            actions: self.actions.clone(),
            resources: policy::resources_of_folder(place, &folder),
        };
        Some(policy::document(&[grant], &self.bounds))
    }

    /// The policy of a key for one object.
    pub(crate) fn object_policy(&self, place: &Place, key: &str) -> String {
        let grant = Grant {
            actions: self.actions.clone(),
            resources: vec![place.resource(key)],
        };
        policy::document(&[grant], &self.bounds)
    }

    /// Chooses the key of an object.
    pub(crate) fn choose(
        &self,
        user: &User,
        ext: &str,
        now: Timestamp,
        random: [u8; 16],
    ) -> Option<ObjectKey> {
        let values = Values {
            user,
            now,
            random,
            ext,
        };
        ObjectKey::parse(self.key.as_ref()?.fill(values).as_bytes()).ok()
    }
}

fn is_word(text: &str, longest: usize) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=longest).contains(&text.len()) && text.bytes().all(is_plain)
}

fn is_content_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#&^_.+-".contains(&byte);
        !name.is_empty() && name.bytes().all(is_plain)
    };
    text.len() <= 128
        && text
            .split_once('/')
            .is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}
