//! How late sources are, how long each is believed, and how long a row shows something.

use std::time::Duration;

/// The client flashes `idle` for 2 to 60 ms between two turns (measured, 2.1.330).
pub const IDLE_DEBOUNCE: Duration = Duration::from_millis(300);
/// How long a process without any registry file is taken to be starting.
pub const STARTING_GRACE: Duration = Duration::from_secs(3);
/// A client of now has left a trace by then; of one that has not, the pane may tell more.
pub const FIRST_TRACE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a start may take before something in the terminal waits for the owner.
pub const START_TIMEOUT: Duration = Duration::from_secs(10);
/// A client deletes its file up to 1.5 s before it ends (its `SessionEnd` hooks run between).
pub const EXIT_GRACE: Duration = Duration::from_secs(3);
/// How long a stopped session is shown.
pub const STOPPED_RETENTION: Duration = Duration::from_mins(1);
/// A hook is up to 0.9 s ahead of the registry (measured); after this the registry is right.
pub const HOOK_LEAD_TIME: Duration = Duration::from_millis(1500);
/// A pane in doubt is read every 2 s; three readings may fail.
pub const SCREEN_MAX_AGE: Duration = Duration::from_secs(7);
/// The client's list is asked for every 15 s; one answer may fail.
pub const LIST_MAX_AGE: Duration = Duration::from_secs(35);
/// The longest pause between two attempts of a request; one that lasts longer is being answered.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(45);
/// The transcript is written in batches: its lines may be so much later than the registry's word,
/// and than each other (measured up to 0.3 s).
pub const TRANSCRIPT_FLUSH_DELAY: Duration = Duration::from_millis(300);
/// The end of a turn that the transcript tells of is written and read by then; of one that Escape
/// took back before its first word, none comes.
pub const TURN_END_DELAY: Duration = IDLE_DEBOUNCE.saturating_add(TRANSCRIPT_FLUSH_DELAY);
/// A record is dated when it is made, the registry when it is written: up to so much later.
pub const RECORD_TIME_SLACK: Duration = Duration::from_secs(2);
/// Work without a turn in the transcript for so long is a compaction, or a command.
pub const TURNLESS_WORK_LIMIT: Duration = Duration::from_secs(2);
/// A hook may be lost: what it told of a call or a sub-agent is believed only until the
/// transcript has gone on for so long without it.
pub const HOOK_ONLY_LIMIT: Duration = Duration::from_secs(3);

/// A stream that was frozen for longer is likely to be asked for anew (measured: between 200 and
/// 420 s).
pub const STREAM_SURVIVAL_TIME: Duration = Duration::from_mins(4);
/// A command that was stopped for longer than its time limit goes on in the background; this is
/// the limit unless told.
pub const COMMAND_TIME_LIMIT: Duration = Duration::from_mins(2);
/// How long before the hooks that hold a session reach their limit its row says so.
pub const HOLD_END_WARNING_TIME: Duration = Duration::from_hours(24);
/// A running client takes up hooks up to 3 s after they were connected (measured, 2.1.330); one that
/// was prompted later than this has run them, or never will.
pub const HOOK_UPTAKE_TIME: Duration = Duration::from_secs(10);
/// How long a tool call that no gate holds may be on record before a hold is given up: the hook of
/// it is still being started, or the mark of its gate is yet to be read.
pub const GATE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a row tells that a session was not held.
pub const NOT_HELD_DISPLAY_TIME: Duration = Duration::from_hours(1);
/// How long a row tells that an action failed.
pub const FAILURE_DISPLAY_TIME: Duration = Duration::from_secs(15);
