use super::*;
use crate::format::{REPORT_FORMAT, REPORT_VERSION, ReportedHooksState, ReportedPlacement};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::SystemTime;
use trusty_fleet::System;

/// A report in which every text is `secret`, as a prompt where a prompt may stand, and else within a
/// path below the home.
fn report_full_of(home: &str, name: &str, prompt: &str) -> MachineReport {
    let path = format!("{home}/code/x");
    let own = || Some(path.clone());
    let process = ReportedProcess {
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
    };
    let content = json!({
        "cwd": path, "name": prompt, "goal": prompt, "deep": {"x": [prompt]},
        "tmux": format!("{prompt}:@1.%2"), "messagingSocketPath": format!("/tmp/{name}/7.sock"),
    });
    let folder = ReportedFolder {
        path: path.clone(),
        real_path: own(),
        problem: own(),
        registry: vec![
            ReportedFile {
                name: "7.json".to_owned(),
                content: Some(content),
                problem: own(),
            },
            ReportedFile {
                name: "8.json".to_owned(),
                content: Some(Value::from(prompt)),
                problem: None,
            },
        ],
        hooks: Some(ReportedHooks {
            state: ReportedHooksState::Broken,
            why: own(),
        }),
        ..ReportedFolder::default()
    };
    let server = ReportedServer {
        socket: path.clone(),
        program: own(),
        panes: vec![format!("%1 7 /dev/pts/1 @1 1 {prompt}"), prompt.to_owned()],
        problem: own(),
    };
    let health = ReportedHealth {
        source: "Tmux".to_owned(),
        subject: path.clone(),
        message: path.clone(),
    };
    let settings = ReportedSettings {
        file: path.clone(),
        config_dirs: vec![path.clone()],
        problems: vec![path.clone()],
        ..ReportedSettings::default()
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
        config_folders: vec![folder],
        processes: vec![process],
        tmux: vec![server],
        trusty: ReportedInstallation {
            program: own(),
            data_folder: own(),
            runtime_folder: own(),
            settings: Some(settings),
            engine: Some(ReportedEngine {
                version: own(),
                problem: own(),
                ..ReportedEngine::default()
            }),
            hook_program: own(),
            hook_program_problem: own(),
            listed: vec![ReportedRow {
                word: path.clone(),
                terminal: own(),
                ..ReportedRow::default()
            }],
            health: vec![health],
            ..ReportedInstallation::default()
        },
        watch_trial: Some(WatchTrial {
            problem: own(),
            ..WatchTrial::default()
        }),
        mac: Some(MacFacts {
            bundle: own(),
            signature: vec![path.clone()],
            screens: vec![ReportedScreen {
                resolution: own(),
                ..ReportedScreen::default()
            }],
            tray: Some(ReportedPlacement::default()),
            consents: vec![ReportedConsent {
                kind: path.clone(),
                application: own(),
                state: path.clone(),
            }],
            problems: vec![path.clone()],
        }),
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
fn equal_session_names_stay_equal_and_others_differ() {
    let user = UserIdentity::new(System::Linux, [], []);
    let mut redactor = ReportRedactor::new(user);
    let line = |name: &str| format!("%1 7 /dev/pts/1 @1 1 {name}");
    assert_eq!(redactor.pane_line(&line("secret")), line("session-1"));
    assert_eq!(redactor.pane_line(&line("a b")), line("session-2"));
    assert_eq!(redactor.pane_line(&line("secret")), line("session-1"));
    assert_eq!(redactor.pane_line("second line"), "[redacted 11]");
}
