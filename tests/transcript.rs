//! The source reports what the real Claude Code writes into its transcripts as it happens.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use trusty_fleet::cadence::{FleetActivity, UiVisibility, cadence};
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::{TranscriptFacts, TranscriptKey, TranscriptSelector, TurnEndKind};
use trusty_fleet::{Fact, Observation, Timestamp};
use trusty_platform::clock::Clock;
use trusty_platform::folder_access::FolderAccess;
use trusty_sources::observation_source::ObservationSource;
use trusty_sources::transcript::TranscriptSource;
use trusty_sources::{ObservationSender, SourceConfig};
use trusty_tests::wait::until_or;
use trusty_tests::{
    ClientStage, KeyboardKey, MANUAL_MODE_ARGS, Signal, TerminalShape, TestStage, TestTerminal,
    WAIT_TIMEOUT,
};

type ToldTranscripts = BTreeMap<TranscriptKey, Option<TranscriptFacts>>;

/// The running source, and what it reported last.
struct RunningSource {
    orders: watch::Sender<SourceConfig>,
    told: Arc<Mutex<ToldTranscripts>>,
}

impl RunningSource {
    fn start() -> Self {
        let (orders, receive) = watch::channel(SourceConfig {
            wanted: SourceDemand::default(),
            // Polls are so rare that a fact which arrives in time came from a file event.
            cadence: trusty_fleet::cadence::Cadence {
                registry: WAIT_TIMEOUT * 10,
                ..cadence(UiVisibility::Hidden, FleetActivity::Still)
            },
            nudge: 0,
        });
        let (send, mut facts) = mpsc::channel::<Observation>(64);
        let out = ObservationSender::new(Clock::start(), send);
        let told = Arc::new(Mutex::new(ToldTranscripts::new()));
        let into = Arc::clone(&told);
        let keep = async move {
            while let Some(observation) = facts.recv().await {
                let mut told = into.lock().unwrap_or_else(PoisonError::into_inner);
                match observation.fact {
                    Fact::Transcript(key, transcript) => told.insert(key, Some(*transcript)),
                    Fact::TranscriptGone(key) => told.insert(key, None),
                    other => panic!("{other:?}"),
                };
            }
        };
        // Both tasks end when the configuration's sender is dropped.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let run = TranscriptSource::new(FolderAccess::current()).run(receive, out);
            runtime.block_on(async { tokio::join!(run, keep) });
        });
        Self { orders, told }
    }

    /// The facts of a transcript that exists.
    fn reported_facts(&self, key: &TranscriptKey) -> Option<TranscriptFacts> {
        self.all_facts().get(key).cloned().flatten()
    }

    fn all_facts(&self) -> ToldTranscripts {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    #[track_caller]
    fn wait(
        &self,
        key: &TranscriptKey,
        what: &str,
        wanted: impl Fn(&TranscriptFacts) -> bool,
    ) -> TranscriptFacts {
        let look = || self.reported_facts(key).filter(&wanted);
        until_or(WAIT_TIMEOUT, what, look, || {
            format!("{:#?}", self.reported_facts(key))
        })
    }
}

struct TranscriptClientFixture {
    session: ClientStage,
    following: RunningSource,
}

/// A session in a folder with a dot; `None` if the tests are to run without Claude Code.
fn open() -> Option<TranscriptClientFixture> {
    let builder = TestStage::builder();
    Some(TranscriptClientFixture {
        session: builder.open(TerminalShape::PtyDirect, "work.x", &MANUAL_MODE_ARGS)?,
        following: RunningSource::start(),
    })
}

impl TranscriptClientFixture {
    fn key(&self, which: TranscriptSelector) -> TranscriptKey {
        TranscriptKey {
            dir: self.session.home.config_dir().to_path_buf(),
            cwd: self.session.folder.clone(),
            which,
        }
    }

    /// Follows the transcript of the present Claude Code session.
    fn follow_session(&self, terminal: &TestTerminal) -> TranscriptKey {
        let key = self.key(TranscriptSelector::Session(id(terminal)));
        let wanted = [key.clone()].into();
        let orders = &self.following.orders;
        orders.send_modify(|orders| orders.wanted.transcripts = wanted);
        key
    }
}

fn id(terminal: &TestTerminal) -> String {
    let registry = terminal.registry().expect("registered");
    registry["sessionId"].as_str().expect("text").to_owned()
}

fn has_prompt(transcript: &TranscriptFacts, text: &str) -> bool {
    transcript.prompt.as_ref().is_some_and(|p| p.text == text)
}

/// Whether the newest turn has this prompt and ended in this way.
fn ended(text: &'static str, how: TurnEndKind) -> impl Fn(&TranscriptFacts) -> bool {
    move |t| {
        let end = t.end.as_ref().filter(|end| Some(end.at) > t.turn_at);
        has_prompt(t, text) && end.is_some_and(|end| end.how == how)
    }
}

#[test]
fn turns_are_told_from_their_prompt_to_their_end() {
    let Some(stage) = open() else { return };
    let terminal = &stage.session.terminal;
    let key = stage.follow_session(terminal);
    let told = &stage.following;
    let gone = || told.all_facts().get(&key)?.is_none().then_some(());
    until_or(WAIT_TIMEOUT, "that there is none yet", gone, String::new);

    terminal.submit("say hi");
    let said = told.wait(&key, "the end", ended("say hi", TurnEndKind::Finished));
    assert_eq!(said.mode.as_deref(), Some("default"));
    assert!(said.model.expect("named").starts_with("claude"));
    assert!(said.tokens.expect("counted") > 1000);
    assert!(said.calls.is_empty());

    terminal.submit("bash: touch made");
    let asking = told.wait(&key, "an open call", |t| !t.calls.is_empty());
    assert!(has_prompt(&asking, "bash: touch made"));
    assert_eq!(asking.calls[0].tool, "Bash");
    assert_eq!(asking.calls[0].detail.as_deref(), Some("touch made"));
    assert!(Some(asking.calls[0].at) > asking.turn_at);
    terminal.approve();
    let run = told.wait(
        &key,
        "the end",
        ended("bash: touch made", TurnEndKind::Finished),
    );
    assert!(run.calls.is_empty());

    terminal.wait_status(WAIT_TIMEOUT, "idle");
    terminal.submit("/compact");
    let compacted = told.wait(&key, "compaction", |t| {
        t.end
            .as_ref()
            .is_some_and(|e| e.how == TurnEndKind::Compacted)
    });
    assert!(has_prompt(&compacted, "bash: touch made"), "{compacted:?}");

    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let long = "say begun then stream 30s";
    terminal.submit(long);
    terminal.wait_screen(WAIT_TIMEOUT, "● begun");
    terminal.press(KeyboardKey::Escape);
    told.wait(&key, "Escape", ended(long, TurnEndKind::Interrupted));

    terminal.wait_status(WAIT_TIMEOUT, "idle");
    terminal.press(KeyboardKey::CtrlU);
    terminal.submit("error 400");
    let failed = told.wait(&key, "the error", ended("error 400", TurnEndKind::Failed));
    assert!(failed.error.expect("told").text.contains("400"));

    terminal.wait_status(WAIT_TIMEOUT, "idle");
    terminal.submit("/clear");
    let before = match &key.which {
        TranscriptSelector::Session(id) => id.clone(),
        TranscriptSelector::NewestSince(_) => String::new(),
    };
    terminal.wait_registry(WAIT_TIMEOUT, |r| {
        r["sessionId"] != *before && r["status"] == "idle"
    });
    let key = stage.follow_session(terminal);
    terminal.submit("say anew");
    let anew = told.wait(&key, "the end", ended("say anew", TurnEndKind::Finished));
    assert_eq!(anew.error, None);
}

#[test]
fn sub_agents_are_told_with_what_they_do_until_they_end() {
    let Some(stage) = open() else { return };
    let terminal = &stage.session.terminal;
    let key = stage.follow_session(terminal);
    let told = &stage.following;

    terminal.submit("agents 2 bg bash: touch x");
    let asking = told.wait(&key, "two calls", |t| {
        t.delegations.iter().filter(|d| !d.calls.is_empty()).count() == 2
    });
    let mut jobs: Vec<_> = asking
        .delegations
        .iter()
        .map(|d| d.description.clone())
        .collect();
    jobs.sort();
    assert_eq!(jobs, [Some("Job 1".into()), Some("Job 2".into())]);
    for one in &asking.delegations {
        assert_eq!(one.agent_type.as_deref(), Some("general-purpose"));
        assert_eq!(one.calls[0].detail.as_deref(), Some("touch x"));
        assert_eq!(one.depth, 1);
        assert!(Some(one.at) >= asking.turn_at);
    }
    terminal.approve();
    told.wait(&key, "one to end", |t| t.delegations.len() == 1);
    terminal.approve();
    told.wait(&key, "the other to end", |t| t.delegations.is_empty());

    terminal.wait_status(WAIT_TIMEOUT, "idle");
    terminal.submit("agents 1 fg agents 2 fg stream 4s");
    let nested = told.wait(&key, "nested ones", |t| {
        t.delegations.iter().filter(|d| d.depth == 2).count() == 2
    });
    assert!(Some(nested.delegations[0].at) >= nested.turn_at);
    told.wait(&key, "all to end", |t| t.delegations.is_empty());
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

#[test]
fn sub_agents_of_a_killed_client_are_left_over_until_it_is_resumed() {
    let Some(stage) = open() else { return };
    let terminal = &stage.session.terminal;
    let key = stage.follow_session(terminal);
    let told = &stage.following;
    terminal.submit("agents 2 bg stream 60s");
    told.wait(&key, "two", |t| t.delegations.len() == 2);
    told.wait(
        &key,
        "the end",
        ended("agents 2 bg stream 60s", TurnEndKind::Finished),
    );
    let session = id(terminal);
    let client = terminal.client();
    terminal.signal(Signal::KILL);
    terminal.wait_end(WAIT_TIMEOUT, client);
    let left = told.reported_facts(&key).expect("told");
    assert_eq!(left.delegations.len(), 2, "the client could not tidy up");
    let resumed: Timestamp = std::time::SystemTime::now().into();
    assert!(
        left.delegations.iter().all(|d| d.at < resumed),
        "dated before"
    );

    let arguments = [&MANUAL_MODE_ARGS[..], &["--resume", &session]].concat();
    let terminal = stage
        .session
        .open_idle(TerminalShape::PtyDirect, "work.x", &arguments);
    let noted = told.wait(&key, "the note", |t| t.delegations.is_empty());
    assert_eq!(noted.turn_at, left.turn_at, "no turn began");
    terminal.submit("say hi");
    told.wait(&key, "the end", ended("say hi", TurnEndKind::Finished));
}
