//! Start at login by the freedesktop.org autostart specification: a desktop entry in
//! `~/.config/autostart`. What the user has written into the file stays.

mod desktop_entry;

use crate::files::{self, FileReadError};
use crate::login_item::{LoginItem, LoginItemError, LoginItemState};
use crate::trusted_path::{check_data, make_missing_folders};
use desktop_entry::{DesktopEntry, exec_value};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const MAX_ENTRY_BYTES: u64 = 64 * 1024;
/// "true" means that the file counts as missing.
const HIDDEN_KEY: &str = "Hidden";
/// "false" is how GNOME, MATE and Cinnamon turn an entry off.
const ENABLED_KEY: &str = "X-GNOME-Autostart-enabled";
const EXEC_KEY: &str = "Exec";

/// The autostart file of a program.
#[derive(Debug, Clone)]
pub struct XdgAutostart {
    file: PathBuf,
    program: PathBuf,
    name: &'static str,
}

impl XdgAutostart {
    /// The autostart file `id`.desktop of `program` in the config folder of the user
    /// (`$XDG_CONFIG_HOME`, or `~/.config`). `name` is shown by the desktop.
    pub fn new(config_home: &Path, id: &str, name: &'static str, program: PathBuf) -> Self {
        Self {
            file: config_home.join("autostart").join(format!("{id}.desktop")),
            program,
            name,
        }
    }

    /// The autostart file, whether it exists or not.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The file that a link of a dotfile manager leads to, or the file itself.
    fn resolved(&self) -> Result<PathBuf, LoginItemError> {
        match check_data(&self.file) {
            Ok(checked) => Ok(checked.resolved),
            // Another user could have the desktop start any program.
            Err(refusal) if refusal.is_distrust() => {
                Err(self.failed(io::Error::other(refusal.to_string())))
            }
            Err(_) => Ok(self.file.clone()),
        }
    }

    /// The file as it is; `None` without one.
    fn read(&self) -> Result<Option<DesktopEntry>, LoginItemError> {
        let bytes = match files::read_bounded(&self.resolved()?, MAX_ENTRY_BYTES) {
            Ok(bytes) => bytes,
            Err(FileReadError::Gone) => return Ok(None),
            Err(e) => return Err(self.failed(io::Error::other(e.to_string()))),
        };
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| self.failed(io::Error::other("not UTF-8 text")))?;
        Ok(Some(DesktopEntry::parse(&text)))
    }

    fn write(&self, entry: &DesktopEntry) -> Result<(), LoginItemError> {
        let failed = |e: io::Error| self.failed(e);
        if let Some(folder) = self.file.parent() {
            make_missing_folders(folder).map_err(|e| failed(io::Error::other(e.to_string())))?;
        }
        files::write_whole(&self.resolved()?, entry.to_string().as_bytes()).map_err(failed)
    }

    fn failed(&self, source: io::Error) -> LoginItemError {
        LoginItemError::File {
            path: self.file.clone(),
            source,
        }
    }

    /// The file as this program writes it.
    fn own_entry(&self, exec: &str) -> DesktopEntry {
        DesktopEntry::parse(&format!(
            "[Desktop Entry]\nType=Application\nName={}\n{EXEC_KEY}={exec}\nTerminal=false\n\
             {ENABLED_KEY}=true\n",
            self.name
        ))
    }

    fn exec(&self) -> Result<String, LoginItemError> {
        exec_value(&self.program).ok_or_else(|| LoginItemError::UnusualPath(self.program.clone()))
    }
}

impl LoginItem for XdgAutostart {
    fn state(&self) -> Result<LoginItemState, LoginItemError> {
        let on = self.read()?.is_some_and(|entry| {
            entry.value(HIDDEN_KEY) != Some("true")
                && entry.value(ENABLED_KEY) != Some("false")
                && entry.value(EXEC_KEY).is_some_and(|exec| !exec.is_empty())
        });
        Ok(if on {
            LoginItemState::On
        } else {
            LoginItemState::Off
        })
    }

    fn turn_on(&self) -> Result<(), LoginItemError> {
        let exec = self.exec()?;
        let Some(mut entry) = self.read()? else {
            return self.write(&self.own_entry(&exec));
        };
        let before = entry.clone();
        entry.remove(HIDDEN_KEY);
        if entry.value(ENABLED_KEY) == Some("false") {
            entry.set(ENABLED_KEY, "true");
        }
        if !starts_a_program(&entry) {
            entry.set(EXEC_KEY, &exec);
        }
        if entry == before {
            return Ok(());
        }
        self.write(&entry)
    }

    fn turn_off(&self) -> Result<(), LoginItemError> {
        let Some(mut entry) = self.read()? else {
            return Ok(());
        };
        let exec = entry.value(EXEC_KEY).unwrap_or_default();
        if entry == self.own_entry(exec) {
            return std::fs::remove_file(&self.file).map_err(|e| self.failed(e));
        }
        if entry.value(HIDDEN_KEY) == Some("true") {
            return Ok(());
        }
        entry.set(HIDDEN_KEY, "true");
        self.write(&entry)
    }

    fn repair(&self) -> Result<(), LoginItemError> {
        if self.state()? != LoginItemState::On {
            return Ok(());
        }
        let Some(mut entry) = self.read()?.filter(|entry| !starts_a_program(entry)) else {
            return Ok(());
        };
        entry.set(EXEC_KEY, &self.exec()?);
        self.write(&entry)
    }
}

/// Whether the entry names a program that exists. A bare name is looked up by the desktop, so it
/// counts as existing.
fn starts_a_program(entry: &DesktopEntry) -> bool {
    let Some(program) = entry.program() else {
        return false;
    };
    let is_executable = |path: &Path| {
        std::fs::metadata(path)
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    program.is_relative() || is_executable(&program)
}

#[cfg(test)]
mod tests;
