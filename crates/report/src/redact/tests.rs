use super::*;
use crate::format::{REPORT_FORMAT, REPORT_VERSION, ReportedHooksState, ReportedPlacement};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::SystemTime;
use trusty_fleet::System;

/// A process in which every text is a secret.
fn process_full_of(home: &str, name: &str, prompt: &str) -> ReportedProcess {
    let own = || Some(format!("{home}/code/x"));
    ReportedProcess {
        pid: 7,
        name: Some(name.to_owned()),
        exec_path: own(),
        real_path: own(),
        exec_target: own(),
        argv: Some(vec![
            format!("{home}/.local/bin/claude"),
            prompt.to_owned(),
            "-p".to_owned(),
            prompt.to_owned(),
            format!("--name={prompt}"),
            name.to_owned(),
        ]),
        folder: own(),
        project: own(),
        tty: Some(format!("/dev/{name}")),
        environment: Some(BTreeMap::from([
            ("HOME".to_owned(), home.to_owned()),
            ("API_TOKEN".to_owned(), prompt.to_owned()),
            ("TMUX".to_owned(), format!("/tmp/{name}/default,1,0")),
        ])),
        hooks_disabled_in: own(),
        ..ReportedProcess::default()
    }
}

fn folder_full_of(path: &str, name: &str, prompt: &str) -> ReportedFolder {
    let own = || Some(path.to_owned());
    let content = json!({
        "cwd": path, "name": prompt, "goal": prompt, "deep": {"x": [prompt]},
        "tmux": format!("{prompt}:@1.%2"), "messagingSocketPath": format!("/tmp/{name}/7.sock"),
    });
    let file = |name: &str, content: Value| ReportedFile {
        name: name.to_owned(),
        content: Some(content),
        problem: own(),
    };
    ReportedFolder {
        path: path.to_owned(),
        real_path: own(),
        problem: own(),
        registry: vec![file("7.json", content), file("8.json", prompt.into())],
        hooks: Some(ReportedHooks {
            state: ReportedHooksState::Broken,
            why: own(),
        }),
        ..ReportedFolder::default()
    }
}

fn installation_full_of(path: &str) -> ReportedInstallation {
    let own = || Some(path.to_owned());
    ReportedInstallation {
        program: own(),
        data_folder: own(),
        runtime_folder: own(),
        settings: Some(ReportedSettings {
            file: path.to_owned(),
            config_dirs: vec![path.to_owned()],
            problems: vec![path.to_owned()],
            ..ReportedSettings::default()
        }),
        engine: Some(ReportedEngine {
            version: own(),
            problem: own(),
            ..ReportedEngine::default()
        }),
        hook_program: own(),
        hook_program_problem: own(),
        listed: vec![ReportedRow {
            word: path.to_owned(),
            terminal: own(),
            ..ReportedRow::default()
        }],
        health: vec![ReportedHealth {
            source: "Tmux".to_owned(),
            subject: path.to_owned(),
            message: path.to_owned(),
        }],
        ..ReportedInstallation::default()
    }
}

fn mac_full_of(path: &str) -> MacFacts {
    let own = || Some(path.to_owned());
    MacFacts {
        bundle: own(),
        signature: vec![path.to_owned()],
        screens: vec![ReportedScreen {
            resolution: own(),
            ..ReportedScreen::default()
        }],
        tray: Some(ReportedPlacement::default()),
        consents: vec![ReportedConsent {
            kind: path.to_owned(),
            application: own(),
            state: path.to_owned(),
        }],
        problems: vec![path.to_owned()],
    }
}

/// A report in which every text is a secret: a prompt where a prompt may stand, and else a path
/// below the home, or the user's name.
fn report_full_of(home: &str, name: &str, prompt: &str) -> MachineReport {
    let path = format!("{home}/code/x");
    let own = || Some(path.clone());
    let server = ReportedServer {
        socket: path.clone(),
        program: own(),
        panes: vec![format!("%1 7 /dev/pts/1 @1 1 {prompt}"), prompt.to_owned()],
        problem: own(),
    };
    MachineReport {
        format: REPORT_FORMAT.to_owned(),
        version: REPORT_VERSION,
        made_by: Some("trusty 1".to_owned()),
        source: own(),
        taken_at: SystemTime::UNIX_EPOCH,
        machine: ReportedMachine {
            system: System::Mac,
            release: own(),
            build: own(),
            kernel: own(),
            architecture: own(),
            uid: 1,
            boot: "b".to_owned(),
            uptime_millis: 0,
            pid_namespace: None,
        },
        home: home.to_owned(),
        variables: BTreeMap::from([("PATH".to_owned(), format!("/bin:{home}/bin"))]),
        config_folders: vec![folder_full_of(&path, name, prompt)],
        processes: vec![process_full_of(home, name, prompt)],
        tmux: vec![server],
        trusty: installation_full_of(&path),
        watch_trial: Some(WatchTrial {
            problem: own(),
            ..WatchTrial::default()
        }),
        mac: Some(mac_full_of(&path)),
    }
}

/// All texts of a report.
fn texts_of(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| texts_of(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

proptest! {
    #[test]
    fn neither_home_nor_name_nor_prompt_survives(
        part in "[a-z]{3,8}", name in "[A-Za-z][a-z0-9]{2,8}", prompt in "[A-Z]{3}[ -~]{9,40}",
    ) {
        let home = format!("/data/{part}q/{name}q");
        let user = UserIdentity::new(System::Mac, [home.clone()], [format!("{name}z")]);
        let report = report_full_of(&home, &format!("{name}z"), &prompt);
        let redacted = ReportRedactor::new(user).apply(report);
        let mut texts = Vec::new();
        texts_of(&serde_json::to_value(&redacted).expect("JSON"), &mut texts);
        prop_assert!(texts.len() > 40, "{texts:?}");
        for text in &texts {
            let text = text.to_ascii_lowercase();
            for secret in [&home, &format!("{name}q"), &format!("{name}z"), &prompt] {
                let secret = secret.to_ascii_lowercase();
                prop_assert!(!text.contains(&secret), "{secret:?} in {text:?}");
            }
        }
    }
}

#[test]
fn the_certificate_of_a_developer_tells_no_name() {
    let redactor = ReportRedactor::new(UserIdentity::new(System::Mac, [], []));
    for (line, kept) in [
        (
            "Authority=Apple Development: alice@example.com (A1B2C3D4E5)",
            "Authority=Apple Development: [redacted 30]",
        ),
        ("Authority=Apple Root CA", "Authority=Apple Root CA"),
        ("Signature=adhoc", "Signature=adhoc"),
    ] {
        assert_eq!(redactor.signature_line(line), kept);
    }
}

#[test]
fn equal_session_names_stay_equal_and_others_differ() {
    let user = UserIdentity::new(System::Linux, [], []);
    let mut redactor = ReportRedactor::new(user);
    let line = |name: &str| format!("%1 7 /dev/pts/1 @1 1 {name}");
    assert_eq!(redactor.pane_line(&line("secret")), line("session-1"));
    assert_eq!(redactor.pane_line(&line("a b")), line("session-2"));
    assert_eq!(redactor.pane_line(&line("secret")), line("session-1"));
    assert_eq!(redactor.pane_line("second line"), "[redacted 11]");
}
