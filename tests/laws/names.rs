//! Names and words, as CONTRIBUTING.md asks for them: the names of types and constants, and the
//! texts that a user reads. `cargo test --test names -- --nocapture` prints the figures.

mod planted;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;
use trusty_laws::definitions::{
    DefinitionKind, NameDefinition, count_words, one_word_constants, read_definitions,
    repeated_names,
};
use trusty_laws::phrases::stock_phrases;
use trusty_laws::texts::user_texts;
use trusty_laws::{project_files, root};

/// A name or a text that is exempt from a rule, and why.
type RuleException = (&'static str, &'static str);

/// Type names that are defined more than once.
const REPEATED_TYPE_NAMES: [RuleException; 0] = [];
/// Texts that hold the words of a stock phrase in another sense.
const PLAIN_TEXTS: [RuleException; 0] = [];
/// The most entries of each list above.
const MAX_EXCEPTIONS: usize = 10;
/// The largest share of type names that are one word, in percent.
const MAX_ONE_WORD_PERCENT: usize = 15;

/// All definitions of the project. Tests count, too: their names come up in the same searches and
/// backtraces, and a fixture with the name of a product type hides that type.
static ALL_DEFINITIONS: LazyLock<Vec<NameDefinition>> = LazyLock::new(|| {
    let files = project_files(&["crates", "src-tauri", "tests", "fuzz"], &["rs"]);
    files.iter().flat_map(read_definitions).collect()
});

fn definitions_of(kind: DefinitionKind) -> Vec<NameDefinition> {
    let found = ALL_DEFINITIONS.iter().filter(|of| of.kind == kind);
    found.cloned().collect()
}

/// The terms of the glossary of ARCHITECTURE.md, as they are written there.
fn glossary_terms(page: &str) -> Vec<&str> {
    let section = page.split("\n## Glossary\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let terms = rows.filter_map(|row| row.split('|').nth(1));
    terms
        .map(str::trim)
        .filter(|term| *term != "term")
        .collect()
}

/// Fails if a list of exceptions is long, gives no reason, or names what needs no exception.
fn check_exceptions(list: &[RuleException], is_needed: impl Fn(&str) -> bool) {
    assert!(list.len() <= MAX_EXCEPTIONS, "{} exceptions", list.len());
    for (name, reason) in list {
        assert!(!reason.is_empty(), "{name} is exempt without a reason");
        assert!(is_needed(name), "{name} is exempt without need");
    }
}

fn is_exempt(list: &[RuleException], name: &str) -> bool {
    list.iter().any(|(exempt, _)| *exempt == name)
}

#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
#[test]
fn a_type_name_is_defined_once() {
    let types = definitions_of(DefinitionKind::Type);
    let repeated = repeated_names(&types);
    println!("{} types; {} names repeated", types.len(), repeated.len());
    let is_repeated = |name: &str| repeated.iter().any(|(repeated, _)| *repeated == name);
    check_exceptions(&REPEATED_TYPE_NAMES, is_repeated);
    let offenders: Vec<String> = repeated
        .iter()
        .filter(|(name, _)| !is_exempt(&REPEATED_TYPE_NAMES, name))
        .map(|(name, files)| format!("{name} ×{}: {}", files.len(), files.join(", ")))
        .collect();
    assert!(offenders.is_empty(), "{}: {offenders:#?}", offenders.len());
}

#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
#[test]
fn one_word_type_names_are_rare_and_stand_in_the_glossary() {
    let types = definitions_of(DefinitionKind::Type);
    let names: BTreeMap<&str, &str> = types
        .iter()
        .map(|of| (of.name.as_str(), of.file.as_str()))
        .collect();
    let mut one_word = names.clone();
    one_word.retain(|name, _| count_words(name) == 1);
    let (count, all) = (one_word.len(), names.len());
    println!(
        "{count} of {all} type names are one word, {} %",
        count * 100 / all
    );
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("a page");
    let terms = glossary_terms(&page).into_iter();
    let explained: BTreeSet<&str> = terms
        .filter_map(|term| term.strip_prefix('`')?.strip_suffix('`'))
        .collect();
    let unexplained: Vec<String> = one_word
        .iter()
        .filter(|(name, _)| !explained.contains(*name))
        .map(|(name, file)| format!("{name}: {file}"))
        .collect();
    let unknown: Vec<&&str> = explained
        .iter()
        .filter(|term| !names.contains_key(**term))
        .collect();
    assert!(
        unexplained.is_empty() && unknown.is_empty(),
        "{} are not in the glossary: {unexplained:#?}; no type has the name of a term: {unknown:?}",
        unexplained.len()
    );
    let is_rare = count * 100 <= all * MAX_ONE_WORD_PERCENT;
    assert!(is_rare, "{count} of {all}: {one_word:#?}");
}

#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
#[test]
fn the_name_of_a_constant_is_more_than_one_word() {
    let constants = definitions_of(DefinitionKind::Constant);
    let found = one_word_constants(&constants);
    println!(
        "{} of {} constants are one word",
        found.len(),
        constants.len()
    );
    let offenders: Vec<String> = found
        .iter()
        .map(|(name, file)| format!("{name}: {file}"))
        .collect();
    assert!(offenders.is_empty(), "{}: {offenders:#?}", offenders.len());
}

#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
#[test]
fn no_text_that_a_user_reads_holds_a_stock_phrase() {
    let texts = user_texts();
    let found = stock_phrases(&texts);
    println!("{} texts; {} stock phrases", texts.len(), found.len());
    let is_found = |text: &str| found.iter().any(|(_, found)| found.text == text);
    check_exceptions(&PLAIN_TEXTS, is_found);
    let offenders: Vec<String> = found
        .iter()
        .filter(|(_, of)| !is_exempt(&PLAIN_TEXTS, &of.text))
        .map(|(phrase, of)| format!("“{phrase}” in {}: {}", of.file, of.text))
        .collect();
    assert!(offenders.is_empty(), "{}: {offenders:#?}", offenders.len());
}
