//! `trusty`: the sessions in a terminal.
//!
//! *Invariant:* nothing here derives a status or touches a session; snapshots come from an engine.

mod act;
mod answer;
mod answered;
mod choose;
mod confirmation;
mod connect;
mod failure;
mod fleet;
mod list;
mod marked;
mod out;
mod pager;
mod record;
mod replay;
mod requests;
mod serve;
mod table;
mod watch;
mod why;

use clap::{Parser, Subcommand};
use connect::Hooks;
use failure::Failure;
use record::Record;
use replay::Replay;
use std::process::ExitCode;
use trusty_platform::file_room;

/// The files that the runtime opens, and the first that a command needs.
const MIN_FREE_FILES: usize = 16;

/// Every Claude Code session on this machine, live and true.
#[derive(Debug, Parser)]
#[command(
    name = "trusty",
    version,
    after_help = "SESSION is a pid, an id (or its first 6 or more characters), a tmux session's \
                  name or a folder's name.\n\nExit codes: 0 done, 1 failed, 2 wrong usage or an \
                  ambiguous SESSION, 3 refused."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print all sessions, or one
    List(Show),
    /// Print all sessions, or one, again at each change
    Watch(Show),
    /// Explain why a session is what it is: what every source says of it, and which one won
    Why(Ask),
    /// Pause a session for real: it goes on later as if nothing had happened
    Pause(act::Pause),
    /// Let a paused session go on
    Resume(act::Resume),
    /// Print what waits for an answer, all of it
    Requests(requests::Requests),
    /// Approve what a session asks: print all of it, then give leave for that alone
    Approve(answer::Approve),
    /// Deny what a session asks; its turn goes on
    Deny(answer::Deny),
    /// Answer the questions of a session
    Answer(answer::Choose),
    /// Answer nothing from here: the session's terminal asks
    Release(answer::Which),
    /// Bring the terminal of a session to the front; opens one for a detached tmux session
    Jump(act::Jump),
    /// End a session; a paused one never runs what it was kept from
    Stop(act::Stop),
    /// Run the engine without a face, until stopped
    Serve,
    /// Write down all that is seen, until stopped, to show a wrong status to somebody else
    Record(Record),
    /// Print what a recording shows, a line for each change of a session
    Replay(Replay),
    /// Connect the hooks of Claude Code, so that sessions can be held and tell more
    Connect(Hooks),
    /// Take our hooks back, and nothing else
    Disconnect(Hooks),
}

impl Command {
    /// Whether it is to do more than to show something.
    fn acts(&self) -> bool {
        match self {
            Self::List(_)
            | Self::Watch(_)
            | Self::Why(_)
            | Self::Requests(_)
            | Self::Record(_)
            | Self::Replay(_) => false,
            Self::Connect(hooks) | Self::Disconnect(hooks) => !hooks.dry_run,
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
struct Show {
    /// Only this session
    session: Option<String>,
    /// JSON: one object {"revision", "sessions", "health"}; with watch, one such object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Ask {
    /// The session
    session: String,
    /// JSON: one object {"session", "testimonies"}
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    // Whatever else its arguments are, a client must not be told of wrong usage, for it takes
    // that exit code as a refusal.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == "hook") {
        trusty_hook::run(words);
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::parse();
    let acts = arguments.command.acts();
    // Without it the runtime would not fail, but panic.
    if let Err(e) = file_room::check_room(MIN_FREE_FILES) {
        let told = "too few files may be opened; raise the limit with `ulimit -n 1024`";
        return Failure::from(anyhow::Error::from(e).context(told)).report();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments.command)),
        Err(e) => Err(Failure::from(
            anyhow::Error::from(e).context("failed to start"),
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if acts => failure.of_action().report(),
        Err(failure) => failure.report(),
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List(show) => list::run(&show).await,
        Command::Watch(show) => watch::run(&show).await,
        Command::Why(ask) => why::run(&ask).await,
        Command::Pause(pause) => act::pause(&pause).await,
        Command::Resume(resume) => act::resume(&resume).await,
        Command::Requests(asked) => requests::run(&asked).await,
        Command::Approve(asked) => answer::approve(&asked).await,
        Command::Deny(asked) => answer::deny(&asked).await,
        Command::Answer(asked) => answer::choose(&asked).await,
        Command::Release(which) => answer::release(&which).await,
        Command::Jump(jump) => act::jump(&jump).await,
        Command::Stop(stop) => act::stop(&stop).await,
        Command::Serve => serve::run().await,
        Command::Record(record) => record::run(&record).await,
        Command::Replay(replay) => replay::run(&replay),
        Command::Connect(hooks) => connect::run(&hooks).await,
        Command::Disconnect(hooks) => connect::undo(&hooks).await,
    }
}
