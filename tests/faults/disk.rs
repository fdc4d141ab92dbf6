//! A data folder on a disk of its own, which is full or read-only.

use crate::{WAIT_TIMEOUT, assert_runs};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command};
use trusty_tests::trusty::{
    connect, hook, list, run, run_successfully, session_of, start_with_input,
};
use trusty_tests::wait::until;
use trusty_tests::{StandIn, TestHome, skip};

/// A small disk mounted as the data folder of a home, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where no disk can be mounted, and the test is skipped.
    fn mount(home: &TestHome) -> Option<Self> {
        Self::mount_sized(home, "512k")
    }

    /// Mounts a disk of this size.
    fn mount_sized(home: &TestHome, size: &str) -> Option<Self> {
        let folder = home.xdg_data();
        let mut mount = Command::new("mount");
        let options = format!("size={size},mode=700");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]);
        let done = mount.arg(&folder).output().expect("mount runs");
        if !done.status.success() {
            skip("no disk may be mounted here");
            return None;
        }
        Some(Self(folder))
    }

    #[track_caller]
    fn remount(&self, how: &str) {
        let option = format!("remount,{how}");
        let mut mount = Command::new("mount");
        let done = mount.args(["-o", &option]).arg(&self.0).output();
        let done = done.expect("mount runs");
        assert!(done.status.success(), "{done:?}");
    }

    /// Fills all free space; the path of the file that takes it.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filling");
        let mut file = File::create(&path).expect("a file");
        for size in [4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_no_session_paused_and_pauses_none() {
    let home = TestHome::new();
    let Some(disk) = SmallDisk::mount(&home) else {
        return;
    };
    let session = StandIn::busy(&home);
    let pause = ["pause", &session.pid_argument(), "--how", "stop"];
    let filling = disk.fill();
    let refused = run(&home, pause);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left on device"), "{told}");
    assert_runs(&session, "a pause on a full disk");
    fs::remove_file(&filling).expect("removed");
    for resume in [vec!["resume", pause[1]], vec!["resume", "--all"]] {
        run_successfully(&home, pause);
        let filling = disk.fill();
        run_successfully(&home, &resume);
        assert_runs(&session, "a resume on a full disk");
        fs::remove_file(&filling).expect("removed");
    }
}

#[test]
fn a_disk_that_became_read_only_keeps_no_session_paused_and_pauses_none() {
    let home = TestHome::new();
    let Some(disk) = SmallDisk::mount(&home) else {
        return;
    };
    let session = StandIn::busy(&home);
    let pause = ["pause", &session.pid_argument(), "--how", "stop"];
    for resume in [vec!["resume", pause[1]], vec!["resume", "--all"]] {
        run_successfully(&home, pause);
        disk.remount("ro");
        run_successfully(&home, &resume);
        assert_runs(&session, &format!("{resume:?} on a read-only disk"));
        let refused = run(&home, pause);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert_runs(&session, "a pause on a read-only disk");
        disk.remount("rw");
        // The record could not be removed, and a session that is not paused is not repaired twice.
        run_successfully(&home, ["resume", "--all"]);
        assert_runs(&session, "the disk is back");
    }
}

/// The hook that Claude Code runs before a tool.
fn gate(home: &TestHome, session: &StandIn) -> Child {
    let payload = br#"{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Bash"}"#;
    let program = home.xdg_data().join("trusty/bin/trusty-hook");
    let mut hook = hook(home, session.process().pid, &program);
    start_with_input(hook.arg("PreToolUse"), payload)
}

/// Only the record keeps a held session waiting, and the record cannot be removed.
#[test]
fn a_hold_ends_on_a_disk_that_became_read_only() {
    let home = TestHome::new();
    let Some(disk) = SmallDisk::mount_sized(&home, "512m") else {
        return;
    };
    let session = StandIn::busy(&home);
    connect(&home);
    run_successfully(&home, ["pause", &session.pid_argument(), "--how", "hold"]);
    let hook = gate(&home, &session);
    let waits = home.xdg_data().join("trusty/paused");
    until(WAIT_TIMEOUT, "a hook that waits", || {
        let mut entries = fs::read_dir(&waits).ok()?.flatten();
        entries
            .any(|e| e.path().extension().is_some_and(|e| e == "gate"))
            .then_some(())
    });
    disk.remount("ro");
    run_successfully(&home, ["resume", &session.pid_argument()]);
    // The hook exits without output that would keep the tool from running.
    let ended = hook.wait_with_output().expect("the hook exits");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    let listed = list(&home);
    let listed = session_of(&listed, session.process().pid).expect("listed");
    assert!(listed["pause"].is_null(), "{listed}");
    disk.remount("rw");
    run_successfully(&home, ["resume", "--all"]);
}
