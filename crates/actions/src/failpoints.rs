//! Failpoints: the steps at which a test kills this process as the kernel would, to prove that each
//! step of each pause is recoverable.

/// Every failpoint by the kind of pause, in the order in which they are passed: first those of the
/// pause, then those of the resume.
pub const PAUSE_STEPS: &[(&str, &[&str])] = &[
    (
        "freeze",
        &[
            "freeze.recorded",
            "freeze.keeper-recorded",
            "freeze.keeper-placed",
            "freeze.group-made",
            "freeze.client-moved",
            "freeze.tools-moved",
            "freeze.frozen",
            "freeze.paused",
            "freeze.resuming",
            "freeze.thawed",
            "freeze.moved-back",
            "freeze.group-removed",
            "freeze.keeper-ended",
        ],
    ),
    (
        "stop",
        &[
            "stop.recorded",
            "stop.shell-stopped",
            "stop.group-stopped",
            "stop.tools-stopped",
            "stop.watched",
            "stop.paused",
            "stop.resuming",
            "stop.tools-woken",
            "stop.group-woken",
            "stop.shell-woken",
        ],
    ),
    (
        "suspend",
        &[
            "suspend.recorded",
            "suspend.pressed",
            "suspend.stopped",
            "suspend.prompt-seen",
            "suspend.paused",
            "suspend.resuming",
            "suspend.fg-typed",
            "suspend.running",
            "suspend.settings-restored",
        ],
    ),
    ("hold", &["hold.recorded", "hold.paused", "hold.resuming"]),
    (
        "interrupt",
        &[
            "interrupt.recorded",
            "interrupt.pressed",
            "interrupt.over",
            "interrupt.paused",
            "interrupt.resuming",
            "interrupt.typed",
            "interrupt.entered",
        ],
    ),
];

/// Kills this process if the environment names the step (`TRUSTY_FAILPOINT`). Only in builds with
/// the feature `failpoints`, which shipped programs and other tests do not enable.
#[cfg(feature = "failpoints")]
pub(super) fn failpoint(step: &str) {
    let known = PAUSE_STEPS.iter().any(|(_, steps)| steps.contains(&step));
    assert!(known, "{step} is not listed");
    if std::env::var_os("TRUSTY_FAILPOINT").is_some_and(|wanted| wanted == step) {
        // If even this signal is refused, the test fails.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Does nothing in this build.
#[cfg(not(feature = "failpoints"))]
pub(super) fn failpoint(_step: &str) {}
