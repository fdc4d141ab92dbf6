//! Points at which a test ends this process as the kernel would, so that each step of each pause
//! is known to be recoverable.

/// Every point, by the kind of pause, in the order in which they are passed: first those of
/// pausing, then those of resuming.
pub const STEPS: &[(&str, &[&str])] = &[
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

/// Ends a debug build that was started with `TRUSTY_FAULT=<step>`, here and at once.
pub(super) fn point(step: &str) {
    #[cfg(debug_assertions)]
    {
        let known = STEPS.iter().any(|(_, steps)| steps.contains(&step));
        debug_assert!(known, "{step} is not listed");
        if std::env::var_os("TRUSTY_FAULT").is_some_and(|wanted| wanted == step) {
            // If we may not even end ourselves, the test will tell.
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = step;
}
