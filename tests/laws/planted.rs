//! What the checks of names and words find in planted code and text.

use super::glossary_terms;
use trusty_laws::ProjectFile;
use trusty_laws::definitions::{
    DefinitionKind, NameDefinition, count_words, one_word_constants, read_definitions,
    repeated_names,
};
use trusty_laws::phrases::find_stock_phrase;
use trusty_laws::texts::{read_page_texts, read_rust_texts, read_ui_texts};

fn planted(path: &str, text: &str) -> ProjectFile {
    ProjectFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// The definitions of planted files.
fn read_all(files: &[(&str, &str)]) -> Vec<NameDefinition> {
    let files = files.iter().map(|(path, text)| planted(path, text));
    files.flat_map(|file| read_definitions(&file)).collect()
}

/// The names of one kind in planted code.
fn names_of(kind: DefinitionKind, text: &str) -> Vec<String> {
    let found = read_all(&[("a.rs", text)]).into_iter();
    found
        .filter(|of| of.kind == kind)
        .map(|of| of.name)
        .collect()
}

#[test]
fn a_type_that_is_defined_again_is_found_with_its_files() {
    let types = read_all(&[
        ("a.rs", "struct Told; struct PauseRecord;"),
        ("b.rs", "mod inner { pub enum Told { Once } }"),
        (
            "c.rs",
            "#[cfg(test)] mod tests { fn stage() { trait Told {} } }",
        ),
    ]);
    let repeated = repeated_names(&types);
    assert_eq!(repeated, [("Told", vec!["a.rs", "b.rs", "c.rs"])]);
}

#[test]
fn a_type_that_each_system_defines_is_defined_once() {
    let linux = ("sys/linux.rs", "pub struct FolderWatch;");
    let macos = ("sys/macos/watch.rs", "pub struct FolderWatch;");
    assert_eq!(repeated_names(&read_all(&[linux, macos])), []);
    let elsewhere = ("sys.rs", "pub struct FolderWatch;");
    let types = read_all(&[linux, macos, elsewhere]);
    assert_eq!(repeated_names(&types).len(), 1);
    assert_eq!(repeated_names(&read_all(&[linux, linux])).len(), 1);
}

#[test]
fn every_kind_of_type_is_read_and_what_a_trait_names_is_not() {
    let text = "
        struct A1; enum B1 {} union C1 { a: u8 } trait D1 { type Item; const LIMIT: u8; } type E1 = u8;
        impl D1 for A1 { type Item = u8; const LIMIT: u8 = 0; }
        fn of<T: D1>(t: T) { struct F1; }
        macro_rules! types { ($name:ident) => { struct $name; struct G1; } }
    ";
    let types = names_of(DefinitionKind::Type, text);
    assert_eq!(types, ["A1", "B1", "C1", "D1", "E1", "F1", "G1"]);
    let constants = names_of(DefinitionKind::Constant, text);
    assert_eq!(constants, ["LIMIT"], "where the trait defines it");
}

#[test]
fn a_planted_constant_of_one_word_is_found() {
    let constants = read_all(&[
        (
            "a.rs",
            "const MOST: usize = 3; const MAX_ROWS: usize = 3; const _: () = ();",
        ),
        ("b.rs", "struct A; impl A { pub const ALL: u8 = 0; }"),
        ("c.rs", "thread_local! { static MOST: u8 = 0; }"),
        (
            "d.rs",
            "fn of() { static mut READ_ONCE: bool = false; static SEEN: u8 = 0; }",
        ),
        (
            "e.rs",
            "struct Bytes<const N: usize>; fn pointer(at: *const u8) {}",
        ),
    ]);
    let constants: Vec<NameDefinition> = constants
        .into_iter()
        .filter(|of| of.kind == DefinitionKind::Constant)
        .collect();
    let found = [
        ("MOST", "a.rs"),
        ("MOST", "c.rs"),
        ("ALL", "b.rs"),
        ("SEEN", "d.rs"),
    ];
    assert_eq!(one_word_constants(&constants), found);
}

#[test]
fn a_run_of_capitals_is_one_word() {
    for name in ["Pid", "X11", "JSON", "Utf8"] {
        assert_eq!(count_words(name), 1, "{name}");
    }
    for name in ["X11Error", "HTTPError", "PidFd", "ProcessID", "TmuxPane"] {
        assert_eq!(count_words(name), 2, "{name}");
    }
    assert_eq!(count_words("PendingHookRequest"), 3);
}

#[test]
fn the_glossary_is_the_table_below_its_heading() {
    let page = "# A\n\n## Glossary\n\n| term | meaning |\n|---|---|\n| `Row` | One. |\n\
                | keeper | Two. |\n\n## Rules\n\n| other | table |\n";
    assert_eq!(glossary_terms(page), ["`Row`", "keeper"]);
}

#[test]
fn a_stock_phrase_is_found_in_any_case_as_whole_words() {
    for (text, phrase) in [
        ("it does not wait any more", "it …"),
        ("`Decided`: it decided", "it …"),
        ("…it was answered", "it …"),
        ("the pause cannot be seen to: {e}", "seen to"),
        ("answered elsewhere, or let go", "let go"),
        ("Tell its owner's shell", "its owner"),
        ("Nobody answers", "nobody"),
        ("returned to whoever\nasked", "whoever"),
    ] {
        assert_eq!(find_stock_phrase(text), Some(phrase), "{text}");
    }
    for text in [
        "the request was answered; it is no longer pending",
        "items",
        "it",
        "outlet goes",
        "its clients",
        "",
    ] {
        assert_eq!(find_stock_phrase(text), None, "{text}");
    }
}

#[test]
fn literals_attributes_and_shown_docs_are_texts_of_rust() {
    let text = r#"
        /// Not shown.
        #[derive(Debug, thiserror::Error)]
        pub enum OneError {
            /// Not shown.
            #[error("message of {0}")]
            #[expect(dead_code, reason = "not shown")]
            Only(u8),
        }
        /// Help of a command,
        /// on two lines.
        ///
        /// * an item
        #[derive(clap::Subcommand)]
        enum OneCommand {
            /// Help of a variant
            #[arg(help = "help of an argument")]
            List {
                /// Help of a field
                all: bool,
            },
        }
        /// Description of a route.
        #[utoipa::path(get, path = "/v1")]
        fn route() {}
        /// Not shown.
        fn of() -> String {
            const NAME_TEXT: &str = r"raw";
            let _ = json!({ "key": format!("inner {}", 1) });
            codes! { /** Not shown. */ Busy => "in a macro" }
        }
        #[cfg(test)]
        mod tests { const IN_TESTS: &str = "not shown"; }
    "#;
    let mut found = read_rust_texts(&planted("crates/a/src/a.rs", text));
    found.sort();
    let mut expected = vec![
        "message of {0}",
        "Help of a command, on two lines.",
        "an item",
        "Help of a variant",
        "help of an argument",
        "Help of a field",
        "Description of a route.",
        "/v1",
        "raw",
        "key",
        "inner {}",
        "in a macro",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(
        read_rust_texts(&planted("crates/a/src/tests.rs", text)),
        [""; 0]
    );
}

#[test]
fn paragraphs_items_cells_and_code_lines_are_texts_of_a_page() {
    let page = "# Title\n\nA wrapped\nline.\n* first\n  goes on\n2. second\n<!-- hidden -->\n\n\
                | `a` | b c |\n|---|---|\n\n```\n$ trusty list\nit prints\n```\nend\n";
    let texts = read_page_texts(page);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let prose = ["Title", "A wrapped line.", "first goes on", "second"];
    let rest = [
        "`a`",
        "b c",
        "---",
        "---",
        "```",
        "$ trusty list",
        "it prints",
        "```",
        "end",
    ];
    assert_eq!(texts, [&prose[..], &rest[..]].concat());
}

#[test]
fn text_nodes_and_strings_are_texts_of_the_popover() {
    let svelte = "<script>\n// it is a comment\nconst a = 'it waits'; // nobody\n</script>\n\
                  <!-- whoever -->\n<p title=\"its owner\">It was\n  answered {a}</p>\n\
                  <style>/* it */ p { color: red }</style>";
    let texts = read_ui_texts(svelte);
    let found: Vec<&str> = texts
        .iter()
        .filter_map(|text| find_stock_phrase(text))
        .collect();
    assert_eq!(found, ["it …", "its owner", "it …"]);
}
