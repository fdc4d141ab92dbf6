use super::*;
use crate::identity::{MachineIdentity, SessionId, StartTime};

fn key(pid: u32) -> ProcessKey {
    // A higher pid means a later start.
    ProcessKey {
        pid,
        start: StartTime(u64::from(pid)),
    }
}

fn id(pid: u32) -> SessionId {
    let machine = MachineIdentity {
        boot: "b".into(),
        uid: 1000,
        host: None,
        pid_namespace: None,
    };
    machine.session_id(key(pid))
}

const CLIENT_PID: u32 = 20;

fn session() -> LivingSession {
    LivingSession {
        id: id(CLIENT_PID),
        title: "api".into(),
        pid: CLIENT_PID,
        claude_id: Some("c-1".into()),
        tty: Some("/dev/pts/3".into()),
    }
}

fn process(pid: u32) -> TracedProcess {
    TracedProcess {
        key: key(pid),
        id: id(pid),
        is_client: false,
        client: None,
        claude_id: None,
    }
}

/// A process in a terminal of no session, below a shell and a terminal program.
fn origin() -> ProcessOrigin {
    ProcessOrigin {
        lineage: vec![process(40), process(31), process(9), process(1)],
        entered_namespace: false,
        tty: Some("/dev/pts/7".into()),
        foreign_ttys: Vec::new(),
        group: Vec::new(),
    }
}

fn told(origin: &ProcessOrigin) -> Option<String> {
    find_mark(origin, &[session()]).map(|mark| mark.to_string())
}

fn member(pid: u32) -> GroupMember {
    GroupMember {
        key: key(pid),
        id: id(pid),
        is_client: false,
    }
}

#[test]
fn a_process_of_the_users_own_shell_has_no_mark() {
    assert_eq!(told(&origin()), None);
    assert_eq!(find_mark(&origin(), &[]), None);
}

#[test]
fn a_client_among_the_parents_is_a_mark_listed_or_not() {
    let mut listed = origin();
    listed.lineage.insert(2, process(CLIENT_PID));
    let expected = "this shell was started by session api, pid 20";
    assert_eq!(told(&listed).as_deref(), Some(expected));
    let mut young = origin();
    young.lineage.insert(
        2,
        TracedProcess {
            is_client: true,
            ..process(25)
        },
    );
    let expected = "this shell was started by a session, pid 25";
    assert_eq!(told(&young).as_deref(), Some(expected));
    // The caller may be Claude Code itself.
    let client = ProcessOrigin {
        lineage: vec![process(CLIENT_PID)],
        ..origin()
    };
    assert!(told(&client).is_some());
}

#[test]
fn a_variable_is_a_mark_only_while_the_session_that_it_names_lives() {
    let named = |pid: u32, is_client: bool| NamedProcess {
        key: key(pid),
        id: id(pid),
        is_client,
    };
    let of_pid = |client| {
        let mut origin = origin();
        origin.lineage[0].client = client;
        told(&origin)
    };
    let expected = "CLAUDE_PID of this shell names session api, pid 20";
    assert_eq!(
        of_pid(Some(named(CLIENT_PID, false))).as_deref(),
        Some(expected)
    );
    assert!(
        of_pid(Some(named(26, true))).is_some(),
        "a session that is not listed yet"
    );
    assert_eq!(of_pid(Some(named(26, false))), None, "the pid was reused");
    assert_eq!(of_pid(None), None, "the process has ended");

    let of_claude = |claude_id: &str| {
        let mut origin = origin();
        // Set in a parent: the child may have cleared its own environment.
        origin.lineage[1].claude_id = Some(claude_id.into());
        told(&origin)
    };
    let expected = "CLAUDE_CODE_SESSION_ID of this shell names session api, pid 20";
    assert_eq!(of_claude("c-1").as_deref(), Some(expected));
    assert_eq!(of_claude("c-2"), None);
}

#[test]
fn the_terminal_of_a_listed_session_is_a_mark() {
    let mut origin = origin();
    origin.tty = Some("/dev/pts/3".into());
    let expected = "this terminal (/dev/pts/3) belongs to session api, pid 20";
    assert_eq!(told(&origin).as_deref(), Some(expected));
    origin.tty = None;
    assert_eq!(told(&origin), None);
}

#[test]
fn the_terminal_of_a_session_in_another_devpts_instance_is_no_mark() {
    let mut origin = origin();
    origin.tty = Some("/dev/pts/3".into());
    origin.foreign_ttys = vec![id(CLIENT_PID)];
    assert_eq!(told(&origin), None);
    let here = LivingSession {
        id: id(26),
        title: "web".into(),
        pid: 26,
        ..session()
    };
    let mark = find_mark(&origin, &[session(), here]).map(|mark| mark.to_string());
    let expected = "this terminal (/dev/pts/3) belongs to session web, pid 26";
    assert_eq!(mark.as_deref(), Some(expected));
}

#[test]
fn a_control_group_is_a_mark_only_if_nothing_in_it_is_older_than_the_client() {
    let in_group = |pids: &[u32]| {
        told(&ProcessOrigin {
            group: pids.iter().copied().map(member).collect(),
            ..origin()
        })
    };
    let expected = "this shell is in the cgroup of session api, pid 20";
    assert_eq!(in_group(&[40, CLIENT_PID, 33]).as_deref(), Some(expected));
    assert_eq!(in_group(&[40, CLIENT_PID, 9]), None, "the login is older");
    assert_eq!(
        in_group(&[40, 33]),
        None,
        "no Claude Code process in the group"
    );
    let mut twins = origin();
    let twin = GroupMember {
        key: ProcessKey {
            pid: 19,
            start: key(CLIENT_PID).start,
        },
        ..member(19)
    };
    twins.group = vec![member(CLIENT_PID), twin];
    assert_eq!(told(&twins), None, "both started at the same time");
}

#[test]
fn the_client_that_a_container_runs_first_does_not_mark_what_is_put_into_the_container() {
    let first = |pid| LivingSession {
        id: id(pid),
        pid,
        ..session()
    };
    let marked = |entered_namespace: bool, client: u32| {
        let origin = ProcessOrigin {
            lineage: vec![process(40), process(31)],
            entered_namespace,
            group: [client, 31, 40].map(member).to_vec(),
            ..origin()
        };
        find_mark(&origin, &[first(client)]).is_some()
    };
    assert!(!marked(true, FIRST_PID));
    // Children of the first process, and processes put beside a session that is not the first.
    assert!(marked(false, FIRST_PID));
    assert!(marked(true, CLIENT_PID));
}

#[test]
fn ended_sessions_mark_nothing() {
    let mut snapshot = Snapshot::default();
    let mut session = Session::new(id(CLIENT_PID), "/code/api", ControlModel::Pty, None);
    session.pid = Some(CLIENT_PID);
    snapshot.sessions.push(session);
    let living = LivingSession::from_snapshot(&snapshot);
    assert_eq!((living.len(), living[0].pid), (1, CLIENT_PID));
    snapshot.sessions[0].status = SessionStatus::Stopped;
    assert_eq!(LivingSession::from_snapshot(&snapshot), []);
}

use crate::session::{ControlModel, Session, SessionStatus};
use crate::snapshot::Snapshot;

fn mark() -> ProcessMark {
    ProcessMark {
        kind: MarkKind::Ancestor,
        pid: CLIENT_PID,
        id: id(CLIENT_PID),
        title: Some("api".into()),
    }
}

fn terminal() -> PeerTerminal {
    PeerTerminal {
        tty: "/dev/pts/7".into(),
        foreground: true,
        operator: TerminalOperator::Unmarked,
    }
}

fn peer(program: PeerProgram) -> PeerFacts {
    PeerFacts {
        process: key(40),
        executable: None,
        program,
        mark: None,
        terminal: Some(terminal()),
    }
}

const ALL_POLICIES: [AnswerPolicy; 4] = [
    AnswerPolicy {
        programs: false,
        terminal: false,
    },
    AnswerPolicy {
        programs: false,
        terminal: true,
    },
    AnswerPolicy {
        programs: true,
        terminal: false,
    },
    AnswerPolicy {
        programs: true,
        terminal: true,
    },
];

type AuthorizationResult = Result<AnswerChannel, AuthorizationRefusal>;

/// The outcome of an answer under each of the four policies.
fn outcomes(facts: &PeerFacts, said: Option<AnswerChannel>) -> [AuthorizationResult; 4] {
    let caller = CallerIdentity::Process(Box::new(facts.clone()));
    ALL_POLICIES.map(|policy| authorize(&caller, ProtectedRequest::Answer(said), policy))
}

#[test]
fn the_leading_app_may_whatever_the_settings_say() {
    for policy in ALL_POLICIES {
        for channel in [AnswerChannel::Popover, AnswerChannel::Notification] {
            for request in [ProtectedRequest::Answer(None), ProtectedRequest::Resume] {
                let done = authorize(&CallerIdentity::OwnFace(channel), request, policy);
                assert_eq!(done, Ok(channel));
            }
        }
    }
}

#[test]
fn a_caller_that_is_not_known_may_nothing() {
    let unknown = CallerIdentity::Unknown("the calling process has ended".into());
    for policy in ALL_POLICIES {
        for request in [
            ProtectedRequest::Answer(Some(AnswerChannel::Terminal)),
            ProtectedRequest::Resume,
        ] {
            let refused = authorize(&unknown, request, policy);
            let refused = refused
                .expect_err("an unknown caller is refused")
                .to_string();
            assert!(
                refused.contains("the calling process has ended"),
                "{refused}"
            );
        }
    }
}

#[test]
fn a_process_of_a_session_may_nothing_whatever_it_is_and_the_settings_say() {
    for program in [PeerProgram::App, PeerProgram::Command, PeerProgram::Other] {
        let marked = PeerFacts {
            mark: Some(mark()),
            ..peer(program)
        };
        for said in [
            None,
            Some(AnswerChannel::Popover),
            Some(AnswerChannel::Terminal),
        ] {
            let refused = Err(AuthorizationRefusal::MarkedAnswer(mark()));
            assert_eq!(outcomes(&marked, said), [(); 4].map(|()| refused.clone()));
        }
        let caller = CallerIdentity::Process(Box::new(marked));
        let refused = authorize(&caller, ProtectedRequest::Resume, ALL_POLICIES[3]);
        assert_eq!(refused, Err(AuthorizationRefusal::MarkedResume(mark())));
    }
    let told = AuthorizationRefusal::MarkedAnswer(mark()).to_string();
    assert_eq!(
        told,
        "this shell was started by session api, pid 20; answer in the popover or in another \
         terminal"
    );
}

#[test]
fn anybody_else_may_resume_without_a_terminal() {
    for program in [PeerProgram::App, PeerProgram::Command, PeerProgram::Other] {
        let facts = PeerFacts {
            terminal: None,
            ..peer(program)
        };
        let caller = CallerIdentity::Process(Box::new(facts));
        for policy in ALL_POLICIES {
            assert!(authorize(&caller, ProtectedRequest::Resume, policy).is_ok());
        }
    }
}

#[test]
fn an_app_that_follows_may_answer_in_its_popover_and_its_notifications() {
    let following = PeerFacts {
        terminal: None,
        ..peer(PeerProgram::App)
    };
    for (said, expected) in [
        (None, AnswerChannel::Popover),
        (Some(AnswerChannel::Popover), AnswerChannel::Popover),
        (
            Some(AnswerChannel::Notification),
            AnswerChannel::Notification,
        ),
        // The app has no terminal, so that its claim of one is not believed.
        (Some(AnswerChannel::Terminal), AnswerChannel::Popover),
    ] {
        assert_eq!(outcomes(&following, said), [(); 4].map(|()| Ok(expected)));
    }
}

#[test]
fn trusty_may_after_a_letter_typed_in_a_terminal_of_the_user() {
    use AnswerChannel::{Program, Terminal};
    use AuthorizationRefusal as Refusal;
    let typed = Some(Terminal);
    let command = peer(PeerProgram::Command);
    let disabled = || Err(Refusal::TerminalsDisabled);
    let expected = [disabled(), Ok(Terminal), Ok(Program), Ok(Terminal)];
    assert_eq!(outcomes(&command, typed), expected);

    let without = |refusal: Refusal| [disabled(), Err(refusal), Ok(Program), Ok(Program)];
    for said in [None, Some(AnswerChannel::Popover), Some(Program)] {
        assert_eq!(outcomes(&command, said), without(Refusal::Unconfirmed));
    }
    let no_terminal = PeerFacts {
        terminal: None,
        ..command.clone()
    };
    assert_eq!(outcomes(&no_terminal, typed), without(Refusal::NoTerminal));
    let background = PeerFacts {
        terminal: Some(PeerTerminal {
            foreground: false,
            ..terminal()
        }),
        ..command.clone()
    };
    assert_eq!(outcomes(&background, typed), without(Refusal::Background));
    let operated_by = |operator: TerminalOperator| PeerFacts {
        terminal: Some(PeerTerminal {
            operator,
            ..terminal()
        }),
        ..command.clone()
    };
    let tty = || "/dev/pts/7".to_owned();
    let operated = operated_by(TerminalOperator::Marked(mark()));
    let refusal = Refusal::OperatedTerminal {
        tty: tty(),
        mark: mark(),
    };
    assert_eq!(outcomes(&operated, typed), without(refusal));
    let unknown = operated_by(TerminalOperator::Unknown("permission denied".into()));
    let refusal = Refusal::UnknownOperator {
        tty: tty(),
        reason: "permission denied".into(),
    };
    assert_eq!(outcomes(&unknown, typed), without(refusal));
}

#[test]
fn other_programs_may_only_if_the_settings_say_so() {
    let other = peer(PeerProgram::Other);
    for said in [
        None,
        Some(AnswerChannel::Terminal),
        Some(AnswerChannel::Popover),
    ] {
        let refused = || Err(AuthorizationRefusal::Programs);
        let allowed = || Ok(AnswerChannel::Program);
        let expected = [refused(), refused(), allowed(), allowed()];
        assert_eq!(outcomes(&other, said), expected);
    }
}

#[test]
fn what_runs_nothing_needs_no_authorization() {
    let needs = |answer: &Answer| ProtectedRequest::from_answer(answer, None).is_some();
    assert!(needs(&Answer::Allow {}));
    assert!(needs(&Answer::Always { suggestion: 0 }));
    assert!(needs(&Answer::Choose { answers: vec![] }));
    assert!(!needs(&Answer::Deny { message: None }));
    assert!(!needs(&Answer::Stop { message: None }));
    assert!(!needs(&Answer::Release {}));
    let blank = || Some(" \n".to_owned());
    assert!(!needs(&Answer::Deny { message: blank() }));
    assert!(!needs(&Answer::Stop { message: blank() }));
}

#[test]
fn a_denial_with_a_message_is_not_for_processes_of_sessions_nor_for_unknown_ones() {
    use AnswerChannel::{Notification, Popover, Program, Terminal};
    let message = || Some("run `make install` instead".to_owned());
    for answer in [
        Answer::Deny { message: message() },
        Answer::Stop { message: message() },
    ] {
        let decided = |caller: &CallerIdentity, said, policy| {
            let request =
                ProtectedRequest::from_answer(&answer, said).expect("a protected request");
            authorize(caller, request, policy)
        };
        for policy in ALL_POLICIES {
            for program in [PeerProgram::App, PeerProgram::Command, PeerProgram::Other] {
                let marked = PeerFacts {
                    mark: Some(mark()),
                    ..peer(program)
                };
                let caller = CallerIdentity::Process(Box::new(marked));
                let refusal = AuthorizationRefusal::MarkedDenyMessage(mark());
                assert_eq!(decided(&caller, Some(Terminal), policy), Err(refusal));
            }
            let unknown = CallerIdentity::Unknown("the calling process has ended".into());
            assert!(decided(&unknown, None, policy).is_err());
            // Any other program may, as without a message.
            for (program, said, expected) in [
                (PeerProgram::App, Notification, Notification),
                (PeerProgram::Command, Terminal, Terminal),
                (PeerProgram::Other, Popover, Program),
            ] {
                let caller = CallerIdentity::Process(Box::new(peer(program)));
                assert_eq!(decided(&caller, Some(said), policy), Ok(expected));
            }
            let own = CallerIdentity::OwnFace(Popover);
            assert_eq!(decided(&own, None, policy), Ok(Popover));
        }
    }
    assert_eq!(
        AuthorizationRefusal::MarkedDenyMessage(mark()).to_string(),
        "this shell was started by session api, pid 20, and Claude Code reads the message of a \
         denial as yours; deny without a message, or answer in the popover or in another terminal"
    );
}

#[test]
fn what_anybody_may_answer_is_said_to_be_given_where_the_caller_can_have_been() {
    use AnswerChannel::{Notification, Popover, Program, Terminal};
    let told = |facts: &PeerFacts, said| {
        let caller = CallerIdentity::Process(Box::new(facts.clone()));
        caller.author(caller.unprotected_channel(said))
    };
    let command = peer(PeerProgram::Command);
    let author = told(&command, Some(Terminal));
    assert_eq!(author.channel, Terminal);
    assert_eq!(author.pid, Some(40));
    assert_eq!(author.tty.as_deref(), Some("/dev/pts/7"));
    assert_eq!(author.session, None);
    assert_eq!(told(&command, None).channel, Program);
    let alone = PeerFacts {
        terminal: None,
        ..command.clone()
    };
    assert_eq!(told(&alone, Some(Terminal)).channel, Program);
    let app = peer(PeerProgram::App);
    assert_eq!(told(&app, Some(Notification)).channel, Notification);
    assert_eq!(told(&app, None).channel, Popover);
    assert_eq!(
        told(&peer(PeerProgram::Other), Some(Popover)).channel,
        Program
    );
    let marked = PeerFacts {
        mark: Some(mark()),
        ..command
    };
    let author = told(&marked, Some(Terminal));
    assert_eq!(
        (author.channel, author.session),
        (Program, Some(id(CLIENT_PID)))
    );
    let own = CallerIdentity::OwnFace(Notification);
    assert_eq!(own.unprotected_channel(None), Notification);
    let unknown = CallerIdentity::Unknown("gone".into());
    assert_eq!(unknown.unprotected_channel(Some(Terminal)), Program);
}

#[test]
fn the_words_of_a_channel_are_those_of_the_wire() {
    for channel in [
        AnswerChannel::Popover,
        AnswerChannel::Notification,
        AnswerChannel::Terminal,
        AnswerChannel::Program,
    ] {
        assert_eq!(AnswerChannel::from_word(channel.as_str()), Some(channel));
        let json = serde_json::to_value(channel).expect("JSON");
        assert_eq!(json, channel.as_str());
    }
    assert_eq!(AnswerChannel::from_word("app"), None);
}
