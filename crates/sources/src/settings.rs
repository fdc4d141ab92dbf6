//! The user's settings, which apply as soon as they are edited, and what is wrong with them.

use super::watch::{SourceWatcher, WatchEvent, WatchedFolder};
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
use trusty_platform::path_match::may_be_same_path;
use trusty_records::settings::Settings;
use trusty_wire::environment::Environment;

/// How long to wait after a change: an editor empties a file before writing it, or replaces it.
const EDITOR_WRITE_DELAY: Duration = Duration::from_millis(100);
/// How long to wait before a file that has become blank is read again, and only then resets the
/// settings.
const EMPTIED_FILE_DELAY: Duration = Duration::from_secs(1);
/// How often the file is read while its folder cannot be watched.
const SETTINGS_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Reads the settings at each change, until no receiver is left.
pub async fn follow_settings_file(env: Environment, settings: Sender<Arc<Settings>>) -> Shutdown {
    let mut watch = SourceWatcher::new(Source::Settings);
    loop {
        // A change between the read and the watch is found by reading again.
        while watch.set_folders(folders(&env.settings_file())) {
            refresh_settings(&env, &settings).await;
        }
        refresh_settings(&env, &settings).await;
        let rest = watch.is_blind().then_some(SETTINGS_POLL_INTERVAL);
        let rest = rest.or_else(|| watch.rescan_interval());
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

/// The folder of the file, and that of its target if the file is a symbolic link.
fn folders(file: &Path) -> impl Iterator<Item = WatchedFolder> {
    let real = fs::canonicalize(file).ok();
    let parent = |path: &Path| path.parent().map(Path::to_path_buf);
    let real = real.as_deref().and_then(parent);
    let folders = parent(file).into_iter().chain(real);
    folders.map(WatchedFolder::single)
}

/// Returns when the settings are to be read again.
async fn wait_for_change(env: &Environment, watch: &mut SourceWatcher, rest: Option<Duration>) {
    let file = env.settings_file();
    let real = fs::canonicalize(&file).ok();
    let system = watch.system();
    let is_same = |path: &Path, other: &Path| may_be_same_path(system, path, other);
    let concerns = |path: &Path| {
        is_same(path, &file) || real.as_deref().is_some_and(|real| is_same(path, real))
    };
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

/// The preferences, the problems, and a warning if programs may answer. The answer policy is that
/// of the engine's start, so that a session that edits the file gains nothing.
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

/// Reports the preferences and problems of the settings whenever they change.
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
        let told = now.problem().expect("reported");
        assert!(told.contains("not valid TOML"), "{told}");
        // As an editor replaces a file, and as a collection of dotfiles links one.
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
        // An emptied file resets the settings.
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
            settings.changed().await.expect("a change is reported");
            settings.borrow_and_update().clone()
        };
        let ((), now) = tokio::join!(refresh_settings(&env, &send), all);
        assert!(now.is_blank());
    }
}
