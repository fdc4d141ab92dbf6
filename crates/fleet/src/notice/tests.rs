mod groups;
mod random;
mod rules;

use super::*;
use crate::card::{Card, CardLine, LineMark};
use crate::request::RequestKind;
use crate::session::{
    Activity, Certainty, ControlModel, Need, NeedKind, SessionEnd, SessionRequest, Source,
    StatusReason,
};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
use std::time::UNIX_EPOCH;

/// When every test begins.
const BEGIN_MS: i64 = 1_000_000;

/// The wall time so many milliseconds after the beginning.
fn at(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis((BEGIN_MS + ms).unsigned_abs())
}

fn id(n: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(n))
}

/// Session number `n`, idle since the beginning.
fn idle(n: u128) -> Session {
    let folder = format!("/home/dev/s{n}");
    let mut session = Session::new(id(n), folder, ControlModel::Pty, None);
    session.status = SessionStatus::Active;
    session.created_at = at(0);
    session.last_seen = at(0);
    session.activity = Some(Activity::Idle { since: at(0) });
    session
}

fn doing(n: u128, activity: Activity) -> Session {
    Session {
        activity: Some(activity),
        ..idle(n)
    }
}

fn working(n: u128, since: i64) -> Session {
    let activity = Activity::Working {
        tool: None,
        detail: None,
        since: at(since),
    };
    doing(n, activity)
}

fn finished(n: u128, since: i64) -> Session {
    doing(n, Activity::Finished { since: at(since) })
}

fn failed(n: u128, since: i64) -> Session {
    let error = "API Error: 400".to_owned();
    let since = at(since);
    doing(n, Activity::Failed { error, since })
}

/// Session number `n`, which asks for permission to run a command.
fn asks(n: u128, since: i64, command: &str) -> Session {
    let need = Need {
        kind: NeedKind::Permission,
        tool: Some("Bash".into()),
        detail: Some(command.into()),
        agent: None,
        elsewhere: None,
        since: at(since),
    };
    Session {
        status: SessionStatus::AwaitingApproval,
        activity: None,
        need: Some(need),
        ..idle(n)
    }
}

/// As [`asks`], and a hook holds the request of this name.
fn holds(n: u128, since: i64, command: &str, request: &str) -> Session {
    let request = SessionRequest {
        id: RequestId(request.into()),
        kind: RequestKind::Permission,
        tool: "Bash".into(),
        detail: Some(command.into()),
        agent: None,
        held: true,
        programs: false,
        until: None,
        since: at(since),
    };
    Session {
        requests: vec![request],
        ..asks(n, since, command)
    }
}

fn ended(n: u128, since: i64, end: SessionEnd) -> Session {
    let because = StatusReason {
        source: Source::Process,
        text: "the process has exited".into(),
        observed_at: at(since),
        since: at(since),
        certainty: Certainty::Certain,
        until: String::new(),
    };
    Session {
        status: SessionStatus::Stopped,
        activity: None,
        because: Some(because),
        end: Some(end),
        ..idle(n)
    }
}

/// The notification state, a clock, and what the user looks at.
struct NoticeFixture {
    notices: NotificationState,
    snapshot: Snapshot,
    attention: UserContext,
    preferences: NoticePreferences,
    cards: RequestCards,
    now: i64,
    suppressed: Vec<(SessionId, NoticeKind, Suppressed)>,
}

impl NoticeFixture {
    /// An engine that has just seen these sessions for the first time.
    fn of(sessions: Vec<Session>) -> Self {
        let mut scene = Self {
            notices: NotificationState::default(),
            snapshot: Snapshot::default(),
            attention: UserContext {
                popover_open: false,
                front: BTreeSet::new(),
                wall: at(0),
                minute: 12 * 60,
            },
            preferences: NoticePreferences::default(),
            cards: RequestCards::default(),
            now: 0,
            suppressed: Vec::new(),
        };
        assert_eq!(scene.see(0, sessions), []);
        scene
    }

    fn decide(&mut self) -> Vec<NoticeStep> {
        self.attention.wall = at(self.now);
        let home = Path::new("/home/dev");
        let now = Timestamp::from_millis(BEGIN_MS + self.now);
        self.notices.set_preferences(&self.preferences, now);
        let decision = self.notices.decide(
            &self.snapshot,
            Some(home),
            &self.cards,
            &self.attention,
            now,
        );
        self.suppressed.extend(decision.suppressed);
        decision.steps
    }

    /// Makes these all the sessions there are, from this millisecond on.
    fn see(&mut self, ms: i64, sessions: Vec<Session>) -> Vec<NoticeStep> {
        let mut steps = self.wait(ms);
        self.snapshot.sessions = sessions;
        let now = Timestamp::from_millis(BEGIN_MS + ms);
        self.notices.update_sessions(&self.snapshot, now);
        steps.extend(self.decide());
        steps
    }

    /// Lets time pass, and wakes whenever the notification state is due.
    fn wait(&mut self, until: i64) -> Vec<NoticeStep> {
        let mut steps = Vec::new();
        let begin = Timestamp::from_millis(BEGIN_MS);
        for turn in 0.. {
            assert!(turn < 10_000, "the notification state is always due");
            let due = self.notices.due().map(|due| due.as_millis() - BEGIN_MS);
            match due.filter(|due| *due < until) {
                Some(due) => self.now = self.now.max(due),
                None => break,
            }
            assert!(begin.as_millis() + self.now >= 0);
            steps.extend(self.decide());
        }
        self.now = until;
        steps
    }

    /// The reasons why news was suppressed since the last call.
    fn why(&mut self) -> Vec<Suppressed> {
        self.suppressed.drain(..).map(|(_, _, why)| why).collect()
    }
}

use std::path::Path;

/// Steps in short: `+1 title | body`, `~…` for an amended text, `-1`; `*` is the shared notice.
fn told(steps: &[NoticeStep]) -> Vec<String> {
    let place = |slot: &NoticeSlot| match slot {
        NoticeSlot::Session(id) => id.0.as_u128().to_string(),
        NoticeSlot::Several => "*".into(),
    };
    let words = |notice: &Notice| format!("{} | {}", notice.title, notice.body);
    let short = |step: &NoticeStep| match step {
        NoticeStep::Deliver(slot, notice) => format!("+{} {}", place(slot), words(notice)),
        NoticeStep::Amend(slot, notice) => format!("~{} {}", place(slot), words(notice)),
        NoticeStep::Withdraw(slot) => format!("-{}", place(slot)),
    };
    steps.iter().map(short).collect()
}

/// The card of a request with these lines.
fn card(request: &str, lines: &[&str]) -> (RequestId, Card) {
    let id = RequestId(request.into());
    let lines = lines.iter().map(|text| CardLine {
        mark: LineMark::Plain,
        text: (*text).to_owned(),
    });
    let card = Card {
        request: id.clone(),
        kind: RequestKind::Permission,
        title: "Bash".into(),
        lines: lines.collect(),
        questions: Vec::new(),
        always: Vec::new(),
        unseen: None,
    };
    (id, card)
}

fn label(text: &str) -> CardLine {
    CardLine {
        mark: LineMark::Label,
        text: text.to_owned(),
    }
}
