//! The laws of ARCHITECTURE.md, as far as text can prove them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project: its path from the root, and its text.
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the project's root")
}

/// All files below these folders with one of these endings, what was built or fetched left out.
fn sources(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), endings, &mut found);
    }
    assert!(!found.is_empty(), "nothing below {folders:?}");
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder)
        .expect("a folder of the project")
        .flatten()
    {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["node_modules", "dist", "target", "gen", "artefacts"].contains(&name.as_str()) {
                walk(&path, endings, found);
            }
        } else if path
            .extension()
            .is_some_and(|e| endings.iter().any(|x| e == *x))
        {
            let text = fs::read_to_string(&path).expect("text");
            let path = path.strip_prefix(root()).expect("below the root");
            found.push(Source {
                path: path.to_string_lossy().into_owned(),
                text,
            });
        }
    }
}

impl Source {
    /// What is not compiled into the program: tests at the end of a file or in one of their own.
    fn product(&self) -> &str {
        if self.path.ends_with("tests.rs") || self.path.contains("/tests/") {
            return "";
        }
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    /// The product without its comments.
    fn code(&self) -> String {
        let lines = self
            .product()
            .lines()
            .map(|l| l.split("//").next().unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Where one of these words stands in code that must not know it.
fn offences(sources: &[Source], words: &[&str], may: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|s| !may(&s.path)) {
        let code = source.code();
        found.extend(
            words
                .iter()
                .filter(|w| code.contains(**w))
                .map(|w| format!("{}: {w}", source.path)),
        );
    }
    found
}

fn rust() -> Vec<Source> {
    sources(&["crates", "src-tauri"], &["rs"])
}

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("a manifest");
    let table: toml::Table = text.parse().expect("TOML");
    let mut names = BTreeSet::new();
    let mut add = |table: Option<&toml::Value>| {
        names.extend(
            table
                .and_then(toml::Value::as_table)
                .into_iter()
                .flat_map(|t| t.keys().cloned()),
        );
    };
    add(table.get("dependencies"));
    for target in table
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
    {
        add(target.1.get("dependencies"));
    }
    names
}

#[test]
fn each_room_has_only_the_packages_it_may() {
    let only = |manifest: &str, may: &[&str]| {
        let may: BTreeSet<String> = may.iter().map(|s| (*s).to_owned()).collect();
        let more: Vec<_> = dependencies(manifest).difference(&may).cloned().collect();
        assert!(more.is_empty(), "{manifest} may not depend on {more:?}");
    };
    // JSON and line diffs are pure, too: a card shows what a tool is given.
    only(
        "crates/fleet/Cargo.toml",
        &["jiff", "serde", "serde_json", "similar", "utoipa", "uuid"],
    );
    let never = |manifest: &str, not: &[&str]| {
        let has = dependencies(manifest);
        let bad: Vec<_> = not.iter().filter(|n| has.contains(**n)).collect();
        assert!(bad.is_empty(), "{manifest} may not depend on {bad:?}");
    };
    never(
        "crates/engine/Cargo.toml",
        &["tauri", "clap", "trusty-cli", "trusty-bar"],
    );
    never(
        "crates/cli/Cargo.toml",
        &["tauri", "notify", "sysinfo", "rustix", "trusty-bar"],
    );
    never(
        "Cargo.toml",
        &["notify", "sysinfo", "rustix", "axum", "trusty-cli"],
    );
}

#[test]
fn the_fleet_is_pure() {
    let fleet = sources(&["crates/fleet/src"], &["rs"]);
    let words = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "std::io",
        "tokio",
        "async ",
        ".await",
        "Instant",
        "println!",
        "eprintln!",
        "static mut",
        "OnceLock",
    ];
    assert_eq!(offences(&fleet, &words, |_| false), [""; 0]);
    let clock = offences(&fleet, &["SystemTime::now", "Timestamp::now"], |path| {
        path == "crates/fleet/src/session.rs"
    });
    assert_eq!(clock, [""; 0]);
}

#[test]
fn unsafe_code_lives_under_sys_and_says_why_it_is_safe() {
    let all = rust();
    // A delegate of the notification centre is a class, which only unsafe code declares.
    let delegate = "src-tauri/src/platform/macos/notifications.rs";
    let rooms = ["crates/engine/src/io/sys/", "crates/platform/src/"];
    let within = |path: &str| rooms.iter().any(|r| path.starts_with(r)) || path == delegate;
    assert_eq!(
        offences(
            &all,
            &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"],
            within
        ),
        [""; 0]
    );
    for source in all.iter().filter(|s| within(&s.path)) {
        let count = |word: &str| source.product().matches(word).count();
        let (blocks, reasons) = (
            count("unsafe {") + count("unsafe impl"),
            count("// SAFETY:"),
        );
        assert!(
            blocks <= reasons,
            "{}: {blocks} unsafe, {reasons} reasons",
            source.path
        );
    }
}

#[test]
fn processes_and_clocks_belong_to_io() {
    let within = |path: &str| {
        path.starts_with("crates/engine/src/io/") || path.starts_with("crates/platform/src/")
    };
    let words = ["Command::new", "SystemTime::now", "Instant::now"];
    let found = offences(&rust(), &words, |p| {
        within(p) || p == "crates/fleet/src/session.rs"
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn one_place_starts_programs_with_absolute_search_paths_only() {
    let places = [
        "crates/engine/src/io/child.rs",
        "crates/platform/src/child_process.rs",
    ];
    let found = offences(&rust(), &["Command::new"], |p| places.contains(&p));
    assert_eq!(found, [""; 0]);
}

#[test]
fn io_knows_neither_the_client_nor_sessions() {
    let io = sources(&["crates/engine/src/io"], &["rs"]);
    let words = [
        "claude",
        "Claude",
        "CLAUDE",
        "Session",
        "SessionId",
        "RegistryEntry",
        "Fleet",
        "Fact",
    ];
    assert_eq!(offences(&io, &words, |_| false), [""; 0]);
}

#[test]
fn sources_know_neither_each_other_nor_verdicts() {
    let rooms = [
        "registry",
        "process",
        "tmux",
        "transcript",
        "screen",
        "listing",
        "hook",
        "connection",
    ];
    for own in rooms {
        let others: Vec<String> = rooms
            .iter()
            .filter(|room| **room != own)
            .map(|room| format!("sources::{room}"))
            .collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let path = format!("crates/engine/src/sources/{own}");
        let all = sources(&["crates/engine/src/sources"], &["rs"]);
        let mine: Vec<Source> = all
            .into_iter()
            .filter(|s| s.path.starts_with(&path))
            .collect();
        let verdicts = ["SessionStatus", "Verdict", "status::", "Fleet"];
        assert_eq!(
            offences(&mine, &[&others[..], &verdicts].concat(), |_| false),
            [""; 0]
        );
    }
}

#[test]
fn faces_derive_no_status() {
    let faces = sources(&["crates/cli/src", "src-tauri"], &["rs"]);
    let words = [
        "status::",
        "evidence::",
        "RegistryEntry",
        "sources::",
        "waiting_for",
    ];
    assert_eq!(offences(&faces, &words, |_| false), [""; 0]);
    let popover = sources(&["ui/src"], &["ts", "svelte"]);
    let words = [
        "waitingFor",
        "AwaitingApproval",
        "setInterval(",
        "{@html",
        "innerHTML",
    ];
    // Neither the generated types nor the page for designing are drawn from.
    let aside = |path: &str| path == "ui/src/schema.ts" || path.starts_with("ui/src/dev/");
    assert_eq!(offences(&popover, &words, aside), [""; 0]);
}

#[test]
fn platforms_differ_in_two_places() {
    let words = [
        "cfg(target_os",
        "cfg(unix",
        "cfg(not(target_os",
        "cfg(any(target_os",
    ];
    let within = |p: &str| {
        p == "crates/engine/src/io/sys.rs"
            || p == "src-tauri/src/platform.rs"
            || p.starts_with("crates/platform/src/")
    };
    assert_eq!(offences(&rust(), &words, within), [""; 0]);
}

#[test]
fn colours_are_tokens() {
    let ui = sources(&["ui/src"], &["svelte", "css"]);
    for source in ui.iter().filter(|s| s.path != "ui/src/tokens.css") {
        for line in source
            .text
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
        {
            let raw = line.contains("rgb(")
                || line.contains("hsl(")
                || line.split('#').skip(1).any(|rest| {
                    let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
                    [3, 6, 8].contains(&digits) && line.contains(':') && line.contains(';')
                });
            assert!(!raw, "{}: {line}", source.path);
        }
    }
}

#[test]
fn endless_animations_are_drawn_in_steps() {
    let ui = sources(&["ui/src"], &["svelte", "css"]);
    let endless = ui.iter().flat_map(|source| source.text.lines());
    let endless: Vec<&str> = endless
        .filter(|line| line.contains("animation:") && line.contains("infinite"))
        .collect();
    assert!(!endless.is_empty(), "a session at work turns");
    for line in endless {
        assert!(line.contains("steps("), "drawn at each frame: {line}");
    }
}

#[test]
fn names_and_files_stay_small() {
    let all = sources(
        &["crates", "src-tauri", "tests", "ui/src", "ui/test"],
        &["rs", "ts", "svelte"],
    );
    for source in &all {
        let lines = source.text.lines().count();
        let generated = source.path == "ui/src/schema.ts";
        assert!(
            lines <= 600 || generated,
            "{} has {lines} lines",
            source.path
        );
        for word in ["Manager", "Service", "Helper", "Util", "Processor"] {
            for kind in ["struct ", "enum ", "trait ", "class ", "type "] {
                let named = source.text.lines().any(|l| {
                    let rest = l.split(kind).nth(1).unwrap_or_default();
                    let name: String = rest
                        .chars()
                        .take_while(char::is_ascii_alphanumeric)
                        .collect();
                    name.ends_with(word)
                });
                assert!(!named, "{}: a {kind}is called …{word}", source.path);
            }
        }
        let allows = ["#[allow(", "#![allow("]
            .iter()
            .any(|a| source.code().contains(a));
        assert!(
            !allows || source.path.starts_with("tests/"),
            "{}: expect, do not allow",
            source.path
        );
    }
}

/// The README, ARCHITECTURE.md and all pages in `docs`.
fn pages() -> Vec<Source> {
    let mut pages = sources(&["docs"], &["md"]);
    for name in ["ARCHITECTURE.md", "README.md"] {
        let text = fs::read_to_string(root().join(name)).expect("a page");
        let path = name.to_owned();
        pages.push(Source { path, text });
    }
    pages
}

#[test]
fn every_place_that_is_written_about_exists() {
    let tops = [
        "crates/",
        "src-tauri/",
        "ui/",
        "tests/",
        "icons/",
        "docs/",
        ".ci/",
        ".github/",
    ];
    for Source { path: page, text } in pages() {
        let quoted = text.split('`').skip(1).step_by(2);
        let paths: Vec<&str> = quoted
            .filter(|q| tops.iter().any(|t| q.starts_with(t)))
            .collect();
        let is_in_docs = page.starts_with("docs/");
        assert!(is_in_docs || !paths.is_empty(), "{page} names no place");
        for path in paths {
            let made = ["ui/dist", "tests/artefacts"]
                .iter()
                .any(|m| path.starts_with(m));
            assert!(made || root().join(path).exists(), "{page} names {path}");
        }
    }
}

#[test]
fn every_link_of_a_page_leads_to_a_file() {
    for Source { path: page, text } in pages() {
        let place = root().join(&page);
        let folder = place.parent().expect("a folder");
        let links = text.split("](").skip(1);
        for link in links.filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let is_there = link.contains("://") || folder.join(file).exists();
            assert!(is_there, "{page} links to {link}");
        }
    }
}

#[test]
fn the_readme_and_the_pages_in_docs_stay_short() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a page");
    let (lines, words) = (readme.lines().count(), readme.split_whitespace().count());
    assert!(lines <= 120, "README.md has {lines} lines");
    assert!(words <= 1_200, "README.md has {words} words");
    for page in sources(&["docs"], &["md"]) {
        let lines = page.text.lines().count();
        assert!(lines <= 150, "{} has {lines} lines", page.path);
    }
}

/// The names of the tests in a source: functions below `#[test]` or `#[tokio::test]`, with other
/// attributes and comments between.
fn test_names(text: &str) -> Vec<&str> {
    let mut is_test = false;
    let mut names = Vec::new();
    for line in text.lines().map(str::trim) {
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if !line.starts_with('#') && !line.starts_with("//") {
            let line = line.strip_prefix("async ").unwrap_or(line);
            let name = line.strip_prefix("fn ").and_then(|l| l.split('(').next());
            names.extend(name.filter(|_| is_test));
            is_test = false;
        }
    }
    names
}

/// What a clause of the security table says where no test shows it. A cell without any test
/// begins with one of these.
const UNPROVEN_PHRASES: [&str; 5] = [
    "not refused",
    "not reachable",
    "not tested",
    "not escaped",
    "not marked",
];

#[test]
fn each_cell_of_the_security_table_names_a_test_that_exists_or_says_not() {
    let page = fs::read_to_string(root().join("SECURITY.md")).expect("a page");
    let all = sources(&["crates", "src-tauri", "tests"], &["rs"]);
    let tests: BTreeSet<&str> = all.iter().flat_map(|s| test_names(&s.text)).collect();
    let quoted = |text: &str| -> Vec<String> {
        let names = text.split('`').skip(1).step_by(2).filter(|quoted| {
            let is_part = |part: &str| {
                let mut letters = part.chars();
                !part.is_empty() && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            };
            quoted.split('_').count() >= 3 && quoted.split('_').all(is_part)
        });
        names.map(str::to_owned).collect()
    };
    for name in quoted(&page) {
        assert!(
            tests.contains(name.as_str()),
            "SECURITY.md names a test that is not there: {name}"
        );
    }
    let table: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|---"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let (head, rows) = table.split_first().expect("a table");
    assert!(head.len() == 7 && rows.len() >= 9, "{head:?}");
    for row in rows {
        assert_eq!(row.len(), head.len(), "{row:?}");
        for (cell, attacker) in row.iter().zip(head).skip(1) {
            let what = format!("{attacker}, {}: {cell}", row[0]);
            for clause in cell.split(';').map(str::trim) {
                let says_not = UNPROVEN_PHRASES.iter().any(|words| clause.contains(words));
                assert!(says_not || !quoted(clause).is_empty(), "{what}");
            }
            let is_unproven = UNPROVEN_PHRASES.iter().any(|words| cell.starts_with(words));
            assert!(is_unproven || !quoted(cell).is_empty(), "{what}");
        }
    }
}

#[test]
fn no_path_of_a_machine_and_no_registry_host_is_written_down() {
    let endings = [
        "rs", "ts", "svelte", "toml", "json", "md", "yml", "sh", "css", "html",
    ];
    let all = sources(
        &[
            "crates",
            "src-tauri",
            "tests",
            "ui",
            "icons",
            ".ci",
            ".github",
        ],
        &endings,
    );
    for source in all.iter().filter(|s| s.path != "tests/tidy.rs") {
        for word in [
            "registry.npmjs",
            "index.crates.io",
            "\"resolved\"",
            "/root/",
            "/home/runner",
        ] {
            assert!(!source.text.contains(word), "{}: {word}", source.path);
        }
    }
}
