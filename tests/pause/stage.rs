//! A session to be paused, and what shows whether it is.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use trusty_actions::{ActionError, ActionExecutor, Reconciled};
use trusty_fleet::SessionId;
use trusty_fleet::action::{PauseCandidate, PausePlan, Plan, PlannedAction};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::observation::ToolPausePolicy;
use trusty_fleet::pause::{Initiator, PauseRecord};
use trusty_platform::sys::cgroup;
pub(crate) use trusty_tests::WAIT_TIMEOUT;
use trusty_tests::trusty::trusty_killed_at;
use trusty_tests::wait::{until, until_or};
use trusty_tests::{
    ApiEventKind, ClientStage, KeyboardKey, MANUAL_MODE_ARGS, TerminalShape, TestStage, block_on,
    printed_text, stderr_text,
};

pub(crate) struct PauseFixture {
    // Dropped in this order: what is paused is resumed, then its terminal is closed.
    after: ResumeGuard,
    stage: ClientStage,
    /// The settings of the terminal before any pause.
    settings: String,
    nest: Option<PathBuf>,
}

impl Deref for PauseFixture {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.stage
    }
}

impl DerefMut for PauseFixture {
    fn deref_mut(&mut self) -> &mut ClientStage {
        &mut self.stage
    }
}

impl Drop for PauseFixture {
    fn drop(&mut self) {
        let Some(nest) = self.nest.take() else { return };
        for id in self.records() {
            let _ = block_on(self.executor().resume(id));
        }
        // A group can be removed only without members.
        if let Some(above) = cgroup::parent_for_sibling(&nest) {
            for pid in cgroup::members(&nest).unwrap_or_default() {
                let _ = cgroup::enter(&above, pid);
            }
        }
        let _ = cgroup::remove(&nest);
    }
}

/// Resumes what a failed test leaves paused, so that it can be ended.
struct ResumeGuard(ActionExecutor);

impl Drop for ResumeGuard {
    fn drop(&mut self) {
        for id in self.0.sessions().unwrap_or_default() {
            let _ = block_on(self.0.resume(id));
        }
    }
}

/// An idle session; none if the tests are to run without Claude Code.
pub(crate) fn open(shape: TerminalShape) -> Option<PauseFixture> {
    let stage = TestStage::builder().open(shape, "work", &MANUAL_MODE_ARGS)?;
    Some(PauseFixture {
        after: ResumeGuard(ActionExecutor::new(&stage.home.environment())),
        settings: stage.client.tty_settings(),
        stage,
        nest: None,
    })
}

impl PauseFixture {
    /// Puts Claude Code into a control group of its own, as a desktop does.
    pub(crate) fn nest(&mut self) -> PathBuf {
        trusty_tests::trusty::program("trusty-hook");
        let own = cgroup::cgroup_of(self.client.pid).expect("readable");
        let above = own
            .and_then(|own| cgroup::parent_for_sibling(&own))
            .expect("a group");
        let nest = above.join(format!("trusty-test-{}", self.client.pid));
        cgroup::make(&nest).expect("made");
        self.nest = Some(nest.clone());
        for process in self.client.tree() {
            cgroup::enter(&nest, process.pid).expect("moved");
        }
        nest
    }

    /// `trusty pause --how`
    #[track_caller]
    pub(crate) fn pause(&self, how: &str) {
        self.run_successfully(&["pause", &self.pid(), "--how", how]);
    }

    /// `trusty resume`
    #[track_caller]
    pub(crate) fn resume(&self) {
        self.run_successfully(&["resume", &self.pid()]);
    }

    /// Checks that the command is refused, and returns the words of the refusal.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(!ran.status.success(), "{arguments:?} was not refused");
        stderr_text(&ran)
    }

    /// Pauses or resumes with `trusty` killed at a step; returns whether it reached the step.
    pub(crate) fn killed_at(&self, step: &str, verb: &str, how: Option<&str>) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let mut command = trusty_killed_at(&self.home, step);
        command.args([verb, &self.pid()]);
        command.args(how.iter().flat_map(|how| ["--how", how]));
        let ran = command.output().expect("trusty runs");
        if ran.status.signal() == Some(9) {
            return true;
        }
        assert!(ran.status.success(), "{}", printed_text(&ran));
        false
    }

    pub(crate) fn executor(&self) -> &ActionExecutor {
        &self.after.0
    }

    /// The session's id, by which pause records are named.
    pub(crate) fn id(&self) -> SessionId {
        let machine = trusty_platform::sys::machine().expect("readable");
        machine.session_id(self.key())
    }

    pub(crate) fn key(&self) -> ProcessKey {
        ProcessKey {
            pid: self.client.pid,
            start: StartTime(self.client.start_ticks),
        }
    }

    /// Submits a prompt, and waits until the session works on its answer.
    #[track_caller]
    pub(crate) fn begin(&self, prompt: &str) {
        self.terminal.submit(prompt);
        self.wait_begun(prompt);
        self.terminal.wait_status(WAIT_TIMEOUT, "busy");
    }

    /// Waits until the session is listed with this prompt from its transcript.
    #[track_caller]
    pub(crate) fn wait_prompt(&self, prompt: &str) {
        until(WAIT_TIMEOUT, "the prompt in a list", || {
            let session = self.listed(self.client.pid)?;
            (session["claude"]["prompt"] == prompt).then_some(())
        });
    }

    /// The summary in the pause record of what was going on.
    #[track_caller]
    pub(crate) fn summary(&self) -> String {
        let file = format!("trusty/paused/{}.json", self.id());
        let text = fs::read(self.home.xdg_data().join(file)).expect("a pause record");
        let record: PauseRecord = serde_json::from_slice(&text).expect("a record");
        record.summary
    }

    /// A plan for a pause that the user might ask for.
    pub(crate) fn pausing(&self, way: PauseCandidate, tools: ToolPausePolicy) -> PlannedAction {
        let tty = fs::read_link(format!("/proc/{}/fd/0", self.pid())).expect("a terminal");
        PlannedAction::Pause(PausePlan {
            way,
            tools,
            by: Initiator::Command,
            summary: String::new(),
            noted: false,
            at_work: trusty_fleet::pause::InterruptedWork::Nothing,
            pane: None,
            tty: Some(tty.to_string_lossy().into_owned()),
            registry: None,
        })
    }

    /// Carries out a plan that the test has made.
    pub(crate) fn perform(&self, deed: PlannedAction) -> Result<(), ActionError> {
        block_on(self.executor().perform(Plan {
            session: self.id(),
            client: self.key(),
            deed,
        }))
    }

    /// The sessions that have pause records.
    pub(crate) fn records(&self) -> Vec<SessionId> {
        self.executor().sessions().expect("readable")
    }

    /// Reconciles the only pause record with its session.
    #[track_caller]
    pub(crate) fn reconcile(&self) -> Reconciled {
        let records = self.records();
        let [id] = records.as_slice() else {
            panic!("one record, not {records:?}");
        };
        block_on(self.executor().reconcile(*id)).expect("reconciled")
    }

    pub(crate) fn resume_all(&self) {
        self.run_successfully(&["resume", "--all"]);
    }

    pub(crate) fn is_frozen(&self) -> bool {
        trusty_platform::sys::is_frozen(self.client.pid)
    }

    /// Checks that the session is paused, by the means of this kind of pause.
    #[track_caller]
    pub(crate) fn check_paused(&self, how: &str) {
        let (client, root) = (self.client.state(), self.terminal.root().state());
        match how {
            "freeze" => {
                assert!(self.is_frozen());
                assert!(client != Some('T') && root != Some('T'));
            }
            "stop" => assert_eq!((client, root), (Some('T'), Some('T'))),
            "suspend" => {
                assert_eq!(client, Some('T'));
                assert!(self.terminal.root().has_terminal());
            }
            _ => panic!("{how}"),
        }
        assert_eq!(self.records().len(), 1);
    }

    /// Checks that the session runs in the foreground, and that nothing is left of a pause.
    #[track_caller]
    pub(crate) fn check_running(&self) {
        assert!(!self.is_frozen());
        assert!(self.client.is_alive() && self.client.state() != Some('T'));
        let root = self.terminal.root().state();
        assert!(root.is_some_and(|state| state != 'T'), "{root:?}");
        until_or(
            WAIT_TIMEOUT,
            "an unchanged terminal",
            || {
                let settings = self.client.tty_settings();
                (self.client.has_terminal() && settings == self.settings).then_some(())
            },
            || self.terminal.screen(),
        );
        let name = format!("trusty-{}", self.id());
        let own = cgroup::cgroup_of(self.client.pid).ok().flatten();
        let above = own.and_then(|own| cgroup::parent_for_sibling(&own));
        assert!(above.is_none_or(|above| !above.join(name).exists()));
        let left = self.pause_files();
        assert!(left.is_empty(), "{left:?}");
        let Some(nest) = &self.nest else { return };
        assert_eq!(
            cgroup::cgroup_of(self.client.pid)
                .expect("readable")
                .as_ref(),
            Some(nest)
        );
        until(WAIT_TIMEOUT, "a group without other processes", || {
            let tree: Vec<u32> = self.client.tree().iter().map(|p| p.pid).collect();
            let members = cgroup::members(nest).expect("readable");
            members.iter().all(|pid| tree.contains(pid)).then_some(())
        });
    }

    /// Checks that typed input is submitted and answered, once.
    #[track_caller]
    pub(crate) fn check_talks(&self, prompt: &str) {
        self.ask_model(prompt);
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
        self.check_asked_once(prompt);
    }

    /// Checks that the API saw no second request.
    #[track_caller]
    pub(crate) fn check_asked_once(&self, prompt: &str) {
        let events = self.api.events();
        let asked = events
            .iter()
            .filter(|e| e.prompt == prompt && e.step == 0 && e.kind == ApiEventKind::Requested);
        assert_eq!(asked.count(), 1, "{events:#?}");
    }

    /// Checks that the shell can suspend the session and bring it back.
    #[track_caller]
    pub(crate) fn check_job_control(&self) {
        if !self.terminal.shape().has_shell() {
            return;
        }
        self.terminal.press(KeyboardKey::CtrlZ);
        until(WAIT_TIMEOUT, "a stopped session", || {
            let aside = self.client.state()? == 'T' && self.terminal.root().has_terminal();
            aside.then_some(())
        });
        self.terminal.type_text("fg");
        self.terminal.press(KeyboardKey::Enter);
        until(WAIT_TIMEOUT, "a running session", || {
            (self.client.state()? != 'T' && self.client.has_terminal()).then_some(())
        });
        self.terminal.wait_screen(WAIT_TIMEOUT, "? for shortcuts");
    }
}
