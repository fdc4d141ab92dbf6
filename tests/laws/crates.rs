//! The crates of the program, their files and their sizes.

use crate::{ProjectFile, project_files, root};
use std::fs;

/// A crate of the program.
#[derive(Debug, Clone)]
pub struct ProductCrate {
    /// The crate's name without `trusty-`.
    pub name: String,
    /// The folder of its sources, from the project's root.
    pub folder: String,
    /// The Rust files of the crate.
    pub files: Vec<ProjectFile>,
}

impl ProductCrate {
    /// Lines that are compiled into the program, comments included.
    pub fn lines(&self) -> usize {
        self.files.iter().map(product_lines).sum()
    }
}

/// Lines of a file that are compiled into the program, comments included.
pub fn product_lines(file: &ProjectFile) -> usize {
    file.product().lines().count()
}

/// All crates below `crates`, and the app.
///
/// # Panics
/// A folder cannot be read.
pub fn product_crates() -> Vec<ProductCrate> {
    let folder = fs::read_dir(root().join("crates")).expect("a folder of crates");
    let names = folder.flatten().map(|entry| entry.file_name());
    let mut crates: Vec<ProductCrate> = names
        .map(|name| {
            let name = name.to_string_lossy().into_owned();
            read_crate(&name, format!("crates/{name}/src"))
        })
        .collect();
    crates.push(read_crate("bar", "src-tauri/src".to_owned()));
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    crates
}

fn read_crate(name: &str, folder: String) -> ProductCrate {
    ProductCrate {
        name: name.to_owned(),
        files: project_files(&[&folder], &["rs"]),
        folder,
    }
}
