//! `daypass demo`: direct upload in five steps, and a role whose session is ended early, told to a person while it
//! happens.
//!
//! Nothing is staged: a store on a fresh folder, `daypass broker` as the user server, and an app that has nothing but its temporary key talk
//! over real HTTP. Every line that says `ok` was checked; the first thing that is not as it should be ends the demo.

mod app;
mod policies;
mod role;
mod stage;

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;

use app::App;
use stage::Stage;

/// Show direct upload with a temporary key, in five steps, and how a key is ended early, on a fresh store.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The store lives in a temporary folder and is gone afterwards. Without --once it stays up when the steps are done, so \
that you can try it; Ctrl-C ends it.

Examples:
  daypass demo
  daypass demo --once    ends with 0 when everything held")]
pub(crate) struct DemoArguments {
    /// End when the steps are done, instead of staying up
    #[arg(long)]
    once: bool,
}

/// Plays the scene.
pub(crate) async fn run(arguments: DemoArguments) -> Result<()> {
    let mut stage = Stage::set().await.context("the demo could not be set up")?;
    say(&stage.introduction())?;
    let played = play(&mut stage).await;
    if played.is_ok() && !arguments.once {
        say(&stage.invitation())?;
        tokio::signal::ctrl_c()
            .await
            .context("Ctrl-C cannot be handled")?;
    }
    stage.clear().await?;
    played
}

async fn play(stage: &mut Stage) -> Result<()> {
    let url = format!("http://{}/sts", stage.user_server.address());
    say(&format!(
        "step 1/5  the app asks its user server for a key, as alice\n          GET {url}"
    ))?;
    let (app, key) = App::ask_for_key(&url, stage).await?;
    say(&format!(
        "step 2/5  the user server asks the STS for a temporary key, with a policy for alice alone (B)\n          \
         GetFederationToken  {}",
        stage.alices_policy()?
    ))?;
    let length = key.token.expose().len();
    say(&format!(
        "step 3/5  the STS answers\n          TmpSecretId {}, TmpSecretKey (hidden), token of {length} characters, ends {}",
        key.access_key_id,
        key.expires.iso_seconds()
    ))?;
    say("step 4/5  the user server hands the key on to the app")?;
    say("step 5/5  the app uploads and downloads straight to the store")?;
    app.upload_and_download().await?;
    app.leave_the_policy().await?;
    stage.exceed_the_account().await?;
    app.tamper_with_the_token().await?;
    stage.outlive_the_key().await?;
    say("          A ∩ B held everywhere.")?;
    role::play(stage, &app).await
}

/// What the narrator says goes to standard output: it is what the command is for.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("standard output is closed")
}

/// One thing that was checked and held.
pub(crate) fn held(what: &str, how: &str) -> Result<()> {
    say(&format!("          ok  {what:<44} {how}"))
}
