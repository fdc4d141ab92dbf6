//! `trusty approve`, `trusty deny`, `trusty answer`, `trusty release`

use crate::choose;
use crate::confirmation::{self, ControllingTerminal};
use crate::failure::Failure;
use crate::fleet::Place;
use crate::out;
use crate::pager::{self, ReadingOutcome};
use crate::requests::{self, Open};
use std::io;
use trusty_engine::api::AnswerRequest;
use trusty_engine::api::client::ClientError;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::request::{Answer, Asks};
use trusty_fleet::view::visible;
use trusty_platform::raw_terminal::is_controlling_terminal;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The whole request is shown in the terminal first, and only that one is \
                        approved, after you type a letter there. A session never approves its own \
                        requests. A script says --yes, which needs `programs = true` under \
                        [answers] in settings.toml when Trusty Bar starts."
)]
pub(crate) struct Approve {
    #[command(flatten)]
    which: Which,
    /// And do not ask again, as the client itself offers it; which of several offers, from 1
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    always: Option<usize>,
    /// Approve without confirmation (needs answers.programs = true)
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Deny {
    #[command(flatten)]
    which: Which,
    /// What the model is told
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// End the turn, too
    #[arg(long)]
    stop: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "An ANSWER is the number or the label of an option. Where several may be \
                        chosen they are joined by commas: 1,3. A text of your own begins with an \
                        equals sign: \"=neither, use the old one\". Without any you are asked, \
                        question by question."
)]
pub(crate) struct Choose {
    #[command(flatten)]
    which: Which,
    /// One for each question, in their order
    answers: Vec<String>,
    /// Answer without confirmation (needs answers.programs = true)
    #[arg(long, requires = "answers")]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The session
    session: String,
    /// Which request, by the first 6 or more characters of its hash; needed where it asks several
    #[arg(long, value_name = "HASH")]
    request: Option<String>,
}

impl Which {
    async fn find(&self, place: &Place) -> Result<Open, Failure> {
        requests::find(place, &self.session, self.request.as_deref()).await
    }
}

pub(crate) async fn approve(asked: &Approve) -> Result<(), Failure> {
    let place = Place::find()?;
    let open = asked.which.find(&place).await?;
    let terminal = reading_terminal(asked.yes);
    show(&open, terminal.as_ref())?;
    let decided = approval(asked, &place, &open, terminal.as_ref()).await;
    copy_to_standard_output(&open, terminal.as_ref())?;
    let (answer, channel) = decided?;
    let lasts = matches!(answer, Answer::Always { .. });
    give(&place, &open, answer, channel).await?;
    done("approved", &open)?;
    if lasts {
        for change in settings_changes(&place, &open).await {
            out::done(&format!("{}\n", visible(&change)))?;
        }
    }
    Ok(())
}

/// The approval of a request that was shown, once it is confirmed.
async fn approval(
    asked: &Approve,
    place: &Place,
    open: &Open,
    terminal: Option<&ControllingTerminal>,
) -> Result<(Answer, AnswerChannel), Failure> {
    let word = &asked.which.session;
    let card = &open.whole.card;
    if card.kind == Asks::Question {
        let told = format!("it asks a question; answer it with: trusty answer {word}");
        return Err(Failure::Refused(told));
    }
    if let Some(why) = &card.unseen {
        return Err(Failure::Refused(format!(
            "it cannot be approved from here: {why}; trusty jump {word}"
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
    let channel = confirmed.ok_or_else(|| Failure::Refused("nothing was approved".into()))?;
    Ok((answer, channel))
}

/// Which rule Claude Code writes where for a lasting answer, and how to undo it, as the engine
/// tells it of the session. One of an earlier version tells nothing.
async fn settings_changes(place: &Place, open: &Open) -> Vec<String> {
    let snapshot = place.remote().snapshot().await.unwrap_or_default();
    let mut sessions = snapshot.sessions.into_iter();
    let session = sessions.find(|session| session.id == open.session);
    let answered = session.and_then(|session| session.answered);
    let answered = answered.filter(|answered| answered.request == *open.id());
    let changes = answered.map(|answered| answered.changes);
    let home = Some(place.around.home.as_path());
    let changes = changes.unwrap_or_default().into_iter();
    changes.map(|change| change.sentence(home)).collect()
}

/// The client's offer of this number, from 1; 0 is the only one.
fn offer(open: &Open, number: usize) -> Result<usize, Failure> {
    let offers = &open.whole.card.always;
    let found = match (offers.len(), number) {
        (0, _) => {
            let told = "its client offers nothing so as not to be asked again; leave --always out";
            return Err(Failure::Refused(told.into()));
        }
        (1, 0) => offers.first(),
        (n, 0) => {
            let told =
                format!("its client makes {n} offers; say which: --always=1 to --always={n}");
            return Err(Failure::Refused(told));
        }
        (_, number) => offers.get(number - 1),
    };
    let found = found.map(|offer| offer.suggestion);
    found.ok_or_else(|| {
        let told = format!("its client makes {} offers, not {number}", offers.len());
        Failure::Refused(told)
    })
}

pub(crate) async fn deny(asked: &Deny) -> Result<(), Failure> {
    let place = Place::find()?;
    let open = asked.which.find(&place).await?;
    // To deny it, nobody has to read it.
    out::done(&requests::draw(&open))?;
    let message = asked.message.clone();
    let (answer, word) = if asked.stop {
        (Answer::Stop { message }, "denied, and its turn ended:")
    } else {
        (Answer::Deny { message }, "denied")
    };
    give(&place, &open, answer, AnswerChannel::Terminal).await?;
    done(word, &open)
}

pub(crate) async fn release(which: &Which) -> Result<(), Failure> {
    let place = Place::find()?;
    let open = which.find(&place).await?;
    give(&place, &open, Answer::Release {}, AnswerChannel::Terminal).await?;
    done("left to its terminal:", &open)
}

pub(crate) async fn choose(asked: &Choose) -> Result<(), Failure> {
    let place = Place::find()?;
    let open = asked.which.find(&place).await?;
    let terminal = reading_terminal(asked.yes);
    show(&open, terminal.as_ref())?;
    let decided = chosen_answers(asked, &place, &open, terminal.as_ref()).await;
    copy_to_standard_output(&open, terminal.as_ref())?;
    let (answer, channel) = decided?;
    give(&place, &open, answer, channel).await?;
    done("answered", &open)
}

/// The answers to the questions that were shown, once they are confirmed.
async fn chosen_answers(
    asked: &Choose,
    place: &Place,
    open: &Open,
    terminal: Option<&ControllingTerminal>,
) -> Result<(Answer, AnswerChannel), Failure> {
    let word = &asked.which.session;
    let card = &open.whole.card;
    if card.kind != Asks::Question {
        return Err(Failure::Refused(format!(
            "it asks for leave, which is given with: trusty approve {word}, or not: trusty deny \
             {word}"
        )));
    }
    if card.questions.is_empty() {
        let why = card.unseen.as_deref();
        let why = why.unwrap_or("its question cannot be shown");
        return Err(Failure::Refused(format!("{why}: trusty jump {word}")));
    }
    let said = match &asked.answers[..] {
        [] => None,
        said => Some(choose::all(card, said).map_err(Failure::Ambiguous)?),
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
            let refused = || Failure::Refused("nothing was answered".into());
            (answers, confirmed.ok_or_else(refused)?)
        }
    };
    Ok((Answer::Choose { answers }, channel))
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
fn show(open: &Open, terminal: Option<&ControllingTerminal>) -> Result<(), Failure> {
    let text = requests::draw(open);
    let Some(terminal) = terminal else {
        return Ok(out::print(&text)?);
    };
    match pager::read(terminal, &text)? {
        ReadingOutcome::ToEnd => Ok(()),
        ReadingOutcome::Left => Err(Failure::Refused(
            "nothing was answered: the request was not read to the end and is still pending".into(),
        )),
    }
}

/// Writes a request that was read on the terminal to a standard output that leads elsewhere. Not
/// before the letter is typed: a reader such as `tee` may print on the same terminal.
fn copy_to_standard_output(
    open: &Open,
    terminal: Option<&ControllingTerminal>,
) -> Result<(), Failure> {
    if terminal.is_some() && !is_controlling_terminal(io::stdout()) {
        out::done(&requests::draw(open))?;
    }
    Ok(())
}

/// Asks for an answer to each question, again where it does not fit.
fn ask(terminal: &ControllingTerminal, open: &Open) -> Result<Vec<Vec<String>>, Failure> {
    let mut answers = Vec::new();
    while answers.len() < open.whole.card.questions.len() {
        let number = answers.len();
        let line = terminal.ask(&format!("Answer to question {}: ", number + 1))?;
        let line = line.ok_or_else(|| Failure::Refused("nothing was answered".into()))?;
        match choose::one(&open.whole.card, number, line.trim()) {
            Ok(answer) => answers.push(answer),
            Err(told) => terminal.print(&format!("trusty: {}\n", out::plain(&told)))?,
        }
    }
    Ok(answers)
}

async fn give(
    place: &Place,
    open: &Open,
    answer: Answer,
    channel: AnswerChannel,
) -> Result<(), Failure> {
    let request = open.id().clone();
    let answer = AnswerRequest { request, answer };
    let given = place.remote().answer(open.session, &answer, channel).await;
    given.map_err(|e| match e {
        ClientError::Nobody => Failure::Refused(
            "Trusty Bar exited and returned the request to the terminal; answer there".into(),
        ),
        e => e.into(),
    })
}

fn done(word: &str, open: &Open) -> Result<(), Failure> {
    Ok(out::done(&format!(
        "{word} {} of {}\n",
        open.id(),
        open.title
    ))?)
}
