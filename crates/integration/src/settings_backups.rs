//! The backups beside a settings file: what they are called, and which of them are kept.

use std::fs;
use std::path::{Path, PathBuf};

/// What the name of a backup goes on with; the moment follows.
pub(super) const BACKUP_PREFIX: &str = "before-trusty-";
/// The most backups that lie beside a settings file.
const MAX_BACKUPS: usize = 3;

/// Removes backups of a settings file until three are left: the oldest, which is as it was before
/// us, and the two newest.
pub(super) fn prune_backups(settings: &Path) {
    let backups = backups(settings);
    let more = backups.len().saturating_sub(MAX_BACKUPS);
    for (_, path) in backups.iter().skip(1).take(more) {
        // One that stays is of no harm.
        let _ = fs::remove_file(path);
    }
}

/// Which backup of this second is the next one, from 1: later ones have higher numbers.
pub(super) fn next_backup_of(settings: &Path, second: &str) -> u32 {
    let backups = backups(settings).into_iter();
    let same = backups.filter_map(|((of, count), _)| (of == second).then_some(count));
    same.max().map_or(1, |count| count.saturating_add(1))
}

/// The backups of a settings file, oldest first: when each was made, and where it is.
fn backups(settings: &Path) -> Vec<((String, u32), PathBuf)> {
    let name = settings.file_name().and_then(|n| n.to_str());
    let (Some(folder), Some(name)) = (settings.parent(), name) else {
        return Vec::new();
    };
    let prefix = format!("{name}.{BACKUP_PREFIX}");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let plain = entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_file()));
    let mut backups: Vec<_> = plain
        .filter_map(|e| {
            let moment = parse_ending(e.file_name().to_str()?.strip_prefix(&prefix)?)?;
            Some((moment, e.path()))
        })
        .collect();
    backups.sort();
    backups
}

/// When a backup was made, and which of that second it is, as its name tells:
/// `20261129T101149Z`, `20261129T101149Z-2`.
fn parse_ending(ending: &str) -> Option<(String, u32)> {
    let (second, count) = match ending.split_once('-') {
        None => (ending, 1),
        Some((second, count)) => (second, count.parse().ok().filter(|n| *n > 1)?),
    };
    let is_second = second.len() == 16
        && second.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    is_second.then(|| (second.to_owned(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("listed").flatten();
        let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn of_many_backups_the_first_and_the_two_newest_stay() {
        let root = tempfile::tempdir().expect("folder");
        let settings = root.path().join("settings.json");
        let backup = |ending: &str| format!("settings.json.before-trusty-{ending}");
        let kept = [
            backup("20261101T000000Z"),
            backup("20261129T101149Z-9"),
            backup("20261129T101149Z-10"),
            // Not of our making.
            backup("20261105T000000Z.mine"),
            backup("2026110500000000"),
            backup("20261105T000000Z-1"),
            "settings.local.json.before-trusty-20261105T000000Z".to_owned(),
            "settings.json".to_owned(),
        ];
        let gone = [
            backup("20261102T000000Z"),
            backup("20261129T101149Z"),
            backup("20261129T101149Z-2"),
        ];
        for name in kept.iter().chain(&gone) {
            fs::write(root.path().join(name), "x").expect("written");
        }
        prune_backups(&settings);
        let mut kept = kept.to_vec();
        kept.sort();
        assert_eq!(names(root.path()), kept);
    }
}
