//! A temporary key as lines that a shell evaluates, in the words of each kind of shell.

use daypass_api::outcome::TemporaryKey;

use crate::environment::{SECRET_ID, SECRET_KEY, TOKEN};

/// A kind of shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `sh` and all that understand it.
    Posix,
    /// `fish`.
    Fish,
    /// PowerShell.
    PowerShell,
}

/// The lines, and when the key expires.
pub(crate) fn exports(key: &TemporaryKey, syntax: Syntax) -> String {
    let values = [
        (SECRET_ID, key.access_key_id.as_str()),
        (SECRET_KEY, key.secret_key.expose()),
        (TOKEN, key.token.expose()),
    ];
    let lines: String = values
        .iter()
        .map(|(name, value)| line(name, value, syntax))
        .collect();
    format!("{lines}# expires {}\n", key.expires.iso_seconds())
}

/// A value is a word that the shell takes as it is, whatever the server sent.
fn line(name: &str, value: &str, syntax: Syntax) -> String {
    match syntax {
        Syntax::Posix => format!("export {name}='{}'\n", value.replace('\'', "'\\''")),
        Syntax::Fish => {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            format!("set -gx {name} '{value}'\n")
        }
        // It takes several marks for an apostrophe, and each for its own kind when it is doubled.
        Syntax::PowerShell => {
            let doubled = |mark: char| match mark {
                '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => format!("{mark}{mark}"),
                other => other.to_string(),
            };
            let value: String = value.chars().map(doubled).collect();
            format!("$env:{name} = '{value}'\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;
    use daypass_api::names::AccessKeyId;
    use daypass_api::outcome::SessionToken;
    use daypass_api::secret::SecretKey;

    use super::*;

    fn check(syntax: Syntax, expected: &str) {
        let key = TemporaryKey {
            access_key_id: AccessKeyId::parse("AKIDtmp").unwrap(),
            secret_key: SecretKey::new("s'$(x)\\".to_owned()),
            token: SessionToken::new("t\u{2019}".to_owned()),
            expires: Timestamp::from_unix_seconds(1_700_001_800),
            judgement: None,
        };
        let expected = format!("{expected}# expires 2023-11-14T22:43:20Z\n");
        assert_eq!(exports(&key, syntax), expected);
    }

    #[test]
    fn each_shell_takes_values_as_they_are() {
        check(
            Syntax::Posix,
            "export DAYPASS_SECRET_ID='AKIDtmp'\nexport DAYPASS_SECRET_KEY='s'\\''$(x)\\'\nexport DAYPASS_TOKEN='t\u{2019}'\n",
        );
        check(
            Syntax::Fish,
            "set -gx DAYPASS_SECRET_ID 'AKIDtmp'\nset -gx DAYPASS_SECRET_KEY 's\\'$(x)\\\\'\nset -gx DAYPASS_TOKEN 't\u{2019}'\n",
        );
        check(
            Syntax::PowerShell,
            "$env:DAYPASS_SECRET_ID = 'AKIDtmp'\n$env:DAYPASS_SECRET_KEY = 's''$(x)\\'\n$env:DAYPASS_TOKEN = 't\u{2019}\u{2019}'\n",
        );
    }

    /// What `sh` makes of the lines, run for true.
    #[test]
    fn sh_evaluates_them() {
        let secret = "a'b\"c$(d)`e`\\f g";
        let script = format!("{}printf %s \"$X\"", line("X", secret, Syntax::Posix));
        let done = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(done.stdout).unwrap(), secret);
    }
}
