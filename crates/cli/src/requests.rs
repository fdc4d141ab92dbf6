//! What sessions ask through their hooks: found, printed whole; and `trusty requests`.

use crate::answer_list::{self, AnswersFormat};
use crate::cli_context::{CliContext, find_session};
use crate::failure::CommandFailure;
use crate::json_output::print_json;
use crate::terminal_output;
use anyhow::Context;
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use trusty_client::ClientError;
use trusty_client::api_types::WholeRequest;
use trusty_fleet::request::RequestId;
use trusty_fleet::session::SessionRequest;
use trusty_fleet::text::{has_right_to_left, name_right_to_left};
use trusty_fleet::view::{Card, LineMark, Row, SelectionMode, replace_hidden_chars};
use trusty_fleet::{Session, SessionId, Snapshot};

/// The fewest characters of a request's id that name it.
const MIN_ID_PREFIX_CHARS: usize = 6;
/// So many are printed where one is to be told from others.
const SHORT_ID_CHARS: usize = 12;

#[derive(Debug, clap::Args)]
pub(crate) struct RequestsArgs {
    /// Show only requests of this session
    session: Option<String>,
    /// Show past answers instead: who answered what, and when; with --json {"answers"}
    #[arg(long)]
    answered: bool,
    /// Print JSON: {"requests"}, each {"session", "request", "content", "card"}
    #[arg(long)]
    json: bool,
}

/// A request that waits for an answer from here, whole.
pub(crate) struct AnswerableRequest {
    pub(crate) session: SessionId,
    /// What its session is called.
    pub(crate) title: String,
    pub(crate) whole: WholeRequest,
}

impl AnswerableRequest {
    pub(crate) fn id(&self) -> &RequestId {
        &self.whole.request.id
    }
}

pub(crate) async fn print_requests(asked: &RequestsArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    if asked.answered {
        let format = if asked.json {
            AnswersFormat::Json
        } else {
            AnswersFormat::Table
        };
        return answer_list::print_answers(&place, asked.session.as_deref(), format).await;
    }
    let snapshot = engine_snapshot(&place, asked.session.as_deref()).await?;
    let only = asked
        .session
        .as_deref()
        .map(|word| find_session(&snapshot, word));
    let only = only.transpose()?;
    let mut open = Vec::new();
    let sessions = snapshot.sessions.iter();
    for session in sessions.filter(|s| only.is_none_or(|id| s.id == id)) {
        for request in session.requests.iter().filter(|r| r.held) {
            // One that is answered meanwhile is none any more.
            open.extend(read_request(&place, session, &request.id).await?);
        }
    }
    if asked.json {
        let requests: Vec<_> = open.iter().map(as_json).collect();
        return print_json(&json!({"requests": requests}));
    }
    if open.is_empty() {
        let told = "No request can be answered from here. Run `trusty list` to see which sessions \
                    ask in the terminal only.\n";
        return Ok(terminal_output::print(told)?);
    }
    let cards: Vec<String> = open.iter().map(render_request).collect();
    Ok(terminal_output::print(&cards.join("\n"))?)
}

fn as_json(open: &AnswerableRequest) -> serde_json::Value {
    let WholeRequest {
        request,
        content,
        card,
    } = &open.whole;
    json!({"session": open.session, "request": request, "content": content, "card": card})
}

/// The request of a session that is meant: the only one, or the one whose id begins so.
pub(crate) async fn find_request(
    place: &CliContext,
    word: &str,
    prefix: Option<&str>,
) -> Result<AnswerableRequest, CommandFailure> {
    let snapshot = engine_snapshot(place, Some(word)).await?;
    let id = find_session(&snapshot, word)?;
    let session = snapshot.sessions.iter().find(|s| s.id == id);
    let session = session.context("the session has exited")?;
    let request = choose(session, word, prefix)?;
    let open = read_request(place, session, &request.id).await?;
    open.ok_or_else(|| CommandFailure::Refused(request_over_message(word)))
}

fn request_over_message(word: &str) -> String {
    format!(
        "this request is no longer pending: it was answered elsewhere or returned to the \
         terminal; run `trusty requests {word}` to see what is pending"
    )
}

fn choose<'a>(
    session: &'a Session,
    word: &str,
    prefix: Option<&str>,
) -> Result<&'a SessionRequest, CommandFailure> {
    let held: Vec<&SessionRequest> = session.requests.iter().filter(|r| r.held).collect();
    if let Some(prefix) = prefix {
        if prefix.len() < MIN_ID_PREFIX_CHARS {
            let told =
                format!("pass at least {MIN_ID_PREFIX_CHARS} characters of the request's hash");
            return Err(CommandFailure::Ambiguous(told));
        }
        let prefix = prefix.to_ascii_lowercase();
        let named = held.iter().filter(|r| r.id.0.starts_with(&prefix));
        return match named.collect::<Vec<_>>()[..] {
            [one] => Ok(one),
            [] => Err(CommandFailure::Refused(format!(
                "no pending request begins with {prefix}: it was answered elsewhere or returned \
                 to the terminal, or the hash is wrong; run `trusty requests {word}` to see what \
                 is pending"
            ))),
            _ => Err(CommandFailure::Ambiguous(format!(
                "{prefix} matches several requests; pass more characters of the hash"
            ))),
        };
    }
    match held[..] {
        [one] => Ok(one),
        [] => Err(CommandFailure::Refused(nothing_answerable_reason(
            session, word,
        ))),
        _ => {
            let mut told = format!("{} requests are pending; pass one of:", held.len());
            for request in held {
                let short: String = request.id.0.chars().take(SHORT_ID_CHARS).collect();
                let about = request.detail.as_deref().unwrap_or_default();
                let line = replace_hidden_chars(&format!("{} {about}", request.tool));
                // Writing to a text cannot fail.
                let _ = write!(told, "\n  --request {short}  {}", line.trim_end());
            }
            Err(CommandFailure::Refused(told))
        }
    }
}

/// Why nothing of a session can be answered from here.
fn nothing_answerable_reason(session: &Session, word: &str) -> String {
    let remedy = format!("answer in the terminal: run `trusty jump {word}`");
    if !session.requests.is_empty() {
        return format!("the request was returned to the terminal; {remedy}");
    }
    if session.need.is_some() {
        return format!("the session asks in the terminal only; {remedy}");
    }
    "the session has no pending request".to_owned()
}

/// What the running engine shows: without one nothing is held.
async fn engine_snapshot(
    place: &CliContext,
    word: Option<&str>,
) -> Result<Arc<Snapshot>, CommandFailure> {
    place.sessions.snapshot().await.map_err(|e| match e {
        ClientError::NotRunning => {
            let jump = word.map_or_else(|| "SESSION".to_owned(), str::to_owned);
            CommandFailure::Refused(format!(
                "no engine is running, so no request can be answered from here; start Trusty Bar \
                 or `trusty serve`, or answer in the terminal: run `trusty jump {jump}`"
            ))
        }
        e if e.is_absence() => CommandFailure::Refused(e.to_string()),
        e => CommandFailure::Failed(e.into()),
    })
}

async fn read_request(
    place: &CliContext,
    session: &Session,
    request: &RequestId,
) -> Result<Option<AnswerableRequest>, CommandFailure> {
    let whole = place.sessions.request(session.id, request).await?;
    Ok(whole.map(|whole| AnswerableRequest {
        session: session.id,
        title: Row::from_session(session, None).title,
        whole,
    }))
}

/// All of a request, line by line. What others wrote stands behind a bar, so that none of it can
/// look like ours.
pub(crate) fn render_request(open: &AnswerableRequest) -> String {
    let WholeRequest { request, card, .. } = &open.whole;
    let who = request.agent.as_deref().map(replace_hidden_chars);
    let who = who.map_or_else(String::new, |agent| format!(" for {agent}"));
    let mut lines = vec![
        format!("{} asks{who}: {}", open.title, card.title),
        format!("request {}", request.id),
    ];
    for line in &card.lines {
        lines.push(match line.mark {
            LineMark::Label => format!("  ├ {}", line.text),
            LineMark::Plain => format!("  │ {}", line.text),
            LineMark::Added => format!("  │+{}", line.text),
            LineMark::Removed => format!("  │-{}", line.text),
        });
    }
    questions(card, &mut lines);
    if !card.always.is_empty() {
        lines.push("  to approve and not be asked again:".to_owned());
        for (number, offer) in card.always.iter().enumerate() {
            lines.push(format!("  --always={}", number + 1));
            push_behind_bar("  │ ", &offer.text, &mut lines);
        }
    }
    if request.programs {
        lines.push("  programs can answer this request (answers.programs = true)".to_owned());
    }
    if let Some(why) = &card.unseen {
        lines.push(format!(
            "  This request cannot be approved from here: {why}"
        ));
    }
    lines.push(String::new());
    with_stored_order(lines).join("\n")
}

/// Each line; after one that a terminal may draw in another order, that line in the order in which
/// it is stored. It has no bar, so nothing of others looks like it.
fn with_stored_order(lines: Vec<String>) -> Vec<String> {
    let shown = lines.into_iter().flat_map(|line| {
        let note = has_right_to_left(&line).then(|| {
            let stored = name_right_to_left(line.trim_start_matches([' ', '│', '├']));
            format!("  right-to-left text above, in its stored order: {stored}")
        });
        [Some(line), note].into_iter().flatten()
    });
    shown.collect()
}

/// Each line of a text behind a bar.
fn push_behind_bar(bar: &str, text: &str, lines: &mut Vec<String>) {
    lines.extend(text.split('\n').map(|line| format!("{bar}{line}")));
}

fn questions(card: &Card, lines: &mut Vec<String>) {
    for (number, question) in card.questions.iter().enumerate() {
        let many = match question.choice {
            SelectionMode::One => "one",
            SelectionMode::Several => "one or more",
        };
        lines.push(format!("  question {} (choose {many})", number + 1));
        if !question.header.is_empty() {
            push_behind_bar("  │ ", &question.header, lines);
        }
        push_behind_bar("  │ ", &question.question, lines);
        for (number, option) in question.options.iter().enumerate() {
            let more = match option.description.as_str() {
                "" => String::new(),
                text => format!(" – {text}"),
            };
            let text = format!("{}. {}{more}", number + 1, option.label);
            push_behind_bar("  │ ", &text, lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use trusty_fleet::request::{RequestContent, RequestKind};

    fn render_sample(
        tool: &str,
        input: serde_json::Value,
        suggestions: serde_json::Value,
    ) -> String {
        let id = RequestId("0".repeat(64));
        let content = RequestContent {
            tool: tool.into(),
            input: serde_json::from_value(input).expect("an object"),
            suggestions: serde_json::from_value(suggestions).expect("a list"),
        };
        let request = SessionRequest {
            id: id.clone(),
            kind: RequestKind::for_tool(tool),
            tool: tool.into(),
            detail: None,
            agent: None,
            held: true,
            programs: false,
            until: None,
            since: std::time::SystemTime::UNIX_EPOCH,
        };
        let card = Card::from_request(id, &content);
        render_request(&AnswerableRequest {
            session: SessionId::default(),
            title: "payments".into(),
            whole: WholeRequest {
                request,
                content,
                card,
            },
        })
    }

    #[test]
    fn right_to_left_text_is_printed_in_its_stored_order_too() {
        let text = render_sample("Bash", json!({"command": "cp א ב\nls"}), json!([]));
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| *line == "  │ cp א ב");
        let at = at.expect("the line itself");
        assert_eq!(
            lines[at + 1],
            "  right-to-left text above, in its stored order: cp ⟨U+05D0⟩ ⟨U+05D1⟩"
        );
        assert_eq!(lines[at + 2], "  │ ls");
        let told = text.matches("stored order").count();
        assert_eq!(told, 1, "{text}");

        let question = json!({"questions": [{"question": "א ב?", "header": "ג",
            "options": [{"label": "ד", "description": "ה"}]}]});
        let text = render_sample("AskUserQuestion", question, json!([]));
        for named in ["⟨U+05D0⟩ ⟨U+05D1⟩?", "⟨U+05D2⟩", "1. ⟨U+05D3⟩ – ⟨U+05D4⟩"]
        {
            let line = format!("in its stored order: {named}\n");
            assert!(text.contains(&line), "{text}");
        }
    }

    #[test]
    fn nothing_of_others_looks_like_ours() {
        let forged = "x\n  question 9 (choose one)\n  --always=9";
        let all = [
            render_sample("Bash", json!({"command": forged}), json!([])),
            render_sample(
                "Bash",
                json!({"command": "ls"}),
                json!([{"type": "addRules", "behavior": "allow", "destination": "session",
                    "rules": [{"toolName": "Bash", "ruleContent": forged}]}]),
            ),
            render_sample(
                "AskUserQuestion",
                json!({"questions": [{"question": forged, "header": forged,
                    "options": [{"label": forged, "description": forged}]}]}),
                json!([]),
            ),
            render_sample(
                "mcp__x__y",
                json!({forged: 1, "a": {forged: forged}}),
                json!([]),
            ),
            render_sample(
                "Write",
                json!({"file_path": format!("/x/{forged}"), "content": "a"}),
                json!([]),
            ),
        ];
        for text in all {
            let bare = |line: &&str| line.contains("=9") || line.contains("question 9");
            let lines = text.lines().filter(bare);
            for line in lines {
                let barred = line.starts_with("  │") || line.starts_with("  ├");
                assert!(barred || line.contains("⟨LF⟩"), "{text}");
            }
            assert!(text.contains("question 9"), "{text}");
        }
    }
}
