//! How the window of a process is brought to the front on a Mac: the tab by Apple Events where the
//! app has tabs that it can be asked for, else the app alone.

use super::{FOLDER_EDITORS, RaisePlan, folder, own_way, terminal_owner_pids};
use crate::jump::context::{FrontmostApp, JumpContext, TerminalProcess};
use crate::jump::mac_app::is_editor;
use crate::jump::{JumpObstacle, JumpStep, MacApp, TerminalTab};

/// Plans how the app of a process is raised.
///
/// # Errors
///
/// No app owns the terminal.
pub(super) fn plan(
    holder: &TerminalProcess,
    place: &JumpContext,
) -> Result<RaisePlan, JumpObstacle> {
    let tty = holder.tty.clone().ok_or(JumpObstacle::NoTerminal)?;
    let app = MacApp::from_ancestors(&holder.ancestors);
    let app = app.ok_or(JumpObstacle::NoScript)?;
    let tab = match app.name.as_str() {
        "Terminal" => Some(TerminalTab::Terminal(tty)),
        "iTerm2" => Some(TerminalTab::ITerm(tty)),
        "Ghostty" => Some(TerminalTab::Ghostty {
            tty,
            folder: place.workdir.clone(),
        }),
        _ => None,
    };
    if let Some(tab) = tab {
        return Ok(RaisePlan {
            app: app.name,
            steps: vec![JumpStep::Tab(tab)],
            doubt: None,
        });
    }
    let mut steps = own_way(holder, Some(&app.name));
    let mut doubt = Some(app.tab_doubt()).filter(|_| steps.is_empty() && !shows_one(holder, &app));
    if let Some(program) = &holder.editor
        && FOLDER_EDITORS.contains(&app.name.as_str())
    {
        steps.push(folder(program, holder, place));
        doubt = Some(app.tab_doubt());
    }
    let name = app.name.clone();
    steps.push(JumpStep::BringForward(app));
    Ok(RaisePlan {
        app: name,
        steps,
        doubt,
    })
}

/// Plans how the app is raised in which a tmux client runs in control mode. The tmux server has
/// been told to show the session's window; its tab has no device of its own by which the app could
/// be asked for it.
///
/// # Errors
///
/// No app owns the terminal.
pub(super) fn plan_control_client(holder: &TerminalProcess) -> Result<RaisePlan, JumpObstacle> {
    let app = MacApp::from_ancestors(&holder.ancestors).ok_or(JumpObstacle::NoScript)?;
    let doubt = format!(
        "{} is in front and draws tmux's windows itself (`tmux -CC`); the session's tab is yours \
         to find",
        app.name
    );
    Ok(RaisePlan {
        app: app.name.clone(),
        steps: vec![JumpStep::BringForward(app)],
        doubt: Some(doubt),
    })
}

/// Whether an app that is in front certainly shows the terminal: it has no other, and shows nothing
/// but terminals.
fn shows_one(holder: &TerminalProcess, app: &MacApp) -> bool {
    holder.terminals == 1 && !is_editor(&app.name)
}

/// Whether the terminal of a process is certainly what the user sees.
///
/// The selected tab decides where the app in front has told its device. Otherwise the app must be
/// an ancestor of the process and have one terminal only: the count covers that app alone.
pub(super) fn is_active(holder: &TerminalProcess, front: &FrontmostApp) -> bool {
    let Some(app) = MacApp::from_ancestors(&holder.ancestors) else {
        return false;
    };
    let is_ancestor = terminal_owner_pids(&holder.ancestors).contains(&front.pid);
    let is_namesake = front.bundle.is_some() && front.bundle.as_deref() == app.identifier;
    match (&front.selected_tty, &holder.tty) {
        _ if !is_ancestor && !is_namesake => false,
        (Some(selected), Some(tty)) => selected == tty,
        _ => is_ancestor && shows_one(holder, &app),
    }
}
