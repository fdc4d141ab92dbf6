//! Who may answer for the user. A process that a session started gets no approval by asking.
//!
//! `wire` gathers the facts of a calling process; this module judges them. [`authorize`] numbers
//! the rules in the order in which they apply.

mod mark;

pub use crate::given_answer::{AnswerAuthor, AnswerChannel};
pub use mark::{
    FIRST_PID, GroupMember, LivingSession, MarkKind, NamedProcess, ProcessMark, ProcessOrigin,
    TracedProcess, find_mark,
};

use crate::identity::ProcessKey;
use crate::request::Answer;
use std::path::PathBuf;

/// Which programs may answer besides the app: `[answers]` of the settings at the engine's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerPolicy {
    /// Whether any program may that no session started (`answers.programs`).
    pub programs: bool,
    /// Whether `trusty` may, after a letter typed in a terminal (`answers.terminal`).
    pub terminal: bool,
}

impl Default for AnswerPolicy {
    fn default() -> Self {
        Self {
            programs: false,
            terminal: true,
        }
    }
}

/// What a calling process asks for, as far as that needs an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectedRequest {
    /// To approve, or to answer a question. The channel is where the caller says that the user
    /// answered; only a program that may name that channel is believed.
    Answer(Option<AnswerChannel>),
    /// To deny with a message, which the model reads as the user's. The channel is as in
    /// [`Self::Answer`].
    DenyMessage(Option<AnswerChannel>),
    /// To resume a session that the user paused.
    Resume,
}

impl ProtectedRequest {
    /// The protected request that an answer makes; `None` where any process may give the answer:
    /// a denial without a message, or a return to the terminal, runs nothing and says nothing.
    pub fn from_answer(answer: &Answer, said: Option<AnswerChannel>) -> Option<Self> {
        match answer {
            Answer::Allow {} | Answer::Always { .. } | Answer::Choose { .. } => {
                Some(Self::Answer(said))
            }
            Answer::Deny { message } | Answer::Stop { message } => {
                let has_words = |message: &String| !message.trim().is_empty();
                let has_message = message.as_ref().is_some_and(has_words);
                has_message.then_some(Self::DenyMessage(said))
            }
            Answer::Release {} => None,
        }
    }
}

/// The process that calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerIdentity {
    /// The app itself, which runs the engine in the same process.
    OwnFace(AnswerChannel),
    /// A process at the other end of the local socket.
    Process(Box<PeerFacts>),
    /// A process that could not be identified: why, in words.
    Unknown(String),
}

impl CallerIdentity {
    /// The channel that is recorded for an answer which any process may give.
    pub fn unprotected_channel(&self, said: Option<AnswerChannel>) -> AnswerChannel {
        match self {
            Self::OwnFace(channel) => *channel,
            Self::Process(facts) => facts.believed_channel(said.unwrap_or(AnswerChannel::Program)),
            Self::Unknown(_) => AnswerChannel::Program,
        }
    }

    /// The author of an answer that was given in this channel.
    pub fn author(&self, channel: AnswerChannel) -> AnswerAuthor {
        match self {
            Self::OwnFace(_) | Self::Unknown(_) => AnswerAuthor::own_face(channel),
            Self::Process(facts) => AnswerAuthor {
                channel,
                pid: Some(facts.process.pid),
                executable: facts.executable.clone(),
                tty: facts.terminal.as_ref().map(|terminal| terminal.tty.clone()),
                session: facts.mark.as_ref().map(|mark| mark.id),
            },
        }
    }
}

/// What is known about a calling process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerFacts {
    /// The process.
    pub process: ProcessKey,
    /// The path of the process's executable.
    pub executable: Option<PathBuf>,
    /// Which program that file is.
    pub program: PeerProgram,
    /// What shows that a session started the process, if one did.
    pub mark: Option<ProcessMark>,
    /// The process's controlling terminal.
    pub terminal: Option<PeerTerminal>,
}

impl PeerFacts {
    /// The channel `said`, where this program may name it; otherwise the channel of the program.
    fn believed_channel(&self, said: AnswerChannel) -> AnswerChannel {
        use AnswerChannel::{Notification, Popover, Program, Terminal};
        match (self.program, said, &self.mark) {
            (PeerProgram::App, Popover | Notification, None) => said,
            (PeerProgram::Command, Terminal, None) if self.terminal.is_some() => said,
            (PeerProgram::App, _, None) => Popover,
            _ => Program,
        }
    }
}

/// Which program a calling process runs, identified by the device and inode of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerProgram {
    /// The `trusty-bar` beside the engine's program.
    App,
    /// The `trusty` beside the engine's program.
    Command,
    /// Another file named `trusty`.
    OtherCommand,
    /// Any other program.
    Other,
}

/// The controlling terminal of a calling process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerTerminal {
    /// The path of the terminal, such as `/dev/pts/7`.
    pub tty: String,
    /// Whether the process is in the terminal's foreground group.
    pub foreground: bool,
    /// Who operates the terminal.
    pub operator: TerminalOperator,
}

/// Who operates a terminal: the processes that hold its master and can type into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalOperator {
    /// No process that a session started, as far as the holders can be read.
    Unmarked,
    /// A process that a session started.
    Marked(ProcessMark),
    /// The system does not list the holders: why, in words.
    Unknown(String),
}

/// Why a caller is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationRefusal {
    /// The caller could not be identified: why, in words.
    UnknownCaller(String),
    /// A session started the caller, which asks to approve or to answer.
    MarkedAnswer(ProcessMark),
    /// A session started the caller, which asks to deny with a message.
    MarkedDenyMessage(ProcessMark),
    /// A session started the caller, which asks to resume a session.
    MarkedResume(ProcessMark),
    /// A process that a session started operates the caller's terminal.
    OperatedTerminal {
        /// The terminal.
        tty: String,
        /// The mark that shows this.
        mark: ProcessMark,
    },
    /// The processes that operate the caller's terminal cannot be listed.
    UnknownOperator {
        /// The terminal.
        tty: String,
        /// Why, in words.
        reason: String,
    },
    /// The caller has no terminal.
    NoTerminal,
    /// The caller runs in the background of its terminal.
    Background,
    /// The user did not type a letter to confirm the answer.
    Unconfirmed,
    /// The settings disable answers in terminals (`answers.terminal`).
    TerminalsDisabled,
    /// The caller is another `trusty` than the one beside the engine's program.
    OtherCommand(Option<PathBuf>),
    /// The settings do not let programs answer (`answers.programs`).
    Programs,
}

impl std::fmt::Display for AuthorizationRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownCaller(why) => {
                write!(f, "{why}; use the popover or another terminal instead")
            }
            Self::MarkedAnswer(mark) => {
                write!(f, "{mark}; answer in the popover or in another terminal")
            }
            Self::MarkedDenyMessage(mark) => write!(
                f,
                "{mark}, and Claude Code reads the message of a denial as yours; deny without a \
                 message, or answer in the popover or in another terminal"
            ),
            Self::MarkedResume(mark) => {
                write!(
                    f,
                    "{mark}; resume the session in the popover or in another terminal"
                )
            }
            Self::OperatedTerminal { tty, mark } => write!(
                f,
                "a session operates this terminal ({tty}): {mark}; answer in the popover or in \
                 another terminal"
            ),
            Self::UnknownOperator { tty, reason } => write!(
                f,
                "the processes that operate this terminal ({tty}) cannot be listed: {reason}; \
                 answer in the popover"
            ),
            Self::NoTerminal => f.write_str(
                "trusty has no terminal to confirm the answer in; run trusty in a terminal, or \
                 answer in the popover",
            ),
            Self::Background => f.write_str(
                "trusty runs as a background job, where the answer cannot be confirmed; run \
                 trusty in the foreground, or answer in the popover",
            ),
            Self::Unconfirmed => f.write_str(
                "--yes needs `programs = true` under [answers] in settings.toml when Trusty Bar \
                 starts; leave --yes out and confirm in the terminal, or answer in the popover",
            ),
            Self::TerminalsDisabled => f.write_str(
                "answers in terminals are disabled (answers.terminal = false); answer in the \
                 popover",
            ),
            Self::OtherCommand(path) => {
                f.write_str("this `trusty`")?;
                if let Some(path) = path {
                    write!(f, " ({})", path.display())?;
                }
                f.write_str(
                    " does not belong to the running Trusty Bar; run the `trusty` beside it, \
                     restart Trusty Bar if it was upgraded, or answer in the popover",
                )
            }
            Self::Programs => f.write_str(
                "programs may not approve or answer; use the popover or `trusty approve` in a \
                 terminal, or set `programs = true` under [answers] in settings.toml and restart \
                 Trusty Bar",
            ),
        }
    }
}

impl std::error::Error for AuthorizationRefusal {}

/// Decides whether a caller gets what it asks for, and which channel is recorded for the answer.
///
/// # Errors
///
/// The refusal, in words for the user.
pub fn authorize(
    caller: &CallerIdentity,
    request: ProtectedRequest,
    policy: AnswerPolicy,
) -> Result<AnswerChannel, AuthorizationRefusal> {
    // 1: the app that runs this engine.
    let facts = match caller {
        CallerIdentity::OwnFace(channel) => return Ok(*channel),
        // 2: a caller that is identified.
        CallerIdentity::Unknown(why) => {
            return Err(AuthorizationRefusal::UnknownCaller(why.clone()));
        }
        CallerIdentity::Process(facts) => facts,
    };
    // 3: a caller that no session started.
    let said = match (request, &facts.mark) {
        (ProtectedRequest::Answer(_), Some(mark)) => {
            return Err(AuthorizationRefusal::MarkedAnswer(mark.clone()));
        }
        (ProtectedRequest::DenyMessage(_), Some(mark)) => {
            return Err(AuthorizationRefusal::MarkedDenyMessage(mark.clone()));
        }
        (ProtectedRequest::Resume, Some(mark)) => {
            return Err(AuthorizationRefusal::MarkedResume(mark.clone()));
        }
        (ProtectedRequest::DenyMessage(said), None) => return Ok(caller.unprotected_channel(said)),
        (ProtectedRequest::Resume, None) => return Ok(AnswerChannel::Program),
        (ProtectedRequest::Answer(said), None) => said,
    };
    match facts.program {
        // 4: an app that follows this engine.
        PeerProgram::App => Ok(facts.believed_channel(said.unwrap_or(AnswerChannel::Popover))),
        // 5: a letter typed in a terminal that no session operates.
        PeerProgram::Command => match confirmed_in_terminal(facts, said, policy) {
            Ok(()) => Ok(AnswerChannel::Terminal),
            Err(_) if policy.programs => Ok(AnswerChannel::Program),
            Err(refusal) => Err(refusal),
        },
        // 6: all other programs.
        PeerProgram::Other | PeerProgram::OtherCommand if policy.programs => {
            Ok(AnswerChannel::Program)
        }
        PeerProgram::OtherCommand => {
            let path = facts.executable.clone();
            Err(AuthorizationRefusal::OtherCommand(path))
        }
        PeerProgram::Other => Err(AuthorizationRefusal::Programs),
    }
}

fn confirmed_in_terminal(
    facts: &PeerFacts,
    said: Option<AnswerChannel>,
    policy: AnswerPolicy,
) -> Result<(), AuthorizationRefusal> {
    if !policy.terminal {
        return Err(AuthorizationRefusal::TerminalsDisabled);
    }
    if said != Some(AnswerChannel::Terminal) {
        return Err(AuthorizationRefusal::Unconfirmed);
    }
    let Some(terminal) = &facts.terminal else {
        return Err(AuthorizationRefusal::NoTerminal);
    };
    if !terminal.foreground {
        return Err(AuthorizationRefusal::Background);
    }
    let tty = || terminal.tty.clone();
    match &terminal.operator {
        TerminalOperator::Unmarked => Ok(()),
        TerminalOperator::Marked(mark) => Err(AuthorizationRefusal::OperatedTerminal {
            tty: tty(),
            mark: mark.clone(),
        }),
        TerminalOperator::Unknown(reason) => Err(AuthorizationRefusal::UnknownOperator {
            tty: tty(),
            reason: reason.clone(),
        }),
    }
}

#[cfg(test)]
mod tests;
