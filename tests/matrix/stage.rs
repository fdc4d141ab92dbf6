//! A session that is paused and resumed, and what has to be unchanged afterwards.

use crate::cell::{ClientState, Kind, MatrixCell};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;
use trusty_platform::sys::cgroup;
pub(crate) use trusty_tests::WAIT_TIMEOUT;
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEvent, ApiEventKind as Api, ClientStage, KeyboardKey, MANUAL_MODE_ARGS, ProcessRef,
    TerminalShape, TestStage, Value,
};

const COUNT_PROMPT: &str = "bash: for i in 1 2 3 4 5 6 7; do echo $i >> lines; sleep 1; done";
const HALF_TYPED_TEXT: &str = "half a thought";

/// Claude Code in a state, in a terminal of its own.
pub(crate) struct MatrixFixture {
    pub(crate) cell: MatrixCell,
    stage: ClientStage,
    settings: String,
}

impl Deref for MatrixFixture {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.stage
    }
}

impl MatrixFixture {
    /// Claude Code at its prompt.
    pub(crate) fn open(cell: MatrixCell) -> Self {
        let mut builder = TestStage::builder();
        if cell.kind == Kind::Hold {
            builder = builder.hooks();
        }
        let mut arguments = MANUAL_MODE_ARGS.to_vec();
        if !matches!(cell.state, ClientState::Permission | ClientState::Question) {
            arguments.extend(["--allowedTools", "Bash"]);
        }
        let stage = builder.open(cell.shape, "work", &arguments);
        let stage = stage.expect("the matrix needs Claude Code");
        stage.terminal.wait_screen(WAIT_TIMEOUT, "? for shortcuts");
        Self {
            cell,
            settings: stage.client.tty_settings(),
            stage,
        }
    }

    fn prompt(&self) -> &'static str {
        match (self.cell.state, self.cell.kind) {
            (ClientState::Streaming, Kind::Hold) => "stream 3s then bash: touch held",
            (ClientState::Streaming, _) => "stream 7s",
            (ClientState::Tool, Kind::Hold) => {
                "bash: for i in 1 2 3; do echo $i >> lines; sleep 1; done finally bash: touch held"
            }
            (ClientState::Tool, _) => COUNT_PROMPT,
            (ClientState::Permission, _) => "bash: touch granted",
            (ClientState::Question, _) => "ask",
            (ClientState::Agents, Kind::Hold) => "agents 2 bg stream 3s then bash: touch held",
            (ClientState::Agents, _) => "agents 2 bg stream 7s",
            (ClientState::Idle | ClientState::HalfTyped, _) => "say nothing yet",
        }
    }

    /// Brings the session into the state of the cell.
    pub(crate) fn begin(&self) {
        let (terminal, prompt) = (&self.terminal, self.prompt());
        match self.cell.state {
            ClientState::Idle => {}
            ClientState::HalfTyped => terminal.enter_text(HALF_TYPED_TEXT),
            ClientState::Streaming => {
                terminal.submit(prompt);
                self.wait_begun(prompt);
            }
            ClientState::Tool => {
                terminal.submit(prompt);
                until(WAIT_TIMEOUT, "the first line", || {
                    (self.lines() > 0).then_some(())
                });
            }
            ClientState::Permission | ClientState::Question => {
                terminal.submit(prompt);
                terminal.wait_status(WAIT_TIMEOUT, "waiting");
                let shown = match self.cell.state {
                    ClientState::Permission => "Do you want to proceed?",
                    _ => "Enter to select",
                };
                terminal.wait_screen(WAIT_TIMEOUT, shown);
            }
            ClientState::Agents => {
                terminal.submit(prompt);
                let both = |events: &[ApiEvent]| {
                    let begun =
                        |e: &&ApiEvent| e.kind == Api::FirstDelta && e.prompt.starts_with("agent ");
                    (events.iter().filter(begun).count() >= 2).then_some(())
                };
                self.api.wait(WAIT_TIMEOUT, both);
            }
        }
        if self.cell.state.works() {
            terminal.wait_status(WAIT_TIMEOUT, "busy");
        }
    }

    /// The number of lines that the command has written.
    pub(crate) fn lines(&self) -> usize {
        let text = std::fs::read_to_string(self.folder.join("lines"));
        text.map_or(0, |text| text.lines().count())
    }

    /// Pauses the session with the kind of the cell.
    #[track_caller]
    pub(crate) fn pause(&self) {
        self.run_successfully(&["pause", &self.pid(), "--how", self.cell.kind.name()]);
    }

    /// Resumes the session.
    #[track_caller]
    pub(crate) fn resume(&self) {
        self.run_successfully(&["resume", &self.pid()]);
    }

    /// The session in `trusty list`.
    pub(crate) fn session(&self) -> Value {
        self.listed(self.client.pid).expect("listed")
    }

    /// Waits until the session is shown as paused, with the kind of the cell.
    #[track_caller]
    pub(crate) fn wait_paused(&self) {
        let is_paused = || {
            let session = self.session();
            let kind = session["pause"]["kind"].as_str()?.to_lowercase();
            (session["status"] == "Paused" && kind == self.cell.kind.name()).then_some(())
        };
        until(WAIT_TIMEOUT, "a paused session", is_paused);
    }

    /// Checks that no process of this home is stopped or frozen, and that no record is left.
    #[track_caller]
    pub(crate) fn nothing_is_left(&self) {
        let stopped: Vec<_> = ProcessRef::at_home(self.home.path())
            .into_iter()
            .filter(|p| p.state() == Some('T') || trusty_platform::sys::is_frozen(p.pid))
            .collect();
        assert!(stopped.is_empty(), "left stopped or frozen: {stopped:?}");
        let left = self.pause_files();
        assert!(left.is_empty(), "records are left: {left:?}");
    }

    /// Ends what was begun, as it would have ended without a pause.
    #[track_caller]
    pub(crate) fn finish(&self) {
        let terminal = &self.terminal;
        match self.cell.state {
            ClientState::HalfTyped => {
                let drawn = || {
                    terminal
                        .input_line()
                        .contains(HALF_TYPED_TEXT)
                        .then_some(())
                };
                until(WAIT_TIMEOUT, "the half-typed text", drawn);
                // Claude Code may not read right after it is resumed, and the terminal itself
                // handles this key until then.
                until(WAIT_TIMEOUT, "an empty input line", || {
                    terminal.press(KeyboardKey::CtrlU);
                    std::thread::sleep(Duration::from_millis(200));
                    terminal.input_line().is_empty().then_some(())
                });
            }
            ClientState::Permission => {
                terminal.answer(KeyboardKey::Char('1'));
                self.wait_made("granted");
            }
            ClientState::Question => terminal.answer(KeyboardKey::Enter),
            ClientState::Idle | ClientState::Streaming | ClientState::Agents => {}
            ClientState::Tool if self.cell.kind == Kind::Interrupt => {}
            ClientState::Tool => {
                let all = if self.cell.kind == Kind::Hold { 3 } else { 7 };
                until(WAIT_TIMEOUT, "all lines", || {
                    (self.lines() == all).then_some(())
                });
            }
        }
        self.rest();
        if self.cell.kind == Kind::Hold && self.cell.state.works() {
            assert!(self.made("held"), "the held tool ran");
        }
    }

    /// Checks that nothing differs from a session that was never paused.
    #[track_caller]
    pub(crate) fn is_sound(&self) {
        self.nothing_is_left();
        assert_eq!(self.client.tty_settings(), self.settings, "tty settings");
        assert_eq!(self.terminal.input_line(), "", "strays in the input line");
        if self.cell.kind != Kind::Interrupt {
            self.asked_once();
        }
        self.ask_model("say all is well");
        self.rest();
        if self.cell.shape.has_shell() {
            self.shell_has_jobs();
        }
    }

    /// Checks that each request was made once, and that none was given up.
    #[track_caller]
    fn asked_once(&self) {
        let events = self.api.events();
        let mut asked: BTreeMap<(&str, usize), usize> = BTreeMap::new();
        // The end of each sub-agent begins another turn with the same prompt before it.
        let of_agents = self.cell.state == ClientState::Agents;
        let own = |e: &&ApiEvent| {
            !e.prompt.starts_with('(') && (!of_agents || e.prompt.starts_with("agent "))
        };
        for event in events.iter().filter(own) {
            match event.kind {
                Api::Requested => *asked.entry((&event.prompt, event.step)).or_default() += 1,
                Api::Disconnected => panic!("a request was given up: {event:?}"),
                _ => {}
            }
        }
        let twice: Vec<_> = asked.iter().filter(|(_, n)| **n > 1).collect();
        assert!(twice.is_empty(), "asked more than once: {twice:?}");
    }

    fn shell_has_jobs(&self) {
        self.terminal.submit("/exit");
        self.terminal.wait_end(WAIT_TIMEOUT, self.client);
        let shell = self.terminal.root();
        until(WAIT_TIMEOUT, "the shell's prompt", || {
            shell.has_terminal().then_some(())
        });
        self.terminal
            .type_text("[[ -o monitor ]] && echo JOBS-\"ON\"");
        self.terminal.press(KeyboardKey::Enter);
        self.terminal.wait_screen(WAIT_TIMEOUT, "JOBS-ON");
    }
}

/// The reason why this machine cannot show the cell; none if it can.
pub(crate) fn obstacle(cell: MatrixCell) -> Option<&'static str> {
    let shell = match cell.shape {
        TerminalShape::TmuxZsh | TerminalShape::PtyZsh => "/bin/zsh",
        _ => "/bin/bash",
    };
    if !std::path::Path::new(shell).exists() {
        return Some("no such shell");
    }
    (cell.kind == Kind::Freeze && !cgroup::can_leave_cgroup(std::process::id()))
        .then_some("no control group of version 2 is ours to freeze in")
}
