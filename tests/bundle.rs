//! The scripts that make Trusty Bar.app, with dummy programs and with stand-ins for Apple's tools;
//! and the scripts of the Mac workflow, as far as they can be checked on any system.

#[path = "bundle/assembly.rs"]
mod assembly;
#[cfg(target_os = "linux")]
#[path = "bundle/opening.rs"]
mod opening;
#[path = "bundle/property_lists.rs"]
mod property_lists;
#[path = "bundle/scripts.rs"]
mod scripts;
#[path = "bundle/signing.rs"]
mod signing;
#[path = "bundle/starting.rs"]
mod starting;
#[path = "bundle/workflow.rs"]
mod workflow;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The programs of the bundle, in the order in which messages name them.
const PROGRAM_NAMES: [&str; 3] = ["trusty-bar", "trusty", "trusty-hook"];

/// The project's root.
fn project() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("the project's root")
}

/// A folder with dummy programs and room for a bundle; both names have spaces.
struct BundleSpace {
    _folder: TempDir,
    programs: PathBuf,
    out: PathBuf,
}

impl BundleSpace {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let programs = folder.path().join("built programs");
        fs::create_dir(&programs).expect("a folder");
        for name in PROGRAM_NAMES {
            write_program(&programs.join(name), &format!("#!/bin/sh\n# {name}\n"));
        }
        let out = folder.path().join("a place with spaces");
        Self {
            _folder: folder,
            programs,
            out,
        }
    }

    fn app(&self) -> PathBuf {
        self.out.join("Trusty Bar.app")
    }

    fn assemble(&self) -> Output {
        let mut command = packaging_script("assemble");
        command.arg(&self.programs).arg(&self.out);
        command.output().expect("sh runs")
    }

    /// Assembles the bundle and returns its path.
    fn assembled(&self) -> PathBuf {
        let done = self.assemble();
        assert!(done.status.success(), "{done:?}");
        assert_eq!(
            String::from_utf8_lossy(&done.stdout).trim_end(),
            self.app().to_string_lossy()
        );
        self.app()
    }
}

/// A script of `packaging/macos`. As on a Mac, no program takes options after its first operand:
/// there, the `--` in `chmod 755 -- FILE` is a file (`getopt` in Apple's `file_cmds`).
fn packaging_script(name: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg(project().join("packaging/macos").join(name));
    command.env("POSIXLY_CORRECT", "1");
    command
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// All files and folders below a folder with their permissions, sorted, as `755 Contents/MacOS`.
fn list_tree(folder: &Path) -> Vec<String> {
    fn visit(root: &Path, folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let metadata = fs::symlink_metadata(&path).expect("metadata");
            let inner = path.strip_prefix(root).expect("below the root");
            found.push((inner.to_owned(), metadata.permissions().mode() & 0o7777));
            if metadata.is_dir() {
                visit(root, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    visit(folder, folder, &mut found);
    found.sort();
    let lines = found.iter();
    let lines = lines.map(|(path, mode)| format!("{mode:o} {}", path.display()));
    lines.collect()
}

/// A folder of stand-ins for programs. Each appends its name and its arguments as one line to
/// the file `calls`, then runs `body`.
struct StandInTools {
    folder: TempDir,
}

impl StandInTools {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    fn add(&self, name: &str, body: &str) {
        let calls = self.folder.path().join("calls");
        let text = format!(
            "#!/bin/sh\necho \"{name} $*\" >> '{}'\n{body}\n",
            calls.display()
        );
        write_program(&self.folder.path().join(name), &text);
    }

    /// The value of `PATH` with the stand-ins before everything else.
    fn path(&self) -> std::ffi::OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path);
        let all = std::iter::once(self.folder.path().to_owned()).chain(folders);
        std::env::join_paths(all).expect("folders without colons")
    }

    /// The calls so far, in order.
    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
