//! Values of settings that are checked the moment they are read, the same wherever they come from.

use std::fmt;
use std::str::FromStr;

use daypass_api::names::Region;
use daypass_server::{HostName, Origin, TrustedProxy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tracing_subscriber::EnvFilter;

/// A whole number within bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounded<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Bounded<LEAST, MOST> {
    /// A number that is known to be within; one that is not becomes the nearest bound.
    pub(crate) const fn constant(number: u64) -> Self {
        match number {
            number if number < LEAST => Self(LEAST),
            number if number > MOST => Self(MOST),
            number => Self(number),
        }
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    fn checked(number: u64) -> Result<Self, String> {
        if (LEAST..=MOST).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is not in {LEAST} to {MOST}"))
        }
    }
}

impl<const LEAST: u64, const MOST: u64> FromStr for Bounded<LEAST, MOST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().map_err(|_| "it is not a whole number".to_owned())?;
        Self::checked(number)
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Bounded<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::checked(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<const LEAST: u64, const MOST: u64> Serialize for Bounded<LEAST, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<const LEAST: u64, const MOST: u64> JsonSchema for Bounded<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("From{LEAST}To{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

/// A text that means something: read into what it means, written back as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<T>(pub(crate) T);

/// What a [`Text`] can mean.
pub(crate) trait Meaning: Sized + fmt::Display {
    /// Reads it.
    fn read(text: &str) -> Result<Self, String>;
}

impl Meaning for Region {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|_| "a region is 1 to 32 lower-case letters, digits and `-`".to_owned())
    }
}

impl Meaning for TrustedProxy {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: daypass_server::BadTrustedProxy| error.to_string())
    }
}

impl Meaning for HostName {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: daypass_server::BadHostName| error.to_string())
    }
}

impl Meaning for Origin {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: daypass_server::BadOrigin| error.to_string())
    }
}

/// What happens to requests while the audit trail cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnLoss(pub(crate) daypass_server::OnLoss);

impl fmt::Display for OnLoss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            daypass_server::OnLoss::Refuse => "refuse",
            daypass_server::OnLoss::Continue => "continue",
        })
    }
}

impl Meaning for OnLoss {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "refuse" => Ok(Self(daypass_server::OnLoss::Refuse)),
            "continue" => Ok(Self(daypass_server::OnLoss::Continue)),
            _ => Err(format!("`{text}` is neither `refuse` nor `continue`")),
        }
    }
}

/// What is logged, as `tracing` writes it: a level, or levels for parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// The filter itself.
    pub(crate) fn filter(&self) -> Result<EnvFilter, String> {
        let levels = "error, warn, info, debug, or levels for parts, as in `info,daypass::audit=off`";
        EnvFilter::try_new(&self.0).map_err(|_| format!("`{}` is not a log filter: {levels}", self.0))
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Meaning for LogFilter {
    fn read(text: &str) -> Result<Self, String> {
        let filter = Self(text.to_owned());
        filter.filter()?;
        Ok(filter)
    }
}

impl<T: Meaning> FromStr for Text<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        T::read(text).map(Self)
    }
}

impl<'de, T: Meaning> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::read(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl<T: Meaning> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<T> JsonSchema for Text<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_bounds() {
        let check = |text: &str, good: bool| {
            assert_eq!(text.parse::<Bounded<1, 7200>>().is_ok(), good, "{text}");
            let json = serde_json::from_str::<Bounded<1, 7200>>(text);
            assert_eq!(json.is_ok(), good, "{text}");
        };
        for (text, good) in [
            ("1", true),
            ("7200", true),
            ("0", false),
            ("7201", false),
            ("-1", false),
            ("1.5", false),
            ("99999999999999999999999", false),
        ] {
            check(text, good);
        }
        assert_eq!(Bounded::<5, 9>::constant(3).number(), 5);
        assert_eq!(Bounded::<5, 9>::constant(10).number(), 9);
    }

    #[test]
    fn log_filters() {
        let check =
            |text: &str, good: bool| assert_eq!(text.parse::<Text<LogFilter>>().is_ok(), good, "{text}");
        check("info", true);
        check("info,daypass::audit=off", true);
        check("daypass::audit=loud", false);
    }
}
