//! The files of the project, as the laws read them.

pub mod crates;
pub mod definitions;
pub mod modules;
pub mod phrases;
pub mod texts;

use std::fs;
use std::path::{Path, PathBuf};

/// Folders with content that was built or fetched.
const BUILT_FOLDERS: [&str; 5] = ["node_modules", "dist", "target", "gen", "artefacts"];

/// A file of the project: its path from the root, and its text.
#[derive(Debug, Clone)]
pub struct ProjectFile {
    /// The path from the project's root, with `/` between.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// The project's root, in canonical form.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the project's root")
}

/// All files below these folders with one of these endings, without what was built or fetched.
///
/// # Panics
/// No such file exists, or a folder or file cannot be read.
pub fn project_files(folders: &[&str], endings: &[&str]) -> Vec<ProjectFile> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), endings, &mut found);
    }
    assert!(!found.is_empty(), "nothing below {folders:?}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<ProjectFile>) {
    let entries = fs::read_dir(folder).expect("a folder of the project");
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let has_ending = |e: &std::ffi::OsStr| endings.iter().any(|x| e == *x);
        if path.is_dir() {
            if !BUILT_FOLDERS.contains(&name.as_str()) {
                collect(&path, endings, found);
            }
        } else if path.extension().is_some_and(has_ending) {
            let text = fs::read_to_string(&path).expect("text");
            let path = path.strip_prefix(root()).expect("below the root");
            found.push(ProjectFile {
                path: path.to_string_lossy().into_owned(),
                text,
            });
        }
    }
}

impl ProjectFile {
    /// Whether the whole file is for tests.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name == "tests.rs" || name.ends_with("_tests.rs") || self.path.contains("/tests/")
    }

    /// The part that is compiled into the program: tests at the end of a file or in a file of their
    /// own are left out.
    pub fn product(&self) -> &str {
        if self.is_test() {
            return "";
        }
        let product = self.text.split("#[cfg(test)]\nmod ").next();
        product.unwrap_or_default()
    }

    /// The product code, each line cut at its first `//`, even one within a literal.
    pub fn code(&self) -> String {
        let lines = self.product().lines();
        let lines = lines.map(|l| l.split("//").next().unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    }
}
