//! `trusty pause`, `trusty resume`, `trusty stop`, `trusty jump`

use crate::cli_context::{CliContext, find_session};
use crate::confirmation::{is_yes, yes_no_prompt};
use crate::failure::{self, CommandFailure};
use crate::interrupts::run_uninterrupted;
use crate::mark_check::refuse_marked;
use crate::terminal_output;
use anyhow::{Context, anyhow};
use clap::ValueEnum;
use std::io::{self, IsTerminal};
use std::time::Duration;
use trusty_actions::{ActionError, ActionExecutor, PauseRemains, Reconciled};
use trusty_engine::leftovers;
use trusty_fleet::action::{Action, PauseOptions};
use trusty_fleet::pause::{Initiator, PauseKind};
use trusty_fleet::view::Row;
use trusty_fleet::{Session, SessionId, Snapshot};
use trusty_platform::clock;

#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    /// Session to pause
    #[arg(required_unless_present = "all")]
    session: Option<String>,
    /// Pause every session that can be paused without interrupting a step
    #[arg(long, conflicts_with = "session")]
    all: bool,
    /// Show this note while the session is paused; without it, show what was going on
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Use this kind of pause; without it, use the best kind that loses nothing
    #[arg(long, value_name = "KIND")]
    how: Option<PauseKindArg>,
}

/// A kind of pause.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PauseKindArg {
    /// Freeze the session in a cgroup at once (Linux, where a cgroup is writable)
    Freeze,
    /// Send SIGSTOP at once, to the shell first (plain terminals)
    Stop,
    /// Press Ctrl-Z in the tmux pane; resuming types fg
    Suspend,
    /// Make the session's hooks wait before the next tool and the next prompt
    Hold,
    /// Press Escape in the tmux pane; the current step is lost
    Interrupt,
}

impl From<PauseKindArg> for PauseKind {
    fn from(how: PauseKindArg) -> Self {
        match how {
            PauseKindArg::Freeze => Self::Freeze,
            PauseKindArg::Stop => Self::Stop,
            PauseKindArg::Suspend => Self::Suspend,
            PauseKindArg::Hold => Self::Hold,
            PauseKindArg::Interrupt => Self::Interrupt,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    /// Session to resume
    #[arg(required_unless_present = "all")]
    session: Option<String>,
    /// Resume every paused session and repair unfinished pauses, with or without the app
    #[arg(long, conflicts_with = "session")]
    all: bool,
    /// Resume a session whose pause record is lost or unreadable; list the steps first
    #[arg(long, conflicts_with = "all")]
    force: bool,
    /// Skip confirmation
    #[arg(long, requires = "force")]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StopArgs {
    /// Session to stop
    session: String,
    /// Skip confirmation
    #[arg(long)]
    yes: bool,
    /// Kill the session (SIGKILL) if it does not exit within 5 s
    #[arg(long, requires = "yes")]
    kill: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct JumpArgs {
    /// Session to bring to the front
    session: String,
}

pub(crate) async fn pause(asked: &PauseArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let snapshot = place.snapshot().await?;
    let Some(word) = &asked.session else {
        return pause_all(&place, &snapshot, asked).await;
    };
    let session = find(&snapshot, word)?;
    do_pause(&place, session, asked).await?;
    let after = wait_action_seen(&place, session.id).await?;
    let told = after.sessions.iter().find(|s| s.id == session.id);
    let exited = || format!("{} exited", title(session));
    let told = told.map_or_else(exited, |s| describe(s, &place));
    Ok(terminal_output::print_result(&format!("{told}\n"))?)
}

/// How long what was done may take to be seen; an engine waits no longer for that.
const CONFIRMATION_TIMEOUT: Duration = Duration::from_secs(4);
/// How often it is looked for.
const CONFIRMATION_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The sessions as soon as what was done to one of them is seen.
async fn wait_action_seen(place: &CliContext, id: SessionId) -> Result<Snapshot, CommandFailure> {
    let begun = clock::instant();
    loop {
        let snapshot = place.snapshot().await?;
        let session = snapshot.sessions.iter().find(|s| s.id == id);
        let is_pending = session.is_some_and(|s| s.pending.is_some());
        if !is_pending || begun.elapsed() >= CONFIRMATION_TIMEOUT {
            return Ok(snapshot);
        }
        clock::sleep(CONFIRMATION_POLL_INTERVAL).await;
    }
}

async fn pause_all(
    place: &CliContext,
    snapshot: &Snapshot,
    asked: &PauseArgs,
) -> Result<(), CommandFailure> {
    let able = |s: &&Session| {
        let can = s.capabilities.as_ref().is_some_and(|c| !c.pause.is_empty());
        can && s.pause.is_none()
    };
    let mut undone = BatchFailures::default();
    let mut done = 0;
    for session in snapshot.sessions.iter().filter(able) {
        match do_pause(place, session, asked).await {
            Ok(()) => done += 1,
            // What one of them does not allow keeps none of the others from it.
            Err(CommandFailure::Refused(why)) => undone.add_refusal(&title(session), &why),
            Err(CommandFailure::Failed(why)) => {
                undone.add_failure(&title(session), &failure::in_words(&why));
            }
            Err(e) => return Err(e),
        }
    }
    terminal_output::print_result(&format!("paused {}\n", sessions(done)))?;
    undone.into_result()
}

/// What was not done of what was asked for all.
#[derive(Default)]
struct BatchFailures {
    lines: Vec<String>,
    /// It was more than refused.
    any_failed: bool,
}

impl BatchFailures {
    fn add_refusal(&mut self, whose: &str, why: &str) {
        self.lines.push(format!("{whose}: {why}"));
    }

    fn add_failure(&mut self, whose: &str, why: &str) {
        self.any_failed = true;
        self.add_refusal(whose, why);
    }

    fn into_result(self) -> Result<(), CommandFailure> {
        let told = self.lines.join("\n");
        match (self.lines.is_empty(), self.any_failed) {
            (true, _) => Ok(()),
            (_, true) => Err(CommandFailure::Failed(anyhow!(told))),
            (_, false) => Err(CommandFailure::Refused(told)),
        }
    }
}

async fn do_pause(
    place: &CliContext,
    session: &Session,
    asked: &PauseArgs,
) -> Result<(), CommandFailure> {
    let wish = PauseOptions {
        how: asked.how.map(PauseKind::from),
        note: asked.note.clone(),
        by: Initiator::Command,
    };
    let done = place.sessions.act(session.id, Action::Pause(wish)).await;
    done.map_err(CommandFailure::from)
}

pub(crate) async fn resume(asked: &ResumeArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let Some(word) = &asked.session else {
        return resume_all(&place).await;
    };
    if asked.force {
        refuse_marked(&place, RESUME_ELSEWHERE).await?;
    }
    let snapshot = place.snapshot().await?;
    let hands = ActionExecutor::new(&place.env);
    let session = match (find(&snapshot, word), word.parse().map(SessionId)) {
        (Ok(session), _) => session,
        // A record that cannot be used may have outlived its session.
        (Err(e), Ok(id)) if asked.force => {
            let remains = hands
                .remains(id, None)
                .map_err(CommandFailure::from)?
                .ok_or(e)?;
            return force(&hands, word, remains, asked).await;
        }
        (Err(e), _) => return Err(e),
    };
    // What is not known to be Claude Code is never sent a signal.
    let pid = session.pid.filter(|_| session.unconfirmed.is_none());
    let remains = || hands.remains(session.id, pid);
    if asked.force
        && let Some(remains) = remains().map_err(CommandFailure::from)?
    {
        return force(&hands, &title(session), remains, asked).await;
    }
    let resumed = match place.sessions.act(session.id, Action::Resume).await {
        Err(left @ ActionError::RecordLeft(..)) => {
            terminal_output::print_diagnostic(&left.to_string());
            Ok(())
        }
        // What is left of a pause is no way around this.
        Err(e @ ActionError::NotAuthorized(_)) => return Err(e.into()),
        done => done.map_err(CommandFailure::from),
    };
    match resumed {
        Ok(()) => Ok(terminal_output::print_result(&format!(
            "resumed {}\n",
            title(session)
        ))?),
        // A record that does not help is not seen by the plan; why, is seen here.
        Err(CommandFailure::Refused(why)) => match remains() {
            Ok(Some(remains)) => Err(CommandFailure::Refused(format!(
                "{}; run `trusty resume {word} --force`",
                remains.reason()
            ))),
            _ => Err(CommandFailure::Refused(why)),
        },
        Err(e) => Err(e),
    }
}

/// Undoes what is left of a pause without its record.
async fn force(
    hands: &ActionExecutor,
    title: &str,
    remains: PauseRemains,
    asked: &ResumeArgs,
) -> Result<(), CommandFailure> {
    let mut plan = format!("{title}: {}. To resume the session:\n", remains.reason());
    for step in remains.steps() {
        plan.extend(["  - ", step.as_str(), "\n"]);
    }
    terminal_output::print_diagnostic(plan.trim_end());
    if !asked.yes {
        if !io::stdin().is_terminal() {
            let told = "pass --yes to resume without confirmation";
            return Err(CommandFailure::Refused(told.into()));
        }
        if !confirmed(&format!("Resume {title}?"))? {
            return Err(CommandFailure::Refused(
                "the session was not resumed".into(),
            ));
        }
    }
    match run_uninterrupted(hands.clear(remains)).await {
        Err(left @ ActionError::RecordLeft(..)) => {
            terminal_output::print_diagnostic(&left.to_string());
        }
        done => done.map_err(CommandFailure::from)?,
    }
    Ok(terminal_output::print_result(&format!(
        "resumed {title}\n"
    ))?)
}

/// What a process that a session started is told to do instead.
const RESUME_ELSEWHERE: &str = "resume the session in the popover or in another terminal";

/// By our own hands, so that it repairs whatever the app has left.
async fn resume_all(place: &CliContext) -> Result<(), CommandFailure> {
    refuse_marked(place, RESUME_ELSEWHERE).await?;
    let hands = ActionExecutor::new(&place.env);
    let (mut resumed, mut undone) = (0_usize, BatchFailures::default());
    for id in hands
        .sessions()
        .context("failed to read the pause records")?
    {
        match run_uninterrupted(hands.resume(id)).await {
            Ok(Reconciled::Running) => resumed += 1,
            Ok(Reconciled::Ended | Reconciled::Paused) => {}
            Err(left @ ActionError::RecordLeft(became, _)) => {
                resumed += usize::from(became == Reconciled::Running);
                terminal_output::print_diagnostic(&left.to_string());
            }
            Err(ActionError::Store(e)) if e.recovery_hint(id).is_some() => {
                let way_out = e.recovery_hint(id).unwrap_or_default();
                undone.add_failure(&id.to_string(), &format!("{e}; {way_out}"));
            }
            Err(e) if e.is_refusal() => undone.add_refusal(&id.to_string(), &e.to_string()),
            Err(e) => undone.add_failure(&id.to_string(), &e.to_string()),
        }
    }
    let folders = trusty_integration::folders(&place.env, &place.settings);
    leftovers::clean_leftovers(&place.env, &folders);
    if resumed == 0 && undone.lines.is_empty() {
        return Ok(terminal_output::print_result("no session was paused\n")?);
    }
    terminal_output::print_result(&format!("resumed {}\n", sessions(resumed)))?;
    undone.into_result()
}

pub(crate) async fn stop(asked: &StopArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let snapshot = place.snapshot().await?;
    let session = find(&snapshot, &asked.session)?;
    if !asked.yes {
        if !io::stdin().is_terminal() {
            let told = "pass --yes to stop without confirmation";
            return Err(CommandFailure::Refused(told.into()));
        }
        if !confirmed(&format!("Stop {}?", describe(session, &place)))? {
            return Err(CommandFailure::Refused(
                "the session was not stopped".into(),
            ));
        }
    }
    let action = if asked.kill {
        Action::Kill
    } else {
        Action::End
    };
    let stopped = end_session(&place, session, action).await?;
    if let StopOutcome::StillRunning(why) = stopped {
        if asked.yes {
            return Err(CommandFailure::Failed(anyhow!(
                "{why}; pass --yes --kill to kill the session"
            )));
        }
        terminal_output::print_diagnostic(&why);
        let question = format!(
            "Kill {}? Unsaved output is lost.",
            describe(session, &place)
        );
        if !confirmed(&question)? {
            return Err(CommandFailure::Refused("the session was not killed".into()));
        }
        if let StopOutcome::StillRunning(why) = end_session(&place, session, Action::Kill).await? {
            return Err(CommandFailure::Failed(anyhow!(why)));
        }
        return Ok(terminal_output::print_result(&format!(
            "killed {}\n",
            title(session)
        ))?);
    }
    Ok(terminal_output::print_result(&format!(
        "stopped {}\n",
        title(session)
    ))?)
}

/// What became of a session that was asked to end.
enum StopOutcome {
    Gone,
    /// It runs on, in words.
    StillRunning(String),
}

async fn end_session(
    place: &CliContext,
    session: &Session,
    action: Action,
) -> Result<StopOutcome, CommandFailure> {
    match place.sessions.act(session.id, action).await {
        Ok(()) => Ok(StopOutcome::Gone),
        Err(ActionError::DidNotExit(why)) => Ok(StopOutcome::StillRunning(why)),
        Err(left @ ActionError::RecordLeft(..)) => {
            terminal_output::print_diagnostic(&left.to_string());
            Ok(StopOutcome::Gone)
        }
        Err(e) => Err(e.into()),
    }
}

pub(crate) async fn jump(asked: &JumpArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let snapshot = place.snapshot().await?;
    let session = find(&snapshot, &asked.session)?;
    place.sessions.jump(session).await?;
    let told = format!("brought the terminal of {} to the front\n", title(session));
    Ok(terminal_output::print_result(&told)?)
}

/// Asks on standard error, and reads the answer from standard input.
fn confirmed(question: &str) -> Result<bool, CommandFailure> {
    let answer = terminal_output::ask(&yes_no_prompt(question))?;
    Ok(is_yes(&answer.unwrap_or_default()))
}

fn find<'a>(snapshot: &'a Snapshot, word: &str) -> Result<&'a Session, CommandFailure> {
    let id = find_session(snapshot, word)?;
    let found = snapshot.sessions.iter().find(|s| s.id == id);
    Ok(found.context("the session has exited")?)
}

/// "1 session", "3 sessions"
fn sessions(count: usize) -> String {
    match count {
        1 => "1 session".to_owned(),
        n => format!("{n} sessions"),
    }
}

fn title(session: &Session) -> String {
    Row::from_session(session, None).title
}

fn describe(session: &Session, place: &CliContext) -> String {
    Row::from_session(session, Some(&place.env.home)).sentence
}
