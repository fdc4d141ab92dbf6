//! The user's settings, as they are edited: what counts at once, and what is wrong in them.

use super::watch::{SourceWatcher, WatchEvent};
use super::{ObservationSender, Shutdown};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::{Receiver, Sender};
use trusty_fleet::Fact;
use trusty_fleet::authorization::AnswerPolicy;
use trusty_fleet::observation::{ControlPreferences, HealthKey};
use trusty_fleet::session::Source;
use trusty_platform::clock;
use trusty_records::settings::Settings;
use trusty_wire::environment::Environment;

/// An editor empties a file before it writes it, or puts another in its place.
const EDITOR_WRITE_DELAY: Duration = Duration::from_millis(100);
/// What says nothing any more is looked at again after this, before all that it said is forgotten.
const EMPTIED_FILE_DELAY: Duration = Duration::from_secs(1);
/// How often a folder is looked at that cannot be watched.
const SETTINGS_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Reads the settings at each change, until nobody wants to know them any more.
pub async fn follow_settings_file(env: Environment, settings: Sender<Arc<Settings>>) -> Shutdown {
    let mut watch = SourceWatcher::new(Source::Settings);
    loop {
        // What changes between the look and the watch is found by looking again.
        while watch.set_folders(folders(&env.settings_file())) {
            refresh_settings(&env, &settings).await;
        }
        refresh_settings(&env, &settings).await;
        let rest = watch.is_blind().then_some(SETTINGS_POLL_INTERVAL);
        tokio::select! {
            () = wait_for_change(&env, &mut watch, rest) => {}
            () = settings.closed() => return Shutdown,
        }
    }
}

async fn refresh_settings(env: &Environment, settings: &Sender<Arc<Settings>>) {
    let read = || Settings::read_after(&settings.borrow(), env);
    let mut read_now = read();
    if read_now.is_blank() && !settings.borrow().is_blank() {
        clock::sleep(EMPTIED_FILE_DELAY).await;
        read_now = read();
    }
    settings.send_if_modified(|known| {
        let new = **known != read_now;
        if new {
            *known = Arc::new(read_now);
        }
        new
    });
}

/// Its folder, and that of the file it may be a link to.
fn folders(file: &Path) -> impl Iterator<Item = PathBuf> {
    let real = fs::canonicalize(file).ok();
    let parent = |path: &Path| path.parent().map(Path::to_path_buf);
    let real = real.as_deref().and_then(parent);
    parent(file).into_iter().chain(real)
}

/// Returns when it is time to look again.
async fn wait_for_change(env: &Environment, watch: &mut SourceWatcher, rest: Option<Duration>) {
    let file = env.settings_file();
    let real = fs::canonicalize(&file).ok();
    let concerns = |path: &Path| path == file || Some(path) == real.as_deref();
    let timer = clock::sleep(rest.unwrap_or_default());
    tokio::pin!(timer);
    loop {
        tokio::select! {
            noticed = watch.next() => match noticed {
                WatchEvent::Path(path) if !concerns(&path) => {}
                WatchEvent::Path(_) | WatchEvent::Anything => return clock::sleep(EDITOR_WRITE_DELAY).await,
            },
            () = &mut timer, if rest.is_some() => return,
        }
    }
}

/// What the settings wish, what is wrong in them, and what they allow that the user should know.
/// Who may answer is as it was when the engine started: a session that edits the file gains nothing.
pub fn settings_facts(file: &Path, policy: AnswerPolicy, settings: &Settings) -> Vec<Fact> {
    let health = |subject: String| HealthKey {
        source: Source::Settings,
        subject,
    };
    let mut problems: Vec<String> = settings.problem().into_iter().collect();
    if settings.answer_policy != policy {
        problems.push(RESTART_NEEDED_MESSAGE.to_owned());
    }
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    let preferences = ControlPreferences {
        programs: policy.programs,
        ..settings.preferences
    };
    let programs = policy.programs.then(|| PROGRAMS_ANSWER_MESSAGE.to_owned());
    vec![
        Fact::Preferences(preferences),
        Fact::Health(health(file.display().to_string()), problem),
        Fact::Health(health("answers.programs".to_owned()), programs),
    ]
}

const RESTART_NEEDED_MESSAGE: &str = "the settings `programs` and `terminal` under [answers] were changed; \
                          restart Trusty Bar to apply them";
const PROGRAMS_ANSWER_MESSAGE: &str = "programs may approve and answer; to prevent that, set `programs = \
                               false` under [answers] in settings.toml and restart Trusty Bar";

/// Tells what the settings wish, and what is wrong in them, as they change.
pub async fn run_settings_source(
    file: PathBuf,
    policy: AnswerPolicy,
    mut settings: Receiver<Arc<Settings>>,
    out: ObservationSender,
) -> Shutdown {
    while settings.changed().await.is_ok() {
        let now = Arc::clone(&settings.borrow_and_update());
        if let Err(ended) = out.send(settings_facts(&file, policy, &now)).await {
            return ended;
        }
    }
    Shutdown
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tokio::sync::watch;
    use trusty_fleet::observation::{PauseOrder, ToolPausePolicy};

    async fn wait_for_settings(
        settings: &mut Receiver<Arc<Settings>>,
        rule: impl Fn(&Settings) -> bool,
    ) {
        let long = Duration::from_secs(30);
        let seen = settings.wait_for(|s| rule(s));
        let seen = tokio::time::timeout(long, seen).await;
        seen.expect("in time").expect("the settings follow");
    }

    #[test]
    fn who_may_answer_is_as_it_was_at_the_start_and_a_change_says_so() {
        let file = Path::new("/home/dev/settings.toml");
        let told = |policy: AnswerPolicy, text: &str| {
            let settings = Settings::parse(text, Path::new("/home/dev"));
            let mut programs = None;
            let mut problems = Vec::new();
            for fact in settings_facts(file, policy, &settings) {
                match fact {
                    Fact::Preferences(preferences) => programs = Some(preferences.programs),
                    Fact::Health(key, problem) => problems.push((key.subject, problem)),
                    other => panic!("{other:?}"),
                }
            }
            problems.retain(|(_, problem)| problem.is_some());
            let subjects = problems.into_iter().map(|(subject, _)| subject);
            (programs, subjects.collect::<Vec<_>>())
        };
        let usual = AnswerPolicy::default();
        let open = AnswerPolicy {
            programs: true,
            ..usual
        };
        let named = file.display().to_string();
        let programs = "[answers]\nprograms = true\n";
        assert_eq!(told(usual, ""), (Some(false), vec![]));
        assert_eq!(told(usual, programs), (Some(false), vec![named.clone()]));
        let answers = "answers.programs".to_owned();
        assert_eq!(told(open, programs), (Some(true), vec![answers.clone()]));
        assert_eq!(told(open, ""), (Some(true), vec![named, answers]));
    }

    #[tokio::test]
    async fn what_is_edited_counts_and_what_is_broken_does_not() {
        let home = tempfile::tempdir().expect("folder");
        let env = Environment {
            home: home.path().to_path_buf(),
            ..Environment::default()
        };
        let (send, mut settings) = watch::channel(Arc::default());
        let following = tokio::spawn(follow_settings_file(env.clone(), send));
        let file = env.settings_file();
        fs::create_dir_all(file.parent().expect("folder")).expect("folders");
        fs::write(&file, "[pause]\nfirst = 'hold'\n").expect("written");
        wait_for_settings(&mut settings, |s| s.preferences.first == PauseOrder::Hold).await;
        fs::write(&file, "[pause\nfirst = 'instant'\n").expect("written");
        wait_for_settings(&mut settings, |s| !s.problems.is_empty()).await;
        let now = settings.borrow().clone();
        assert_eq!(
            now.preferences.first,
            PauseOrder::Hold,
            "the last good value"
        );
        let told = now.problem().expect("told");
        assert!(told.contains("not valid TOML"), "{told}");
        // As editors do it, and as a collection of dotfiles does.
        let other = home.path().join("other.toml");
        fs::write(&other, "[pause]\nfirst = 'instant'\n").expect("written");
        fs::remove_file(&file).expect("removed");
        symlink(&other, &file).expect("linked");
        wait_for_settings(&mut settings, |s| {
            s.preferences.first == PauseOrder::AtOnce && s.problems.is_empty()
        })
        .await;
        fs::write(&other, "[pause]\nfirst = 'hold'\n").expect("written");
        wait_for_settings(&mut settings, |s| s.preferences.first == PauseOrder::Hold).await;
        // What says nothing any more counts, too.
        fs::write(&other, "").expect("written");
        wait_for_settings(&mut settings, Settings::is_blank).await;
        drop(settings);
        following.await.expect("ends with its last reader");
    }

    #[tokio::test]
    async fn a_file_that_is_emptied_for_a_moment_says_what_it_said() {
        let home = tempfile::tempdir().expect("folder");
        let env = Environment {
            home: home.path().to_path_buf(),
            ..Environment::default()
        };
        let file = env.settings_file();
        fs::create_dir_all(file.parent().expect("folder")).expect("folders");
        let write = |text: &str| fs::write(&file, text).expect("written");
        let (send, mut settings) = watch::channel(Arc::default());
        write("[pause]\nfirst = 'hold'\n");
        refresh_settings(&env, &send).await;
        assert_eq!(
            settings.borrow_and_update().preferences.first,
            PauseOrder::Hold
        );
        write("");
        tokio::join!(
            biased;
            refresh_settings(&env, &send),
            async { write("[pause]\nfirst = 'hold'\ntools = 'run'\n") },
        );
        let now = settings.borrow_and_update().preferences;
        assert_eq!(
            (now.first, now.tools),
            (PauseOrder::Hold, ToolPausePolicy::Run)
        );
        write("");
        let all = async {
            settings.changed().await.expect("a change is told");
            settings.borrow_and_update().clone()
        };
        let ((), now) = tokio::join!(refresh_settings(&env, &send), all);
        assert!(now.is_blank());
    }
}
