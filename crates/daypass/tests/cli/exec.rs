//! `daypass sts exec`, and what `sts token` prints: a real command and a real shell, with a temporary key and no other.

use std::process::{Command, Stdio};

use super::{BUCKET, Cloud, ROOT_SECRET_ID, ROOT_SECRET_KEY, said, signal, wait_until};

fn policy(cloud: &Cloud) -> String {
    let path = cloud.path("policy.json");
    let text = format!(
        r#"{{"version": "2.0", "statement": [{{"effect": "allow", "action": ["name/cos:PutObject"],
        "resource": ["qcs::cos:ap-guangzhou:uid/1250000000:{BUCKET}/in/*"]}}]}}"#
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_command_has_the_temporary_key_and_no_other() {
    let cloud = Cloud::new();
    let policy = policy(&cloud);
    let environment = cloud.succeeds(&["sts", "exec", "--policy", &policy, "--", "env"]);
    assert!(
        !environment.contains(ROOT_SECRET_ID) && !environment.contains(ROOT_SECRET_KEY),
        "{environment}"
    );
    let value = |name: &str| {
        let prefix = format!("{name}=");
        let line = environment.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap().to_owned()
    };
    assert!(!value("DAYPASS_TOKEN").is_empty());
    assert_eq!(value("DAYPASS_SECRET_ID"), value("TENCENTCLOUD_SECRET_ID"));
    assert_eq!(value("DAYPASS_SECRET_KEY"), value("TENCENTCLOUD_SECRET_KEY"));
    let daypass = env!("CARGO_BIN_EXE_daypass");
    std::fs::write(cloud.path("a"), "a").unwrap();
    let file = cloud.path("a");
    let copy = |key: &str| {
        let to = format!("cos://{BUCKET}/{key}");
        cloud.run(&[
            "sts",
            "exec",
            "--policy",
            &policy,
            "--",
            daypass,
            "cp",
            file.to_str().unwrap(),
            &to,
        ])
    };
    let within = copy("in/a");
    assert!(within.status.success(), "{}", said(&within));
    assert_eq!(copy("out/a").status.code(), Some(3));
}

#[test]
fn the_exit_code_is_the_commands_own() {
    let cloud = Cloud::new();
    let check = |command: &[&str], expected: Option<i32>| {
        let arguments = [&["sts", "exec", "--"], command].concat();
        assert_eq!(cloud.run(&arguments).status.code(), expected, "{command:?}");
    };
    check(&["true"], Some(0));
    check(&["sh", "-c", "exit 42"], Some(42));
    check(&["sh", "-c", "kill -TERM $$"], None);
    check(&["no-such-command-anywhere"], Some(127));
    check(&["/"], Some(126));
    let refused = cloud.run(&["sts", "exec", "--role", "nobody", "--", "echo", "ran"]);
    assert!(
        !refused.status.success() && refused.stdout.is_empty(),
        "{}",
        said(&refused)
    );
}

#[test]
fn a_signal_reaches_the_command() {
    let cloud = Cloud::new();
    let script = "trap 'exit 7' TERM; touch ready; while :; do sleep 0.05; done";
    let mut command = cloud.command(&["sts", "exec", "--", "sh", "-c", script]);
    let mut child = command
        .current_dir(cloud.folder.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the command runs", || cloud.path("ready").exists());
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

/// What `sts token` prints is evaluated by the shells that are here, and the key is in use then, and no other one.
#[test]
fn a_shell_takes_the_key_that_was_made() {
    let cloud = Cloud::new();
    let script = "unset DAYPASS_SECRET_ID DAYPASS_SECRET_KEY\n\
        eval \"$MADE\" && unset MADE && \"$0\" sts whoami --json && \"$0\" ls";
    for shell in ["sh", "bash"] {
        let made = cloud.succeeds(&["sts", "token", "--name", shell]);
        let mut command = Command::new(shell);
        let settings = cloud.command(&[]);
        for (name, value) in settings.get_envs() {
            command.env(name, value.unwrap());
        }
        command
            .args(["-c", script, env!("CARGO_BIN_EXE_daypass")])
            .env("MADE", &made);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{shell}: {}", said(&output));
        // The root has no session; this one is named after the shell.
        let expected = format!("\"session_name\":\"{shell}\"");
        assert!(said(&output).contains(&expected), "{shell}: {}", said(&output));
    }
    cloud.stop();
}
