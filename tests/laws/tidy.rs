//! The laws of ARCHITECTURE.md, as far as text can prove them.

use std::collections::BTreeSet;
use std::fs;
use trusty_laws::{ProjectFile, project_files, root};

/// The places where one of these words stands in code that must not hold it.
fn offences(sources: &[ProjectFile], words: &[&str], may: impl Fn(&str) -> bool) -> Vec<String> {
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

fn rust() -> Vec<ProjectFile> {
    project_files(&["crates", "src-tauri"], &["rs"])
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
    // JSON and line diffs are pure, too: a card shows the input of a tool.
    only(
        "crates/fleet/Cargo.toml",
        &["jiff", "serde", "serde_json", "similar", "utoipa", "uuid"],
    );
    only(
        "crates/hook/Cargo.toml",
        &[
            "rustix",
            "serde",
            "serde_json",
            "trusty-platform",
            "trusty-records",
            "trusty-wire",
        ],
    );
    let never = |manifest: &str, not: &[&str]| {
        let has = dependencies(manifest);
        let bad: Vec<_> = not.iter().filter(|n| has.contains(**n)).collect();
        assert!(bad.is_empty(), "{manifest} may not depend on {bad:?}");
    };
    never(
        "crates/actions/Cargo.toml",
        &["trusty-sources", "trusty-client"],
    );
    never(
        "crates/sources/Cargo.toml",
        &["trusty-actions", "trusty-client"],
    );
    never(
        "crates/engine/Cargo.toml",
        &["axum", "hyper", "notify", "sysinfo", "trusty-client"],
    );
    let face = [
        "notify",
        "sysinfo",
        "rustix",
        "axum",
        "hyper",
        "trusty-sources",
    ];
    never("crates/cli/Cargo.toml", &face);
    never("Cargo.toml", &face);
}

#[test]
fn the_fleet_is_pure() {
    let fleet = project_files(&["crates/fleet/src"], &["rs"]);
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
fn the_platform_knows_neither_the_client_nor_sessions() {
    let platform = project_files(&["crates/platform/src"], &["rs"]);
    let words = [
        "claude",
        "Claude",
        "CLAUDE",
        "Session",
        "SessionId",
        "RegistryEntry",
        "Fleet",
        "Fact::",
        "Observation",
    ];
    assert_eq!(offences(&platform, &words, |_| false), [""; 0]);
}

#[test]
fn sources_know_no_verdicts() {
    let sources = project_files(&["crates/sources/src"], &["rs"]);
    let words = ["SessionStatus", "Verdict", "trusty_fleet::status", "Fleet"];
    assert_eq!(offences(&sources, &words, |_| false), [""; 0]);
}

#[test]
fn faces_derive_no_status() {
    let faces = project_files(&["crates/cli/src", "src-tauri"], &["rs"]);
    let words = [
        "status::",
        "evidence::",
        "RegistryEntry",
        "sources::",
        "waiting_for",
    ];
    assert_eq!(offences(&faces, &words, |_| false), [""; 0]);
    let popover = project_files(&["ui/src"], &["ts", "svelte"]);
    let words = [
        "waitingFor",
        "AwaitingApproval",
        "setInterval(",
        "{@html",
        "innerHTML",
    ];
    // Neither the generated types nor the design page is part of the popover.
    let aside = |path: &str| path == "ui/src/schema.ts" || path.starts_with("ui/src/dev/");
    assert_eq!(offences(&popover, &words, aside), [""; 0]);
}

#[test]
fn platforms_differ_in_three_places() {
    let words = [
        "cfg(target_os",
        "cfg(unix",
        "cfg(not(target_os",
        "cfg(any(target_os",
    ];
    let places = [
        "src-tauri/src/platform.rs",
        "src-tauri/src/desktop_notifications.rs",
        "crates/mac/src/lib.rs",
    ];
    let within = |p: &str| places.contains(&p) || p.starts_with("crates/platform/src/");
    assert_eq!(offences(&rust(), &words, within), [""; 0]);
}

/// On macOS, tao applies the activation policy before the first event, and makes the app active: an
/// icon in the Dock, and the keyboard taken from the terminal, at each start. `run_app` alone runs
/// the app, and takes it by value, so that nothing can run before the policy is set.
#[test]
fn the_app_is_an_accessory_before_its_first_event() {
    let app = project_files(&["src-tauri"], &["rs"]);
    let words = ["app.run(", ".run_return(", ".run_iteration("];
    let platform = |path: &str| path.starts_with("src-tauri/src/platform/");
    assert_eq!(offences(&app, &words, platform), [""; 0]);
    let mac = app
        .iter()
        .find(|f| f.path == "src-tauri/src/platform/macos.rs");
    let mac = mac.expect("the platform file of macOS").code();
    let position = |word: &str| mac.find(word).unwrap_or_else(|| panic!("no {word}"));
    assert!(position("set_activation_policy(ActivationPolicy::Accessory)") < position("app.run("));
    assert!(mac.contains("activate_ignoring_other_apps(false)"));
    assert!(mac.contains("NEW_PAGE_TAKES_FOCUS: bool = false"));
}

#[test]
fn colours_are_tokens() {
    let ui = project_files(&["ui/src"], &["svelte", "css"]);
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
    let ui = project_files(&["ui/src"], &["svelte", "css"]);
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
fn no_type_is_called_for_nothing() {
    let all = project_files(
        &["crates", "src-tauri", "tests", "ui/src", "ui/test"],
        &["rs", "ts", "svelte"],
    );
    for source in &all {
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

/// The pages at the root that name places, and all pages in `docs`.
fn pages() -> Vec<ProjectFile> {
    let mut pages = project_files(&["docs"], &["md"]);
    for name in [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "MACOS.md",
        "README.md",
    ] {
        let text = fs::read_to_string(root().join(name)).expect("a page");
        let path = name.to_owned();
        pages.push(ProjectFile { path, text });
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
        "packaging/",
    ];
    for ProjectFile { path: page, text } in pages() {
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
    for ProjectFile { path: page, text } in pages() {
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
    for page in project_files(&["docs"], &["md"]) {
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

/// The names in a text that can only be those of tests: three or more words in backticks.
fn quoted_tests(text: &str) -> Vec<String> {
    let names = text.split('`').skip(1).step_by(2).filter(|quoted| {
        let is_part = |part: &str| {
            let mut letters = part.chars();
            !part.is_empty() && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        quoted.split('_').count() >= 3 && quoted.split('_').all(is_part)
    });
    names.map(str::to_owned).collect()
}

/// What a clause of the security table holds where no test shows it. A cell without any test begins
/// with one of these.
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
    let all = project_files(&["crates", "src-tauri", "tests"], &["rs"]);
    let tests: BTreeSet<&str> = all.iter().flat_map(|s| test_names(&s.text)).collect();
    let quoted = quoted_tests;
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
fn each_row_about_macos_says_where_it_is_shown_and_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("MACOS.md")).expect("a page");
    let all = project_files(&["crates", "src-tauri", "tests"], &["rs"]);
    let tests: BTreeSet<&str> = all.iter().flat_map(|s| test_names(&s.text)).collect();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| A"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let expected: Vec<String> = (1..=37).map(|number| format!("A{number}")).collect();
    assert_eq!(numbers, expected);
    for row in rows {
        let [number, _, certainty, shown, asked] = row[..] else {
            panic!("{row:?}")
        };
        assert!(
            ["sure", "likely", "possible"].contains(&certainty),
            "{row:?}"
        );
        let is_tested = shown.starts_with("value tested here: ");
        let is_known = is_tested
            || shown.starts_with("type-checked only")
            || shown.starts_with("Mac workflow only")
            || shown.starts_with("not done: ");
        assert!(is_known, "{row:?}");
        let named = quoted_tests(shown);
        assert_eq!(is_tested, !named.is_empty(), "{row:?}");
        for name in named.iter().chain(&quoted_tests(asked)) {
            assert!(tests.contains(name.as_str()), "{number} names {name}");
        }
    }
}

#[test]
fn no_path_of_a_machine_and_no_registry_host_is_written_down() {
    let endings = [
        "rs", "ts", "svelte", "toml", "json", "md", "yml", "sh", "css", "html", "mjs", "plist",
        "txt",
    ];
    let all = project_files(
        &[
            "crates",
            "src-tauri",
            "tests",
            "ui",
            "icons",
            ".ci",
            ".github",
            "packaging",
        ],
        &endings,
    );
    for source in all.iter().filter(|s| s.path != "tests/laws/tidy.rs") {
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
