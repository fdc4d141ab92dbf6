//! The client's own list of its sessions (`agents --json`, documented since 2.1.145), where its
//! registry speaks in words we do not know. Each call costs it half a second of work.

mod decode;

pub use decode::decode;

use super::{ObservationSender, Shutdown, SourceConfig};
use crate::client_program::find_client;
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
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

/// How often a client is asked for the list of one config folder.
const LISTING_INTERVAL: Duration = Duration::from_secs(15);
/// How long it may take, and how much it may say: a session is about 300 bytes.
const LISTING_LIMITS: RunLimits = RunLimits {
    time: Duration::from_secs(5),
    output: 4 << 20,
};
/// How long the first list of sessions waits for the clients' own; it comes without them then, and
/// they are asked again.
const FIRST_SCAN_TIMEOUT: Duration = Duration::from_millis(1500);
const LISTING_ARGUMENTS: [&str; 2] = ["agents", "--json"];
/// What is told where no client is found.
const CLIENT_NOT_FOUND_MESSAGE: &str = "`claude` was not found, so sessions of this folder may be incomplete; add \
                         `claude` to PATH";
/// It shall do nothing but answer.
const QUIET_VARIABLES: [&str; 4] = [
    "DISABLE_TELEMETRY",
    "DISABLE_AUTOUPDATER",
    "DISABLE_ERROR_REPORTING",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
];

/// Config folders.
type ConfigDirs = BTreeSet<PathBuf>;

/// What is known of the folders whose registry is not understood.
#[derive(Debug)]
pub struct ListingSource {
    env: Environment,
    /// When each folder's list was last asked for.
    asked: BTreeMap<PathBuf, Instant>,
    /// Folders of which a problem was told.
    ill: BTreeSet<PathBuf>,
}

impl ListingSource {
    /// Nobody is asked until it is wanted.
    pub fn new(env: &Environment) -> Self {
        Self {
            env: env.clone(),
            asked: BTreeMap::new(),
            ill: BTreeSet::new(),
        }
    }

    /// Asks for all lists whose time has come, at once; each answer is handed over as soon as it
    /// is there.
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

    /// The same within the time that a first look has; what has not answered by then is named, and
    /// asked again with the next look.
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

    /// How long until this folder's list may be asked for again.
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
    let (home, path) = (&env.home, env.path.as_deref().unwrap_or_default());
    let mut variables: Vec<(&str, &OsStr)> = vec![("HOME", home.as_os_str()), ("PATH", path)];
    // Told the folder that it takes anyway, a client looks for its settings elsewhere.
    if dir != home.join(".claude") {
        variables.push(("CLAUDE_CONFIG_DIR", dir.as_os_str()));
    }
    variables.extend(QUIET_VARIABLES.map(|name| (name, OsStr::new("1"))));
    let arguments = LISTING_ARGUMENTS.map(OsStr::new);
    run_bounded(
        client,
        &arguments,
        ChildEnvironment::Only(&variables),
        LISTING_LIMITS,
    )
    .await
}

/// The folder whose answer a fact is.
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

/// Asks for what is wanted, a folder every fifteen seconds at most, and for a new one at once.
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
