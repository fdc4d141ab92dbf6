//! An engine that is killed while it pauses or resumes a session; the next one repairs what is
//! left, unasked.

use super::stage::{WAIT_TIMEOUT, open};
use trusty_tests::TerminalShape;
use trusty_tests::trusty::{serve, serve_killed_at};
use trusty_tests::wait::until;

fn repaired(shape: TerminalShape, how: &str, steps: &[(&str, &str)]) {
    let Some(stage) = open(shape) else { return };
    let pid = stage.pid();
    for (step, verb) in steps {
        let mut doomed = serve_killed_at(&stage.home, step);
        if *verb == "resume" {
            stage.pause(how);
        }
        let arguments: &[&str] = match *verb {
            "pause" => &["pause", &pid, "--how", how],
            _ => &["resume", &pid],
        };
        let told = stage.run(arguments);
        assert!(!told.status.success(), "{step}: the engine was killed");
        assert_eq!(doomed.wait(WAIT_TIMEOUT), None, "{step}: killed, not ended");
        assert_eq!(stage.records().len(), 1, "{step}");
        let next = serve(&stage.home);
        // The lock is removed last: an engine that ends before that leaves it, which does no harm.
        until(WAIT_TIMEOUT, "a session without a record", || {
            stage.pause_files().is_empty().then_some(())
        });
        drop(next);
        stage.check_running();
    }
    stage.check_talks("say back again");
}

#[test]
fn the_next_engine_repairs_a_half_stopped_session() {
    let steps = [
        ("stop.shell-stopped", "pause"),
        ("stop.group-stopped", "pause"),
        ("stop.group-woken", "resume"),
    ];
    repaired(TerminalShape::PtyBash, "stop", &steps);
}

#[test]
fn the_next_engine_repairs_a_session_half_put_aside() {
    let steps = [("suspend.stopped", "pause"), ("suspend.resuming", "resume")];
    repaired(TerminalShape::TmuxZsh, "suspend", &steps);
}
