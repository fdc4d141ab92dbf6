use super::*;
use trusty_fleet::action::ActionKind;
use trusty_fleet::session::{
    Activity, ControlModel, Need, NeedKind, PendingAction, Session, SessionHost, SessionId,
    SessionStatus,
};
use uuid::Uuid;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn ago(seconds: u64) -> SystemTime {
    now() - Duration::from_secs(seconds)
}

fn snapshot() -> Snapshot {
    let session = |n: u32, folder: &str| {
        let id = SessionId(Uuid::from_u128(n.into()));
        let mut s = Session::new(id, format!("/home/dev/{folder}"), ControlModel::Pty, None);
        s.origin = SessionHost::Native;
        s.pid = Some(n);
        s
    };
    let mut api = session(4242, "payments-api");
    api.status = SessionStatus::AwaitingApproval;
    let (kind, tool) = (NeedKind::Permission, Some("Bash".to_owned()));
    api.need = Some(Need {
        kind,
        tool,
        detail: None,
        agent: None,
        elsewhere: None,
        since: ago(12),
    });
    let mut docs = session(7, "日本語のとても長い名前のフォルダ");
    docs.status = SessionStatus::Active;
    docs.activity = Some(Activity::Idle { since: ago(4000) });
    Snapshot {
        revision: 1,
        sessions: vec![docs, api],
        health: vec![],
        connections: vec![],
    }
}

fn print(width: Option<usize>) -> String {
    render_table(
        &snapshot(),
        Path::new("/home/dev"),
        now(),
        OutputFormat {
            width,
            height: None,
            ink: ColorMode::Plain,
        },
    )
}

#[test]
fn all_is_told_where_nobody_looks_at_a_line_s_end() {
    let text = print(None);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].trim_start().starts_with("SESSION"));
    assert!(lines[1].starts_with("◆ payments-api"));
    assert!(lines[1].contains("wants to run Bash") && lines[1].ends_with("12s  4242"));
    assert!(lines[2].contains("日本語のとても長い名前のフォルダ"));
    assert!(lines[2].ends_with("1h     7"));
}

#[test]
fn one_long_folder_name_does_not_make_a_piped_table_wide() {
    let mut snapshot = snapshot();
    let long = "n".repeat(250);
    snapshot.sessions[0].workdir = format!("/home/dev/{long}");
    let paper = OutputFormat {
        width: None,
        height: None,
        ink: ColorMode::Plain,
    };
    let text = render_table(&snapshot, Path::new("/home/dev"), now(), paper);
    for line in text.lines() {
        assert!(line.width() <= 200, "{}: {line}", line.width());
    }
    let cut = format!("{}…  Idle", "n".repeat(39));
    assert!(text.contains(&cut), "{text}");
    assert!(text.contains("wants to run Bash"), "{text}");
}

#[test]
fn a_table_fits_its_paper() {
    for width in [12, 36, 44, 60, 80, 200] {
        let text = print(Some(width));
        for line in text.lines() {
            assert!(
                line.width() <= width,
                "{} > {width}: {line:?}",
                line.width()
            );
        }
        assert!(
            width < 36 || text.contains("4242"),
            "the pid stays at {width}"
        );
    }
    let widths: Vec<_> = print(Some(60))
        .lines()
        .map(UnicodeWidthStr::width)
        .collect();
    assert!(
        widths.windows(2).all(|w| w[0] == w[1]),
        "columns are straight: {widths:?}"
    );
}

#[test]
fn colour_is_only_where_it_is_shown() {
    assert!(!print(Some(80)).contains('\x1b'));
    let paper = OutputFormat {
        width: Some(80),
        height: None,
        ink: ColorMode::Coloured,
    };
    assert!(render_table(&snapshot(), Path::new("/"), now(), paper).contains('\x1b'));
}

#[test]
fn nothing_and_trouble_are_told_in_words() {
    let paper = OutputFormat {
        width: None,
        height: None,
        ink: ColorMode::Plain,
    };
    let mut empty = Snapshot::default();
    let text = render_table(&empty, Path::new("/"), now(), paper);
    assert_eq!(
        text,
        "No Claude Code session is running. Start one with `claude`.\n"
    );
    empty.health.push(trusty_fleet::snapshot::HealthIssue {
        source: trusty_fleet::session::Source::Tmux,
        subject: "/tmp/tmux-0/x".into(),
        message: "did not answer within 1 s".into(),
        since: now(),
    });
    let text = render_table(&empty, Path::new("/"), now(), paper);
    assert!(text.ends_with("! /tmp/tmux-0/x: did not answer within 1 s\n"));
}

#[test]
fn what_is_drawn_over_fits_the_screen() {
    let screen = OutputFormat {
        width: Some(80),
        height: Some(4),
        ink: ColorMode::Plain,
    };
    assert_eq!(screen.cut("a\nb\nc\nd\ne\n"), "a\nb\n…\n");
    assert_eq!(screen.cut("a\nb\n"), "a\nb\n");
    let empty = render_table(
        &Snapshot::default(),
        Path::new("/"),
        now(),
        OutputFormat {
            width: Some(30),
            ..screen
        },
    );
    assert!(empty.lines().all(|l| l.width() <= 30), "{empty}");
}

#[test]
fn ages_are_short() {
    for (seconds, told) in [
        (0, "now"),
        (4, "now"),
        (5, "5s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (86_399, "23h"),
        (86_400, "1d"),
        (864_000, "10d"),
    ] {
        assert_eq!(age(Duration::from_secs(seconds)), told);
    }
    assert_eq!(cut("abcdef", 4), "abc…");
    assert_eq!(cut("日本語", 4), "日…");
    assert_eq!(cut("abc", 0), "");
}

#[test]
fn what_failed_stands_before_what_it_does() {
    let mut snapshot = snapshot();
    let docs = &mut snapshot.sessions[0];
    docs.pending = Some(PendingAction {
        verb: ActionKind::Pause,
        failure: Some("its pane is in copy mode".into()),
        since: now(),
    });
    let api = &mut snapshot.sessions[1];
    api.pending = Some(PendingAction {
        verb: ActionKind::Resume,
        failure: None,
        since: now(),
    });
    let paper = OutputFormat {
        width: None,
        height: None,
        ink: ColorMode::Plain,
    };
    let text = render_table(&snapshot, Path::new("/home/dev"), now(), paper);
    assert!(
        text.contains("Not paused: its pane is in copy mode · ~/日本語"),
        "{text}"
    );
    assert!(text.contains("Resuming…"), "{text}");
}
