//! A data folder on a disk of its own, which is full or read-only.

use crate::{assert_runs, busy, pid, succeed};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use trusty_tests::Home;
use trusty_tests::trusty::run;

/// A small disk that holds the data folder of a home, for as long as this lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Nothing where no disk may be mounted, which is printed.
    fn mount(home: &Home) -> Option<Self> {
        let folder = home.xdg_data();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs"]);
        let done = mount.arg(&folder).output().expect("mount runs");
        if !done.status.success() {
            println!("skipped: no disk may be mounted here");
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

    /// Takes all that is free; the file that holds it.
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
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(&home) else {
        return;
    };
    let session = busy(&home);
    let pause = ["pause", &pid(&session), "--how", "stop"];
    let filling = disk.fill();
    let refused = run(&home, pause);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left on device"), "{told}");
    assert_runs(&session, "a pause on a full disk");
    fs::remove_file(&filling).expect("removed");
    for resume in [vec!["resume", pause[1]], vec!["resume", "--all"]] {
        succeed(&home, &pause);
        let filling = disk.fill();
        succeed(&home, &resume);
        assert_runs(&session, "a resume on a full disk");
        fs::remove_file(&filling).expect("removed");
    }
}

#[test]
fn a_disk_that_became_read_only_keeps_no_session_paused_and_pauses_none() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(&home) else {
        return;
    };
    let session = busy(&home);
    let pause = ["pause", &pid(&session), "--how", "stop"];
    for resume in [vec!["resume", pause[1]], vec!["resume", "--all"]] {
        succeed(&home, &pause);
        disk.remount("ro");
        let done = run(&home, &resume);
        assert_runs(
            &session,
            &format!("{resume:?} on a read-only disk: {done:?}"),
        );
        let refused = run(&home, pause);
        assert_ne!(refused.status.code(), Some(0), "{refused:?}");
        assert_runs(&session, "a pause on a read-only disk");
        disk.remount("rw");
        // The record could not be removed; what is not paused is not repaired twice.
        succeed(&home, &["resume", "--all"]);
        assert_runs(&session, "the disk is back");
    }
}
