//! Why a command or a request was not carried out, in a form that programs can rely on.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Declares every problem code with its wire form, HTTP status, title and meaning.
macro_rules! problem_codes {
    ($($variant:ident = $code:literal, $status:literal, $title:literal, $meaning:literal;)*) => {
        /// The kind of a problem. A code keeps its meaning; new codes may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ProblemCode {
            $(#[doc = concat!("`", $code, "`: ", $meaning, ".")] $variant,)*
        }

        impl ProblemCode {
            /// Every code, in the order in which they are documented.
            pub const ALL_CODES: &[Self] = &[$(Self::$variant),*];

            /// The code as used in a [`Problem`].
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status of the response.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// The title of the response.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What the code means, for the API's documentation.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

problem_codes! {
    AlreadyPaused = "already-paused", 409, "Refused", "the session is already paused";
    AmbiguousWindow = "ambiguous-window", 409, "Refused", "several windows may show the session, and nothing distinguishes them";
    Asks = "asks", 409, "Refused", "Claude Code is waiting for an answer in the terminal; answer there first";
    Background = "background", 409, "Refused", "the session runs in the background; no window shows it";
    BadRequest = "bad-request", 400, "Bad request", "the path, a parameter or the body is invalid";
    BodyTooLarge = "body-too-large", 413, "Body too large", "the body exceeds the size limit";
    Busy = "busy", 409, "Refused", "another action on this session is in progress";
    Changed = "changed", 409, "Refused", "the session changed meanwhile; nothing was done, or every step was rolled back";
    ConsentDenied = "consent-denied", 409, "Refused", "macOS does not let Trusty Bar control the terminal; allow that in System Settings, Privacy & Security, Automation";
    ConsentPending = "consent-pending", 409, "Refused", "macOS is asking whether Trusty Bar may control the terminal; allow that in the dialog, then repeat the command";
    Console = "console", 409, "Refused", "the session runs on a text console";
    DisplayUnreachable = "display-unreachable", 409, "Refused", "the display server does not respond";
    DoesNotEnd = "does-not-end", 500, "Failed", "the process was told to exit and still runs";
    Failed = "failed", 500, "Failed", "a step failed; the steps before it were rolled back where possible";
    Gone = "gone", 500, "Failed", "the engine has exited or is exiting";
    Headless = "headless", 409, "Refused", "the session runs without a terminal";
    Impossible = "impossible", 409, "Refused", "the requested kind of pause is not possible here";
    LosesStep = "loses-step", 409, "Refused", "the session can only be interrupted; request that kind explicitly";
    MethodNotAllowed = "method-not-allowed", 405, "Method not allowed", "the header Allow lists the supported methods";
    Nested = "nested", 409, "Refused", "the session's tmux runs within another tmux, which Trusty Bar does not switch";
    NoDisplay = "no-display", 409, "Refused", "the engine has no display";
    NoOpener = "no-opener", 409, "Refused", "no known program opens a terminal";
    NoScript = "no-script", 409, "Refused", "no app that could be raised owns the terminal";
    NoSuchRequest = "no-such-request", 404, "No such request", "the request is no longer pending";
    NoSuchSession = "no-such-session", 404, "No such session", "no session has this id, or the session has exited";
    NoTerminal = "no-terminal", 409, "Refused", "the session's terminal was closed";
    NoTmux = "no-tmux", 409, "Refused", "tmux is not installed";
    NoWay = "no-way", 409, "Refused", "no kind of pause is possible here";
    NoWindow = "no-window", 409, "Refused", "the terminal has no window on this display";
    NotAcceptable = "not-acceptable", 406, "Not acceptable", "the header Accept excludes the available content type";
    NotForPrograms = "not-for-programs", 403, "Not for programs", "this process may not approve, answer or resume: a session started it, or it is neither Trusty Bar nor `trusty` in your terminal";
    NotFound = "not-found", 404, "Not found", "nothing exists at this path";
    NotPaused = "not-paused", 409, "Refused", "the session is not paused";
    Over = "over", 409, "Too late", "the request was answered elsewhere or returned to the terminal";
    Partly = "partly", 500, "Failed", "the terminal is in front, but may not show the session";
    Paused = "paused", 409, "Paused", "the session is paused; resume it before answering";
    PausedByOthers = "paused-by-others", 409, "Refused", "the session was not paused by Trusty Bar";
    RecordNotKept = "record-not-kept", 500, "Failed", "the pause record cannot be written; nothing was done";
    RecordLeft = "record-left", 500, "Failed", "the action succeeded, but the pause record could not be removed";
    Remote = "remote", 409, "Refused", "the terminal is on another machine";
    TmuxSilent = "tmux-silent", 409, "Refused", "tmux did not answer";
    TooLate = "too-late", 409, "Too late", "the command could not begin before its deadline; nothing was done";
    TooManyListeners = "too-many-listeners", 503, "Too many listeners", "too many event listeners; close one and try again";
    TooSlow = "too-slow", 408, "Too slow", "the body did not arrive in time";
    Unconfirmed = "unconfirmed", 409, "Refused", "the process is not confirmed to be Claude Code; pause or end it in its own terminal";
    Unfit = "unfit", 422, "Does not fit", "the answer does not fit the request";
    Unheard = "unheard", 500, "Failed", "Claude Code did not accept the answer";
    Unread = "unread", 500, "Failed", "the request could not be read";
    UnsupportedBody = "unsupported-body", 415, "Unsupported body", "the body is not JSON, or Content-Type does not say so";
    Wayland = "wayland", 409, "Refused", "Wayland does not let a program raise another program's window";
}

impl ProblemCode {
    /// The code with this wire form; none if this version does not know the code.
    pub fn from_wire(code: &str) -> Option<Self> {
        Self::ALL_CODES
            .iter()
            .copied()
            .find(|known| known.as_str() == code)
    }
}

/// The lowest HTTP status that means a failure of the server.
const FIRST_SERVER_ERROR: u16 = 500;

/// Why something was not done (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The kind of problem: `urn:trusty-bar:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short title.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do next.
    pub detail: String,
    /// One of the codes that this schema lists.
    pub code: String,
}

impl Problem {
    /// A problem with this code; `detail` says what happened and what to do next.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:trusty-bar:problem:{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str().to_owned(),
        }
    }

    /// The code; none if this version does not know the code.
    pub fn known_code(&self) -> Option<ProblemCode> {
        ProblemCode::from_wire(&self.code)
    }

    /// Whether the command was refused, as opposed to having failed. Decided by the HTTP status,
    /// which is known for unknown codes too.
    pub fn is_refusal(&self) -> bool {
        self.status < FIRST_SERVER_ERROR
    }
}

/// The detail, followed by the code if this version does not know the code.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known_code() {
            Some(_) => f.write_str(&self.detail),
            None => write!(f, "{} ({})", self.detail, self.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_wire_form_and_no_two_share_one() {
        for code in ProblemCode::ALL_CODES {
            assert_eq!(ProblemCode::from_wire(code.as_str()), Some(*code));
            assert_eq!(Problem::new(*code, "").known_code(), Some(*code));
        }
        assert_eq!(ProblemCode::from_wire("of-a-later-version"), None);
    }
}
