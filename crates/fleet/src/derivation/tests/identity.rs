//! Which process is which session, and which terminal it runs in.

use super::*;

#[test]
fn a_registry_file_counts_only_for_its_own_process() {
    let claims = |entry: RegistryEntry, role: ProcessRole| {
        let mut facts = process(1, 7);
        facts.role = role;
        facts.config_dir = Some(file(1).dir);
        vec![
            (0, Fact::Process(Box::new(facts))),
            (900, Fact::Registry(file(1), Box::new(entry))),
        ]
    };
    let busy = |start: Option<u64>| RegistryEntry {
        proc_start: start.map(ProcStart::Ticks),
        ..entry(7, "busy", "")
    };
    check(
        claims(busy(Some(7)), ProcessRole::Other),
        60_000,
        "Active Working",
    );
    check(claims(busy(Some(8)), ProcessRole::Other), 60_000, "");
    check(
        claims(busy(Some(8)), ProcessRole::Interactive),
        60_000,
        "Active unknown",
    );
    check(
        claims(busy(None), ProcessRole::Interactive),
        60_000,
        "Active Working",
    );
    check(claims(busy(None), ProcessRole::Other), 60_000, "");
    check(
        claims(busy(Some(7)), ProcessRole::Infrastructure),
        60_000,
        "",
    );
    let mut before = busy(None);
    before.started_at = Some(at(-60_000));
    check(
        claims(before, ProcessRole::Interactive),
        60_000,
        "Active unknown",
    );
    let mut elsewhere = busy(Some(7));
    elsewhere.pid_domain = Some("linux:x:pid:[2]".into());
    check(claims(elsewhere, ProcessRole::Other), 60_000, "");
    let mut theirs = process(1, 7);
    theirs.uid = 1001;
    check(
        vec![
            (0, Fact::Process(Box::new(theirs))),
            says(900, 1, "busy", ""),
        ],
        60_000,
        "",
    );
}

#[test]
fn tmux_tells_where_and_whether_it_is_shown() {
    let mut facts = process(1, 7);
    facts.ancestors = vec![
        ProcessAncestor {
            pid: 50,
            name: "bash".into(),
            exe: None,
            start: None,
            uid: None,
            seat: None,
        },
        ProcessAncestor {
            pid: 40,
            name: "tmux: server".into(),
            exe: None,
            start: None,
            uid: None,
            seat: None,
        },
    ];
    let socket = PathBuf::from("/tmp/tmux-1000/default");
    let panes = |ms: i64, clients| {
        (
            ms,
            Fact::Panes(socket.clone(), vec![pane(50, "work", clients)]),
        )
    };
    let base = vec![
        (0, Fact::Process(Box::new(facts.clone()))),
        says(900, 1, "busy", ""),
    ];
    let with = |more: Vec<(i64, Fact)>| [base.clone(), more].concat();

    let shown = fleet(with(vec![panes(1_000, 1)]))
        .snapshot(at(9_000))
        .sessions
        .remove(0);
    assert_eq!(shown.origin, SessionHost::Tmux);
    assert_eq!(shown.control, ControlModel::Tmux);
    assert_eq!(shown.tmux_name, "work");
    assert_eq!(shown.pid, Some(1));
    assert!(shown.attached);
    check(with(vec![panes(1_000, 0)]), 9_000, "Detached Working");
    check(
        with(vec![panes(1_000, 0), panes(2_000, 1)]),
        9_000,
        "Active Working",
    );
    let needs = says(3_000, 1, "waiting", "permission prompt");
    check(
        with(vec![panes(1_000, 0), needs]),
        9_000,
        "AwaitingApproval Permission -",
    );
    let detached = fleet(with(vec![
        panes(1_000, 1),
        panes(2_000, 0),
        panes(7_000, 0),
    ]));
    let because = detached.snapshot(at(9_000)).sessions[0]
        .because
        .clone()
        .expect("a reason");
    assert!(
        because.text.contains("no tmux client shows the session"),
        "{because:?}"
    );
    assert_eq!(
        because.source,
        Source::Registry,
        "the registry says what the session does"
    );

    // A terminal program started from within the pane is nearer than the pane.
    facts.ancestors.insert(
        0,
        ProcessAncestor {
            pid: 60,
            name: "kitty".into(),
            exe: None,
            start: None,
            uid: None,
            seat: None,
        },
    );
    let nested = vec![
        (0, Fact::Process(Box::new(facts))),
        says(900, 1, "busy", ""),
        panes(1_000, 0),
    ];
    let native = fleet(nested).snapshot(at(9_000)).sessions.remove(0);
    assert_eq!(native.origin, SessionHost::Native);
    assert_eq!(
        native.terminal.and_then(|t| t.app).as_deref(),
        Some("kitty")
    );
    assert!(native.attached);
}

#[test]
fn until_tmux_answers_the_environment_is_believed() {
    let mut facts = process(1, 7);
    let socket = PathBuf::from("/tmp/tmux-1000/default");
    facts.tmux_socket = Some(socket.clone());
    let origin = |told: Vec<(i64, Fact)>| fleet(told).snapshot(at(9_000)).sessions[0].origin;
    let new = (500, Fact::Process(Box::new(facts)));
    assert_eq!(origin(vec![new.clone()]), SessionHost::Tmux);
    assert_eq!(
        origin(vec![
            new.clone(),
            (400, Fact::Panes(socket.clone(), vec![]))
        ]),
        SessionHost::Tmux
    );
    assert_eq!(
        origin(vec![new, (600, Fact::Panes(socket, vec![]))]),
        SessionHost::Native
    );
}

#[test]
fn p16_rows_are_processes() {
    // Two sessions in one folder, and two processes with one session id.
    let two = vec![
        alive(0, 1),
        alive(0, 2),
        says(900, 1, "busy", ""),
        says(900, 2, "idle", ""),
    ];
    check(two, 9_000, "Active Working; Active Idle");
    // /clear and /resume keep the row.
    let mut cleared = entry(7, "idle", "");
    cleared.session_id = Some("another".into());
    let facts = vec![alive(0, 1), says(900, 1, "idle", "")];
    let before = fleet(facts.clone()).snapshot(at(1_000)).sessions[0].id;
    let more = vec![(2_000, Fact::Registry(file(1), Box::new(cleared)))];
    let after = fleet([facts, more].concat())
        .snapshot(at(9_000))
        .sessions
        .remove(0);
    assert_eq!(after.id, before);
    assert_eq!(
        after.claude.and_then(|c| c.session_id).as_deref(),
        Some("another")
    );
}

#[test]
fn headless_and_background_sessions_are_told_apart() {
    let kind = |edit: fn(&mut RegistryEntry), role: ProcessRole| {
        let mut facts = process(1, 7);
        facts.role = role;
        let mut entry = entry(7, "idle", "");
        edit(&mut entry);
        let told = vec![
            (0, Fact::Process(Box::new(facts))),
            (900, Fact::Registry(file(1), Box::new(entry))),
        ];
        let session = fleet(told).snapshot(at(9_000)).sessions.remove(0);
        (session.control, session.status)
    };
    assert_eq!(
        kind(|_| {}, ProcessRole::Interactive),
        (ControlModel::Pty, SessionStatus::Active)
    );
    assert_eq!(
        kind(|_| {}, ProcessRole::Headless),
        (ControlModel::Sdk, SessionStatus::Active)
    );
    let sdk = kind(
        |e| e.entrypoint = Some("sdk-ts".into()),
        ProcessRole::Interactive,
    );
    assert_eq!(sdk, (ControlModel::Sdk, SessionStatus::Active));
    let background = kind(|e| e.kind = Some("bg".into()), ProcessRole::Interactive);
    assert_eq!(background, (ControlModel::Pty, SessionStatus::Detached));
}

#[test]
fn the_fleet_says_what_it_wants_to_know() {
    let mut facts = process(2, 7);
    facts.config_dir = Some("/home/dev/.other".into());
    facts.tmux_socket = Some("/tmp/tmux-1000/default".into());
    let fleet = fleet(vec![
        says(900, 1, "busy", ""),
        (1_000, Fact::Process(Box::new(facts))),
        says(1_100, 3, "busy", ""),
        (1_200, Fact::ProcessAbsent(3)),
        (1_300, Fact::RegistryKey(file(4))),
    ]);
    let wanted = fleet.source_demand(at(2_000));
    assert_eq!(wanted.pids, [1, 2, 4].into());
    assert_eq!(wanted.config_dirs, ["/home/dev/.other".into()].into());
    assert_eq!(
        wanted.tmux_sockets,
        ["/tmp/tmux-1000/default".into()].into()
    );
    assert_eq!(wanted.motion, FleetActivity::Moving);
}

#[test]
fn why_says_that_no_terminal_server_of_a_container_is_asked() {
    for (contained, says) in [(false, "not in tmux"), (true, "not asked")] {
        let mut facts = process(1, 7);
        facts.contained = contained;
        let fleet = fleet(vec![(1_000, Fact::Process(Box::new(facts)))]);
        let told = fleet
            .explain(id(1, 7), at(2_000))
            .expect("the session is listed");
        let tmux = told
            .testimonies
            .into_iter()
            .find(|t| t.source == Source::Tmux)
            .expect("a reason");
        assert_eq!(tmux.says, says);
        assert_eq!(tmux.reason.contains("container"), contained);
    }
}

#[test]
fn health_is_told_until_it_is_well_again() {
    use crate::observation::HealthKey;
    use crate::session::Source;
    let key = HealthKey {
        source: Source::Tmux,
        subject: "/tmp/x".into(),
    };
    let ill = (1, Fact::Health(key.clone(), Some("did not answer".into())));
    let health = fleet(vec![ill.clone()]).snapshot(at(5)).health;
    assert_eq!(health.len(), 1);
    assert_eq!(health[0].message, "did not answer");
    assert!(
        fleet(vec![ill, (2, Fact::Health(key, None))])
            .snapshot(at(5))
            .health
            .is_empty()
    );
}

#[test]
fn what_a_client_keeps_for_itself_is_no_session() {
    let shown = |edit: fn(&mut RegistryEntry), role: ProcessRole| {
        let mut facts = process(1, 7);
        facts.role = role;
        let mut entry = entry(7, "waiting", "permission prompt");
        edit(&mut entry);
        let story = vec![
            (0, Fact::Process(Box::new(facts))),
            (900, Fact::Registry(file(1), Box::new(entry))),
        ];
        told(&fleet(story), 9_000)
    };
    let need = "AwaitingApproval Permission -";
    let kind = |entry: &mut RegistryEntry, kind: &str| entry.kind = Some(kind.into());
    assert_eq!(shown(|_| {}, ProcessRole::Infrastructure), "");
    assert_eq!(
        shown(|e| e.kind = Some("daemon".into()), ProcessRole::Interactive),
        ""
    );
    assert_eq!(
        shown(
            |e| e.kind = Some("daemon-worker".into()),
            ProcessRole::Other
        ),
        ""
    );
    assert_eq!(shown(|e| e.spare = true, ProcessRole::Infrastructure), "");
    // A spare that became a background session.
    assert_eq!(
        shown(|e| e.kind = Some("bg".into()), ProcessRole::Infrastructure),
        need
    );
    let mut both = entry(7, "idle", "");
    kind(&mut both, "bg");
    both.spare = true;
    let mut facts = process(1, 7);
    facts.role = ProcessRole::Infrastructure;
    let waiting = vec![
        (0, Fact::Process(Box::new(facts))),
        (900, Fact::Registry(file(1), Box::new(both))),
    ];
    assert_eq!(told(&fleet(waiting), 9_000), "");
}
