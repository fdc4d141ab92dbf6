//! Whether our hooks are installed in the config folders, according to each `settings.json`.

use super::watch::{SourceWatcher, WatchEvent, WatchedFolder};
use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch::Receiver;
use trusty_fleet::Fact;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::{HealthKey, HookInstall};
use trusty_fleet::session::Source;
use trusty_platform::clock;
use trusty_wire::environment::Environment;

/// How long to wait before a file is read again that is not understood, as while it is written in
/// place.
const HALF_WRITTEN_DELAY: Duration = Duration::from_millis(300);
/// How often the folders are read while some cannot be watched.
const CONFIG_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The config folders, and what was last reported of each.
#[derive(Debug)]
pub struct HookInstallSource {
    env: Environment,
    configured: BTreeSet<PathBuf>,
    /// Folders that live sessions name.
    named: BTreeSet<PathBuf>,
    told: BTreeMap<PathBuf, HookInstall>,
    /// Folders whose file was not understood at the last read.
    doubted: BTreeSet<PathBuf>,
    /// Why the hook program could not be updated.
    unrenewed: Option<String>,
    /// The health of the hook program as last reported.
    told_of_program: Option<Fact>,
}

impl HookInstallSource {
    /// Will check these config folders.
    pub fn new(env: &Environment, dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            env: env.clone(),
            configured: dirs.into_iter().collect(),
            named: BTreeSet::new(),
            told: BTreeMap::new(),
            doubted: BTreeSet::new(),
            unrenewed: None,
            told_of_program: None,
        }
    }

    /// Replaces the set of config folders that live sessions name, and returns whether any is new.
    pub fn set_named_folders(&mut self, named: &BTreeSet<PathBuf>) -> bool {
        let before = self.dirs();
        self.named.clone_from(named);
        let now = self.dirs();
        self.told.retain(|dir, _| now.contains(dir));
        !now.is_subset(&before)
    }

    fn dirs(&self) -> BTreeSet<PathBuf> {
        self.configured.union(&self.named).cloned().collect()
    }

    /// The folders in which the state of the hooks can change.
    fn folders(&self) -> impl Iterator<Item = WatchedFolder> {
        let data = self.env.data_dir();
        let program = trusty_integration::program(&self.env);
        let program = program.parent().map(Path::to_path_buf);
        let folders = self.dirs().into_iter().chain([data]).chain(program);
        folders.map(WatchedFolder::single)
    }

    /// Checks the hook program and all folders; returns what has changed.
    pub fn poll(&mut self) -> Vec<Fact> {
        let mut facts = Vec::new();
        let program = self.check_program();
        let is_well = matches!(program, Fact::Health(_, None));
        let is_told = self.told_of_program.as_ref() == Some(&program);
        if !(is_told || is_well && self.told_of_program.is_none()) {
            facts.push(program.clone());
            self.told_of_program = Some(program);
        }
        for dir in self.dirs() {
            let state = trusty_integration::state(&self.env, &dir);
            let broken = matches!(state, HookInstall::Broken(_));
            // The first check reports a broken file at once, having no earlier state to keep.
            let doubtful =
                broken && self.told.contains_key(&dir) && self.doubted.insert(dir.clone());
            if !broken {
                self.doubted.remove(&dir);
            }
            if !doubtful && self.told.get(&dir) != Some(&state) {
                self.told.insert(dir.clone(), state.clone());
                facts.push(Fact::HookInstall(dir, state));
            }
        }
        facts
    }

    /// Whether some file is to be read again before it is reported as broken.
    fn is_in_doubt(&self) -> bool {
        let is_told = |dir| matches!(self.told.get(dir), Some(HookInstall::Broken(_)));
        !self.doubted.iter().all(is_told)
    }

    /// Updates the copy of the hook program, and checks that no other user could replace it.
    fn renew_program(&mut self) -> Fact {
        let renewed = trusty_integration::renew(&self.env).err();
        self.unrenewed = renewed.map(|e| format!("could not update the hook program: {e}"));
        self.check_program()
    }

    /// The health of the hook program.
    fn check_program(&self) -> Fact {
        let key = HealthKey {
            source: Source::Hook,
            subject: trusty_integration::program(&self.env).display().to_string(),
        };
        let found = trusty_integration::check_hook_program(&self.env).err();
        let found = found.map(|e| e.to_string());
        Fact::Health(key, found.or_else(|| self.unrenewed.clone()))
    }
}

/// Whether a change of this path may change the state of the hooks.
fn is_hook_file(path: &Path) -> bool {
    let names = ["settings.json", "connections.json", "trusty-hook"];
    let name = path.file_name();
    // A volume may ignore case.
    name.is_some_and(|name| names.iter().any(|n| name.eq_ignore_ascii_case(n)))
}

impl ObservationSource for HookInstallSource {
    const THREAD_NAME: &'static str = "trusty-connect";
    const SCAN_STAGE: ScanStage = ScanStage::Detail;

    async fn scan(
        &mut self,
        _round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        self.set_named_folders(&wanted.config_dirs);
        sink(self.poll());
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        run_hook_install_source(self, orders, out).await
    }
}

/// Updates the hook program once, then reports changes as they happen.
async fn run_hook_install_source(
    mut connections: HookInstallSource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    let mut watch = SourceWatcher::new(Source::Hook);
    if let Err(ended) = out.send(vec![connections.renew_program()]).await {
        return ended;
    }
    loop {
        connections.set_named_folders(&orders.borrow_and_update().wanted.config_dirs);
        let mut facts = Vec::new();
        // A change between the check and the watch is found by checking again.
        loop {
            facts.extend(connections.poll());
            if !watch.set_folders(connections.folders()) {
                break;
            }
        }
        facts.extend(watch.health());
        if let Err(ended) = out.send(facts).await {
            return ended;
        }
        let rest = match (connections.is_in_doubt(), watch.is_blind()) {
            (true, _) => Some(HALF_WRITTEN_DELAY),
            (false, true) => Some(CONFIG_POLL_INTERVAL),
            (false, false) => watch.rescan_interval(),
        };
        if wait_for_change(&connections, &mut watch, &mut orders, rest)
            .await
            .is_err()
        {
            return Shutdown;
        }
    }
}

/// Returns when the folders are to be checked again.
async fn wait_for_change(
    connections: &HookInstallSource,
    watch: &mut SourceWatcher,
    orders: &mut Receiver<SourceConfig>,
    rest: Option<Duration>,
) -> Result<(), Shutdown> {
    let timer = clock::sleep(rest.unwrap_or_default());
    tokio::pin!(timer);
    loop {
        tokio::select! {
            noticed = watch.next() => match noticed {
                WatchEvent::Path(path) if !is_hook_file(&path) => {}
                WatchEvent::Path(_) | WatchEvent::Anything => return Ok(()),
            },
            changed = orders.changed() => {
                changed.map_err(|_| Shutdown)?;
                let wanted = &orders.borrow_and_update().wanted.config_dirs;
                if *wanted != connections.named {
                    return Ok(());
                }
            }
            () = &mut timer, if rest.is_some() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_change_is_told_and_what_is_half_written_is_not() {
        let home = tempfile::tempdir().expect("folder");
        let env = Environment {
            home: home.path().to_path_buf(),
            ..Environment::default()
        };
        let dir = env.claude_dir();
        fs::create_dir_all(&dir).expect("folder");
        let settings = dir.join("settings.json");
        let mut connections = HookInstallSource::new(&env, [dir.clone()]);
        let told = |state| vec![Fact::HookInstall(dir.clone(), state)];
        assert_eq!(connections.poll(), told(HookInstall::NotInstalled));
        assert_eq!(connections.poll(), []);
        fs::write(&settings, "{\"hooks\":").expect("write");
        assert_eq!(connections.poll(), [], "the file may be half written");
        assert!(connections.is_in_doubt());
        let facts = connections.poll();
        assert!(
            matches!(facts[..], [Fact::HookInstall(_, HookInstall::Broken(_))]),
            "{facts:?}"
        );
        assert!(!connections.is_in_doubt(), "reported, so not read again");
        fs::write(&settings, "{\"disableAllHooks\": true}").expect("write");
        let facts = connections.poll();
        assert!(
            matches!(facts[..], [Fact::HookInstall(_, HookInstall::Forbidden(_))]),
            "{facts:?}"
        );
        fs::remove_file(&settings).expect("removed");
        assert_eq!(connections.poll(), told(HookInstall::NotInstalled));
        let other = home.path().join("other");
        assert!(connections.set_named_folders(&[other.clone()].into()));
        assert_eq!(
            connections.poll(),
            [Fact::HookInstall(other, HookInstall::NotInstalled)]
        );
        assert!(is_hook_file(&settings));
        assert!(!is_hook_file(&dir.join("history.jsonl")));
    }
}
