//! The names of types and constants in Rust, read with `syn`.

use crate::ProjectFile;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Ident, ImplItemConst, ItemImpl, TraitItemConst};

/// What a definition introduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionKind {
    /// A struct, enum, union, trait or type alias.
    Type,
    /// A constant or static, also one of a type or a trait.
    Constant,
}

/// A system that a file is compiled for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetSystem {
    /// Files below `linux`.
    Linux,
    /// Files below `macos`.
    MacOs,
}

/// A type or a constant where it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameDefinition {
    /// Whether this is a type or a constant.
    pub kind: DefinitionKind,
    /// The name as written.
    pub name: String,
    /// The path of the file from the project's root.
    pub file: String,
    /// The system that the file belongs to; none if it is compiled for both.
    pub system: Option<TargetSystem>,
}

/// All types and constants that a Rust file defines: at its top, in modules, functions and
/// `impl` blocks, and in the bodies of macros. Tests are read like all other code. Associated
/// types, generic parameters, `const _` and the constants of a trait's implementation (whose names
/// the trait decides) do not count.
///
/// # Panics
/// The file is not Rust.
pub fn read_definitions(file: &ProjectFile) -> Vec<NameDefinition> {
    let parsed = syn::parse_file(&file.text).expect("Rust");
    let mut reader = DefinitionReader {
        file: file.path.clone(),
        system: target_system(&file.path),
        found: Vec::new(),
    };
    reader.visit_file(&parsed);
    reader.found
}

/// The system whose folder or file a path names.
fn target_system(path: &str) -> Option<TargetSystem> {
    let mut parts = path.split('/').map(|part| part.trim_end_matches(".rs"));
    parts.find_map(|part| match part {
        "linux" => Some(TargetSystem::Linux),
        "macos" => Some(TargetSystem::MacOs),
        _ => None,
    })
}

/// How many words a type's name has. A run of capitals is one word, up to the capital that begins
/// the next: `Pid` has one, `X11Error` and `HTTPError` have two.
pub fn count_words(name: &str) -> usize {
    let letters: Vec<char> = name.chars().collect();
    let begins_word = |at: usize| {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let next = letters.get(at + 1);
        let after_capital = before.is_some_and(char::is_uppercase);
        letters[at].is_uppercase() && (!after_capital || next.is_some_and(|c| c.is_lowercase()))
    };
    (0..letters.len()).filter(|at| begins_word(*at)).count()
}

/// The names that a program has twice, each with its files, the most frequent first. A type that
/// is defined once for each system counts once: no program has both.
pub fn repeated_names(types: &[NameDefinition]) -> Vec<(&str, Vec<&str>)> {
    let mut by_name: BTreeMap<&str, Vec<&NameDefinition>> = BTreeMap::new();
    for of in types {
        by_name.entry(&of.name).or_default().push(of);
    }
    let is_repeated = |of: &Vec<&NameDefinition>| {
        let on = |system| of.iter().filter(|d| d.system != Some(system)).count();
        on(TargetSystem::Linux).max(on(TargetSystem::MacOs)) > 1
    };
    by_name.retain(|_, of| is_repeated(of));
    let mut repeated: Vec<(&str, Vec<&str>)> = by_name
        .into_iter()
        .map(|(name, of)| (name, of.iter().map(|d| d.file.as_str()).collect()))
        .collect();
    repeated.sort_by_key(|(_, files)| Reverse(files.len()));
    repeated
}

/// The constants of one word, the most frequent first, each with its file.
pub fn one_word_constants(constants: &[NameDefinition]) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, &str)> = constants
        .iter()
        .filter(|constant| !constant.name.contains('_'))
        .map(|constant| (constant.name.as_str(), constant.file.as_str()))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in &found {
        *counts.entry(name).or_default() += 1;
    }
    found.sort_by_key(|(name, _)| (Reverse(counts.get(name).copied()), *name));
    found
}

struct DefinitionReader {
    file: String,
    system: Option<TargetSystem>,
    found: Vec<NameDefinition>,
}

impl DefinitionReader {
    fn add(&mut self, kind: DefinitionKind, name: &Ident) {
        let name = name.to_string();
        if name != "_" {
            self.found.push(NameDefinition {
                kind,
                name,
                file: self.file.clone(),
                system: self.system,
            });
        }
    }

    /// Looks for definitions among tokens that `syn` does not parse: the bodies of macros.
    fn read_tokens(&mut self, mut cursor: Cursor<'_>) {
        while let Some((_, next)) = cursor.token_tree() {
            if let Some((inner, ..)) = cursor.any_group() {
                self.read_tokens(inner);
            } else if let Some((word, after)) = cursor.ident() {
                self.read_keyword(&word.to_string(), after);
            }
            cursor = next;
        }
    }

    fn read_keyword(&mut self, word: &str, after: Cursor<'_>) {
        let is_type = ["struct", "enum", "union", "trait", "type"].contains(&word);
        let is_constant = ["const", "static"].contains(&word);
        let Some((name, after)) = after.ident() else {
            return;
        };
        let is_typed = after.punct().is_some_and(|(mark, _)| mark.as_char() == ':');
        if is_type && name.to_string().starts_with(char::is_uppercase) {
            self.add(DefinitionKind::Type, &name);
        } else if is_constant && is_typed {
            self.add(DefinitionKind::Constant, &name);
        }
    }
}

impl<'ast> Visit<'ast> for DefinitionReader {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(DefinitionKind::Type, &item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(DefinitionKind::Type, &item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.add(DefinitionKind::Type, &item.ident);
        visit::visit_item_union(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(DefinitionKind::Type, &item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add(DefinitionKind::Type, &item.ident);
        visit::visit_item_type(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.add(DefinitionKind::Constant, &item.ident);
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(DefinitionKind::Constant, &item.ident);
        visit::visit_item_static(self, item);
    }

    fn visit_trait_item_const(&mut self, item: &'ast TraitItemConst) {
        self.add(DefinitionKind::Constant, &item.ident);
        visit::visit_trait_item_const(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let before = self.found.len();
        visit::visit_item_impl(self, item);
        if item.trait_.is_some() {
            let of_trait = |name: &str| {
                item.items.iter().any(
                    |item| matches!(item, syn::ImplItem::Const(of_trait) if of_trait.ident == name),
                )
            };
            let added = self.found.split_off(before);
            let own = added
                .into_iter()
                .filter(|found| found.kind != DefinitionKind::Constant || !of_trait(&found.name));
            self.found.extend(own);
        }
    }

    fn visit_impl_item_const(&mut self, item: &'ast ImplItemConst) {
        self.add(DefinitionKind::Constant, &item.ident);
        visit::visit_impl_item_const(self, item);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let tokens = TokenBuffer::new2(item.tokens.clone());
        self.read_tokens(tokens.begin());
    }
}
