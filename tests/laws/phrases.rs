//! Stock phrases: words that leave a reader to guess who or what is meant.

use crate::texts::UserText;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Words that no text holds, in any case.
const STOCK_PHRASES: [&str; 8] = [
    "its owner",
    "its client",
    "let go",
    "lets go",
    "broke off",
    "seen to",
    "whoever",
    "nobody",
];

/// The texts that hold a stock phrase, each with the first one; the most frequent phrase first.
pub fn stock_phrases(texts: &[UserText]) -> Vec<(&'static str, &UserText)> {
    let mut found: Vec<(&'static str, &UserText)> = texts
        .iter()
        .filter_map(|of| Some((find_stock_phrase(&of.text)?, of)))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (phrase, _) in &found {
        *counts.entry(phrase).or_default() += 1;
    }
    found.sort_by_key(|(phrase, _)| (Reverse(counts.get(phrase).copied()), *phrase));
    found
}

/// The first stock phrase in a text: one of those above, or "it" as the first word, where no
/// sentence before says what is meant.
pub fn find_stock_phrase(text: &str) -> Option<&'static str> {
    let words = plain_words(strip_label(text));
    let text = format!(" {} ", words.join(" "));
    let mut phrases = STOCK_PHRASES.iter();
    let found = phrases.find(|phrase| text.contains(&format!(" {phrase} ")));
    let begins_with_it = words.len() > 1 && words[0] == "it";
    found.copied().or(begins_with_it.then_some("it …"))
}

/// A text without the variant or key it explains: "`Decided`: ".
fn strip_label(text: &str) -> &str {
    let labelled = text.trim_start().strip_prefix('`');
    let explained = labelled.and_then(|labelled| labelled.split_once("`: "));
    explained.map_or(text, |(_, rest)| rest)
}

/// The words of a text in lower case, without marks and possessive endings.
fn plain_words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '\'' || c == '_';
    let text = text.to_lowercase();
    let words = text.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    words
        .map(|word| word.strip_suffix("'s").unwrap_or(word).to_owned())
        .collect()
}
