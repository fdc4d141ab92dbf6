//! What only macOS has, from Apple's own programs. Type-checked on Linux, not yet run on a Mac; what
//! the programs print is decoded by pure functions.

use crate::format::{MacFacts, ReportedConsent, ReportedScreen};
use serde_json::Value;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use trusty_fleet::jump::{ConsentAnswer, scripted_bundles};
use trusty_fleet::terminal::outermost_bundle;
use trusty_platform::automation_permission::{PermissionPrompt, determine_permission};
use trusty_platform::run::{ChildEnvironment, ProgramOutput, RunLimits, run_bounded};

/// How long a program may take that only reads a file.
pub(super) const FACT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the list of displays may take; 1 to 3 s are usual.
const DISPLAY_TIMEOUT: Duration = Duration::from_secs(15);
/// The most bytes that a program may print.
const MAX_PRINTED_BYTES: u64 = 1 << 20;

/// Reads all facts; one that cannot be read is named.
pub(super) async fn read_mac_facts() -> MacFacts {
    let mut facts = MacFacts::default();
    let program = std::env::current_exe().unwrap_or_default();
    facts.bundle = outermost_bundle(&program).map(|bundle| super::text(&bundle.path));
    match run_whole(
        "/usr/bin/codesign",
        &["-dvv".as_ref(), program.as_os_str()],
        FACT_TIMEOUT,
    )
    .await
    {
        Ok(ran) => {
            // codesign writes what it found to standard error.
            let told = String::from_utf8_lossy(&ran.complaint).into_owned();
            facts.signature = told.lines().map(str::to_owned).collect();
        }
        Err(e) => facts.problems.push(format!("codesign: {e}")),
    }
    let displays = ["SPDisplaysDataType", "-json"];
    match run_program("/usr/sbin/system_profiler", &displays, DISPLAY_TIMEOUT).await {
        Ok(printed) => facts.screens = decode_screens(&printed),
        Err(e) => facts.problems.push(format!("system_profiler: {e}")),
    }
    match known_consents().await {
        Ok(answers) => {
            let (consents, problems) = decode_consents(answers);
            facts.consents = consents;
            facts.problems.extend(problems);
        }
        Err(e) => facts.problems.push(format!("consents: {e}")),
    }
    facts
}

/// What macOS answers for each app: a status of the Apple Event Manager.
type ConsentAnswers = Vec<(&'static str, io::Result<i32>)>;

/// What macOS knows of the user's consents; the user is asked nothing. On a thread of its own,
/// because nothing ends a call that macOS does not answer.
async fn known_consents() -> io::Result<ConsentAnswers> {
    let (send, told) = oneshot::channel();
    thread::Builder::new()
        .name("trusty-consent".into())
        .spawn(move || {
            let ask = |bundle| {
                (
                    bundle,
                    determine_permission(bundle, PermissionPrompt::Never),
                )
            };
            // The report no longer waits.
            let _ = send.send(scripted_bundles().map(ask).collect());
        })?;
    let told = timeout(FACT_TIMEOUT, told).await;
    told.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        .map_err(io::Error::other)
}

/// The consents in the answers of macOS, and the answers that are none.
fn decode_consents(answers: ConsentAnswers) -> (Vec<ReportedConsent>, Vec<String>) {
    let (mut consents, mut problems) = (Vec::new(), Vec::new());
    for (bundle, answer) in answers {
        let state = match answer.map(ConsentAnswer::from_status) {
            Ok(ConsentAnswer::Granted) => "granted",
            Ok(ConsentAnswer::Denied) => "denied",
            Ok(ConsentAnswer::Undecided) => "not asked",
            Ok(ConsentAnswer::NotRunning) => "not running",
            Ok(ConsentAnswer::Unknown(status)) => {
                problems.push(format!("consent for {bundle}: unknown status {status}"));
                continue;
            }
            Err(e) => {
                problems.push(format!("consent for {bundle}: {e}"));
                continue;
            }
        };
        consents.push(ReportedConsent {
            kind: "automation".to_owned(),
            application: Some(bundle.to_owned()),
            state: state.to_owned(),
        });
    }
    (consents, problems)
}

/// The standard output of a program.
pub(super) async fn run_program(
    program: &str,
    arguments: &[&str],
    time: Duration,
) -> Result<String, trusty_platform::checked_program::RunError> {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    let ran = run_whole(program, &arguments, time).await?;
    Ok(String::from_utf8_lossy(&ran.output).into_owned())
}

async fn run_whole(
    program: &str,
    arguments: &[&OsStr],
    time: Duration,
) -> Result<ProgramOutput, trusty_platform::checked_program::RunError> {
    let bounds = RunLimits {
        time,
        output: MAX_PRINTED_BYTES,
    };
    let environment = ChildEnvironment::OursWith(&[]);
    run_bounded(Path::new(program), arguments, environment, bounds).await
}

/// The screens in what `system_profiler SPDisplaysDataType -json` prints. The names of the displays
/// are left out: they may be a person's.
fn decode_screens(printed: &str) -> Vec<ReportedScreen> {
    let told: Value = serde_json::from_str(printed).unwrap_or_default();
    let cards = told["SPDisplaysDataType"].as_array();
    let displays = cards.into_iter().flatten();
    let displays = displays.filter_map(|card| card["spdisplays_ndrvs"].as_array());
    let mut screens: Vec<ReportedScreen> = displays
        .flatten()
        .map(|display| {
            let resolution = display["_spdisplays_resolution"].as_str();
            let pixels = display["_spdisplays_pixels"].as_str();
            let scale = resolution.and_then(width).zip(pixels.and_then(width));
            ReportedScreen {
                frame: None,
                resolution: resolution.map(str::to_owned),
                scale: scale.map(|(points, pixels)| pixels / points),
                main: display["spdisplays_main"].as_str() == Some("spdisplays_yes"),
            }
        })
        .collect();
    screens.sort_by_key(|screen| !screen.main);
    screens
}

/// The width in a text such as `1512 x 982 @ 120.00Hz`.
fn width(size: &str) -> Option<f64> {
    let width: f64 = size.split_whitespace().next()?.parse().ok()?;
    (width > 0.0).then_some(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_are_read_with_their_scale_and_without_their_names() {
        let printed = r#"{"SPDisplaysDataType": [{"_name": "Apple M2 Pro", "spdisplays_ndrvs": [
            {"_name": "Alice's Display", "_spdisplays_resolution": "2560 x 1440 @ 60.00Hz",
             "_spdisplays_pixels": "2560 x 1440"},
            {"_name": "Color LCD", "_spdisplays_resolution": "1512 x 982 @ 120.00Hz",
             "_spdisplays_pixels": "3024 x 1964", "spdisplays_main": "spdisplays_yes"}]}]}"#;
        let screens = decode_screens(printed);
        assert_eq!(screens[0].scale, Some(2.0));
        assert!(screens[0].main && !screens[1].main);
        assert_eq!(screens[1].scale, Some(1.0));
        assert_eq!(decode_screens("no JSON"), []);
        let odd = r#"{"SPDisplaysDataType": [{"spdisplays_ndrvs": [{"_spdisplays_pixels": "0 x 0",
            "_spdisplays_resolution": "0 x 0"}]}]}"#;
        assert_eq!(decode_screens(odd)[0].scale, None);
    }

    #[test]
    fn each_answer_of_macos_is_a_consent_or_a_named_problem() {
        let consent = |application: &str, state: &str| ReportedConsent {
            kind: "automation".into(),
            application: Some(application.into()),
            state: state.into(),
        };
        let (consents, problems) = decode_consents(vec![
            ("granted.app", Ok(0)),
            ("denied.app", Ok(-1743)),
            ("new.app", Ok(-1744)),
            ("closed.app", Ok(-600)),
            ("odd.app", Ok(-1712)),
            ("failed.app", Err(io::Error::other("no Apple Events here"))),
        ]);
        let expected = [
            consent("granted.app", "granted"),
            consent("denied.app", "denied"),
            consent("new.app", "not asked"),
            consent("closed.app", "not running"),
        ];
        assert_eq!(consents, expected);
        let expected = [
            "consent for odd.app: unknown status -1712",
            "consent for failed.app: no Apple Events here",
        ];
        assert_eq!(problems, expected);
    }
}
