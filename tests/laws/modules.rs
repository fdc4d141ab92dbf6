//! Which file of a crate names which, by its imports and paths.

use crate::crates::ProductCrate;
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, Path, UseTree};

/// A module's path below its crate's root; empty for the root.
pub type ModulePath = Vec<String>;

/// Which module names which others of its crate. Tests are left out.
#[derive(Debug, Default)]
pub struct ModuleGraph {
    /// From a module to those it names, without itself and its own ancestors and descendants: a
    /// parent is made of its children.
    pub edges: BTreeMap<ModulePath, BTreeSet<ModulePath>>,
}

impl ModuleGraph {
    /// Reads the files of a crate.
    ///
    /// # Panics
    /// A file is not Rust.
    pub fn of_crate(of: &ProductCrate) -> Self {
        let files = of.files.iter().filter(|f| !f.is_test());
        let modules: BTreeMap<ModulePath, &str> = files
            .map(|file| (module_path(&of.folder, &file.path), file.text.as_str()))
            .collect();
        let known: BTreeSet<ModulePath> = modules.keys().cloned().collect();
        let mut graph = Self::default();
        for (module, text) in &modules {
            let parsed = syn::parse_file(text).expect("Rust");
            let mut reader = PathReader {
                module: module.clone(),
                names: BTreeMap::new(),
                paths: BTreeSet::new(),
            };
            reader.visit_file(&parsed);
            let named = reader.paths.iter().map(|path| deepest(path, &known));
            let others = named.filter(|other| !is_related(module, other));
            graph.edges.insert(module.clone(), others.collect());
        }
        graph
    }

    /// Modules that name each other, directly or through others; each circle once, sorted.
    pub fn circles(&self) -> Vec<Vec<ModulePath>> {
        let reachable: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = self
            .edges
            .keys()
            .map(|from| (from, self.reach(from)))
            .collect();
        let mut circles = BTreeSet::new();
        for (from, reached) in &reachable {
            if !reached.contains(*from) {
                continue;
            }
            let back = |to: &&&ModulePath| reachable.get(**to).is_some_and(|r| r.contains(*from));
            let mut circle: Vec<ModulePath> =
                reached.iter().filter(back).map(|m| (*m).clone()).collect();
            circle.sort();
            circles.insert(circle);
        }
        circles.into_iter().collect()
    }

    fn reach<'a>(&'a self, from: &ModulePath) -> BTreeSet<&'a ModulePath> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&ModulePath> = self.edges.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(self.edges.get(module).into_iter().flatten());
            }
        }
        reached
    }
}

/// Whether one module is the other, or above or below the other.
fn is_related(one: &ModulePath, other: &ModulePath) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The module that a file holds.
pub fn module_path(folder: &str, file: &str) -> ModulePath {
    let path = file.strip_prefix(folder).unwrap_or(file);
    let path = path.trim_start_matches('/').trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    match path {
        "lib" | "main" => Vec::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

/// The deepest module that a path leads through.
fn deepest(path: &[String], known: &BTreeSet<ModulePath>) -> ModulePath {
    let depths = (0..=path.len()).rev();
    let mut prefixes = depths.map(|depth| path[..depth].to_vec());
    prefixes
        .find(|prefix| known.contains(prefix))
        .unwrap_or_default()
}

/// Collects the paths that one file names, from the crate's root.
struct PathReader {
    module: ModulePath,
    /// The path of each name that an import or a `mod` item brings into this file.
    names: BTreeMap<String, Vec<String>>,
    paths: BTreeSet<Vec<String>>,
}

impl PathReader {
    /// A path from the crate's root; none if it leads out of the crate.
    fn resolve(&self, segments: &[String]) -> Option<Vec<String>> {
        let (first, rest) = segments.split_first()?;
        let (base, rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (self.module.clone(), rest),
            "super" => {
                let ups = segments.iter().take_while(|s| *s == "super").count();
                let kept = self.module.len().checked_sub(ups)?;
                (self.module[..kept].to_vec(), &segments[ups..])
            }
            name => (self.names.get(name)?.clone(), rest),
        };
        Some([base, rest.to_vec()].concat())
    }

    fn read_use(&mut self, tree: &UseTree, before: &[String]) {
        match tree {
            UseTree::Path(path) => {
                let before = [before, &[path.ident.to_string()]].concat();
                self.read_use(&path.tree, &before);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(tree, before);
                }
            }
            UseTree::Glob(_) => self.add(before),
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                let is_self = name == "self";
                let path = if is_self {
                    before.to_vec()
                } else {
                    [before, std::slice::from_ref(&name)].concat()
                };
                let called = if is_self {
                    before.last().cloned()
                } else {
                    Some(name)
                };
                self.import(&path, called);
            }
            UseTree::Rename(rename) => {
                let path = [before, &[rename.ident.to_string()]].concat();
                self.import(&path, Some(rename.rename.to_string()));
            }
        }
    }

    fn import(&mut self, path: &[String], called: Option<String>) {
        self.add(path);
        if let (Some(called), Some(path)) = (called, self.resolve(path)) {
            self.names.insert(called, path);
        }
    }

    fn add(&mut self, path: &[String]) {
        self.paths.extend(self.resolve(path));
    }
}

/// Whether an item with these attributes is compiled for tests alone.
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        let word = attribute.parse_args::<syn::Ident>();
        is_cfg && word.is_ok_and(|word| word == "test")
    })
}

impl<'ast> Visit<'ast> for PathReader {
    fn visit_file(&mut self, file: &'ast syn::File) {
        // Names come first: an import counts wherever in the file it stands.
        for item in &file.items {
            match item {
                Item::Mod(item) if !is_for_tests(&item.attrs) => {
                    let name = item.ident.to_string();
                    let path = [&self.module[..], std::slice::from_ref(&name)].concat();
                    self.names.insert(name, path);
                }
                Item::Use(item) if !is_for_tests(&item.attrs) => self.read_use(&item.tree, &[]),
                _ => {}
            }
        }
        visit::visit_file(self, file);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments = path.segments.iter().map(|s| s.ident.to_string());
        self.add(&segments.collect::<Vec<_>>());
        visit::visit_path(self, path);
    }
}
