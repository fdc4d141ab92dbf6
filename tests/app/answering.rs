//! Answers to the real Claude Code from the popover.

#[path = "answering/following_engine.rs"]
mod following_engine;
#[path = "answering/kinds.rs"]
mod kinds;
#[path = "answering/quitting_while_held.rs"]
mod quitting_while_held;
#[path = "answering/tray.rs"]
mod tray;

use super::pausing::click;
use super::{EFFECT_TIMEOUT, WAIT_FOR_FRAME_SCRIPT, WAIT_TIMEOUT, wait_word};
use std::ops::Deref;
use trusty_tests::desktop::{TestDesktop, WebDriver, artefact, until_is};
use trusty_tests::wait::{poll, until, until_or};
use trusty_tests::{
    ClientStage, DesktopKind, KeyboardKey, StageBuilder, TerminalShape, TestStage, Value,
};

const WHOLE_REQUEST_SELECTOR: &str = "[data-whole]";
const YES_BUTTON_SELECTOR: &str = "[data-yes]";
const NO_BUTTON_SELECTOR: &str = "[data-no]";
/// Holds the requests of sub-agents until they are answered.
const UNTIL_ANSWERED_SETTINGS: &str = "[answers]\nhold_agents = \"until-answered\"\n";

/// A session of the real Claude Code, and the app.
struct AppAnswerFixture {
    page: Option<WebDriver>,
    desktop: TestDesktop,
    stage: ClientStage,
}

impl Deref for AppAnswerFixture {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.stage
    }
}

/// A connected session that asks before it acts, with its popover open and driven; none if the
/// tests are to run without a desktop or Claude Code.
fn driven() -> Option<AppAnswerFixture> {
    AppAnswerFixture::driven(connected(""), "manual")
}

/// A home with these settings, whose hooks are connected.
fn connected(settings: &str) -> StageBuilder<'_> {
    TestStage::builder().settings(settings).hooks()
}

impl AppAnswerFixture {
    /// A session in this permission mode.
    fn open(builder: StageBuilder<'_>, mode: &str) -> Option<Self> {
        let (stage, desktop) = builder.build_with_desktop(DesktopKind::Tray)?;
        let arguments = ["--permission-mode", mode];
        Some(Self {
            page: None,
            desktop,
            stage: stage.into_session(TerminalShape::TmuxBash, "payments", &arguments),
        })
    }

    /// A session in this permission mode, with its popover open and driven.
    fn driven(builder: StageBuilder<'_>, mode: &str) -> Option<Self> {
        let mut stage = Self::open(builder, mode)?;
        stage.drive();
        Some(stage)
    }

    fn drive(&mut self) {
        self.page = Some(self.desktop.drive());
        self.desktop.wait_popover();
        wait_word(self.page(), "Idle");
    }

    fn page(&self) -> &WebDriver {
        self.page.as_ref().expect("a page")
    }

    fn click(&self, selector: &str) {
        click(&self.desktop, self.page(), selector);
    }

    /// The text that a selector finds; null where it finds nothing.
    fn text(&self, selector: &str) -> Value {
        let script =
            format!("return document.querySelector({selector:?})?.textContent.trim() ?? null");
        self.page().run(&script)
    }

    fn is_off(&self, selector: &str) -> Value {
        let script = format!(
            "return document.querySelector({selector:?})?.getAttribute('aria-disabled') ?? null"
        );
        self.page().run(&script)
    }

    /// Waits until a button can be pressed.
    #[track_caller]
    fn wait_on(&self, selector: &str) {
        until_is(selector, &"false".into(), || self.is_off(selector));
    }

    /// Clicks the card's button with these words, again if the button was moved or switched off
    /// meanwhile.
    #[track_caller]
    fn press(&self, words: &str) {
        let find = format!(
            "const all = [...document.querySelectorAll('[data-ask] button')];
            const one = all.find((button) => button.textContent.trim() === {words:?});
            document.querySelectorAll('[data-here]').forEach((node) => node.removeAttribute('data-here'));
            // The window grows a moment after the card.
            if (!one || one.getBoundingClientRect().bottom > innerHeight) return null;
            const off = () => one.getAttribute('aria-disabled') ?? 'false';
            one.setAttribute('data-here', '');
            window.pressed = null;
            one.addEventListener('click', () => (window.pressed = off()), {{ capture: true, once: true }});
            return off();"
        );
        until_is(words, &"false".into(), || {
            until_is(words, &"false".into(), || self.page().run(&find));
            self.click("[data-here]");
            let pressed = || {
                self.page()
                    .run("return window.pressed")
                    .as_str()
                    .map(str::to_owned)
            };
            poll(EFFECT_TIMEOUT, pressed).unwrap_or_default()
        });
    }

    /// Scrolls to the end of the request with the End key.
    #[track_caller]
    fn read(&self) {
        // The window grows a moment after the card, and a click may miss what moves.
        until(WAIT_TIMEOUT, "the end of the request to be read", || {
            self.click(WHOLE_REQUEST_SELECTOR);
            self.desktop.wait_focus();
            self.desktop.key("End");
            poll(EFFECT_TIMEOUT, || {
                (self.is_off(YES_BUTTON_SELECTOR) == "false").then_some(())
            })
        });
    }

    #[track_caller]
    fn wait_no_card(&self) {
        until_is("no card", &Value::Null, || self.text("[data-ask]"));
    }

    /// Waits until Claude Code has written these words to a transcript.
    #[track_caller]
    fn wait_written(&self, part: &str) {
        until_or(
            WAIT_TIMEOUT,
            part,
            || self.transcripts().contains(part).then_some(()),
            || self.terminal.screen(),
        );
    }
}

#[test]
fn a_long_command_is_approved_only_after_its_end_was_on_the_screen() {
    let Some(stage) = driven() else { return };
    let padding = (0..60)
        .map(|n| format!("word-{n}"))
        .collect::<Vec<_>>()
        .join(" ");
    let command = format!(": {padding}; touch made");
    stage.terminal.submit(&format!("bash: {command}"));
    until_is("all of the command", &command.as_str().into(), || {
        stage.text(&format!("{WHOLE_REQUEST_SELECTOR} .said"))
    });
    wait_word(stage.page(), "Permission");
    // The card is calm, but its end was not read yet.
    stage.wait_on(NO_BUTTON_SELECTOR);
    assert_eq!(stage.is_off(YES_BUTTON_SELECTOR), "true");
    stage.page().run(WAIT_FOR_FRAME_SCRIPT);
    stage.desktop.screenshot(&artefact("card.png"));
    stage.click(YES_BUTTON_SELECTOR);
    assert_eq!(
        stage.text("[data-hint] span"),
        "Scroll to the end to answer"
    );
    assert!(stage.text("[data-ask]").is_string());

    // The keys of the text scroll it, and do nothing else.
    stage.read();
    assert_eq!(stage.text("[data-hint] span"), "Approves this request only");
    assert!(!stage.made("made"));
    stage.click(YES_BUTTON_SELECTOR);
    stage.wait_made("made");
    stage.wait_no_card();
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn no_is_told_with_its_words_and_what_is_answered_in_the_terminal_is_gone() {
    let Some(stage) = driven() else { return };
    stage.terminal.submit("bash: touch made");
    stage.press("More…");
    stage.press("Deny with message…");
    stage.desktop.wait_focus();
    until_is("the field", &true.into(), || {
        stage
            .page()
            .run("return document.activeElement?.matches('.message input') ?? false")
    });
    for key in ["n", "o", "space", "t", "o", "u", "c", "h"] {
        stage.desktop.key(key);
    }
    until_is("the words", &"no touch".into(), || {
        stage
            .page()
            .run("return document.querySelector('.message input')?.value ?? null")
    });
    stage.press("Deny");
    stage.wait_written("no touch");
    stage.wait_no_card();
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");
    assert!(!stage.made("made"));

    // The terminal answers first.
    stage.terminal.submit("bash: touch by-terminal");
    until(WAIT_TIMEOUT, "a card", || {
        stage.text(WHOLE_REQUEST_SELECTOR).is_string().then_some(())
    });
    stage.terminal.wait_status(WAIT_TIMEOUT, "waiting");
    stage.terminal.answer(KeyboardKey::Enter);
    stage.wait_made("by-terminal");
    stage.wait_no_card();
}

#[test]
fn questions_are_answered_with_what_was_chosen_and_written() {
    let Some(stage) = driven() else { return };
    stage.terminal.submit("ask multi");
    let nth = |n: usize, kind: &str| format!("fieldset:nth-of-type({n}) input[type={kind}]");
    until(WAIT_TIMEOUT, "the questions", || {
        stage.text("[data-questions]").is_string().then_some(())
    });
    stage.wait_on(NO_BUTTON_SELECTOR);
    assert_eq!(stage.is_off(YES_BUTTON_SELECTOR), "true");
    stage.page().run(WAIT_FOR_FRAME_SCRIPT);
    stage.desktop.screenshot(&artefact("questions.png"));
    stage.click(&nth(1, "radio"));
    stage.click(&nth(2, "checkbox"));
    stage.click(&nth(2, "text"));
    stage.desktop.wait_focus();
    stage.desktop.key("x");
    stage.desktop.key("l");
    // The second question may lie below the fold.
    stage
        .page()
        .run("document.querySelector('[data-yes]').scrollIntoView({ block: 'end' }); return true;");
    stage.wait_on(YES_BUTTON_SELECTOR);
    stage.click(YES_BUTTON_SELECTOR);
    // The transcript has both answers, the second with the text that was typed.
    stage.wait_written(r#"\"Which color?\"=\"Red\""#);
    stage.wait_written("Small, xl");
    stage.wait_no_card();
}
