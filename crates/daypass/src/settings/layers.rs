//! Which place wins: the command line, then the environment, then the file, then the defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::{Settings, keys};

/// Where a setting was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Nowhere.
    Default,
    /// In the file.
    File,
    /// In the environment.
    Environment,
    /// On the command line.
    Flag,
}

/// Settings, with where each of them was said.
#[derive(Debug)]
pub(crate) struct Layered {
    pub(crate) settings: Settings,
    /// Values by key, with their places.
    values: BTreeMap<String, (Value, Source)>,
}

/// What each place says.
pub(crate) struct Layers {
    pub(crate) flags: Settings,
    pub(crate) environment: Settings,
    pub(crate) file: Settings,
}

impl Layers {
    /// For each setting, what the first place says that says anything. A list is taken whole from one place.
    pub(crate) fn merge(&self) -> Result<Layered> {
        let defaults = Settings::defaults();
        let mut values = BTreeMap::new();
        // The later ones win.
        for (settings, source) in [
            (&defaults, Source::Default),
            (&self.file, Source::File),
            (&self.environment, Source::Environment),
            (&self.flags, Source::Flag),
        ] {
            for (key, value) in flatten(settings)? {
                values.insert(key, (value, source));
            }
        }
        let mut table = Table::new();
        for (key, (value, _)) in &values {
            insert(&mut table, key, value.clone());
        }
        let settings = table.try_into().context("the settings contradict each other")?;
        Ok(Layered { settings, values })
    }
}

impl Layered {
    /// Where a setting was said.
    pub(crate) fn source(&self, key: &str) -> Source {
        self.values
            .get(key)
            .map_or(Source::Default, |(_, source)| *source)
    }

    /// The path that a setting names.
    pub(crate) fn path(&self, key: &str) -> Option<PathBuf> {
        let (value, _) = self.values.get(key)?;
        value.as_str().map(PathBuf::from)
    }

    /// All of them as a file, each with where it was said; those that are not set, too, behind a `#`.
    pub(crate) fn show(&self) -> String {
        let mut lines = Vec::new();
        for in_limits in [false, true] {
            if in_limits {
                lines.push("\n[limits]".to_owned());
            }
            for key in keys() {
                let (is_limit, name) = match key.split_once('.') {
                    Some((_, name)) => (true, name),
                    None => (false, key.as_str()),
                };
                if is_limit != in_limits {
                    continue;
                }
                lines.push(match self.values.get(&key) {
                    Some((value, source)) => format!(
                        "{name} = {value}  # {}",
                        Place {
                            key: &key,
                            source: *source
                        }
                    ),
                    None => format!("# {name} is not set"),
                });
            }
        }
        lines.join("\n")
    }
}

/// The name of a place, for a person.
struct Place<'k> {
    key: &'k str,
    source: Source,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Source::Default => formatter.write_str("default"),
            Source::File => formatter.write_str("file"),
            Source::Environment => {
                let variable = crate::environment::variable_of(self.key).unwrap_or("environment");
                formatter.write_str(variable)
            }
            Source::Flag => formatter.write_str(&flag_of(self.key)),
        }
    }
}

/// The flag that says the same as a key.
pub(crate) fn flag_of(key: &str) -> String {
    let name = key.strip_prefix("limits.").unwrap_or(key);
    match name {
        "hosts" => "--host".to_owned(),
        "console_origins" => "--console-origin".to_owned(),
        "trusted_proxies" => "--trusted-proxy".to_owned(),
        _ => format!("--{}", name.replace('_', "-")),
    }
}

/// The values that are set, by key.
pub(crate) fn flatten(settings: &Settings) -> Result<Vec<(String, Value)>> {
    let table = Table::try_from(settings)
        .context("a setting cannot be written down, such as a path that is not UTF-8")?;
    let mut values = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                values.extend(
                    inner
                        .into_iter()
                        .map(|(name, value)| (format!("{key}.{name}"), value)),
                );
            }
            value => values.push((key, value)),
        }
    }
    Ok(values)
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((outer, inner)) => {
            let inside = table.entry(outer).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inside) = inside {
                insert(inside, inner, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_nearest_place_wins() {
        let check = |flags: &str, environment: &str, file: &str, expected: (&str, Source)| {
            let (flags, environment, file) = (of(flags), of(environment), of(file));
            let merged = Layers {
                flags,
                environment,
                file,
            }
            .merge()
            .unwrap();
            assert_eq!(merged.source("log"), expected.1);
            let shown = merged.show();
            assert!(
                shown.contains(&format!("\nlog = \"{}\"  #", expected.0)),
                "{shown}"
            );
        };
        let (flag, environment, file) = ("log = 'debug'", "log = 'warn'", "log = 'error'");
        check(flag, environment, file, ("debug", Source::Flag));
        check("", environment, file, ("warn", Source::Environment));
        check("", "", file, ("error", Source::File));
        check("", "", "", ("info", Source::Default));
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let file =
            of("hosts = ['a.example', 'B.example']\nconsole_listen = '[::1]:1'\n[limits]\nconnections = 7");
        let (flags, environment) = (of("data = '/srv/a \"b\"'"), of("appid = 1250000001"));
        let merged = Layers {
            flags,
            environment,
            file,
        }
        .merge()
        .unwrap();
        let shown = merged.show();
        assert_eq!(of(&shown), merged.settings, "{shown}");
        for line in [
            "connections = 7  # file",
            "head_timeout_seconds = 60  # default",
            "appid = 1250000001  # DAYPASS_APPID",
            "# tls_cert is not set",
            "hosts = [\"a.example\", \"b.example\"]  # file",
        ] {
            assert!(
                shown.lines().any(|shown| shown == line),
                "{line} is not in {shown}"
            );
        }
        assert!(shown.contains("  # --data"), "{shown}");
    }
}
