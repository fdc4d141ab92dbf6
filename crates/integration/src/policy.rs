//! What may forbid hooks: the settings of whoever manages the machine, and the owner's own.

use super::settings_text::{disables_hooks, flag};
use std::fs;
use std::path::{Path, PathBuf};
use trusty_platform::files;

/// The largest such file that is read, in bytes.
const MAX_POLICY_FILE_BYTES: u64 = 8 << 20;

/// Where managed settings are on this operating system.
fn managed_folder(os: &str) -> &'static Path {
    Path::new(match os {
        "macos" => "/Library/Application Support/ClaudeCode",
        _ => "/etc/claude-code",
    })
}

/// The files of managed settings that there are.
fn managed_files() -> Vec<PathBuf> {
    let folder = managed_folder(std::env::consts::OS);
    let more = fs::read_dir(folder.join("managed-settings.d"));
    let more = more.into_iter().flatten().flatten().map(|e| e.path());
    [folder.join("managed-settings.json")]
        .into_iter()
        .chain(more)
        .collect()
}

/// Why no hook of the owner's can run, in words.
pub(super) fn find_hook_ban(own: &Path, text: &str) -> Option<String> {
    if disables_hooks(text) == Ok(true) {
        let own = own.display();
        return Some(format!(
            "disableAllHooks is set in {own}; remove the setting there"
        ));
    }
    managed_files().iter().find_map(|file| {
        let bytes = files::read_bounded(file, MAX_POLICY_FILE_BYTES).ok()?;
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
        "{name} is set in {file}; ask the administrator of this machine"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_settings_are_looked_for_where_each_system_keeps_them() {
        assert_eq!(managed_folder("linux"), Path::new("/etc/claude-code"));
        assert!(managed_folder("macos").starts_with("/Library"));
        let here = managed_folder(std::env::consts::OS);
        assert!(managed_files().iter().all(|file| file.starts_with(here)));
    }

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
        let own = find_hook_ban(Path::new("/s.json"), "{\"disableAllHooks\": true}");
        assert!(own.is_some_and(|words| words.contains("/s.json")));
    }
}
