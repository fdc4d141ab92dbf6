//! One fact of every kind about pauses, connections and settings, as [`super::facts`].

use super::facts::{CONFIG_DIR, SERVER_SOCKET, key, machine};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;
use trusty_fleet::Fact;
use trusty_fleet::Timestamp;
use trusty_fleet::action::ActionKind;
use trusty_fleet::observation::*;
use trusty_fleet::pause::{
    Gate, Initiator, InterruptedWork, MovedProcess, PauseMethod, PausePhase, PauseRecord,
};

/// A pause of this kind.
fn record(means: PauseMethod) -> Fact {
    let session = machine().session_id(key());
    let record = PauseRecord {
        version: 1,
        session,
        boot: "b".into(),
        domain: Some("linux:3d12".into()),
        client: key(),
        phase: PausePhase::Paused,
        since: SystemTime::UNIX_EPOCH,
        by: Initiator::App,
        summary: "secret-note".into(),
        at_work: InterruptedWork::Command,
        tty: Some("/home/alice/pts/3".into()),
        means,
    };
    Fact::Pause(session, Box::new(record))
}

/// One fact of every kind, and of every form that holds a text.
pub(super) fn pause_facts() -> Vec<Fact> {
    let session = machine().session_id(key());
    let pane = || PaneKey {
        server: PathBuf::from("/home/alice/tmux/default"),
        pane: "%0".into(),
    };
    vec![
        record(PauseMethod::Freeze {
            group: "/home/alice/cgroup/paused".into(),
            moved: vec![MovedProcess {
                process: key(),
                from: "/home/alice/cgroup".into(),
            }],
            keeper: None,
        }),
        record(PauseMethod::Stop {
            shells: vec![key()],
            group: vec![key()],
            tools: vec![],
        }),
        record(PauseMethod::Suspend {
            pane: pane(),
            shell: key(),
            settings: Some("500:5:bf".into()),
            cursor: Some((0, 1)),
            line: Some("secret-line".into()),
        }),
        record(PauseMethod::Hold),
        record(PauseMethod::Interrupt { pane: pane() }),
        Fact::PauseGone(session),
        Fact::Gates(
            session,
            vec![Gate {
                process: key(),
                event: "PreToolUse".into(),
                agent: Some("a1".into()),
                tool: Some("Bash".into()),
                since: None,
            }],
        ),
        Fact::HookMarks(HookMarks {
            since: Some(Timestamp::from_millis(1)),
            sessions: BTreeSet::from([session]),
        }),
        Fact::HookInstall(CONFIG_DIR.into(), HookInstall::Connected),
        Fact::HookInstall(
            CONFIG_DIR.into(),
            HookInstall::Forbidden("/home/alice/policy.json forbids hooks".into()),
        ),
        Fact::HookInstall(
            CONFIG_DIR.into(),
            HookInstall::Broken("/home/alice/.claude/settings.json ends too soon".into()),
        ),
        Fact::ActionProgress(session, ActionProgress::Begun(ActionKind::Pause)),
        Fact::ActionProgress(
            session,
            ActionProgress::Failed(
                ActionKind::Pause,
                format!("{SERVER_SOCKET} of /home/alice is gone"),
            ),
        ),
        Fact::Preferences(ControlPreferences::default()),
        Fact::ConfigFolder(
            CONFIG_DIR.into(),
            FolderFacts {
                identity: None,
                origin: FolderOrigin::User,
            },
        ),
    ]
}
