//! One scenario's world: a home, an API, what is shown; and the sessions that act in it.

use super::Connection;
use super::state::State;
use super::timeline::{Change, DIALOG, Moment, SCREEN, START, Story, TURN_END, Told, Truth};
use super::witness::Witness;
use std::cell::RefCell;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime};
use trusty_tests::trusty::{Running, Watch};
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEvent, Client, FakeApi, Home, Key, Kind, ProcessRef, Shape, Signal, Terminal,
};

/// Longer than anything takes that is waited for.
pub(crate) const LONG: Duration = Duration::from_mins(1);
/// A dialog of the client ignores the keys of its first moments.
const DEAF: Duration = Duration::from_millis(600);
/// Between two turns the client is idle for moments.
const SETTLED: Duration = Duration::from_millis(700);
/// How long the end of a scenario is looked at.
pub(crate) const LAST_LOOK: Duration = Duration::from_millis(1_500);

/// Lets the present state last, so that it can be shown.
pub(crate) fn hold(seconds: u64) {
    sleep(Duration::from_secs(seconds));
}

/// The world of one scenario.
pub(crate) struct Scene {
    pub api: FakeApi,
    pub home: Home,
    pub watch: Watch,
    _serving: Option<Running>,
    pub witness: Witness,
    pub began: SystemTime,
    pub stories: RefCell<Vec<Story>>,
}

impl Scene {
    pub(crate) fn new(connection: Connection) -> Self {
        let began = SystemTime::now();
        let home = Home::new();
        let serving = connection.prepare(&home);
        let witness = Witness::start(home.config_dir());
        let watch = Watch::start(&home);
        until(LONG, "the first line", || watch.lines().first().cloned());
        Self {
            api: FakeApi::start(),
            home,
            watch,
            _serving: serving,
            witness,
            began,
            stories: RefCell::default(),
        }
    }

    /// A session at its prompt, in a folder it trusts.
    pub(crate) fn open(&self, shape: Shape) -> Actor<'_> {
        self.open_with(shape, "work", &["--permission-mode", "manual"])
    }

    /// A session at its prompt, with these arguments, in a folder it trusts.
    pub(crate) fn open_with(&self, shape: Shape, folder: &str, args: &[&str]) -> Actor<'_> {
        let folder = self.home.project(folder);
        let mut actor = self.begin(shape, &folder, args);
        actor.at_prompt();
        actor
    }

    /// A session of an older client at its prompt, in tmux.
    pub(crate) fn open_older(&self, version: Client) -> Actor<'_> {
        let folder = self.home.project("work");
        let args = ["--permission-mode", version.asking()];
        let mut actor = self.begin_client(version, Shape::TmuxBash, &folder, &args);
        actor.at_prompt();
        actor
    }

    /// A session whose process has just started.
    pub(crate) fn begin(&self, shape: Shape, folder: &Path, args: &[&str]) -> Actor<'_> {
        self.begin_client(Client::Newest, shape, folder, args)
    }

    fn begin_client(
        &self,
        version: Client,
        shape: Shape,
        folder: &Path,
        args: &[&str],
    ) -> Actor<'_> {
        let from = SystemTime::now();
        let terminal = Terminal::open_client(version, shape, &self.home, &self.api, folder, args);
        let client = terminal.client();
        let to = SystemTime::now();
        let mut actor = Actor {
            scene: self,
            version,
            terminal,
            client,
            truth: Truth::default(),
            mark: 0,
            started: from,
        };
        let start = Change::new(Moment { from, to }, &[State::Starting]);
        actor.tell(start.within(START).passing(&[State::Absent]));
        actor
    }
}

/// A session and the truth about it.
pub(crate) struct Actor<'s> {
    pub scene: &'s Scene,
    version: Client,
    pub terminal: Terminal,
    pub client: ProcessRef,
    pub truth: Truth,
    /// API events before this one belong to earlier turns.
    pub mark: usize,
    pub started: SystemTime,
}

impl Actor<'_> {
    pub(crate) fn tell(&mut self, change: Change) {
        self.truth.tell(change);
    }

    /// The prompt has come: somewhere between the start and its being seen.
    pub(crate) fn at_prompt(&mut self) {
        until(LONG, "the prompt", || {
            let screen = self.terminal.screen();
            let mut footers = ["? for shortc", "shift+tab to cycle"].into_iter();
            footers.any(|f| screen.contains(f)).then_some(())
        });
        let from = self.truth.changes.last().map_or(self.started, |c| c.at.to);
        let to = SystemTime::now();
        self.tell(
            Change::new(Moment { from, to }, &[State::Idle])
                .passing(&[State::Starting, State::Absent]),
        );
        until(LONG, "the client to say so", || self.rests().then_some(()));
    }

    /// Whether the client calls itself idle, in its own file or, if that tells no status, on
    /// its screen.
    fn rests(&self) -> bool {
        if self.version.tells_status() {
            let registry = self.terminal.registry();
            registry.is_some_and(|r| r["status"] == "idle")
        } else {
            !self.terminal.screen().contains("esc to interr")
        }
    }

    pub(crate) fn press(&self, key: Key) -> Moment {
        Moment::of(|| self.terminal.press(key))
    }

    /// Types a line and presses Enter; the moment of that.
    pub(crate) fn enter(&mut self, line: &str) -> Moment {
        if self.version != Client::Newest {
            self.mark = self.scene.api.events().len();
            return Moment::of(|| self.terminal.submit(line));
        }
        self.terminal.enter_text(line);
        self.mark = self.scene.api.events().len();
        self.press(Key::Enter)
    }

    /// Submits a prompt: it works from then on.
    pub(crate) fn submit(&mut self, prompt: &str) -> Moment {
        let at = self.enter(prompt);
        self.tell(Change::new(at, &[State::Working]));
        at
    }

    /// The first event of this turn that is as wanted.
    pub(crate) fn event(&self, wanted: impl Fn(&ApiEvent) -> bool) -> ApiEvent {
        self.scene.api.wait(LONG, |events| {
            events[self.mark..].iter().find(|e| wanted(e)).cloned()
        })
    }

    /// The event of this kind in this turn, for this prompt after so many tool results.
    pub(crate) fn step(&self, prompt: &str, step: usize, kind: Kind) -> SystemTime {
        self.event(|e| e.prompt == prompt && e.step == step && e.kind == kind)
            .at
    }

    /// Waits until nothing goes on any more; the last word of the API.
    pub(crate) fn over(&self) -> ApiEvent {
        let mut since = None;
        until(LONG, "the end of the turn", || {
            let events = self.turn();
            let open = events.iter().fold(0_i32, |open, e| match e.kind {
                Kind::Requested => open + 1,
                Kind::FirstDelta => open,
                _ => open - 1,
            });
            let last = events.last().filter(|_| open == 0 && self.rests()).cloned();
            let Some(last) = last else {
                since = None;
                return None;
            };
            let begun = *since.get_or_insert_with(SystemTime::now);
            (begun.elapsed().unwrap_or_default() >= SETTLED).then_some(last)
        })
    }

    /// All events of this turn but those about titles.
    pub(crate) fn turn(&self) -> Vec<ApiEvent> {
        let events = self.scene.api.events();
        let turn = events[self.mark..].iter();
        turn.filter(|e| e.prompt != "(title)").cloned().collect()
    }

    /// Waits for the end of the turn; it is finished from the end of the last answer on.
    pub(crate) fn finish(&mut self) -> SystemTime {
        let at = self.over().at;
        self.tell(Change::new(Moment::at(at), &[State::Finished]).within(TURN_END));
        at
    }

    /// Submits a prompt and waits for the end of its turn.
    pub(crate) fn run(&mut self, prompt: &str) {
        self.submit(prompt);
        self.finish();
    }

    /// The answer to `prompt` after so many tool results ends with a dialog.
    pub(crate) fn need(
        &mut self,
        state: State,
        prompt: &str,
        step: usize,
        phrase: &str,
    ) -> SystemTime {
        let at = self.step(prompt, step, Kind::MessageStop);
        self.tell(Change::new(Moment::at(at), &[state]).within(DIALOG));
        self.terminal.wait_screen(LONG, phrase);
        at
    }

    /// Presses a key that the open dialog takes; the moment of the press it took.
    pub(crate) fn answer(&self, key: Key) -> Moment {
        until(LONG, "the dialog to take the answer", || {
            sleep(DEAF);
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

    /// Answers the open dialog: it works on.
    pub(crate) fn allow(&mut self, key: Key) -> SystemTime {
        let at = self.answer(key);
        self.tell(Change::new(at, &[State::Working]));
        at.from
    }

    /// Presses Escape: it is idle from then on.
    pub(crate) fn escape(&mut self) {
        let at = self.press(Key::Escape);
        self.tell(Change::new(at, &[State::Idle]));
    }

    /// The process ends, somewhere between `from` and its being seen.
    pub(crate) fn ends(&mut self, from: SystemTime) {
        self.terminal.wait_end(LONG, self.client);
        let to = SystemTime::now();
        self.tell(Change::new(Moment { from, to }, &[State::Stopped]));
    }

    /// Sends the client a signal; the moment of that.
    pub(crate) fn signal(&self, signal: Signal) -> Moment {
        Moment::of(|| self.terminal.signal(signal))
    }

    /// All that was told so far is found by looking at the screen.
    pub(crate) fn by_screen(&mut self) {
        for change in &mut self.truth.changes {
            change.told = Told::Screen;
            change.tolerance = change.tolerance.max(SCREEN);
        }
    }

    /// Looks a last while, and ends the session.
    pub(crate) fn done(self) {
        sleep(LAST_LOOK);
        self.done_at_once();
    }

    /// Ends the session.
    pub(crate) fn done_at_once(self) {
        let story = Story {
            pid: self.client.pid,
            truth: self.truth,
            end: SystemTime::now(),
        };
        self.scene.stories.borrow_mut().push(story);
    }
}
