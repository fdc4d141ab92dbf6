//! Writes files into a folder of its own and measures when each write is reported by a watcher that
//! was told a link to the folder, as a linked `~/.claude` is watched.

use crate::format::WatchTrial;
use notify::{RecursiveMode, Watcher};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use trusty_platform::clock;

/// How many files are written.
const TRIAL_WRITES: u32 = 10;
/// How long a report of a write is waited for. `FSEvents` gathers events for up to a second.
const REPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes the trial; takes at most 20 s.
pub async fn try_watch() -> WatchTrial {
    let trial = tokio::task::spawn_blocking(run_trial).await;
    let failed = |why: String| WatchTrial {
        problem: Some(why),
        ..WatchTrial::default()
    };
    match trial {
        Ok(Ok(trial)) => trial,
        Ok(Err(why)) => failed(why.to_string()),
        Err(e) => failed(e.to_string()),
    }
}

/// Why a trial was not made.
#[derive(Debug, thiserror::Error)]
enum TrialError {
    #[error("could not make a folder for the trial: {0}")]
    Folder(#[from] io::Error),
    #[error("could not watch: {0}")]
    Watch(#[from] notify::Error),
}

/// A private folder that is removed at the end.
struct TrialFolder(PathBuf);

impl TrialFolder {
    fn create() -> io::Result<Self> {
        let name = format!("trusty-report-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TrialFolder {
    fn drop(&mut self) {
        // A folder that stays behind is empty but for the trial's own files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run_trial() -> Result<WatchTrial, TrialError> {
    let folder = TrialFolder::create()?;
    let (real, link) = (folder.0.join("real"), folder.0.join("link"));
    fs::create_dir(&real)?;
    symlink(&real, &link)?;
    let (send, events) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        for path in event.map(|event| event.paths).unwrap_or_default() {
            // The receiver is gone once the trial is over.
            let _ = send.send(path);
        }
    })?;
    watcher.watch(&link, RecursiveMode::Recursive)?;
    let mut trial = WatchTrial::default();
    let mut delays = Vec::new();
    for number in 0..TRIAL_WRITES {
        let name = format!("{number}.json");
        let begun = clock::instant();
        fs::write(link.join(&name), "{}")?;
        trial.writes += 1;
        let Some(path) = wait_for(&events, &name) else {
            // A watcher that misses one write would miss all, and each costs seconds.
            break;
        };
        delays.push(begun.elapsed());
        trial.reported += 1;
        trial.keeps_link = path.starts_with(&link);
    }
    delays.sort();
    let millis = |delay: Option<&Duration>| {
        delay.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    };
    trial.median_millis = millis(delays.get(delays.len() / 2));
    trial.slowest_millis = millis(delays.last());
    Ok(trial)
}

/// The first reported path with this file name.
fn wait_for(events: &Receiver<PathBuf>, name: &str) -> Option<PathBuf> {
    let begun = clock::instant();
    loop {
        let left = REPORT_TIMEOUT.checked_sub(begun.elapsed())?;
        let path = events.recv_timeout(left).ok()?;
        if path.file_name() == Some(Path::new(name).as_os_str()) {
            return Some(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_write_through_a_link_is_reported() {
        let trial = try_watch().await;
        assert_eq!(trial.problem, None);
        assert_eq!((trial.writes, trial.reported), (TRIAL_WRITES, TRIAL_WRITES));
    }
}
