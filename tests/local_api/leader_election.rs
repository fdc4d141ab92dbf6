//! One engine for all: the first face runs it, the others follow, and the next one takes over.

use crate::{LocalApiFixture, WAIT_TIMEOUT, answer_as_engine};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use trusty_actions::ActionError;
use trusty_daemon::AppSessions;
use trusty_fleet::action::{Action, PauseOptions};
use trusty_fleet::observation::{ControlPreferences, PauseOrder};
use trusty_fleet::pause::{Initiator, PauseKind};
use trusty_fleet::problem::ProblemCode;
use trusty_fleet::session::{Session, SessionStatus, Source};
use trusty_fleet::{SessionId, Snapshot};
use trusty_records::Settings;
use trusty_tests::relay::relay;
use trusty_tests::trusty::{confine, private_folder, run};
use trusty_tests::wait::until;
use trusty_tests::{LocalApi, Signal, StandIn, TerminalShape, TestHome, TestStage};

/// How many rounds may pass in which the face takes over before the test does.
const ROUND_COUNT: usize = 20;
/// How long the test leaves the home without a leader.
const LEADERLESS_TIME: Duration = Duration::from_millis(500);

/// A face in this process, as the app is one.
pub(crate) fn face(home: &TestHome) -> AppSessions {
    confine(home);
    let env = home.environment();
    trusty_daemon::join_engine(&env, &Settings::read(&env)).expect("joins")
}

pub(crate) async fn seen(
    face: &AppSessions,
    rule: impl FnMut(&Arc<Snapshot>) -> bool,
) -> Arc<Snapshot> {
    let mut snapshots = face.face().handle().snapshots();
    let seen = tokio::time::timeout(WAIT_TIMEOUT, snapshots.wait_for(rule)).await;
    Arc::clone(&seen.expect("in time").expect("the engine runs"))
}

pub(crate) fn of(snapshot: &Snapshot, session: &StandIn) -> Option<Session> {
    let pid = Some(session.process().pid);
    snapshot.sessions.iter().find(|s| s.pid == pid).cloned()
}

/// The pid of the engine on the local socket of a home.
fn engine_of(home: &TestHome) -> Option<u64> {
    LocalApi::for_home(home).engine_pid()
}

/// Reports an event to the engine as a hook of this session would; whether it was taken.
fn tell_hook(session: &StandIn) -> bool {
    let payload = br#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Bash",
        "tool_use_id":"t","tool_input":{"command":"make"}}"#;
    let reply = session.hook_connection().report(0, payload);
    reply.is_ok_and(|reply| reply == "taken\n")
}

async fn hook_is_heard(face: &AppSessions, id: SessionId) -> bool {
    let told = face.explain(id).await.expect("told").expect("listed");
    let mut hooks = told.testimonies.iter().filter(|t| t.source == Source::Hook);
    hooks.any(|t| t.observed_at.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_face_follows_the_engine_and_goes_on_when_that_is_killed() {
    let mut served = LocalApiFixture::start();
    let session = served.session();
    let face = face(&served.home);
    let first = seen(&face, |s| of(s, &session).is_some()).await;
    let id = of(&first, &session).expect("listed").id;
    let serving = served.serving.process();
    assert_eq!(
        engine_of(&served.home),
        Some(serving.pid.into()),
        "only one"
    );

    assert!(!hook_is_heard(&face, id).await);
    assert!(tell_hook(&session));
    assert!(hook_is_heard(&face, id).await, "hook events reach the face");
    let refused = face.act(id, Action::Resume).await.expect_err("runs");
    assert_eq!(refused.code(), ProblemCode::NotPaused);
    assert!(refused.is_refusal());
    let looking = face.face().handle().mark_visible();
    session.waits();
    seen(&face, |s| {
        of(s, &session).is_some_and(|s| s.status == SessionStatus::AwaitingApproval)
    })
    .await;
    drop(looking);

    // From now on no snapshot may lack the session.
    let (watching, mut snapshots) = watched(&face);
    assert!(serving.signal(Signal::KILL));
    served.serving.wait(WAIT_TIMEOUT);
    let own = u64::from(std::process::id());
    until(WAIT_TIMEOUT, "the face to go on", || {
        (engine_of(&served.home) == Some(own)).then_some(())
    });
    assert!(tell_hook(&session));
    assert!(hook_is_heard(&face, id).await);
    session.write_status(r#""status":"busy""#);
    seen(&face, |s| {
        of(s, &session).is_some_and(|s| s.status != SessionStatus::AwaitingApproval)
    })
    .await;
    watching.abort();
    assert!(!*snapshots.borrow_and_update(), "never an empty snapshot");

    let second = run(&served.home, ["serve"]);
    assert_eq!(second.status.code(), Some(3), "one is enough");
    let other = self::face(&served.home);
    seen(&other, |s| of(s, &session).is_some()).await;
    assert_eq!(engine_of(&served.home), Some(own));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_ends_with_the_last_handle_of_its_face() {
    let home = TestHome::new();
    let leading = face(&home);
    let own = u64::from(std::process::id());
    until(WAIT_TIMEOUT, "the face to lead", || {
        (engine_of(&home) == Some(own)).then_some(())
    });
    let another_hold = leading.clone();
    drop(leading);
    assert_eq!(engine_of(&home), Some(own), "another handle is left");
    drop(another_hold);
    until(WAIT_TIMEOUT, "its sockets to be gone", || {
        (!LocalApi::for_home(&home).is_open()).then_some(())
    });

    let served = LocalApiFixture::start();
    let session = served.session();
    let following = face(&served.home);
    let mut snapshots = following.face().handle().snapshots();
    seen(&following, |s| of(s, &session).is_some()).await;
    drop(following);
    let ended = async { while snapshots.changed().await.is_ok() {} };
    let ended = tokio::time::timeout(WAIT_TIMEOUT, ended).await;
    ended.expect("a face that follows ends, too");
}

/// Follows the snapshots; whether one without sessions, or an older one, was ever seen.
fn watched(face: &AppSessions) -> (tokio::task::JoinHandle<()>, watch::Receiver<bool>) {
    let (tell, told) = watch::channel(false);
    let mut snapshots = face.face().handle().snapshots();
    let mut last = 0;
    let watching = tokio::spawn(async move {
        loop {
            let now = Arc::clone(&snapshots.borrow_and_update());
            if now.sessions.is_empty() || now.revision < last {
                tell.send_replace(true);
            }
            last = now.revision;
            if snapshots.changed().await.is_err() {
                tell.send_replace(true);
                return;
            }
        }
    });
    (watching, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_through_a_face_that_follows_is_done_by_the_engine() {
    let Some(stage) = TestStage::builder().engine().build() else {
        return;
    };
    let face = face(&stage.home);
    let _terminal = stage.open(TerminalShape::PtyDirect, "payments", &[]);
    let is_idle = |s: &Session| s.claude.as_ref().is_some_and(|c| c.version.is_some());
    let now = seen(&face, |s| s.sessions.iter().any(is_idle)).await;
    let id = now.sessions[0].id;
    let wish = PauseOptions {
        how: Some(PauseKind::Stop),
        note: None,
        by: Initiator::App,
    };
    face.act(id, Action::Pause(wish)).await.expect("paused");
    let paused = |s: &Arc<Snapshot>| s.sessions[0].status == SessionStatus::Paused;
    let now = seen(&face, paused).await;
    let pause = now.sessions[0].pause.clone().expect("our own pause");
    assert_eq!(pause.by, Initiator::App);
    face.act(id, Action::Resume).await.expect("resumed");
    seen(&face, |s| !paused(s)).await;
}

/// Forwards the connections of a listener to a real engine elsewhere.
struct SocketRelay {
    streams: Arc<Mutex<Vec<UnixStream>>>,
}

impl SocketRelay {
    fn start(listener: UnixListener, to: &TestHome) -> Self {
        let streams = Arc::<Mutex<Vec<UnixStream>>>::default();
        let (kept, to) = (Arc::clone(&streams), LocalApi::for_home(to));
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.expect("a face");
                let far = UnixStream::connect(to.socket()).expect("the engine elsewhere");
                let kept_stream = near.try_clone().expect("a stream");
                kept.lock().expect("a list").push(kept_stream);
                std::thread::spawn(|| relay(near, far));
            }
        });
        Self { streams }
    }

    fn is_used(&self) -> bool {
        !self.streams.lock().expect("a list").is_empty()
    }
}

impl Drop for SocketRelay {
    fn drop(&mut self) {
        for stream in self.streams.lock().expect("a list").drain(..) {
            // The connection may have ended.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_between_two_engines_is_done_at_once_or_never() {
    let elsewhere = LocalApiFixture::start();
    // The face may be the first to see that there is no leader, and then becomes the leader.
    for _ in 0..ROUND_COUNT {
        let mut served = LocalApiFixture::start();
        let session = served.session();
        let stopped = || session.process().state() == Some('T');
        let face = face(&served.home);
        let now = seen(&face, |s| of(s, &session).is_some()).await;
        let id = of(&now, &session).expect("listed").id;

        let wish = PauseOptions {
            how: Some(PauseKind::Stop),
            note: None,
            by: Initiator::App,
        };
        let runtime = served.home.runtime();
        let is_over = Arc::<AtomicBool>::default();
        let over = Arc::clone(&is_over);
        let taking = std::thread::spawn(move || taken_over(&runtime, &over));
        assert!(served.serving.process().signal(Signal::KILL));
        served.serving.wait(WAIT_TIMEOUT);
        is_over.store(true, Ordering::Release);
        let Some((lock, listener)) = taking.join().expect("a thread") else {
            face.act(id, Action::Pause(wish)).await.expect("paused");
            assert!(stopped());
            face.act(id, Action::Resume).await.expect("resumed");
            continue;
        };

        let asked = face.act(id, Action::Pause(wish));
        tokio::pin!(asked);
        // Without a leader the command is not carried out.
        let early = tokio::time::timeout(LEADERLESS_TIME, &mut asked).await;
        assert!(early.is_err() && !stopped(), "{early:?}");
        let relay = SocketRelay::start(listener, &elsewhere.home);
        // A command that still waited in the face would run once the face leads, and before the
        // resume below is answered.
        let done = tokio::time::timeout(WAIT_TIMEOUT, asked)
            .await
            .expect("an answer");
        assert!(matches!(done, Err(ActionError::Gone)), "{done:?}");
        assert!(relay.is_used());
        drop(lock);
        drop(relay);
        until(WAIT_TIMEOUT, "the face to go on", || {
            (engine_of(&served.home) == Some(u64::from(std::process::id()))).then_some(())
        });
        let resumed = face.act(id, Action::Resume).await;
        let told = resumed
            .as_ref()
            .map_or_else(|e| e.code().as_str(), |()| "done");
        assert_eq!(told, "not-paused", "{resumed:?}");
        assert!(!stopped());
        return;
    }
    panic!("the face was never without an engine in {ROUND_COUNT} rounds");
}

/// Takes an engine's lock and socket as soon as it has ended; `None` where the face was faster.
fn taken_over(runtime: &Path, is_over: &AtomicBool) -> Option<(OwnedFd, UnixListener)> {
    let folder = runtime.join("trusty");
    let lock = rustix::fs::open(
        folder.join("lock"),
        OFlags::RDWR | OFlags::CLOEXEC,
        Mode::empty(),
    );
    let lock = lock.expect("the lock of an engine that leads");
    loop {
        let was_over = is_over.load(Ordering::Acquire);
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let socket = folder.join("trusty.sock");
            std::fs::remove_file(&socket).expect("what was left over");
            return Some((lock, UnixListener::bind(socket).expect("socket")));
        }
        if was_over {
            return None;
        }
    }
}

/// Takes an engine's lock and socket as if an engine ran; both are free once the lock is dropped.
fn taken(home: &TestHome) -> (OwnedFd, UnixListener) {
    let folder = private_folder(home.runtime().join("trusty"));
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
    let lock = rustix::fs::open(folder.join("lock"), flags, Mode::RUSR | Mode::WUSR);
    let lock = lock.expect("a lock");
    flock(&lock, FlockOperation::LockExclusive).expect("held");
    let listener = UnixListener::bind(folder.join("trusty.sock")).expect("socket");
    (lock, listener)
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_an_engine_whose_events_cannot_be_read_a_face_says_so() {
    let home = TestHome::new();
    let (lock, listener) = taken(&home);
    answer_as_engine(listener, |_| {
        let version = env!("CARGO_PKG_VERSION");
        let head = format!("HTTP/1.1 200 OK\r\nx-trusty-version: {version}\r\n\r\n");
        head + "event: snapshot\nid: x-1\ndata: {\"sessions\": 7}\n\n"
    });
    let session = StandIn::busy(&home);
    let face = face(&home);
    let now = seen(&face, |s| !s.health.is_empty()).await;
    assert!(of(&now, &session).is_some(), "the face scans");
    let told = &now.health[0].message;
    assert!(
        told.contains("unexpected answer") && told.contains("quit that Trusty Bar"),
        "{told}"
    );
    drop(lock);
    seen(&face, |s| s.health.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_another_version_a_face_looks_for_itself_and_says_so() {
    let home = TestHome::new();
    let (lock, listener) = taken(&home);
    let older = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a face");
        let mut asked = [0; 4096];
        assert!(stream.read(&mut asked).expect("asked") > 0);
        let head = "HTTP/1.1 200 OK\r\nx-trusty-version: 0.0.9\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("answered");
    });
    let session = StandIn::busy(&home);
    let face = face(&home);
    let now = seen(&face, |s| !s.health.is_empty()).await;
    assert!(of(&now, &session).is_some(), "the face scans");
    let told = &now.health[0];
    assert_eq!(told.source, Source::Engine);
    assert!(
        told.message.contains("0.0.9, which is older")
            && told.message.contains("restart Trusty Bar"),
        "{}",
        told.message
    );
    older.join().expect("asked once");
    drop(lock);
    seen(&face, |s| s.health.is_empty()).await;
    let own = u64::from(std::process::id());
    assert_eq!(engine_of(&home), Some(own), "the engine continues");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_count_as_soon_as_they_are_written() {
    let home = TestHome::new();
    let face = face(&home);
    face.face().handle().wait_first_snapshot().await;
    let file = home.environment().settings_file();
    let write = |text: &str| {
        std::fs::write(&file, format!("[discovery]\nconfine = true\n{text}")).expect("written");
    };
    let mut settings = face.face().handle().settings();
    write("[pause]\nfirst = 'hold'\ncolour = 1\n");
    let now = seen(&face, |s| !s.health.is_empty()).await;
    assert_eq!(now.health[0].source, Source::Settings);
    assert!(
        now.health[0].message.contains("pause.colour"),
        "{:?}",
        now.health
    );
    let hold = |s: &Arc<Settings>| {
        let ControlPreferences { first, .. } = s.preferences;
        first == PauseOrder::Hold
    };
    assert!(hold(&settings.borrow_and_update()));
    write("[pause\n");
    let broken = seen(&face, |s| {
        s.health.iter().any(|h| h.message.contains("TOML"))
    })
    .await;
    assert!(
        broken.health[0].message.contains("still apply"),
        "{:?}",
        broken.health
    );
    assert!(hold(&settings.borrow_and_update()), "the last good values");
    write("[pause]\nfirst = 'hold'\n");
    seen(&face, |s| s.health.is_empty()).await;
    tokio::time::timeout(Duration::from_mins(1), settings.wait_for(hold))
        .await
        .expect("in time")
        .expect("followed");
}
