//! `trusty why`

use crate::WhyArgs;
use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use crate::json_output::print_json;
use crate::table::{age, cut};
use crate::terminal_output::{self, ColorMode, OutputFormat};
use anstyle::Style;
use std::time::SystemTime;
use trusty_fleet::Session;
use trusty_fleet::explanation::Explanation;
use trusty_fleet::text::replace_hidden_chars;
use trusty_fleet::view::{ExplanationView, ReasonLine, Row};
use trusty_platform::clock;
use unicode_width::UnicodeWidthStr;

pub(crate) async fn print_explanation(ask: &WhyArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let explanation = place.explain(&ask.session).await?;
    if ask.json {
        return print_json(&explanation);
    }
    let row = Row::from_session(&explanation.session, Some(&place.env.home));
    let text = render_explanation(&explanation, row, clock::wall(), OutputFormat::now());
    Ok(terminal_output::print(&text)?)
}

/// The verdict as sentences, then the evidence as a table, with the deciding source first. The row
/// is that of the session: its title may say more than the session's name where several share one.
pub(crate) fn render_explanation(
    explanation: &Explanation,
    row: Row,
    now: SystemTime,
    paper: OutputFormat,
) -> String {
    let bold = |text: &str| match paper.ink {
        ColorMode::Plain => text.to_owned(),
        ColorMode::Coloured => {
            let style = Style::new().bold();
            format!("{}{text}{}", style.render(), style.render_reset())
        }
    };
    let ago = |at: SystemTime| age(now.duration_since(at).unwrap_or_default());
    let age = ago(row.since);
    let head = [bold(&row.title), bold(&row.word), row.detail, age];
    let head: Vec<String> = head.into_iter().filter(|part| !part.is_empty()).collect();
    let mut lines = vec![head.join(" · ")];
    let ExplanationView {
        sentence,
        until,
        asks,
        lines: told,
    } = ExplanationView::from_explanation(explanation);
    lines.extend(
        [sentence, until, asks]
            .into_iter()
            .filter(|l| !l.is_empty()),
    );
    let words = [row.failure, row.caution, row.answered, row.refusal];
    lines.extend(words.into_iter().flatten().map(|words| full_stop(&words)));
    lines.extend(terminal_line(&explanation.session));
    lines.push(String::new());
    lines.push(evidence(told, &ago, paper));
    lines.join("\n")
}

/// Where the session runs; none if that is not known.
fn terminal_line(session: &Session) -> Option<String> {
    let terminal = session.terminal.as_ref()?;
    let tmux = terminal.tmux.as_ref();
    let tmux = tmux.map(|tmux| format!("tmux session {}, pane {}", tmux.session, tmux.pane));
    let parts: Vec<String> = terminal.app.clone().into_iter().chain(tmux).collect();
    (!parts.is_empty()).then(|| replace_hidden_chars(&format!("Terminal: {}.", parts.join(", "))))
}

/// The words as a sentence: a capital at the start and a full stop.
fn full_stop(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), rest.as_str())
}

fn evidence(
    told: Vec<ReasonLine>,
    ago: &dyn Fn(SystemTime) -> String,
    paper: OutputFormat,
) -> String {
    let heading = ["SOURCE", "SAYS", "AGE", "PART", "WHY"].map(str::to_owned);
    let lines: Vec<[String; 5]> = std::iter::once(heading)
        .chain(told.into_iter().map(|t| {
            let age = t.observed_at.map_or_else(|| "–".to_owned(), ago);
            [t.source, t.says, age, t.word, t.reason]
        }))
        .collect();
    let mut widths = [0; 5];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.width().max(*width);
        }
    }
    if let Some(paper) = paper.width {
        let over = |w: &[usize; 5]| (w.iter().sum::<usize>() + 8).saturating_sub(paper);
        // The reason is shortened first, then what the source said.
        for column in [4, 1] {
            widths[column] = widths[column].saturating_sub(over(&widths)).max(12);
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| {
                let cell = cut(cell, width);
                format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
