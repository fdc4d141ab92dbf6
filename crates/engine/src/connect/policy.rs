//! What may forbid hooks: the settings of whoever manages the machine, and the owner's own.

use super::text::{disables_hooks, flag};
use crate::io::files;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest such file that is read, in bytes.
const BOUND: u64 = 8 << 20;

/// Where managed settings are, on Linux and on macOS.
const MANAGED: [&str; 2] = [
    "/etc/claude-code",
    "/Library/Application Support/ClaudeCode",
];

/// The files of managed settings that there are.
fn managed() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in MANAGED.map(Path::new) {
        files.push(folder.join("managed-settings.json"));
        let more = fs::read_dir(folder.join("managed-settings.d"));
        files.extend(more.into_iter().flatten().flatten().map(|e| e.path()));
    }
    files
}

/// Why no hook of the owner's can run, in words.
pub(super) fn forbids(own: &Path, text: &str) -> Option<String> {
    if disables_hooks(text) == Ok(true) {
        let own = own.display();
        return Some(format!("disableAllHooks is set in {own}; remove it there"));
    }
    managed().iter().find_map(|file| {
        let bytes = files::read_bounded(file, BOUND).ok()?;
        managed_forbids(file, &String::from_utf8(bytes).ok()?)
    })
}

fn managed_forbids(file: &Path, text: &str) -> Option<String> {
    let is_set = |name: &&str| flag(text, name) == Ok(true);
    let name = ["disableAllHooks", "allowManagedHooksOnly"]
        .into_iter()
        .find(is_set)?;
    let file = file.display();
    Some(format!(
        "{name} is set in {file}; ask whoever manages this machine"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forbids_hooks_is_named() {
        let told = |text: &str| managed_forbids(Path::new("/m.json"), text);
        for name in ["disableAllHooks", "allowManagedHooksOnly"] {
            let words = told(&format!("{{\"{name}\": true}}")).expect("forbidden");
            assert!(
                words.starts_with(name) && words.contains("/m.json"),
                "{words}"
            );
            assert_eq!(told(&format!("{{\"{name}\": false}}")), None);
        }
        assert_eq!(told("{\"hooks\": {}}"), None);
        assert_eq!(told("what"), None);
        let own = forbids(Path::new("/s.json"), "{\"disableAllHooks\": true}");
        assert!(own.is_some_and(|words| words.contains("/s.json")));
    }
}
