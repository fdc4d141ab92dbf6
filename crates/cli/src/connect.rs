//! `trusty connect` and `trusty disconnect`

use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use crate::mark_check::refuse_marked;
use crate::terminal_output;
use similar::TextDiff;
use std::path::Path;
use trusty_integration::{ConnectError, ConnectReport, SettingsEdit, SettingsEditOutcome};

/// What a tool call of a connected session takes longer, as measured: almost all of it is the
/// client, a large program, starting another one.
const HOOK_COST_TEXT: &str = "each tool call takes about 0.03 s longer";

#[derive(Debug, clap::Args)]
pub(crate) struct ConnectArgs {
    /// Show the changes as a diff, without making them
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Connects the hooks of all config folders that are looked into.
pub(crate) async fn connect_hooks(hooks: &ConnectArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    if !hooks.dry_run {
        let remedy = "connect the hooks in the popover or in another terminal";
        refuse_marked(&place, remedy).await?;
    }
    let seen = place.scan().await?;
    let running = seen.snapshot();
    let folders = trusty_integration::folders(&place.env, &place.settings);
    for dir in &folders {
        if hooks.dry_run {
            let change = trusty_integration::plan_connect(&place.env, dir, &running);
            print_change(&change.map_err(|e| failure("connect", e))?)?;
        } else {
            let done = trusty_integration::connect(&place.env, dir, &running);
            terminal_output::print_result(&connect_message(
                &done.map_err(|e| failure("connect", e))?,
            ))?;
        }
    }
    for dir in seen.config_dirs().difference(&folders) {
        terminal_output::print_result(&format!(
            "A running session keeps its settings in {}. To connect that session too, add the \
             folder to `config_dirs` under [discovery] in {} and run `trusty connect` again.\n",
            dir.display(),
            place.env.settings_file().display()
        ))?;
    }
    Ok(())
}

/// Takes our entries out of all config folders that are looked into.
pub(crate) async fn disconnect_hooks(hooks: &ConnectArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    if !hooks.dry_run {
        refuse_marked(&place, "disconnect the hooks in another terminal").await?;
    }
    for dir in trusty_integration::folders(&place.env, &place.settings) {
        if hooks.dry_run {
            let change = trusty_integration::plan_disconnect(&place.env, &dir);
            print_change(&change.map_err(|e| failure("disconnect", e))?)?;
        } else {
            let done = trusty_integration::disconnect(&place.env, &dir);
            terminal_output::print_result(&disconnected(
                &done.map_err(|e| failure("disconnect", e))?,
            ))?;
        }
    }
    Ok(())
}

fn failure(verb: &str, e: ConnectError) -> CommandFailure {
    match e {
        ConnectError::Io(..) | ConnectError::Read(..) => {
            CommandFailure::Failed(anyhow::Error::from(e).context(format!("failed to {verb}")))
        }
        refused => CommandFailure::Refused(format!("failed to {verb}: {refused}")),
    }
}

fn print_change(change: &SettingsEdit) -> Result<(), CommandFailure> {
    let before = change.before.as_deref().unwrap_or_default();
    let after = change.after.as_deref().unwrap_or_default();
    if change.before == change.after {
        terminal_output::print(&format!(
            "Nothing to change in {}.\n",
            change.file.display()
        ))?;
        return Ok(());
    }
    let name = change.file.display().to_string();
    let named = |text: &Option<String>| match text {
        Some(_) => name.clone(),
        None => "/dev/null".to_owned(),
    };
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified.header(&named(&change.before), &named(&change.after));
    terminal_output::print(&unified.to_string())?;
    Ok(())
}

fn backup_sentence(backup: Option<&Path>) -> String {
    backup.map_or_else(String::new, |path| {
        format!(" The previous file is kept in {}.", path.display())
    })
}

fn connect_message(done: &ConnectReport) -> String {
    let file = done.file.display();
    let kept = backup_sentence(done.backup.as_deref());
    match done.outcome {
        SettingsEditOutcome::Unchanged | SettingsEditOutcome::Removed => {
            format!("The hooks in {file} are already connected; nothing was changed.\n")
        }
        SettingsEditOutcome::Created | SettingsEditOutcome::Replaced => format!(
            "Connected the hooks of {} events in {file}.{kept} Running sessions use them within \
             about 3 s, and {HOOK_COST_TEXT}. To undo this, run `trusty disconnect`.\n",
            trusty_integration::HOOK_EVENTS.len()
        ),
    }
}

fn disconnected(done: &ConnectReport) -> String {
    let file = done.file.display();
    let kept = backup_sentence(done.backup.as_deref());
    match done.outcome {
        SettingsEditOutcome::Unchanged | SettingsEditOutcome::Created => {
            format!("{file} has no hooks of Trusty Bar; nothing was changed.\n")
        }
        SettingsEditOutcome::Replaced => {
            format!("Removed the hooks of Trusty Bar from {file}.{kept}\n")
        }
        SettingsEditOutcome::Removed => {
            format!("Removed {file}, which held only the hooks of Trusty Bar.{kept}\n")
        }
    }
}
