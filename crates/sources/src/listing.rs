//! Claude Code's own list of its sessions (`agents --json`, documented since 2.1.145), used where a
//! registry holds words that are not known. Each call costs half a second of work.

mod decode;

pub use decode::decode;

use super::{ObservationSender, Shutdown, SourceConfig};
use crate::client_program::find_client;
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;
use tokio::time::timeout;
use trusty_fleet::Fact;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_platform::checked_program::RunError;
use trusty_platform::clock;
use trusty_platform::run::{ChildEnvironment, ProgramOutput, RunLimits, run_bounded};
use trusty_wire::environment::Environment;

/// How often Claude Code is asked for the list of one config folder.
const LISTING_INTERVAL: Duration = Duration::from_secs(15);
/// The limits for one call: a session takes about 300 bytes of the answer.
const LISTING_LIMITS: RunLimits = RunLimits {
    time: Duration::from_secs(5),
    output: 4 << 20,
};
/// How long the first scan waits for lists. It then completes without them, and Claude Code is
/// asked again.
const FIRST_SCAN_TIMEOUT: Duration = Duration::from_millis(1500);
const LISTING_ARGUMENTS: [&str; 2] = ["agents", "--json"];
/// The problem reported where Claude Code is not found.
const CLIENT_NOT_FOUND_MESSAGE: &str = "`claude` was not found, so sessions of this folder may be incomplete; add \
                         `claude` to PATH";
/// Set so that the call does nothing but answer.
const QUIET_VARIABLES: [&str; 4] = [
    "DISABLE_TELEMETRY",
    "DISABLE_AUTOUPDATER",
    "DISABLE_ERROR_REPORTING",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
];

type ConfigDirs = BTreeSet<PathBuf>;

/// The folders whose registry is not understood, and what was reported of each.
#[derive(Debug)]
pub struct ListingSource {
    env: Environment,
    /// When each folder's list was last asked for.
    asked: BTreeMap<PathBuf, Instant>,
    /// Folders with a reported problem.
    ill: BTreeSet<PathBuf>,
}

impl ListingSource {
    /// Asks for nothing until a list is wanted.
    pub fn new(env: &Environment) -> Self {
        Self {
            env: env.clone(),
            asked: BTreeMap::new(),
            ill: BTreeSet::new(),
        }
    }

    /// Asks for all lists that are due, at once, and passes each answer to `hand_over` as soon as
    /// it arrives.
    pub async fn poll(&mut self, wanted: &ConfigDirs, mut hand_over: impl AsyncFnMut(Vec<Fact>)) {
        self.asked.retain(|dir, _| wanted.contains(dir));
        let forgotten: Vec<PathBuf> = self
            .ill
            .extract_if(.., |dir| !wanted.contains(dir))
            .collect();
        for dir in forgotten {
            hand_over(vec![health(&dir, None)]).await;
        }
        let now = clock::instant();
        let due: Vec<&PathBuf> = wanted
            .iter()
            .filter(|dir| self.time_until_poll(dir, now).is_zero())
            .collect();
        if due.is_empty() {
            return;
        }
        for dir in &due {
            self.asked.insert((*dir).clone(), now);
        }
        let env = self.env.clone();
        let client = find_client(&env).any();
        let mut asked: FuturesUnordered<_> = due
            .into_iter()
            .map(async |dir| (dir, ask(client.as_deref(), dir, &env).await))
            .collect();
        while let Some((dir, answer)) = asked.next().await {
            let facts = self.facts(dir, answer);
            hand_over(facts).await;
        }
    }

    /// Polls within the time limit of the first scan. Folders without an answer by then are
    /// reported, and asked for again at the next poll.
    pub async fn look_briefly(
        &mut self,
        wanted: &ConfigDirs,
        mut hand_over: impl AsyncFnMut(Vec<Fact>),
    ) {
        let mut answered = BTreeSet::new();
        let looked = self.poll(wanted, async |facts| {
            answered.extend(facts.iter().filter_map(folder_of));
            hand_over(facts).await;
        });
        if timeout(FIRST_SCAN_TIMEOUT, looked).await.is_ok() {
            return;
        }
        for dir in wanted.iter().filter(|dir| !answered.contains(*dir)) {
            self.asked.remove(dir);
            self.ill.insert(dir.clone());
            let late = "`claude agents --json` has not answered yet; sessions of this folder may \
                        be incomplete";
            hand_over(vec![health(dir, Some(late.to_owned()))]).await;
        }
    }

    /// How long until the list of this folder is due.
    fn time_until_poll(&self, dir: &Path, now: Instant) -> Duration {
        self.asked.get(dir).map_or(Duration::ZERO, |at| {
            LISTING_INTERVAL.saturating_sub(now.saturating_duration_since(*at))
        })
    }

    fn facts(&mut self, dir: &Path, answer: Result<ProgramOutput, RunError>) -> Vec<Fact> {
        let told = match answer {
            Err(RunError::NotFound) => Err(CLIENT_NOT_FOUND_MESSAGE.to_owned()),
            Err(e) => Err(format!("`claude agents --json` {e}")),
            Ok(ran) if !ran.success => Err("`claude agents --json` failed".to_owned()),
            Ok(ran) => {
                decode(&ran.output).map_err(|e| format!("the answer of `claude agents --json` {e}"))
            }
        };
        match told {
            Ok(listed) => {
                let list = Fact::Listed(dir.to_path_buf(), listed);
                let well = self.ill.remove(dir).then(|| health(dir, None));
                std::iter::once(list).chain(well).collect()
            }
            Err(problem) => {
                self.ill.insert(dir.to_path_buf());
                vec![health(dir, Some(problem))]
            }
        }
    }
}

async fn ask(
    client: Option<&Path>,
    dir: &Path,
    env: &Environment,
) -> Result<ProgramOutput, RunError> {
    let client = client.ok_or(RunError::NotFound)?;
    let variables = listing_variables(dir, env);
    let variables: Vec<(&str, &OsStr)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_os_str()))
        .collect();
    let arguments = LISTING_ARGUMENTS.map(OsStr::new);
    run_bounded(
        client,
        &arguments,
        ChildEnvironment::Only(&variables),
        LISTING_LIMITS,
    )
    .await
}

/// The variables with which Claude Code is asked for the list of a folder: none that holds a secret,
/// such as `ANTHROPIC_API_KEY`. On macOS, Claude Code looks up the user's login in the keychain by
/// `$USER`; `$TMPDIR` leads to the folder that it shares with the sessions.
fn listing_variables(dir: &Path, env: &Environment) -> Vec<(&'static str, OsString)> {
    let mut variables = env.account.clone();
    variables.push(("HOME", env.home.clone().into()));
    // `claude` may be a script that needs an interpreter beside it, such as node.
    let folders = env.program_folders().into_iter();
    let path = std::env::join_paths(folders.chain(env.known_login_folders()));
    variables.push(("PATH", path.unwrap_or_default()));
    // Given the folder that is its default anyway, Claude Code looks for its settings elsewhere.
    if dir != env.home.join(".claude") {
        variables.push(("CLAUDE_CONFIG_DIR", dir.into()));
    }
    variables.extend(QUIET_VARIABLES.map(|name| (name, OsString::from("1"))));
    variables
}

/// The folder that a fact is about.
fn folder_of(fact: &Fact) -> Option<PathBuf> {
    match fact {
        Fact::Listed(dir, _) => Some(dir.clone()),
        Fact::Health(key, _) => Some(PathBuf::from(&key.subject)),
        _ => None,
    }
}

fn health(dir: &Path, problem: Option<String>) -> Fact {
    let key = HealthKey {
        source: Source::List,
        subject: dir.display().to_string(),
    };
    Fact::Health(key, problem)
}

impl ObservationSource for ListingSource {
    const THREAD_NAME: &'static str = "trusty-list";
    const SCAN_STAGE: ScanStage = ScanStage::Detail;

    async fn scan(
        &mut self,
        _round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        self.look_briefly(&wanted.lists, async |facts| sink(facts))
            .await;
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        run_listing_source(self, orders, out).await
    }
}

/// Asks for each wanted list every fifteen seconds at most, and for a new one at once.
async fn run_listing_source(
    mut lists: ListingSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    loop {
        let wanted = orders.borrow_and_update().wanted.lists.clone();
        let mut ended = false;
        lists
            .poll(&wanted, async |facts| {
                ended |= out.send(facts).await.is_err();
            })
            .await;
        if ended {
            return Shutdown;
        }
        let now = clock::instant();
        let rest = wanted
            .iter()
            .map(|dir| lists.time_until_poll(dir, now))
            .min();
        tokio::select! {
            () = clock::sleep(rest.unwrap_or_default()), if rest.is_some() => {}
            changed = orders.wait_for(|orders| orders.wanted.lists != wanted) => {
                if changed.is_err() {
                    return Shutdown;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
