//! The texts that a user reads: messages and help in Rust, the popover, and the pages.

use crate::crates::product_crates;
use crate::modules::is_for_tests;
use crate::{ProjectFile, project_files, root};
use std::fs;
use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Lit, LitStr, Meta};

/// Derives whose doc comments are shown to a user: as help of `trusty`, or in the description of
/// the local API.
const DOCUMENTING_DERIVES: [&str; 8] = [
    "Args",
    "IntoParams",
    "IntoResponses",
    "Parser",
    "Subcommand",
    "ToResponse",
    "ToSchema",
    "ValueEnum",
];
/// Attributes whose texts only a programmer reads; `doc` is read by itself.
const SILENT_ATTRIBUTES: [&str; 6] = ["allow", "cfg", "deny", "doc", "expect", "warn"];

/// The pages at the root that users read.
const ROOT_PAGES: [&str; 5] = [
    "MACOS.md",
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
];

/// A text that a user reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserText {
    /// The path of its file from the project's root.
    pub file: String,
    /// The text.
    pub text: String,
}

/// All texts that a user reads: of the program, the popover and the pages.
///
/// # Panics
/// A file cannot be read, or is not Rust.
pub fn user_texts() -> Vec<UserText> {
    let mut found = Vec::new();
    let mut add = |file: &str, texts: Vec<String>| {
        let file = file.to_owned();
        let texts = texts.into_iter();
        found.extend(texts.map(|text| UserText {
            file: file.clone(),
            text,
        }));
    };
    for of in product_crates() {
        for file in &of.files {
            add(&file.path, read_rust_texts(file));
        }
    }
    let is_generated = |path: &str| path == "ui/src/schema.ts";
    for file in project_files(&["ui/src"], &["ts", "svelte"]) {
        if !is_generated(&file.path) {
            add(&file.path, read_ui_texts(&file.text));
        }
    }
    for file in project_files(&["docs"], &["md"]) {
        add(&file.path, read_page_texts(&file.text));
    }
    for page in ROOT_PAGES {
        let text = fs::read_to_string(root().join(page)).expect("a page");
        add(page, read_page_texts(&text));
    }
    found
}

/// The texts of a Rust file's product code: every string literal, also within macros and
/// attributes, and each paragraph of the doc comments that become help or API descriptions.
///
/// # Panics
/// The file is not Rust.
pub fn read_rust_texts(file: &ProjectFile) -> Vec<String> {
    if file.is_test() {
        return Vec::new();
    }
    let parsed = syn::parse_file(&file.text).expect("Rust");
    let mut reader = TextReader::default();
    reader.visit_file(&parsed);
    reader.found
}

#[derive(Default)]
struct TextReader {
    /// Whether the item around is one whose doc comments are shown.
    shows_docs: bool,
    found: Vec<String>,
}

impl TextReader {
    /// Reads an item, with doc comments if its attributes say that they are shown.
    fn read_item(&mut self, attributes: &[Attribute], read: impl FnOnce(&mut Self)) {
        if is_for_tests(attributes) {
            return;
        }
        let before = std::mem::replace(&mut self.shows_docs, shows_docs(attributes));
        self.read_docs(attributes);
        read(self);
        self.shows_docs = before;
    }

    fn read_docs(&mut self, attributes: &[Attribute]) {
        if self.shows_docs {
            let docs: Vec<String> = attributes.iter().filter_map(doc_line).collect();
            self.found.extend(paragraphs(&docs));
        }
    }

    /// Reads literals among tokens that `syn` does not parse.
    fn read_tokens(&mut self, mut cursor: Cursor<'_>) {
        while let Some((_, next)) = cursor.token_tree() {
            let mut next = next;
            if let Some((inner, ..)) = cursor.any_group() {
                self.read_tokens(inner);
            } else if let Some((literal, _)) = cursor.literal() {
                if let Lit::Str(text) = Lit::new(literal) {
                    self.found.push(text.value());
                }
            } else if let Some((word, after)) = cursor.ident()
                && word == "doc"
                && let Some((_, text)) = after.punct()
                && let Some((_, after)) = text.literal()
            {
                next = after;
            }
            cursor = next;
        }
    }
}

/// Whether a user sees the doc comments of an item with these attributes.
fn shows_docs(attributes: &[Attribute]) -> bool {
    let last_of = |path: &syn::Path| path.segments.last().map(|part| part.ident.to_string());
    attributes.iter().any(|attribute| {
        let mut is_shown = false;
        if attribute.path().is_ident("derive") {
            let read = attribute.parse_nested_meta(|derive| {
                let name = last_of(&derive.path);
                is_shown |= name.is_some_and(|name| DOCUMENTING_DERIVES.contains(&&*name));
                Ok(())
            });
            read.expect("a list of derives");
        }
        // A handler of the local API.
        let first = attribute.path().segments.first();
        is_shown || first.is_some_and(|first| first.ident == "utoipa")
    })
}

/// A line of a doc comment.
fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(value) = &pair.value else {
        return None;
    };
    match &value.lit {
        Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

/// Lines as paragraphs, which blank lines and list items begin.
fn paragraphs<T: AsRef<str>>(lines: &[T]) -> Vec<String> {
    let mut found = vec![String::new()];
    for line in lines {
        let line = line.as_ref().trim();
        let (is_item, line) = strip_marker(line);
        if is_item || line.is_empty() {
            found.push(String::new());
        }
        let last = found.last_mut().expect("a paragraph");
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(line);
    }
    found.retain(|text| !text.is_empty());
    found
}

/// A line without the mark of a list item, heading or quotation, and whether it had one.
fn strip_marker(line: &str) -> (bool, &str) {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let after_number = number.strip_prefix(". ").filter(|_| number != line);
    let after_mark = ["* ", "- ", "> "].iter().find_map(|m| line.strip_prefix(m));
    let heading = line.trim_start_matches('#').strip_prefix(' ');
    let after_heading = heading.filter(|_| line.starts_with('#'));
    match after_number.or(after_mark).or(after_heading) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, line),
    }
}

impl<'ast> Visit<'ast> for TextReader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[Attribute] = match item {
            syn::Item::Enum(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Type(item) => &item.attrs,
            _ => &[],
        };
        self.read_item(attributes, |reader| visit::visit_item(reader, item));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.read_docs(&variant.attrs);
        visit::visit_variant(self, variant);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.read_docs(&field.attrs);
        visit::visit_field(self, field);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let is_named = |name: &&str| attribute.path().is_ident(*name);
        if SILENT_ATTRIBUTES.iter().any(is_named) {
            return;
        }
        if let Meta::List(list) = &attribute.meta {
            let tokens = TokenBuffer::new2(list.tokens.clone());
            self.read_tokens(tokens.begin());
        } else {
            visit::visit_attribute(self, attribute);
        }
    }

    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        self.found.push(text.value());
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let tokens = TokenBuffer::new2(item.tokens.clone());
        self.read_tokens(tokens.begin());
    }
}

/// The texts of a Markdown page: paragraphs, list items, headings, the cells of tables, and the
/// lines of code blocks.
pub fn read_page_texts(page: &str) -> Vec<String> {
    let page = remove_between(page, "<!--", "-->");
    let mut found = Vec::new();
    let mut prose: Vec<&str> = Vec::new();
    let mut is_code = false;
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let is_row = line.trim_start().starts_with('|');
        if is_fence || is_code || is_row {
            found.extend(paragraphs(&prose));
            prose.clear();
        }
        match (is_code || is_fence, is_row) {
            (true, _) => found.push(line.trim().to_owned()),
            (_, true) => found.extend(line.split('|').map(|cell| cell.trim().to_owned())),
            _ => prose.push(line),
        }
    }
    found.extend(paragraphs(&prose));
    found.retain(|text| !text.is_empty());
    found
}

/// What may be a text of the popover: all that stands between quotation marks, tags and braces in
/// a TypeScript or Svelte file, without comments and styles. Some of it is code.
pub fn read_ui_texts(source: &str) -> Vec<String> {
    let source = remove_between(source, "<!--", "-->");
    let source = remove_between(&source, "<style", "</style>");
    let source = remove_between(&source, "/*", "*/");
    let lines = source.lines().map(|line| {
        let is_comment = |at: &usize| line[..*at].chars().all(char::is_whitespace);
        let comment = line.find("//").filter(is_comment);
        let comment = comment.or_else(|| line.find(" // "));
        comment.map_or(line, |at| &line[..at])
    });
    let code = lines.collect::<Vec<_>>().join("\n");
    let pieces = code.split(['"', '\'', '`', '<', '>', '{', '}']);
    let texts = pieces.map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" "));
    texts.filter(|text| !text.is_empty()).collect()
}

/// A text without what stands between these marks, marks included.
fn remove_between(text: &str, from: &str, to: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(from) {
        kept.push_str(before);
        rest = after.split_once(to).map_or("", |(_, rest)| rest);
    }
    kept + rest
}
