//! Names for sessions that have none of their own.

use std::path::Path;
use uuid::Uuid;

/// The longest folder part of a name, in characters.
const MAX_FOLDER_CHARS: usize = 20;

const NAME_ADJECTIVES: [&str; 32] = [
    "amber", "bold", "brave", "brisk", "calm", "clear", "clever", "crisp", "eager", "early",
    "fair", "fleet", "fresh", "gentle", "glad", "golden", "grand", "keen", "kind", "light",
    "lively", "lucid", "merry", "noble", "quick", "quiet", "ready", "silver", "steady", "swift",
    "warm", "wise",
];

const NAME_NOUNS: [&str; 32] = [
    "badger", "beacon", "birch", "brook", "cedar", "comet", "crane", "delta", "falcon", "fern",
    "finch", "harbor", "hawk", "heron", "island", "lark", "maple", "meadow", "otter", "panda",
    "pine", "raven", "reef", "ridge", "river", "robin", "sparrow", "spruce", "stone", "summit",
    "valley", "willow",
];

/// `tmpm-<adjective>-<noun>`, always the same for the same id.
pub fn name_from_uuid(id: &Uuid) -> String {
    // Hashed first, because ids may differ in only a few bits.
    let mixed = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes());
    let [adjective, noun, ..] = *mixed.as_bytes();
    let pick = |list: &[&'static str; 32], byte: u8| list[usize::from(byte % 32)];
    format!(
        "tmpm-{}-{}",
        pick(&NAME_ADJECTIVES, adjective),
        pick(&NAME_NOUNS, noun)
    )
}

/// `tmpm-<folder>`: the last component in lower case, each run of characters other than letters and
/// digits replaced with one `-`, none at the ends, at most 20 characters; `tmpm-session` for an
/// empty result.
pub fn name_from_dir(dir: &Path) -> String {
    let folder = dir.file_name().unwrap_or_default().to_string_lossy();
    let mut name = String::new();
    for c in folder.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let short: String = name.chars().take(MAX_FOLDER_CHARS).collect();
    match short.trim_end_matches('-') {
        "" => "tmpm-session".to_owned(),
        folder => format!("tmpm-{folder}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_becomes_a_name() {
        for (dir, name) in [
            ("", "tmpm-session"),
            ("/", "tmpm-session"),
            ("/home/dev/..", "tmpm-session"),
            ("/home/dev/___", "tmpm-session"),
            ("/home/dev/payments-api", "tmpm-payments-api"),
            ("/home/dev/payments-api/", "tmpm-payments-api"),
            ("/home/dev/--Alpha.beta__X--", "tmpm-alpha-beta-x"),
            ("/home/dev/a \t\n b", "tmpm-a-b"),
            ("/home/dev/Über Größe", "tmpm-über-größe"),
            ("/home/dev/日本語", "tmpm-日本語"),
            ("/home/dev/😀", "tmpm-session"),
            ("/home/dev/nineteen-characters-", "tmpm-nineteen-characters"),
            (
                "/home/dev/exactly-twenty-chars-and-more",
                "tmpm-exactly-twenty-chars",
            ),
        ] {
            assert_eq!(name_from_dir(Path::new(dir)), name, "{dir:?}");
        }
    }

    #[test]
    fn a_long_folder_is_cut_to_twenty_characters() {
        let dir = format!("/home/dev/{}", "ß".repeat(300));
        assert_eq!(
            name_from_dir(Path::new(&dir)),
            format!("tmpm-{}", "ß".repeat(20))
        );
    }

    #[test]
    fn an_id_always_gives_the_same_name() {
        let id = Uuid::from_u128(7);
        assert_eq!(name_from_uuid(&id), name_from_uuid(&id));
        assert_ne!(name_from_uuid(&id), name_from_uuid(&Uuid::from_u128(8)));
        let name = name_from_uuid(&Uuid::nil());
        let words: Vec<_> = name.split('-').collect();
        assert_eq!(words.len(), 3, "{name}");
        assert_eq!(words[0], "tmpm");
        assert!(
            NAME_ADJECTIVES.contains(&words[1]) && NAME_NOUNS.contains(&words[2]),
            "{name}"
        );
    }

    #[test]
    fn ids_spread_over_the_words() {
        let names: std::collections::BTreeSet<_> = (0..1024_u128)
            .map(|n| name_from_uuid(&Uuid::from_u128(n)))
            .collect();
        assert!(names.len() > 500, "only {} names for 1024 ids", names.len());
    }
}
