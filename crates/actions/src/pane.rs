//! Presses keys in tmux panes, after checking that the pane is still as the plan assumed.

use super::failpoints::failpoint;
use super::pause_transaction::{PauseTransaction, Rollback, failed};
use super::turn_state::{self, TurnState};
use super::{ActionError, ActionExecutor, process_tree};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_fleet::identity::ProcessKey;
use trusty_fleet::observation::{PaneKey, RegistryFile};
use trusty_fleet::pause::{PauseMethod, PausePhase};
use trusty_platform::sys::{self, ProcessStat};
use trusty_platform::tmux::{self, PaneSnapshot, TmuxError, TmuxKeystroke};
use trusty_platform::{clock, terminal};

/// How long Claude Code and its shell may take to change places after a key, or Claude Code to end
/// its turn: 0.2 s when the machine is quiet (measured, 2.1.330), over 5 s where 17 processes wait
/// for two cores.
const KEY_EFFECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a shell may take to reclaim its terminal after its job was suspended.
const SHELL_RETURN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a key that was just pressed may take to have its effect.
const KEY_IN_FLIGHT_TIME: Duration = Duration::from_millis(1500);
/// How long a prompt must stay unchanged to count as complete.
const STILL_PROMPT_TIME: Duration = Duration::from_millis(300);
/// How long a shell may take to draw its prompt, for which it may run other programs.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(10);
const PANE_POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long Claude Code may take to set up its terminal after a resume; then we restore the
/// settings.
const TERMINAL_SETUP_TIME: Duration = Duration::from_secs(2);
/// How long the screen must stay as it was before Ctrl-Z to count as the prompt: until then, it
/// may be what Claude Code left behind.
const UNCHANGED_PROMPT_TIME: Duration = Duration::from_secs(3);
/// The pause between a text and Enter: Claude Code takes the two together for a paste.
const ENTER_DELAY: Duration = Duration::from_millis(300);
/// How long Claude Code may take to draw typed text, even on a busy machine.
const DRAW_TIMEOUT: Duration = Duration::from_secs(3);
/// How many lines of a pane a summary may hold.
const MAX_SUMMARY_LINES: usize = 4;

fn tmux_program(hands: &ActionExecutor, pane: &PaneKey) -> Result<PathBuf, ActionError> {
    let none = || ActionError::Failed("tmux is not installed".into());
    hands.tmux.for_server(&pane.server).any().ok_or_else(none)
}

async fn press_keys(
    hands: &ActionExecutor,
    pane: &PaneKey,
    keys: &[TmuxKeystroke<'_>],
) -> Result<(), ActionError> {
    let done = tmux::send_keys(&tmux_program(hands, pane)?, &pane.server, &pane.pane, keys).await;
    done.map_err(failed("press a key in the tmux pane"))
}

async fn read_pane(hands: &ActionExecutor, pane: &PaneKey) -> Result<PaneSnapshot, ActionError> {
    let seen = tmux::read_pane(&tmux_program(hands, pane)?, &pane.server, &pane.pane).await;
    seen.map_err(failed("read the tmux pane"))
}

/// Reads a pane; `None` if the tmux server is too busy to answer in time.
async fn read_pane_unless_busy(
    hands: &ActionExecutor,
    pane: &PaneKey,
) -> Result<Option<PaneSnapshot>, ActionError> {
    match tmux::read_pane(&tmux_program(hands, pane)?, &pane.server, &pane.pane).await {
        Err(TmuxError::NotResponding) => Ok(None),
        seen => seen.map(Some).map_err(failed("read the tmux pane")),
    }
}

/// The last lines of a pane that contain letters or digits, joined with ` | `.
pub(super) async fn last_lines(hands: &ActionExecutor, pane: &PaneKey) -> Option<String> {
    let look = read_pane(hands, pane).await.ok()?;
    let shown = above_input(&look.lines);
    let mut lines: Vec<&str> = shown
        .iter()
        .map(|line| line.trim())
        .filter(|line| line.chars().any(char::is_alphanumeric))
        .collect();
    lines.drain(..lines.len().saturating_sub(MAX_SUMMARY_LINES));
    (!lines.is_empty()).then(|| lines.join(" | "))
}

/// The lines above the input box, which lies between the last two rules; all lines if there is no
/// such box.
fn above_input(lines: &[String]) -> &[String] {
    let is_rule = |line: &String| {
        let line = line.trim();
        line.chars().count() >= 8 && line.chars().all(|c| c == '─')
    };
    let last = lines.iter().rposition(is_rule);
    let first = last.and_then(|last| lines[..last].iter().rposition(is_rule));
    first.map_or(lines, |first| &lines[..first])
}

/// Checks that keys pressed in a pane reach the terminal of this process, and no other pane.
fn check(look: &PaneSnapshot, stat: &ProcessStat) -> Result<(), &'static str> {
    if look.synchronized {
        return Err(
            "the tmux pane passes its keys to other panes; run `tmux set -p synchronize-panes off`",
        );
    }
    if look.in_mode {
        return Err("the tmux pane is in copy mode; press q in it first");
    }
    if look.input_off {
        return Err("input to the tmux pane is off; run `tmux select-pane -e`");
    }
    if sys::control_terminal(stat.terminal).as_ref() != Some(&look.tty) {
        return Err("the session has moved to another pane; try again");
    }
    Ok(())
}

fn pane_gone_error() -> ActionError {
    ActionError::Changed("the session has exited".into())
}

fn client(work: &PauseTransaction<'_>) -> Result<ProcessStat, ActionError> {
    let stat =
        process_tree::live_stat(work.client()).map_err(failed("inspect the session's process"))?;
    stat.ok_or_else(pane_gone_error)
}

/// Checks that Claude Code is in the foreground and that keys pressed in the pane reach it.
async fn check_ready(
    hands: &ActionExecutor,
    pane: &PaneKey,
    key: ProcessKey,
) -> Result<PaneSnapshot, ActionError> {
    let look = read_pane(hands, pane).await?;
    let stat = process_tree::live_stat(key).map_err(failed("inspect the session's process"))?;
    let stat = stat.ok_or_else(pane_gone_error)?;
    check(&look, &stat).map_err(|e| ActionError::Changed(e.into()))?;
    if stat.foreground != stat.group {
        let told = "another program has the terminal; bring Claude Code to the foreground first";
        return Err(ActionError::Changed(told.into()));
    }
    Ok(look)
}

/// What is recorded before Ctrl-Z is pressed.
pub(super) async fn prepare_suspend(
    hands: &ActionExecutor,
    key: ProcessKey,
    pane: &PaneKey,
    shell: ProcessKey,
) -> Result<PauseMethod, ActionError> {
    let look = check_ready(hands, pane, key).await?;
    let stat = process_tree::live_stat(key).map_err(failed("inspect the session's process"))?;
    let above = process_tree::live_stat(shell).map_err(failed("inspect the session's shell"))?;
    if above.is_none() || stat.is_none_or(|s| s.parent != shell.pid) {
        let told = "the session's shell has exited; try again";
        return Err(ActionError::Changed(told.into()));
    }
    let settings = terminal::settings(Path::new(&look.tty));
    Ok(PauseMethod::Suspend {
        pane: pane.clone(),
        shell,
        settings: Some(settings.map_err(failed("read the terminal's settings"))?),
        cursor: None,
        line: None,
    })
}

/// Presses Ctrl-Z and waits for the shell's prompt.
pub(super) async fn suspend(work: &mut PauseTransaction<'_>) -> Result<(), ActionError> {
    let PauseMethod::Suspend { pane, shell, .. } = work.record.means.clone() else {
        return Ok(());
    };
    let key = work.client();
    // Some shells keep helper programs as children all the time.
    let usual = children(shell).map_err(failed("inspect the session's shell"))?;
    let shown = cursor_and_line(&read_pane(work.hands, &pane).await?);
    press_keys(work.hands, &pane, &[TmuxKeystroke::Named("C-z")]).await?;
    failpoint("suspend.pressed");
    let aside = || Ok(process_tree::is_stopped_or_gone(key)? && has_terminal(shell)?);
    let what = "suspend the session with Ctrl-Z";
    if !process_tree::wait_until(KEY_EFFECT_TIMEOUT, aside)
        .await
        .map_err(failed(what))?
    {
        return Err(failed(what)(
            "Claude Code did not take the key within 20 s; if it does later, type fg in the tmux \
             pane",
        ));
    }
    failpoint("suspend.stopped");
    let look = prompt(work.hands, &pane, shell, &usual, &shown).await?;
    client(work)?;
    if let PauseMethod::Suspend { cursor, line, .. } = &mut work.record.means {
        let (at, text) = cursor_and_line(&look);
        (*cursor, *line) = (Some(at), Some(text));
    }
    work.write_record()?;
    failpoint("suspend.prompt-seen");
    Ok(())
}

/// Whether a process is in the foreground of its terminal.
fn has_terminal(key: ProcessKey) -> io::Result<bool> {
    Ok(process_tree::live_stat(key)?.is_some_and(|s| s.foreground == s.group))
}

/// The position of the cursor, and the text of its line.
fn cursor_and_line(look: &PaneSnapshot) -> ((u32, u32), String) {
    let row = usize::try_from(look.cursor.1).unwrap_or(usize::MAX);
    (
        look.cursor,
        look.lines.get(row).cloned().unwrap_or_default(),
    )
}

/// Waits until the shell has drawn its prompt: it runs no further programs, and the cursor and its
/// line stay the same.
async fn prompt(
    hands: &ActionExecutor,
    pane: &PaneKey,
    shell: ProcessKey,
    usual: &BTreeSet<ProcessKey>,
    before: &((u32, u32), String),
) -> Result<PaneSnapshot, ActionError> {
    let begun = clock::instant();
    let mut last = None;
    let mut since = begun;
    loop {
        clock::sleep(PANE_POLL_INTERVAL).await;
        if let Some(now) = read_pane_unless_busy(hands, pane).await? {
            let asked = children(shell).map_err(failed("inspect the session's shell"))?;
            let at = cursor_and_line(&now);
            let is_drawn = at != *before || begun.elapsed() >= UNCHANGED_PROMPT_TIME;
            if last.as_ref() != Some(&at) || !asked.is_subset(usual) {
                since = clock::instant();
                last = Some(at);
            } else if is_drawn && since.elapsed() >= STILL_PROMPT_TIME {
                return Ok(now);
            }
        }
        if begun.elapsed() >= PROMPT_TIMEOUT {
            return Err(failed("wait for the shell prompt")(
                "no prompt within 10 s; try again",
            ));
        }
    }
}

/// The children in the shell's own process group: programs that its prompt runs, not jobs.
fn children(shell: ProcessKey) -> io::Result<BTreeSet<ProcessKey>> {
    let Some(own) = process_tree::live_stat(shell)? else {
        return Ok(BTreeSet::new());
    };
    let below = process_tree::children(shell.pid)?.into_iter();
    let asked = below.filter(|f| f.stat.group == own.group);
    Ok(asked.map(|f| f.key).collect())
}

/// Resumes a session suspended with Ctrl-Z: types `fg`, but only where the shell can take that for
/// nothing else.
pub(super) async fn resume_suspended(
    work: &mut PauseTransaction<'_>,
    how: Rollback,
) -> Result<(), ActionError> {
    let PauseMethod::Suspend {
        pane,
        shell,
        settings,
        cursor,
        line,
    } = work.record.means.clone()
    else {
        return Ok(());
    };
    let key = work.client();
    let see = || failed("inspect the session's process");
    if how == Rollback::Recovery {
        wait_key_taken(work, shell).await?;
    }
    let Some(stat) = process_tree::live_stat(key).map_err(see())? else {
        return Ok(());
    };
    if stat.stopped.is_some() && work.record.tty.is_some() && stat.terminal == 0 {
        // The terminal was closed while Claude Code was stopped and could not receive SIGHUP.
        let sent = process_tree::signal(key, Signal::CONT);
        return sent.map(drop).map_err(failed("wake the session"));
    }
    if stat.stopped.is_some() {
        let by_hand =
            |why: &str| ActionError::Changed(format!("{why}; type fg in that terminal instead"));
        let look = read_pane(work.hands, &pane).await?;
        check(&look, &stat).map_err(by_hand)?;
        if !has_terminal(shell).map_err(see())? {
            return Err(by_hand("another program runs in the terminal"));
        }
        let jobs = process_tree::children(shell.pid).map_err(see())?;
        if jobs
            .iter()
            .any(|f| f.stat.stopped.is_some() && f.stat.group != stat.group)
        {
            return Err(by_hand("the shell has other suspended jobs"));
        }
        let fg = [TmuxKeystroke::Text("fg"), TmuxKeystroke::Named("Enter")];
        match (cursor, line) {
            (Some(cursor), Some(line)) => {
                if cursor_and_line(&look) != (cursor, line) {
                    return Err(by_hand("something was typed or printed in the terminal"));
                }
                press_keys(work.hands, &pane, &fg).await?;
            }
            _ if how == Rollback::Requested => {
                return Err(by_hand("the shell prompt was not recorded"));
            }
            // The pause was not completed, so the empty prompt is unknown: we move to the end of
            // the line and clear it. Shells keep what Ctrl-U cuts.
            _ => {
                let emptied = ["C-e", "C-u"].map(TmuxKeystroke::Named);
                press_keys(work.hands, &pane, &[&emptied, &fg[..]].concat()).await?;
            }
        }
        failpoint("suspend.fg-typed");
        let back = || {
            Ok(process_tree::live_stat(key)?.is_none()
                || (process_tree::is_running_or_gone(key)? && has_terminal(key)?))
        };
        if !process_tree::wait_until(KEY_EFFECT_TIMEOUT, back)
            .await
            .map_err(see())?
        {
            return Err(by_hand("the session did not return to the foreground"));
        }
    }
    failpoint("suspend.running");
    repair(key, settings.as_deref()).await?;
    failpoint("suspend.settings-restored");
    Ok(())
}

/// Waits for a key that was pressed right before its sender was killed and may not have taken
/// effect yet.
async fn wait_key_taken(work: &PauseTransaction<'_>, shell: ProcessKey) -> Result<(), ActionError> {
    let key = work.client();
    let failed = || failed("inspect the session's process");
    let taken = match work.record.phase {
        PausePhase::Pausing => {
            process_tree::wait_until(KEY_IN_FLIGHT_TIME, || process_tree::is_stopped_or_gone(key))
                .await
        }
        PausePhase::Resuming => {
            process_tree::wait_until(KEY_IN_FLIGHT_TIME, || process_tree::is_running_or_gone(key))
                .await
        }
        PausePhase::Paused | PausePhase::Ending => return Ok(()),
    };
    if !taken.map_err(failed())? || work.record.phase != PausePhase::Pausing {
        return Ok(());
    }
    // The shell reclaims the terminal only after it has noticed that its job stopped.
    let shown = || Ok(has_terminal(shell)? || !process_tree::is_stopped_or_gone(key)?);
    let shown = process_tree::wait_until(SHELL_RETURN_TIMEOUT, shown).await;
    shown.map(drop).map_err(failed())
}

/// Restores the terminal settings from before the pause. Claude Code restores most of them itself,
/// but not those that its shell has replaced.
async fn repair(key: ProcessKey, settings: Option<&str>) -> Result<(), ActionError> {
    let what = "restore the terminal's settings";
    let Some(wanted) = settings else {
        return Ok(());
    };
    let tty = || {
        let stat = process_tree::live_stat(key)?.filter(|s| s.foreground == s.group);
        let tty = stat.and_then(|s| sys::control_terminal(s.terminal));
        Ok::<_, io::Error>(tty.map(PathBuf::from))
    };
    let right = || match tty()? {
        Some(tty) => Ok(terminal::settings(&tty)? == wanted),
        // Claude Code has ended, or is in the background, where other settings apply.
        None => Ok(true),
    };
    if process_tree::wait_until(TERMINAL_SETUP_TIME, right)
        .await
        .map_err(failed(what))?
    {
        return Ok(());
    }
    if let Some(tty) = tty().map_err(failed(what))? {
        terminal::write_modes(&tty, wanted).map_err(failed(what))?;
    }
    if right().map_err(failed(what))? {
        return Ok(());
    }
    Err(failed(what)("the terminal did not keep them"))
}

/// What is recorded before Escape is pressed.
pub(super) async fn prepare_interrupt(
    hands: &ActionExecutor,
    key: ProcessKey,
    pane: &PaneKey,
) -> Result<PauseMethod, ActionError> {
    check_ready(hands, pane, key).await?;
    Ok(PauseMethod::Interrupt { pane: pane.clone() })
}

/// Presses Escape, and waits until Claude Code has ended its turn. Before that, a further key would
/// be read together with the Escape as another key (measured, 2.1.332).
pub(super) async fn interrupt(
    work: &mut PauseTransaction<'_>,
    registry: Option<&RegistryFile>,
) -> Result<(), ActionError> {
    let PauseMethod::Interrupt { pane } = work.record.means.clone() else {
        return Ok(());
    };
    press_keys(work.hands, &pane, &[TmuxKeystroke::Named("Escape")]).await?;
    failpoint("interrupt.pressed");
    let begun = clock::instant();
    let mut over_since = None;
    while begun.elapsed() < KEY_EFFECT_TIMEOUT {
        clock::sleep(PANE_POLL_INTERVAL).await;
        client(work)?;
        let over = match registry.map_or(TurnState::Unknown, turn_state::read_turn_state) {
            TurnState::Over => true,
            TurnState::Running => false,
            TurnState::Unknown => {
                let shown = read_pane_unless_busy(work.hands, &pane).await?;
                shown.is_some_and(|shown| !turn_state::is_shown(&shown.lines))
            }
        };
        // Between two turns Claude Code briefly reports that it is idle.
        let since = *over_since.get_or_insert_with(clock::instant);
        if !over {
            over_since = None;
        } else if since.elapsed() >= STILL_PROMPT_TIME {
            failpoint("interrupt.over");
            return Ok(());
        }
    }
    Err(failed("interrupt the session")(
        "Claude Code did not end its turn within 20 s of Escape; press Escape in the tmux pane",
    ))
}

/// Tells an interrupted Claude Code to continue. The input line is emptied first: an interrupted
/// prompt may have been put back there.
pub(super) async fn resume_interrupted(
    work: &mut PauseTransaction<'_>,
    how: Rollback,
) -> Result<(), ActionError> {
    let PauseMethod::Interrupt { pane } = work.record.means.clone() else {
        return Ok(());
    };
    if how == Rollback::Recovery {
        // An interruption cannot be undone, and the next prompt is the user's to choose.
        return Ok(());
    }
    let key = work.client();
    check_ready(work.hands, &pane, key).await?;
    let text = [TmuxKeystroke::Named("C-u"), TmuxKeystroke::Text("continue")];
    press_keys(work.hands, &pane, &text).await?;
    failpoint("interrupt.typed");
    let begun = clock::instant();
    clock::sleep(ENTER_DELAY).await;
    let mut look = check_ready(work.hands, &pane, key).await?;
    while !stands_alone("continue", &look.lines) && begun.elapsed() < DRAW_TIMEOUT {
        clock::sleep(PANE_POLL_INTERVAL).await;
        look = check_ready(work.hands, &pane, key).await?;
    }
    if !stands_alone("continue", &look.lines) {
        // In a dialog Enter would choose an option, and below other lines it would send those, too.
        press_keys(work.hands, &pane, &[TmuxKeystroke::Named("C-u")]).await?;
        let told = "the input line is not empty; clear it and type continue there";
        return Err(ActionError::Changed(told.into()));
    }
    press_keys(work.hands, &pane, &[TmuxKeystroke::Named("Enter")]).await?;
    failpoint("interrupt.entered");
    Ok(())
}

/// Whether a text is all that the input box of Claude Code holds, which lies between two rules.
fn stands_alone(text: &str, lines: &[String]) -> bool {
    let inner = |line: &str| line.trim_matches(['│', ' ', '\u{a0}']).to_owned();
    let is_edge = |line: &str| {
        let edge = line.trim_matches(['╭', '╮', '╰', '╯', ' ']);
        edge.starts_with('─')
    };
    lines.windows(3).any(|box_| {
        let [above, line, below] = box_ else {
            return false;
        };
        let line = inner(line);
        let typed = line.strip_prefix(['❯', '>']).map(str::trim);
        is_edge(above) && is_edge(below) && typed.map(inner).as_deref() == Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_alone_between_two_lines() {
        let alone = |screen: &str| {
            let lines: Vec<String> = screen.lines().map(str::to_owned).collect();
            stands_alone("continue", &lines)
        };
        assert!(alone(
            "● so\n\n───── name ──\n❯\u{a0}continue\n─────\n  ? for shortcuts"
        ));
        assert!(alone("╭────╮\n│ > continue   │\n╰────╯"));
        for other in [
            "─────\n❯ first\n  continue\n─────",
            "─────\n❯ not continue\n─────",
            "─────\n❯ continue\n  behind\n─────",
            "─────\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n",
            "❯ continue\n\n─────\n❯\n─────",
            "",
        ] {
            assert!(!alone(other), "{other}");
        }
    }

    #[test]
    fn keys_are_pressed_only_where_they_mean_what_they_should() {
        let pid = std::process::id();
        let mut stat = sys::stat(pid).expect("stat").expect("alive");
        // The first terminal device that exists here: the ranges are those of Linux and of macOS.
        stat.terminal = (0x8800..0x8900)
            .chain(0x0400_0000..0x0400_0100)
            .find(|device| sys::control_terminal(*device).is_some())
            .unwrap_or(0);
        let Some(tty) = sys::control_terminal(stat.terminal) else {
            crate::skip::skip("no terminal is known here");
            return;
        };
        let fine = PaneSnapshot {
            synchronized: false,
            in_mode: false,
            input_off: false,
            tty,
            cursor: (4, 0),
            lines: vec!["tb> ".into()],
        };
        assert_eq!(check(&fine, &stat), Ok(()));
        assert_eq!(cursor_and_line(&fine).1, "tb> ");
        let with = |change: fn(&mut PaneSnapshot)| {
            let mut look = fine.clone();
            change(&mut look);
            check(&look, &stat).expect_err("no key may be pressed")
        };
        assert!(with(|l| l.synchronized = true).contains("synchronize-panes off"));
        assert!(with(|l| l.in_mode = true).contains("press q"));
        assert!(with(|l| l.input_off = true).contains("select-pane -e"));
        assert!(with(|l| l.tty = "/dev/other".into()).contains("another pane"));
        let below = PaneSnapshot {
            cursor: (0, 7),
            ..fine
        };
        assert_eq!(cursor_and_line(&below).1, "");
    }

    #[test]
    fn the_input_box_is_not_worth_remembering() {
        let rule = "─".repeat(40);
        let screen = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let whole = screen(&["● Done.", "", &rule, "❯ half", &rule, "  ? for shortcuts"]);
        assert_eq!(above_input(&whole), &whole[..2]);
        let plain = screen(&["one", &rule, "two"]);
        assert_eq!(above_input(&plain), plain);
        assert_eq!(above_input(&[]), [""; 0]);
    }
}
