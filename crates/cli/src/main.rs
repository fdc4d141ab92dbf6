//! `trusty`, the command line: lists sessions, and sends commands to them.
//!
//! *Invariant:* nothing here derives a status or signals a process; both come from the crates
//! below.

#![forbid(unsafe_code)]

mod answer;
mod answer_list;
mod answer_parser;
mod autostart;
mod cli_context;
mod confirmation;
mod connect;
mod failure;
mod interrupts;
mod json_output;
mod list;
mod mark_check;
mod pager;
mod record;
mod replay;
mod report;
mod requests;
mod serve;
mod session_actions;
mod table;
mod terminal_output;
mod watch;
mod why;

use autostart::AutostartArgs;
use clap::{Parser, Subcommand};
use connect::ConnectArgs;
use failure::CommandFailure;
use record::RecordArgs;
use replay::ReplayArgs;
use report::ReportArgs;
use std::process::ExitCode;
use trusty_platform::file_limit;

/// The descriptors that the runtime opens, and the first that a command needs.
const MIN_FREE_FILES: usize = 16;

/// See and control every Claude Code session on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "trusty",
    version,
    after_help = "SESSION is a pid, a session id (or its first 6 or more characters), the name \
                  of a tmux session or the name of a folder.\n\nExit codes: 0 done, 1 failed, \
                  2 wrong usage or an ambiguous SESSION, 3 refused."
)]
struct CliArgs {
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// List all sessions, or one
    List(ShowArgs),
    /// List all sessions, or one, again at each change
    Watch(ShowArgs),
    /// Explain the status of a session: what each source says and which source decided
    Why(WhyArgs),
    /// Pause a session until you resume it
    Pause(session_actions::PauseArgs),
    /// Resume a paused session
    Resume(session_actions::ResumeArgs),
    /// Show pending requests in full
    Requests(requests::RequestsArgs),
    /// Show a request in full and approve that request alone
    Approve(answer::ApproveArgs),
    /// Deny a request; the turn continues
    Deny(answer::DenyArgs),
    /// Answer the questions of a session
    Answer(answer::AnswerArgs),
    /// Return a request to the terminal without an answer
    Release(answer::RequestSelector),
    /// Bring the terminal of a session to the front; open one for a detached tmux session
    Jump(session_actions::JumpArgs),
    /// Stop a session (SIGTERM); a paused session never runs what the pause held back
    Stop(session_actions::StopArgs),
    /// Run the engine without the app until interrupted
    Serve,
    /// Record what Trusty Bar observes until interrupted, to report a wrong status
    Record(RecordArgs),
    /// Replay a recording, one line for each change of a session
    Replay(ReplayArgs),
    /// Write what Trusty Bar sees of this machine, to report a bug, or read such a report
    Report(ReportArgs),
    /// Connect the hooks of Claude Code to answer requests and hold sessions
    Connect(ConnectArgs),
    /// Remove the hooks of Trusty Bar from Claude Code's settings
    Disconnect(ConnectArgs),
    /// Show or change whether the app starts at login
    Autostart(AutostartArgs),
}

impl CliCommand {
    /// Whether the command does more than show something.
    fn changes_sessions(&self) -> bool {
        match self {
            Self::List(_)
            | Self::Watch(_)
            | Self::Why(_)
            | Self::Requests(_)
            | Self::Record(_)
            | Self::Replay(_)
            | Self::Report(_) => false,
            Self::Connect(hooks) | Self::Disconnect(hooks) => !hooks.dry_run,
            Self::Autostart(args) => !args.is_question(),
            Self::Pause(_)
            | Self::Resume(_)
            | Self::Approve(_)
            | Self::Deny(_)
            | Self::Answer(_)
            | Self::Release(_)
            | Self::Jump(_)
            | Self::Stop(_)
            | Self::Serve => true,
        }
    }
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Show only this session
    session: Option<String>,
    /// Print JSON: {"revision", "sessions", "health", "connections"}; with watch, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct WhyArgs {
    /// Session to explain
    session: String,
    /// Print JSON: {"session", "testimonies"}
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    // Handled before clap, whatever the other arguments are: Claude Code would take clap's exit
    // code for wrong usage, 2, as a refusal.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == "hook") {
        trusty_hook::run(words);
        return ExitCode::SUCCESS;
    }
    let arguments = CliArgs::parse();
    let acts = arguments.command.changes_sessions();
    // Without enough descriptors the runtime would panic rather than return an error.
    if let Err(e) = file_limit::check_room(MIN_FREE_FILES) {
        let told = "the limit on open files is too low; raise it with `ulimit -n 1024`";
        return CommandFailure::from(anyhow::Error::from(e).context(told)).report();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run_command(arguments.command)),
        Err(e) => Err(CommandFailure::from(
            anyhow::Error::from(e).context("failed to start trusty"),
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if acts => failure.of_action().report(),
        Err(failure) => failure.report(),
    }
}

async fn run_command(command: CliCommand) -> Result<(), CommandFailure> {
    match command {
        CliCommand::List(show) => list::print_sessions(&show).await,
        CliCommand::Watch(show) => watch::watch_sessions(&show).await,
        CliCommand::Why(ask) => why::print_explanation(&ask).await,
        CliCommand::Pause(pause) => session_actions::pause(&pause).await,
        CliCommand::Resume(resume) => session_actions::resume(&resume).await,
        CliCommand::Requests(asked) => requests::print_requests(&asked).await,
        CliCommand::Approve(asked) => answer::approve(&asked).await,
        CliCommand::Deny(asked) => answer::deny(&asked).await,
        CliCommand::Answer(asked) => answer::choose(&asked).await,
        CliCommand::Release(which) => answer::release(&which).await,
        CliCommand::Jump(jump) => session_actions::jump(&jump).await,
        CliCommand::Stop(stop) => session_actions::stop(&stop).await,
        CliCommand::Serve => serve::serve_engine().await,
        CliCommand::Record(record) => record::record_sessions(&record).await,
        CliCommand::Replay(replay) => replay::print_replay(&replay),
        CliCommand::Report(args) => report::report(&args).await,
        CliCommand::Connect(hooks) => connect::connect_hooks(&hooks).await,
        CliCommand::Disconnect(hooks) => connect::disconnect_hooks(&hooks).await,
        CliCommand::Autostart(args) => autostart::set_autostart(&args).await,
    }
}
