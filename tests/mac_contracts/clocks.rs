//! Clocks: the time since boot, and the start of a process on it.

use super::{command_text, measured};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use trusty_platform::sys;
use trusty_tests::ProcessRef;

/// How far two readings of different clocks may be apart.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_time_since_boot_includes_sleep_and_agrees_with_the_kernels_boot_time() {
    // `{ sec = 1764512345, usec = 0 } Mon Nov 30 …`
    let text = command_text("/usr/sbin/sysctl", ["-n", "kern.boottime"]);
    let seconds = text.split("sec = ").nth(1).and_then(|rest| {
        let digits = rest.split(',').next()?;
        digits.parse().ok()
    });
    let boot = UNIX_EPOCH + Duration::from_secs(seconds.expect("a boot time"));
    let since = SystemTime::now().duration_since(boot).expect("booted");
    let difference = since.abs_diff(sys::since_boot());
    measured(&format!("the two clocks differ by {difference:?}"));
    assert!(difference < CLOCK_TOLERANCE, "{text}: {difference:?}");
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_start_of_a_process_on_the_clock_since_boot_hardly_moves() {
    let mut child = Command::new("sleep").arg("600").spawn().expect("starts");
    let process = ProcessRef::of_pid(child.id()).expect("alive");
    let start = trusty_fleet::identity::StartTime(process.start_ticks);
    let readings: Vec<Duration> = (0..1_000).map(|_| sys::start_since_boot(start)).collect();
    child.kill().expect("our child");
    child.wait().expect("reaped");
    let (first, last) = (readings.iter().min(), readings.iter().max());
    let span = last.expect("readings").abs_diff(*first.expect("readings"));
    measured(&format!("1,000 readings of one start span {span:?}"));
    assert!(span < Duration::from_millis(10));
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_time_since_boot_never_goes_back() {
    let mut before = sys::since_boot();
    for _ in 0..100_000 {
        let now = sys::since_boot();
        assert!(now >= before, "{before:?} then {now:?}");
        before = now;
    }
}
