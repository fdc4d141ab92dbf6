//! What one scenario needs: a home, an API, `trusty watch`, and the sessions that act in it.

use super::ClientConnection;
use super::state::TruthState;
use super::timeline::{
    ChangeSignal, DIALOG_TOLERANCE, ProcessTruth, SCREEN_TOLERANCE, START_TOLERANCE, SessionTruth,
    TURN_END_TOLERANCE, TimeWindow, TrueChange,
};
use super::witness::RegistryWitness;
use std::cell::RefCell;
use std::ops::Deref;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};
pub(crate) use trusty_tests::WAIT_TIMEOUT;
use trusty_tests::trusty::WatchCommand;
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEvent, ApiEventKind, KeyboardKey, MANUAL_MODE_ARGS, ProcessRef, Signal, TerminalShape,
    TestStage, TestTerminal, TestedClient,
};

/// A dialog of Claude Code ignores the keys of its first moments.
const DIALOG_DEAF_TIME: Duration = Duration::from_millis(600);
/// How long a rest has to last to be the end: between two turns Claude Code is idle for moments.
const SETTLED_TIME: Duration = Duration::from_millis(700);
/// How long the end of a scenario is watched.
pub(crate) const FINAL_WATCH_TIME: Duration = Duration::from_millis(1_500);

/// Lets the present state last, so that it can be shown.
pub(crate) fn sleep_seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds));
}

/// What the sessions of one scenario share.
pub(crate) struct TruthFixture {
    pub watch: WatchCommand,
    pub witness: RegistryWitness,
    pub began: SystemTime,
    pub stories: RefCell<Vec<ProcessTruth>>,
    stage: TestStage,
}

impl Deref for TruthFixture {
    type Target = TestStage;

    fn deref(&self) -> &TestStage {
        &self.stage
    }
}

impl TruthFixture {
    pub(crate) fn new(connection: ClientConnection) -> Self {
        let began = SystemTime::now();
        let builder = TestStage::builder().without_client();
        let builder = match connection {
            ClientConnection::None => builder,
            ClientConnection::Hooks => builder.hooks().engine(),
        };
        let stage = builder.build().expect("a stage");
        let witness = RegistryWitness::start(stage.home.config_dir());
        let watch = WatchCommand::start(&stage.home);
        until(WAIT_TIMEOUT, "the first line", || {
            watch.lines().first().cloned()
        });
        Self {
            watch,
            witness,
            began,
            stories: RefCell::default(),
            stage,
        }
    }

    /// A session at its prompt, in a folder it trusts.
    pub(crate) fn open(&self, shape: TerminalShape) -> SessionActor<'_> {
        self.open_with(shape, "work", &MANUAL_MODE_ARGS)
    }

    /// A session at its prompt, with these arguments, in a folder it trusts.
    pub(crate) fn open_with(
        &self,
        shape: TerminalShape,
        folder: &str,
        args: &[&str],
    ) -> SessionActor<'_> {
        let folder = self.home.project(folder);
        let mut actor = self.begin(shape, &folder, args);
        actor.at_prompt();
        actor
    }

    /// A session of an older Claude Code at its prompt, in tmux.
    pub(crate) fn open_older(&self, version: TestedClient) -> SessionActor<'_> {
        let folder = self.home.project("work");
        let args = ["--permission-mode", version.asking()];
        let mut actor = self.begin_client(version, TerminalShape::TmuxBash, &folder, &args);
        actor.at_prompt();
        actor
    }

    /// A session whose process has just started.
    pub(crate) fn begin(
        &self,
        shape: TerminalShape,
        folder: &Path,
        args: &[&str],
    ) -> SessionActor<'_> {
        self.begin_client(TestedClient::Newest, shape, folder, args)
    }

    fn begin_client(
        &self,
        version: TestedClient,
        shape: TerminalShape,
        folder: &Path,
        args: &[&str],
    ) -> SessionActor<'_> {
        let from = SystemTime::now();
        let terminal =
            TestTerminal::open_client(version, shape, &self.home, &self.api, folder, args);
        let client = terminal.client();
        let to = SystemTime::now();
        let mut actor = SessionActor {
            scene: self,
            version,
            terminal,
            client,
            truth: SessionTruth::default(),
            mark: 0,
            started: from,
        };
        let start = TrueChange::new(TimeWindow { from, to }, &[TruthState::Starting]);
        actor.note_change(start.within(START_TOLERANCE).passing(&[TruthState::Absent]));
        actor
    }
}

/// A session and the truth about it.
pub(crate) struct SessionActor<'s> {
    pub scene: &'s TruthFixture,
    version: TestedClient,
    pub terminal: TestTerminal,
    pub client: ProcessRef,
    pub truth: SessionTruth,
    /// API events before this one belong to earlier turns.
    pub mark: usize,
    pub started: SystemTime,
}

impl SessionActor<'_> {
    pub(crate) fn note_change(&mut self, change: TrueChange) {
        self.truth.tell(change);
    }

    /// Waits for the prompt, which came at some time between the start and the moment it is seen.
    pub(crate) fn at_prompt(&mut self) {
        until(WAIT_TIMEOUT, "the prompt", || {
            let screen = self.terminal.screen();
            let mut footers = ["? for shortc", "shift+tab to cycle"].into_iter();
            footers.any(|f| screen.contains(f)).then_some(())
        });
        let from = self.truth.changes.last().map_or(self.started, |c| c.at.to);
        let to = SystemTime::now();
        self.note_change(
            TrueChange::new(TimeWindow { from, to }, &[TruthState::Idle])
                .passing(&[TruthState::Starting, TruthState::Absent]),
        );
        until(WAIT_TIMEOUT, "an idle session", || {
            self.is_at_rest().then_some(())
        });
    }

    /// Whether Claude Code shows itself idle, in its registry file or, in versions that write no
    /// status there, on its screen.
    fn is_at_rest(&self) -> bool {
        if self.version.tells_status() {
            let registry = self.terminal.registry();
            registry.is_some_and(|r| r["status"] == "idle")
        } else {
            !self.terminal.screen().contains("esc to interr")
        }
    }

    pub(crate) fn press(&self, key: KeyboardKey) -> TimeWindow {
        TimeWindow::of(|| self.terminal.press(key))
    }

    /// Types a line and presses Enter; returns when that was.
    pub(crate) fn enter(&mut self, line: &str) -> TimeWindow {
        if self.version != TestedClient::Newest {
            self.mark = self.scene.api.events().len();
            return TimeWindow::of(|| self.terminal.submit(line));
        }
        self.terminal.enter_text(line);
        self.mark = self.scene.api.events().len();
        self.press(KeyboardKey::Enter)
    }

    /// Submits a prompt, from which on the session works.
    pub(crate) fn submit(&mut self, prompt: &str) -> TimeWindow {
        let at = self.enter(prompt);
        self.note_change(TrueChange::new(at, &[TruthState::Working]));
        at
    }

    /// Waits for the first event of this turn that is as wanted.
    pub(crate) fn event(&self, wanted: impl Fn(&ApiEvent) -> bool) -> ApiEvent {
        self.scene.api.wait(WAIT_TIMEOUT, |events| {
            events[self.mark..].iter().find(|e| wanted(e)).cloned()
        })
    }

    /// Waits for the event of this kind in this turn, for `prompt` after `step` tool results.
    pub(crate) fn step(&self, prompt: &str, step: usize, kind: ApiEventKind) -> SystemTime {
        self.event(|e| e.prompt == prompt && e.step == step && e.kind == kind)
            .at
    }

    /// Waits until no request is open and the session rests, and returns the last event of the API.
    pub(crate) fn end_event(&self) -> ApiEvent {
        let mut since = None;
        until(WAIT_TIMEOUT, "the end of the turn", || {
            let events = self.turn();
            let open = events.iter().fold(0_i32, |open, e| match e.kind {
                ApiEventKind::Requested => open + 1,
                ApiEventKind::FirstDelta => open,
                _ => open - 1,
            });
            let last = events
                .last()
                .filter(|_| open == 0 && self.is_at_rest())
                .cloned();
            let Some(last) = last else {
                since = None;
                return None;
            };
            let begun = *since.get_or_insert_with(SystemTime::now);
            (begun.elapsed().unwrap_or_default() >= SETTLED_TIME).then_some(last)
        })
    }

    /// All events of this turn but those about titles.
    pub(crate) fn turn(&self) -> Vec<ApiEvent> {
        let events = self.scene.api.events();
        let turn = events[self.mark..].iter();
        turn.filter(|e| e.prompt != "(title)").cloned().collect()
    }

    /// Waits for the end of the turn, which counts as finished from the end of the last answer on.
    pub(crate) fn finish(&mut self) -> SystemTime {
        let at = self.end_event().at;
        self.note_change(
            TrueChange::new(TimeWindow::at(at), &[TruthState::Finished]).within(TURN_END_TOLERANCE),
        );
        at
    }

    /// Submits a prompt and waits for the end of its turn.
    pub(crate) fn run(&mut self, prompt: &str) {
        self.submit(prompt);
        self.finish();
    }

    /// Waits for the dialog with which the answer to `prompt` after `step` tool results ends.
    pub(crate) fn need(
        &mut self,
        state: TruthState,
        prompt: &str,
        step: usize,
        phrase: &str,
    ) -> SystemTime {
        let at = self.step(prompt, step, ApiEventKind::MessageStop);
        self.note_change(TrueChange::new(TimeWindow::at(at), &[state]).within(DIALOG_TOLERANCE));
        self.terminal.wait_screen(WAIT_TIMEOUT, phrase);
        at
    }

    /// Presses a key until the open dialog takes it; returns when the taken key was pressed.
    pub(crate) fn answer(&self, key: KeyboardKey) -> TimeWindow {
        until(WAIT_TIMEOUT, "the dialog to take the answer", || {
            sleep(DIALOG_DEAF_TIME);
            let before = self.terminal.screen();
            let at = self.press(key);
            let end = SystemTime::now() + Duration::from_secs(2);
            while SystemTime::now() < end {
                if self.terminal.screen() != before {
                    return Some(at);
                }
                sleep(Duration::from_millis(10));
            }
            None
        })
    }

    /// Answers the open dialog, after which the session works on.
    pub(crate) fn allow(&mut self, key: KeyboardKey) -> SystemTime {
        let at = self.answer(key);
        self.note_change(TrueChange::new(at, &[TruthState::Working]));
        at.from
    }

    /// Presses Escape, from which on the session is idle.
    pub(crate) fn escape(&mut self) {
        let at = self.press(KeyboardKey::Escape);
        self.note_change(TrueChange::new(at, &[TruthState::Idle]));
    }

    /// Waits for the end of the process, which lies between `from` and the moment the end is seen.
    pub(crate) fn ends(&mut self, from: SystemTime) {
        self.terminal.wait_end(WAIT_TIMEOUT, self.client);
        let to = SystemTime::now();
        self.note_change(TrueChange::new(
            TimeWindow { from, to },
            &[TruthState::Stopped],
        ));
    }

    /// Sends Claude Code a signal; returns when that was.
    pub(crate) fn signal(&self, signal: Signal) -> TimeWindow {
        TimeWindow::of(|| self.terminal.signal(signal))
    }

    /// Marks all changes so far as found by reading the screen.
    pub(crate) fn by_screen(&mut self) {
        for change in &mut self.truth.changes {
            change.told = ChangeSignal::Screen;
            change.tolerance = change.tolerance.max(SCREEN_TOLERANCE);
        }
    }

    /// Watches the final state for a while, and ends the session.
    pub(crate) fn finish_scenario(self) {
        sleep(FINAL_WATCH_TIME);
        self.done_at_once();
    }

    /// Files the truth about the session, and ends the session.
    pub(crate) fn done_at_once(self) {
        let story = ProcessTruth {
            pid: self.client.pid,
            truth: self.truth,
            end: SystemTime::now(),
        };
        self.scene.stories.borrow_mut().push(story);
    }
}
