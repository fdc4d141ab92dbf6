//! Pauses whose record is lost or damaged, or lies where nothing can be written.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use trusty_tests::trusty::{list, program, run, trusty_below};
use trusty_tests::wait::until;
use trusty_tests::{StandIn, TestHome, WAIT_TIMEOUT, can_freeze, skip, stderr_text};

struct PausedFixture {
    session: StandIn,
    home: TestHome,
    record: PathBuf,
}

impl Drop for PausedFixture {
    fn drop(&mut self) {
        // Resumes what a failed test leaves stopped or frozen, so that it can be ended.
        run(&self.home, ["resume", "--all"]);
        let pid = self.pid();
        run(&self.home, ["resume", &pid, "--force", "--yes"]);
    }
}

impl PausedFixture {
    #[track_caller]
    fn by(how: &str) -> Self {
        program("trusty-hook");
        let home = TestHome::new();
        let session = StandIn::busy(&home);
        let id = session.id(&list(&home)).expect("listed");
        let record = home.xdg_data().join(format!("trusty/paused/{id}.json"));
        let paused = Self {
            session,
            home,
            record,
        };
        let done = run(&paused.home, ["pause", &paused.pid(), "--how", how]);
        assert!(done.status.success(), "{}", stderr_text(&done));
        assert!(paused.rests());
        paused
    }

    fn pid(&self) -> String {
        self.session.pid_argument()
    }

    fn rests(&self) -> bool {
        let process = self.session.process();
        process.state() == Some('T') || trusty_platform::sys::is_frozen(process.pid)
    }

    fn trusty(&self, arguments: &[&str]) -> Output {
        run(&self.home, arguments)
    }

    /// Runs `trusty` with a read-only data folder; `None` if this system does not allow such a
    /// mount.
    fn read_only(&self, arguments: &[&str]) -> Option<Output> {
        let data = self.home.xdg_data().to_string_lossy().into_owned();
        let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";
        let launcher = ["unshare", "--mount", "sh", "-c", script, &data];
        let mut command = trusty_below(&self.home, &launcher);
        let done = command.args(arguments).output().expect("unshare runs");
        let refused = stderr_text(&done);
        if refused.contains("unshare failed") || refused.contains("mount:") {
            skip(&format!("no mount namespace of our own: {refused}"));
            return None;
        }
        Some(done)
    }

    #[track_caller]
    fn is_named_and_forced(&self, damage: &str, why: &str) {
        let refused = self.trusty(&["resume", &self.pid()]);
        let words = stderr_text(&refused);
        assert_eq!(refused.status.code(), Some(3), "{damage}: {words}");
        assert!(
            words.contains(why) && words.contains("--force"),
            "{damage}: {words}"
        );
        assert!(self.rests());
        // Nothing is done before the user confirms.
        let asked = self.trusty(&["resume", &self.pid(), "--force"]);
        assert_eq!(asked.status.code(), Some(3), "{}", stderr_text(&asked));
        assert!(self.rests());
        let done = self.trusty(&["resume", &self.pid(), "--force", "--yes"]);
        let words = stderr_text(&done);
        assert!(done.status.success(), "{damage}: {words}");
        assert!(words.contains("  - "), "what is done is said: {words}");
        until(WAIT_TIMEOUT, "a session that runs", || {
            (!self.rests()).then_some(())
        });
        assert!(!self.record.exists());
        assert_eq!(
            self.session.status_word(&list(&self.home)).as_deref(),
            Some("Working")
        );
        let again = self.trusty(&["pause", &self.pid(), "--how", "stop"]);
        assert!(again.status.success(), "{}", stderr_text(&again));
        let again = self.trusty(&["resume", &self.pid()]);
        assert!(again.status.success(), "{}", stderr_text(&again));
    }
}

#[test]
fn a_paused_session_is_resumed_where_nothing_can_be_written() {
    for how in ["stop", "freeze"] {
        if how == "freeze" && !can_freeze() {
            continue;
        }
        let paused = PausedFixture::by(how);
        let Some(done) = paused.read_only(&["resume", &paused.pid()]) else {
            return;
        };
        let words = stderr_text(&done);
        assert_eq!(done.status.code(), Some(0), "{how}: {words}");
        assert!(!paused.rests(), "{how}");
        assert_eq!(words, "", "all that the user wanted is done");
        assert!(paused.record.exists(), "a read-only record stays");
        let all = paused.read_only(&["resume", "--all"]).expect("as before");
        assert_eq!(all.status.code(), Some(0), "{}", stderr_text(&all));
        // The leftover record is removed as soon as the folder is writable.
        let done = paused.trusty(&["resume", "--all"]);
        assert!(done.status.success(), "{}", stderr_text(&done));
        assert!(!paused.record.exists());
    }
}

#[test]
fn a_pause_whose_record_is_damaged_has_a_way_out() {
    let large = "x".repeat(2 << 20);
    for (damage, text, why) in [
        ("half", "{\"version\":1,", "is not a pause record"),
        ("later", "{\"version\":99}", "newer version"),
        ("large", &large, "bytes"),
    ] {
        let paused = PausedFixture::by("stop");
        fs::write(&paused.record, text).expect("written");
        paused.is_named_and_forced(damage, why);
    }
    let paused = PausedFixture::by("stop");
    let elsewhere = paused.home.path().join("elsewhere");
    fs::rename(&paused.record, &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, &paused.record).expect("linked");
    paused.is_named_and_forced("link", "not a regular file");
    assert!(elsewhere.exists(), "what a link leads to is left alone");
}

#[test]
fn a_pause_whose_record_is_lost_has_a_way_out() {
    for how in ["stop", "freeze"] {
        if how == "freeze" && !can_freeze() {
            continue;
        }
        let paused = PausedFixture::by(how);
        let folder = paused.record.parent().expect("a folder");
        fs::remove_dir_all(folder).expect("removed");
        paused.is_named_and_forced(how, "is lost");
    }
}
