//! Failpoints: where a test kills this process as the kernel would, so that each step of each pause
//! is known to be recoverable.

/// Every point, by the kind of pause, in the order in which they are passed: first those of
/// pausing, then those of resuming.
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

/// Kills this process here and at once if the environment names the step (`TRUSTY_FAILPOINT`) and
/// the program was built with the feature `failpoints`; what is shipped and what other tests run
/// is not.
#[cfg(feature = "failpoints")]
pub(super) fn failpoint(step: &str) {
    let known = PAUSE_STEPS.iter().any(|(_, steps)| steps.contains(&step));
    assert!(known, "{step} is not listed");
    if std::env::var_os("TRUSTY_FAILPOINT").is_some_and(|wanted| wanted == step) {
        // If we may not even end ourselves, the test will tell.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Does nothing in this build.
#[cfg(not(feature = "failpoints"))]
pub(super) fn failpoint(_step: &str) {}
