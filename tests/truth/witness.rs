//! Claude Code's own words, noted as they come: evidence to judge by hand, never the truth.

use super::state::TruthState;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use trusty_tests::Value;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What a registry file said from this time on; `no file` when it was gone.
#[derive(Debug, Clone)]
pub(crate) struct RegistryWord {
    pub at: SystemTime,
    pub pid: u32,
    pub text: String,
}

impl RegistryWord {
    /// Whether the newest Claude Code means this state by the word.
    pub(crate) fn says(&self, state: TruthState) -> bool {
        match state {
            TruthState::Starting => self.text == "-",
            TruthState::Working => self.text == "busy",
            TruthState::Idle | TruthState::Finished | TruthState::Failed => self.text == "idle",
            TruthState::BackgroundShell => self.text == "shell",
            TruthState::Permission | TruthState::Plan => {
                self.text == "waiting for permission prompt"
            }
            TruthState::Question => self.text == "waiting for input needed",
            TruthState::MenuOpen => self.text == "waiting for dialog open",
            _ => false,
        }
    }
}

/// Notes the changes of one config folder's registry files until dropped.
pub(crate) struct RegistryWitness {
    words: Arc<Mutex<Vec<RegistryWord>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RegistryWitness {
    pub(crate) fn start(config_dir: &Path) -> Self {
        let (words, stop) = (Arc::<Mutex<Vec<RegistryWord>>>::default(), Arc::default());
        let thread = std::thread::spawn({
            let (words, stop) = (Arc::clone(&words), Arc::<AtomicBool>::clone(&stop));
            let folder = config_dir.join("sessions");
            move || watch(&folder, &words, &stop)
        });
        Self {
            words,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn words(&self) -> Vec<RegistryWord> {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.clone()
    }
}

impl Drop for RegistryWitness {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(folder: &Path, words: &Mutex<Vec<RegistryWord>>, stop: &AtomicBool) {
    let mut last: BTreeMap<u32, String> = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let mut now: BTreeMap<u32, String> = BTreeMap::new();
        for (pid, path) in files(folder) {
            // A half-written file keeps its last word until the next read.
            let said = read(&path).or_else(|| last.get(&pid).cloned());
            now.extend(said.map(|text| (pid, text)));
        }
        let gone = last.keys().filter(|pid| !now.contains_key(pid));
        let gone = gone.map(|pid| (*pid, "no file".to_owned()));
        let new = now.iter().filter(|(pid, text)| last.get(pid) != Some(text));
        let new = new.map(|(pid, text)| (*pid, text.clone()));
        let at = SystemTime::now();
        let changed = gone
            .chain(new)
            .map(|(pid, text)| RegistryWord { at, pid, text });
        words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(changed);
        last = now;
        std::thread::sleep(POLL_INTERVAL);
    }
}

fn files(folder: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let path = entry.path();
            let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
            Some((name.parse().ok()?, path))
        })
        .collect()
}

fn read(path: &Path) -> Option<String> {
    let file: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let text = |key: &str| file[key].as_str().unwrap_or("-").to_owned();
    let waits = file["waitingFor"].as_str().map(|w| format!(" for {w}"));
    Some(format!("{}{}", text("status"), waits.unwrap_or_default()))
}
