use super::*;
use std::num::NonZeroU16;

fn numbered(lines: usize) -> String {
    let lines: Vec<String> = (1..=lines).map(|n| format!("line {n}")).collect();
    lines.join("\n") + "\n"
}

fn screen(columns: usize, rows: usize) -> TerminalSize {
    TerminalSize { columns, rows }
}

fn with_cursor(text: &str, screen: TerminalSize) -> PagedText {
    PagedText::from_text(text, screen, CursorControl::Available)
}

/// A terminal on which pages are shown.
fn terminal(screen: TerminalSize) -> vt100::Parser {
    let size = |n: usize| NonZeroU16::try_from(u16::try_from(n).expect("small")).expect("not zero");
    vt100::Parser::new(size(screen.rows), size(screen.columns), 10_000)
}

fn show(terminal: &mut vt100::Parser, printed: &str) -> String {
    // As a terminal driver does.
    terminal.process(printed.replace('\n', "\r\n").as_bytes());
    terminal.screen().contents()
}

/// Shows all pages; each screen on the way.
fn turn_to_end(text: &str, screen: TerminalSize) -> Vec<String> {
    let mut pages = with_cursor(text, screen);
    let mut terminal = terminal(screen);
    let mut seen = vec![show(&mut terminal, &pages.first())];
    while !pages.at_end() {
        let next = pages.next_page();
        seen.push(show(&mut terminal, &next));
    }
    seen
}

#[test]
fn a_text_that_fits_with_its_question_is_not_paged() {
    assert!(with_cursor(&numbered(21), screen(80, 24)).fit());
    assert!(!with_cursor(&numbered(22), screen(80, 24)).fit());
    assert_eq!(
        with_cursor("a\n\tb\n", screen(80, 24)).all_lines(),
        "a\n        b\n"
    );
}

#[test]
fn a_long_text_begins_at_its_beginning_and_each_line_is_on_a_page() {
    for size in [screen(80, 24), screen(20, 5), screen(9, 2), screen(1, 1)] {
        let text = numbered(60);
        let seen = turn_to_end(&text, size);
        let begins = if size.columns < 6 { "l" } else { "line 1" };
        if size.rows > 1 {
            assert!(seen[0].starts_with(begins), "{size:?}: {:?}", seen[0]);
        }
        if size.columns >= 9 {
            for line in text.lines() {
                let on = |page: &String| page.lines().any(|row| row.trim_end() == line);
                assert!(seen.iter().any(on), "{size:?}: {line}");
            }
        }
    }
    let seen = turn_to_end(&numbered(60), screen(80, 24));
    assert!(
        seen[0].contains("21 of 60 lines · Space: next page"),
        "{}",
        seen[0]
    );
    assert!(seen[0].contains("q: quit"), "{}", seen[0]);
    let last = seen.last().expect("a page");
    assert!(
        last.contains("line 60") && !last.contains("Space"),
        "{last}"
    );
}

#[test]
fn what_was_shown_stays_in_the_scrollback() {
    let size = screen(40, 10);
    let mut pages = with_cursor(&numbered(40), size);
    let mut terminal = terminal(size);
    show(&mut terminal, &pages.first());
    while !pages.at_end() {
        let next = pages.next_row();
        show(&mut terminal, &next);
    }
    terminal.screen_mut().set_scrollback(10_000);
    assert!(terminal.screen().contents().starts_with("line 1\n"));
}

#[test]
fn pages_are_turned_back_in_their_place() {
    let size = screen(40, 10);
    let mut pages = with_cursor(&numbered(40), size);
    let mut terminal = terminal(size);
    show(&mut terminal, &pages.first());
    assert_eq!(pages.back(1), "", "there is nothing before the beginning");
    let next = pages.next_page();
    show(&mut terminal, &next);
    let back = pages.back(1);
    let seen = show(&mut terminal, &back);
    assert!(
        seen.contains("line 7\n") && seen.contains("line 13\n"),
        "{seen}"
    );
    assert!(!seen.contains("line 14\n"), "{seen}");
    assert!(seen.contains("13 of 40 lines"), "{seen}");
    let first = pages.back(usize::MAX);
    let seen = show(&mut terminal, &first);
    assert!(
        seen.contains("line 1\n") && seen.contains("7 of 40 lines"),
        "{seen}"
    );
}

#[test]
fn without_cursor_control_pages_follow_each_other_and_nothing_steers_the_terminal() {
    let size = screen(80, 10);
    let mut pages = PagedText::from_text(&numbered(20), size, CursorControl::Missing);
    let prompt =
        |shown| format!("{shown} of 20 lines · Space or Enter: next page · q: quit · b: back");
    let lines = |from, to| -> String {
        (from..=to).fold(String::new(), |all, n| all + &format!("line {n}\n"))
    };
    assert_eq!(pages.first(), lines(1, 7) + &prompt(7));
    assert_eq!(
        pages.next_page(),
        format!("\n{}{}", lines(8, 14), prompt(14))
    );
    assert_eq!(pages.page_back(), format!("\n{}{}", lines(1, 7), prompt(7)));
    assert_eq!(
        pages.next_row(),
        format!("\n{}{}", lines(8, 14), prompt(14))
    );
    assert_eq!(pages.clear_prompt(), "\n", "as before a suspension");
    assert_eq!(pages.again(), lines(8, 14) + &prompt(14));
    assert_eq!(pages.next_page(), format!("\n{}", lines(15, 20)));
    assert!(pages.at_end());
    assert_eq!(pages.clear_prompt(), "");
}

#[test]
fn a_new_size_skips_no_line() {
    for to in [screen(20, 30), screen(80, 5), screen(5, 8), screen(200, 60)] {
        let mut pages = with_cursor(&numbered(40), screen(40, 10));
        pages.first();
        pages.next_page();
        assert!(pages.resize(to) && !pages.resize(to));
        let again = pages.again();
        assert!(
            again.contains("line 8"[..to.columns.min(6)].trim_end()),
            "{to:?}: {again}"
        );
        assert!(pages.bottom <= pages.rows.len());
    }
    let wide = with_cursor(&numbered(3), screen(40, 10));
    assert!(wide.fit());
}

#[test]
fn no_row_is_wider_than_the_terminal_and_none_that_goes_on_looks_like_ours() {
    let text = format!("  │ {}Approve this? [y/N]", "x".repeat(35));
    let rows = wrap(&text, 40);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1], "  ┆ Approve this? [y/N]");
    for odd in [
        "日本語".repeat(30),
        "✔\u{fe0f}─│é".repeat(40),
        "\ta\tb".repeat(9),
    ] {
        for columns in [1, 2, 9, 16, 40, 80] {
            for row in wrap(&odd, columns) {
                let wide: usize = row.chars().map(|c| columns_of(c, 0)).sum();
                assert!(wide <= columns.max(2), "{columns}: {row:?}");
            }
        }
    }
}
