//! Discovery on a Mac made of values.

use super::test_machine::{TestMac, program};
use super::*;
use std::path::{Path, PathBuf};
use trusty_fleet::observation::{ConfigFolder, RunState, StopSignal};
use trusty_fleet::terminal::terminal_app;

const VERSION_PATH: &str = "/Users/dev/.local/share/claude/versions/2.1.330";
const LINK_PATH: &str = "/Users/dev/.local/bin/claude";
const TERMINAL_PATH: &str = "/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal";

fn scope() -> ProcessScope {
    ProcessScope {
        uid: 501,
        confinement: Confinement::Confined,
        home: "/Users/dev".into(),
        config_dirs: BTreeSet::new(),
    }
}

/// Terminal, login, a login shell, and the client that the shell started by its link.
fn terminal_app_with_client() -> TestMac {
    let mut mac = TestMac::default();
    mac.start(
        400,
        1,
        100,
        program(TERMINAL_PATH, TERMINAL_PATH, &[TERMINAL_PATH]),
    );
    let login = program("/usr/bin/login", "/usr/bin/login", &["login", "-pf", "dev"]);
    mac.start(410, 400, 110, login);
    mac.start(411, 410, 110, program("/bin/zsh", "/bin/zsh", &["-zsh"]));
    mac.start(420, 411, 200, program(VERSION_PATH, LINK_PATH, &["claude"]));
    for pid in [410, 411] {
        let process = mac.processes.get_mut(&pid).expect("there");
        // Code signing restricts both.
        process.environment.clear();
    }
    mac.processes.get_mut(&410).expect("there").stat.uid = 0;
    mac
}

fn source(mac: TestMac) -> ProcessSource<TestMac> {
    ProcessSource::with_reader(mac, scope(), TestMac::clock())
}

fn described(facts: &[Fact]) -> Vec<&ProcessFacts> {
    let facts = facts.iter().filter_map(|fact| match fact {
        Fact::Process(facts) => Some(facts.as_ref()),
        _ => None,
    });
    facts.collect()
}

#[test]
fn a_client_that_a_shell_started_by_its_link_is_found() {
    let mut processes = source(terminal_app_with_client());
    let facts = processes.scan_all();
    let found = described(&facts);
    let [client] = found[..] else {
        panic!("one client: {found:?}");
    };
    assert_eq!(client.key.pid, 420);
    assert_eq!(client.role, ProcessRole::Interactive);
    assert_eq!(client.exe.as_deref(), Some(Path::new(VERSION_PATH)));
    assert_eq!(client.tty.as_deref(), Some("/dev/ttys003"));
    assert_eq!(
        client.cwd.as_deref(),
        Some(Path::new("/Users/dev/code/api"))
    );
    assert_eq!(client.config_dir, Some(PathBuf::from("/Users/dev/.claude")));
    assert!(matches!(client.config_folder, ConfigFolder::Found(_)));
    let pids: Vec<u32> = client.ancestors.iter().map(|a| a.pid).collect();
    assert_eq!(pids, [411, 410, 400]);
    assert_eq!(terminal_app(&client.ancestors), Some("Terminal"));
    assert_eq!(described(&processes.scan_all()).len(), 0, "reported once");
}

#[test]
fn the_start_of_a_process_does_not_move_with_the_clocks() {
    let mut processes = source(terminal_app_with_client());
    let stat = processes.machine().processes[&420].stat;
    let mut started = || {
        let facts = processes.describer.describe(420, &stat).expect("it runs");
        facts.started_at
    };
    assert_eq!(started(), started());
}

#[test]
fn a_reused_pid_has_a_start_of_its_own() {
    let mut processes = source(terminal_app_with_client());
    let stat = processes.machine().processes[&420].stat;
    let first = processes.describer.describe(420, &stat).expect("it runs");
    let mut mac = terminal_app_with_client();
    mac.start(420, 411, 300, program(VERSION_PATH, LINK_PATH, &["claude"]));
    processes.describer.replace_machine(mac);
    let stat = processes.machine().processes[&420].stat;
    let second = processes.describer.describe(420, &stat).expect("it runs");
    assert!(second.started_at > first.started_at);
}

#[test]
fn a_command_of_a_client_is_no_client_though_it_is_a_copy_of_it() {
    let mut mac = terminal_app_with_client();
    mac.start(430, 420, 210, program(VERSION_PATH, LINK_PATH, &["claude"]));
    let facts = source(mac).scan_all();
    let pids: Vec<u32> = described(&facts).iter().map(|f| f.key.pid).collect();
    assert_eq!(pids, [420]);
}

#[test]
fn a_client_stopped_by_ctrl_z_is_known_by_the_number_of_its_system() {
    let mut mac = terminal_app_with_client();
    mac.processes.get_mut(&420).expect("there").stat.stopped = Some(18);
    let facts = source(mac).scan_all();
    let state = described(&facts)[0].pulse.state;
    assert_eq!(state, RunState::Stopped(StopSignal::Keyboard));
}

#[test]
fn usage_is_the_share_of_one_processor_between_two_samples() {
    let mut meter = UsageMeter::default();
    let mut mac = terminal_app_with_client();
    mac.start(
        430,
        420,
        210,
        program("/bin/sleep", "/bin/sleep", &["sleep"]),
    );
    let begun = clock::instant();
    let at = |millis| begun + Duration::from_millis(millis);
    let first = meter.measure(&mac, [420].into_iter(), at(0));
    assert_eq!((first[&420].cpu, first[&420].rss), (0.0, 2 << 20));
    for (pid, millis) in [(420, 500), (430, 250)] {
        let process = mac.processes.get_mut(&pid).expect("there");
        process.usage.cpu_time = Duration::from_millis(millis);
    }
    let second = meter.measure(&mac, [420].into_iter(), at(1_000));
    assert!((second[&420].cpu - 75.0).abs() < 0.1, "{second:?}");
    // Too soon to tell anything else.
    let third = meter.measure(&mac, [420].into_iter(), at(1_050));
    assert!((third[&420].cpu - 75.0).abs() < 0.1, "{third:?}");
    let idle = meter.measure(&mac, [420].into_iter(), at(3_000));
    assert!(idle[&420].cpu.abs() < 0.1, "{idle:?}");
}

#[test]
fn a_client_in_node_is_found_by_its_title_and_its_server_by_its_environment() {
    let mut mac = terminal_app_with_client();
    let node = program(
        "/opt/homebrew/Cellar/node/24.1.0/bin/node",
        "/opt/homebrew/bin/node",
        &["claude"],
    );
    mac.start(420, 411, 200, node);
    let environment = &mut mac.processes.get_mut(&420).expect("there").environment;
    environment.push(("TMUX".into(), "/private/tmp/tmux-501/default,7,0".into()));
    let facts = source(mac).scan_all();
    let client = described(&facts)[0];
    assert_eq!(client.role, ProcessRole::Interactive);
    let socket = client.tmux_socket.as_deref();
    assert_eq!(socket, Some(Path::new("/private/tmp/tmux-501/default")));
}

#[test]
fn a_client_whose_file_an_update_removed_is_one_still() {
    let mut mac = terminal_app_with_client();
    let new = "/Users/dev/.local/share/claude/versions/2.1.331";
    let removed = &mut mac.processes.get_mut(&420).expect("there").program;
    removed.real_path = None;
    removed.exec_target = Some(new.into());
    let facts = source(mac).scan_all();
    let client = described(&facts)[0];
    assert_eq!(client.role, ProcessRole::Interactive);
    assert_eq!(client.exe.as_deref(), Some(Path::new(new)));
}
