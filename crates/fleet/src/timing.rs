//! How late each source may be, how long each is believed, and how long a row shows what is past.

use std::time::Duration;

/// How long an idle status has to last before it counts: Claude Code flashes `idle` for 2 to 60 ms
/// between two turns (measured, 2.1.330).
pub const IDLE_DEBOUNCE: Duration = Duration::from_millis(300);
/// How long a process without a registry file is taken to be starting.
pub const STARTING_GRACE: Duration = Duration::from_secs(3);
/// By when a current Claude Code has left a trace; without a trace, the pane may say more.
pub const FIRST_TRACE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a start may take before a dialog in the terminal is assumed to wait for the user.
pub const START_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a deleted registry file is believed: Claude Code deletes the file up to 1.5 s before it
/// exits, because its `SessionEnd` hooks run in between.
pub const EXIT_GRACE: Duration = Duration::from_secs(3);
/// How long a stopped session is listed.
pub const STOPPED_RETENTION: Duration = Duration::from_mins(1);
/// How long a hook outranks the registry: a hook is up to 0.9 s ahead of the registry (measured),
/// and after this time the registry is right.
pub const HOOK_LEAD_TIME: Duration = Duration::from_millis(1500);
/// How long a reading of a pane is believed: a doubtful pane is read every 2 s, and three readings
/// may fail.
pub const SCREEN_MAX_AGE: Duration = Duration::from_secs(7);
/// How long Claude Code's own list is believed: the list is requested every 15 s, and one request
/// may fail.
pub const LIST_MAX_AGE: Duration = Duration::from_secs(35);
/// The longest delay between two attempts of a request; a longer one means that the request is
/// being answered.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(45);
/// How much later than the registry's word, and than each other, lines of the transcript may
/// appear: the transcript is written in batches (measured: up to 0.3 s).
pub const TRANSCRIPT_FLUSH_DELAY: Duration = Duration::from_millis(300);
/// By when the end of a turn is written to the transcript and read. A turn that Escape takes back
/// before its first word gets no end.
pub const TURN_END_DELAY: Duration = IDLE_DEBOUNCE.saturating_add(TRANSCRIPT_FLUSH_DELAY);
/// How much later the registry may be dated than a record: a record is dated when made, the
/// registry when written.
pub const RECORD_TIME_SLACK: Duration = Duration::from_secs(2);
/// How long work may last without a turn in the transcript before it is taken for a compaction or a
/// command.
pub const TURNLESS_WORK_LIMIT: Duration = Duration::from_secs(2);
/// How long the transcript may continue without a call or a sub-agent that a hook reported before
/// that report is dropped: the hook that reports the end may be lost.
pub const HOOK_ONLY_LIMIT: Duration = Duration::from_secs(3);

/// How long a stream survives a freeze: after a longer one, Claude Code is likely to request the
/// answer again (measured limit: between 200 and 420 s).
pub const STREAM_SURVIVAL_TIME: Duration = Duration::from_mins(4);
/// How long a command survives a stop: after its time limit, a stopped command continues in the
/// background. This is the default limit.
pub const COMMAND_TIME_LIMIT: Duration = Duration::from_mins(2);
/// How early a row warns that the hooks that hold a session reach their limit.
pub const HOLD_END_WARNING_TIME: Duration = Duration::from_hours(24);
/// How long Claude Code may take to use hooks after they were connected: measured up to 3 s
/// (2.1.330). A session that is prompted later than this has run its hooks, or never will.
pub const HOOK_UPTAKE_TIME: Duration = Duration::from_secs(10);
/// How long a tool call without a gate may be on record before a hold is given up: the call's hook
/// may still be starting, or the mark of its gate may not have been read yet.
pub const GATE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a row says that a session was not held.
pub const NOT_HELD_DISPLAY_TIME: Duration = Duration::from_hours(1);
/// How long a row says that an action failed.
pub const FAILURE_DISPLAY_TIME: Duration = Duration::from_secs(15);
