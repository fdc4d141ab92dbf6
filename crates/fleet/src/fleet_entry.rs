//! One session of the fleet, with its evidence and its verdict.

use crate::client::{self, ProcessRole};
use crate::evidence::KnownProcess;
use crate::given_answer::GivenAnswer;
use crate::identity::ProcessKey;
use crate::observation::{ActionProgress, RegistryEntry, RegistryFile, TmuxPane, TranscriptKey};
use crate::session::Certainty;
use crate::session_evidence::SessionEvidence;
use crate::status::{StatusDoubt, Verdict};
use crate::terminal::PaneKey;
use crate::time::Timestamp;
use std::path::{Path, PathBuf};

/// One session, with everything known about it.
pub(crate) struct FleetEntry<'a> {
    pub(crate) key: ProcessKey,
    pub(crate) process: KnownProcess<'a>,
    pub(crate) file: Option<&'a RegistryFile>,
    pub(crate) entry: Option<&'a RegistryEntry>,
    /// The session's transcript, where enough is known to find it.
    pub(crate) transcript: Option<TranscriptKey>,
    pub(crate) case: SessionEvidence<'a>,
    pub(crate) pane: Option<(&'a PathBuf, &'a TmuxPane)>,
    /// Whether the environment names a tmux server that was not polled since the process appeared.
    pub(crate) pane_pending: bool,
    pub(crate) verdict: Verdict,
    /// How far the newest action on the session has come.
    pub(crate) act: Option<(Timestamp, &'a ActionProgress)>,
    /// The newest answer from Trusty Bar that Claude Code accepted.
    pub(crate) answered: Option<(Timestamp, &'a GivenAnswer)>,
}

impl FleetEntry<'_> {
    /// The session's config folder.
    pub(crate) fn dir(&self) -> Option<&Path> {
        let named = self.process.facts.config_dir.as_deref();
        self.file.map(|f| f.dir.as_path()).or(named)
    }

    /// The key of the session's tmux pane.
    pub(crate) fn pane_key(&self) -> Option<PaneKey> {
        self.pane.map(|(server, pane)| pane_key(server, pane))
    }

    /// Whether Claude Code leaves open what the session does.
    pub(crate) fn in_doubt(&self) -> bool {
        self.verdict.doubt == StatusDoubt::Some
    }

    /// Whether to ask Claude Code for its list of sessions: the registry uses unknown words, and
    /// this version can list. Asking reads the settings of the config folder, so that a container's
    /// folder is never used.
    pub(crate) fn wants_list(&self, version: Option<&str>) -> bool {
        let facts = &self.process.facts;
        let is_client = matches!(facts.role, ProcessRole::Interactive | ProcessRole::Headless);
        is_client
            && !facts.contained
            && self.verdict.because.certainty != Certainty::Certain
            && version.is_some_and(client::can_list)
    }
}

/// The key of a pane of a tmux server.
pub(crate) fn pane_key(server: &Path, pane: &TmuxPane) -> PaneKey {
    PaneKey {
        server: server.to_path_buf(),
        pane: pane.pane.clone(),
    }
}
