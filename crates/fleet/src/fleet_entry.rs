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

/// One session with all that is known of it.
pub(crate) struct FleetEntry<'a> {
    pub(crate) key: ProcessKey,
    pub(crate) process: KnownProcess<'a>,
    pub(crate) file: Option<&'a RegistryFile>,
    pub(crate) entry: Option<&'a RegistryEntry>,
    /// Its transcript's name, where enough is known to find it.
    pub(crate) transcript: Option<TranscriptKey>,
    pub(crate) case: SessionEvidence<'a>,
    pub(crate) pane: Option<(&'a PathBuf, &'a TmuxPane)>,
    /// Its environment names a tmux server that has not been asked since it appeared.
    pub(crate) pane_pending: bool,
    pub(crate) verdict: Verdict,
    /// How the newest action on it goes.
    pub(crate) act: Option<(Timestamp, &'a ActionProgress)>,
    /// The newest answer that its client took from here.
    pub(crate) answered: Option<(Timestamp, &'a GivenAnswer)>,
}

impl FleetEntry<'_> {
    /// The config folder it lives in.
    pub(crate) fn dir(&self) -> Option<&Path> {
        let named = self.process.facts.config_dir.as_deref();
        self.file.map(|f| f.dir.as_path()).or(named)
    }

    /// The key of its tmux pane.
    pub(crate) fn pane_key(&self) -> Option<PaneKey> {
        self.pane.map(|(server, pane)| pane_key(server, pane))
    }

    /// Whether its client leaves open what it does.
    pub(crate) fn in_doubt(&self) -> bool {
        self.verdict.doubt == StatusDoubt::Some
    }

    /// Whether its registry speaks in words we do not know, and its client can list sessions. A
    /// client that is asked reads the settings of the config folder: not those of a container.
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
