//! `trusty approve`, `trusty deny`, `trusty answer`, `trusty release`

use crate::answer_parser;
use crate::cli_context::CliContext;
use crate::confirmation::{self, ControllingTerminal};
use crate::failure::CommandFailure;
use crate::pager::{self, ReadingOutcome};
use crate::requests::{self, AnswerableRequest};
use crate::terminal_output;
use std::io;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::request::{Answer, RequestKind};
use trusty_fleet::view::replace_hidden_chars;
use trusty_platform::raw_terminal::is_controlling_terminal;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The terminal shows the whole request, and only that request is approved, after \
                        you type y there. A session never approves its own requests. Scripts pass \
                        --yes, which needs `programs = true` under [answers] in settings.toml \
                        when Trusty Bar starts."
)]
pub(crate) struct ApproveArgs {
    #[command(flatten)]
    which: RequestSelector,
    /// Also accept the lasting permission that Claude Code offers; N chooses one of several, from 1
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    always: Option<usize>,
    /// Approve without confirmation (needs answers.programs = true)
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DenyArgs {
    #[command(flatten)]
    which: RequestSelector,
    /// Tell Claude why, or what to do instead
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// End the turn as well
    #[arg(long)]
    stop: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "An ANSWER is the number or the label of an option. Join several options with \
                        commas where a question allows them: 1,3. Put an equals sign before an \
                        answer of your own: \"=neither, use the old one\". Without an ANSWER, \
                        trusty asks question by question."
)]
pub(crate) struct AnswerArgs {
    #[command(flatten)]
    which: RequestSelector,
    /// Answers, one for each question, in order
    answers: Vec<String>,
    /// Answer without confirmation (needs answers.programs = true)
    #[arg(long, requires = "answers")]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RequestSelector {
    /// Session with the request
    session: String,
    /// Choose one of several requests by the first 6 or more characters of its hash
    #[arg(long, value_name = "HASH")]
    request: Option<String>,
}

impl RequestSelector {
    async fn find(&self, place: &CliContext) -> Result<AnswerableRequest, CommandFailure> {
        requests::find_request(place, &self.session, self.request.as_deref()).await
    }
}

pub(crate) async fn approve(asked: &ApproveArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let open = asked.which.find(&place).await?;
    let terminal = reading_terminal(asked.yes);
    show_request(&open, terminal.as_ref())?;
    let decided = approval(asked, &place, &open, terminal.as_ref()).await;
    copy_to_standard_output(&open, terminal.as_ref())?;
    let (answer, channel) = decided?;
    let lasts = matches!(answer, Answer::Always { .. });
    send_answer(&place, &open, answer, channel).await?;
    done("approved", &open)?;
    if lasts {
        for change in settings_changes(&place, &open).await {
            terminal_output::print_result(&format!("{}\n", replace_hidden_chars(&change)))?;
        }
    }
    Ok(())
}

/// The approval of a request that was shown, once it is confirmed.
async fn approval(
    asked: &ApproveArgs,
    place: &CliContext,
    open: &AnswerableRequest,
    terminal: Option<&ControllingTerminal>,
) -> Result<(Answer, AnswerChannel), CommandFailure> {
    let word = &asked.which.session;
    let card = &open.whole.card;
    if card.kind == RequestKind::Question {
        let told = format!("the session asks a question; answer with `trusty answer {word}`");
        return Err(CommandFailure::Refused(told));
    }
    if let Some(why) = &card.unseen {
        return Err(CommandFailure::Refused(format!(
            "cannot approve this request from here: {why}; run `trusty jump {word}`"
        )));
    }
    let answer = match asked.always {
        None => Answer::Allow {},
        Some(number) => Answer::Always {
            suggestion: offer(open, number)?,
        },
    };
    if asked.yes {
        return Ok((answer, AnswerChannel::Program));
    }
    let Some(terminal) = terminal else {
        return Err(confirmation::no_terminal(place, "approved").await);
    };
    let confirmed = terminal.confirm("Approve this?")?;
    let told = "nothing was approved: the request is still pending";
    let channel = confirmed.ok_or_else(|| CommandFailure::Refused(told.into()))?;
    Ok((answer, channel))
}

/// Which rule Claude Code writes where for a lasting answer, and how to undo it, as the engine
/// tells it of the session. One of an earlier version tells nothing.
async fn settings_changes(place: &CliContext, open: &AnswerableRequest) -> Vec<String> {
    let snapshot = place.sessions.snapshot().await.unwrap_or_default();
    let mut sessions = snapshot.sessions.iter();
    let session = sessions.find(|session| session.id == open.session);
    let answered = session.and_then(|session| session.answered.clone());
    let answered = answered.filter(|answered| answered.request == *open.id());
    let changes = answered.map(|answered| answered.changes);
    let home = Some(place.env.home.as_path());
    let changes = changes.unwrap_or_default().into_iter();
    changes.map(|change| change.sentence(home)).collect()
}

/// The client's offer of this number, from 1; 0 is the only one.
fn offer(open: &AnswerableRequest, number: usize) -> Result<usize, CommandFailure> {
    let offers = &open.whole.card.always;
    let found = match (offers.len(), number) {
        (0, _) => {
            let told = "Claude Code offers no lasting permission here; run without --always";
            return Err(CommandFailure::Refused(told.into()));
        }
        (1, 0) => offers.first(),
        (n, 0) => {
            let told =
                format!("Claude Code makes {n} offers; pass one of --always=1 to --always={n}");
            return Err(CommandFailure::Refused(told));
        }
        (_, number) => offers.get(number - 1),
    };
    let found = found.map(|offer| offer.suggestion);
    found.ok_or_else(|| {
        let last = offers.len();
        let told = format!("there is no offer {number}; the last offer is --always={last}");
        CommandFailure::Refused(told)
    })
}

pub(crate) async fn deny(asked: &DenyArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let open = asked.which.find(&place).await?;
    // To deny it, nobody has to read it.
    terminal_output::print_result(&requests::render_request(&open))?;
    let message = asked.message.clone();
    let (answer, word) = if asked.stop {
        (Answer::Stop { message }, "denied, and the turn ended:")
    } else {
        (Answer::Deny { message }, "denied")
    };
    send_answer(&place, &open, answer, AnswerChannel::Terminal).await?;
    done(word, &open)
}

pub(crate) async fn release(which: &RequestSelector) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let open = which.find(&place).await?;
    send_answer(&place, &open, Answer::Release {}, AnswerChannel::Terminal).await?;
    done("returned to the terminal:", &open)
}

pub(crate) async fn choose(asked: &AnswerArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let open = asked.which.find(&place).await?;
    let terminal = reading_terminal(asked.yes);
    show_request(&open, terminal.as_ref())?;
    let decided = chosen_answers(asked, &place, &open, terminal.as_ref()).await;
    copy_to_standard_output(&open, terminal.as_ref())?;
    let (answer, channel) = decided?;
    send_answer(&place, &open, answer, channel).await?;
    done("answered", &open)
}

/// The answers to the questions that were shown, once they are confirmed.
async fn chosen_answers(
    asked: &AnswerArgs,
    place: &CliContext,
    open: &AnswerableRequest,
    terminal: Option<&ControllingTerminal>,
) -> Result<(Answer, AnswerChannel), CommandFailure> {
    let word = &asked.which.session;
    let card = &open.whole.card;
    if card.kind != RequestKind::Question {
        return Err(CommandFailure::Refused(format!(
            "the session asks for permission, not a question; run `trusty approve {word}` or \
             `trusty deny {word}`"
        )));
    }
    if card.questions.is_empty() {
        let why = card.unseen.as_deref();
        let why = why.unwrap_or("the question cannot be shown");
        let told = format!("{why}; run `trusty jump {word}`");
        return Err(CommandFailure::Refused(told));
    }
    let said = match &asked.answers[..] {
        [] => None,
        said => Some(answer_parser::parse_answers(card, said).map_err(CommandFailure::Ambiguous)?),
    };
    let (answers, channel) = match said {
        Some(answers) if asked.yes => (answers, AnswerChannel::Program),
        said => {
            let Some(terminal) = terminal else {
                return Err(confirmation::no_terminal(place, "answered").await);
            };
            let answers = match said {
                Some(answers) => answers,
                None => ask(terminal, open)?,
            };
            let confirmed = terminal.confirm("Send these answers?")?;
            (answers, confirmed.ok_or_else(not_answered)?)
        }
    };
    Ok((Answer::Choose { answers }, channel))
}

fn not_answered() -> CommandFailure {
    CommandFailure::Refused("nothing was answered: the request is still pending".into())
}

/// The terminal to read a request on and to confirm its answer in; none for a script, which says
/// --yes.
fn reading_terminal(yes: bool) -> Option<ControllingTerminal> {
    if yes {
        return None;
    }
    ControllingTerminal::open()
}

/// Shows a request to its end: on the terminal in which its answer is confirmed, else on standard
/// output.
fn show_request(
    open: &AnswerableRequest,
    terminal: Option<&ControllingTerminal>,
) -> Result<(), CommandFailure> {
    let text = requests::render_request(open);
    let Some(terminal) = terminal else {
        return Ok(terminal_output::print(&text)?);
    };
    match pager::show_text(terminal, &text)? {
        ReadingOutcome::ToEnd => Ok(()),
        ReadingOutcome::Aborted => Err(CommandFailure::Refused(
            "nothing was answered: the request was not read to the end and is still pending".into(),
        )),
    }
}

/// Writes a request that was read on the terminal to a standard output that leads elsewhere. Not
/// before the letter is typed: a reader such as `tee` may print on the same terminal.
fn copy_to_standard_output(
    open: &AnswerableRequest,
    terminal: Option<&ControllingTerminal>,
) -> Result<(), CommandFailure> {
    if terminal.is_some() && !is_controlling_terminal(io::stdout()) {
        terminal_output::print_result(&requests::render_request(open))?;
    }
    Ok(())
}

/// Asks for an answer to each question, again where it does not fit.
fn ask(
    terminal: &ControllingTerminal,
    open: &AnswerableRequest,
) -> Result<Vec<Vec<String>>, CommandFailure> {
    let mut answers = Vec::new();
    while answers.len() < open.whole.card.questions.len() {
        let number = answers.len();
        let line = terminal.ask(&format!("Answer to question {}: ", number + 1))?;
        let line = line.ok_or_else(not_answered)?;
        match answer_parser::parse_answer(&open.whole.card, number, line.trim()) {
            Ok(answer) => answers.push(answer),
            Err(told) => terminal.print(&format!(
                "trusty: {}\n",
                terminal_output::without_controls(&told)
            ))?,
        }
    }
    Ok(answers)
}

async fn send_answer(
    place: &CliContext,
    open: &AnswerableRequest,
    answer: Answer,
    channel: AnswerChannel,
) -> Result<(), CommandFailure> {
    let given = place
        .sessions
        .answer(open.session, open.id(), answer, channel)
        .await;
    given.map_err(CommandFailure::from)
}

fn done(word: &str, open: &AnswerableRequest) -> Result<(), CommandFailure> {
    Ok(terminal_output::print_result(&format!(
        "{word} {} of {}\n",
        open.id(),
        open.title
    ))?)
}
