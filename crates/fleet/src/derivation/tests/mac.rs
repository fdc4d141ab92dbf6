//! Sessions on macOS, whose registry files give the start of the process as a second.

use super::*;

/// 2026-09-13 15:22:36.123456 UTC in microseconds.
const MAC_START: u64 = 1_789_312_956_123_456;
const MAC_SECOND: i64 = 1_789_312_956;
const VERSION_PATH: &str = "/Users/dev/.local/share/claude/versions/2.1.330";
const UNKNOWN_PATH: &str = "/Users/dev/tools/cc";

fn mac() -> MachineIdentity {
    MachineIdentity {
        host: None,
        pid_namespace: None,
        ..machine()
    }
}

/// A process of this role and a file about it with this start time.
fn facts(role: ProcessRole, start: Option<ProcStart>) -> Vec<(i64, Fact)> {
    let mut process = process(1, MAC_START);
    process.role = role;
    process.config_dir = Some(file(1).dir);
    process.exe = Some(match role {
        ProcessRole::Other => UNKNOWN_PATH.into(),
        _ => VERSION_PATH.into(),
    });
    let entry = RegistryEntry {
        proc_start: start,
        started_at: Some(at(1_400)),
        pid_domain: Some("darwin".into()),
        ..entry(7, "busy", "")
    };
    vec![
        (0, Fact::Process(Box::new(process))),
        (900, Fact::Registry(file(1), Box::new(entry))),
    ]
}

/// The sessions, each with the reason why it is unconfirmed.
fn listed(machine: MachineIdentity, facts: Vec<(i64, Fact)>) -> String {
    let mut fleet = Fleet::new(machine);
    for (ms, fact) in facts {
        fleet.handle_observation(Observation { at: at(ms), fact });
    }
    let sessions = fleet.snapshot(at(60_000)).sessions;
    let unconfirmed = sessions.iter().any(|s| s.unconfirmed.is_some());
    let words = told(&fleet, 60_000);
    if unconfirmed {
        format!("{words} unconfirmed")
    } else {
        words
    }
}

#[test]
fn a_session_that_lives_is_listed_whatever_form_its_start_time_has() {
    use ProcessRole::{Interactive, Other};
    for (role, start, expected) in [
        (
            Interactive,
            Some(ProcStart::Second(MAC_SECOND)),
            "Active Working",
        ),
        (
            Other,
            Some(ProcStart::Second(MAC_SECOND)),
            "Active Working unconfirmed",
        ),
        (
            Interactive,
            Some(ProcStart::Ticks(MAC_START)),
            "Active Working",
        ),
        // Local time, a unit nobody knows, a text in another language.
        (
            Interactive,
            Some(ProcStart::Second(MAC_SECOND + 7_200)),
            "Active Working inferred",
        ),
        (
            Interactive,
            Some(ProcStart::Ticks(93_930)),
            "Active Working inferred",
        ),
        (
            Interactive,
            Some(ProcStart::Unreadable),
            "Active Working inferred",
        ),
        (
            Other,
            Some(ProcStart::Unreadable),
            "Active Working inferred unconfirmed",
        ),
        (
            Other,
            Some(ProcStart::Ticks(93_930)),
            "Active Working inferred unconfirmed",
        ),
        // Versions that write none.
        (Interactive, None, "Active Working"),
        (Other, None, "Active Working unconfirmed"),
    ] {
        let story = format!("{role:?} {start:?}");
        assert_eq!(listed(mac(), facts(role, start)), expected, "{story}");
    }
}

#[test]
fn a_file_of_an_earlier_process_is_disbelieved() {
    let other_second = Some(ProcStart::Second(MAC_SECOND - 60));
    let told = |role, start| listed(mac(), facts(role, start));
    assert_eq!(told(ProcessRole::Other, other_second), "");
    let client = told(ProcessRole::Interactive, other_second);
    assert_eq!(client, "Active unknown", "a client without a file");
    // Without a comparable time, the file must be younger than the process.
    for start in [None, Some(ProcStart::Unreadable)] {
        for started_at in [None, Some(at(-60_000))] {
            let mut facts = facts(ProcessRole::Other, start);
            if let Fact::Registry(_, entry) = &mut facts[1].1 {
                entry.started_at = started_at;
            }
            assert_eq!(listed(mac(), facts), "", "{start:?} {started_at:?}");
        }
    }
}

#[test]
fn files_of_the_other_system_in_a_shared_home_are_not_ours() {
    let with_domain = |domain: &str, start: ProcStart, process_start: u64| {
        let mut facts = facts(ProcessRole::Other, Some(start));
        if let Fact::Registry(_, entry) = &mut facts[1].1 {
            entry.pid_domain = Some(domain.into());
        }
        if let Fact::Process(process) = &mut facts[0].1 {
            process.key.start = StartTime(process_start);
        }
        facts
    };
    // A container writes into the Mac's `~/.claude`, and the other way round.
    let container = "linux:x:pid:[1]";
    let on_mac = with_domain(container, ProcStart::Unreadable, MAC_START);
    assert_eq!(listed(mac(), on_mac), "");
    let on_linux = with_domain("darwin", ProcStart::Second(MAC_SECOND), 7);
    assert_eq!(listed(machine(), on_linux), "");
    let own = with_domain("darwin", ProcStart::Second(MAC_SECOND), MAC_START);
    assert_eq!(listed(mac(), own), "Active Working unconfirmed");
}
