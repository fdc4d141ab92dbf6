//! The walls of ARCHITECTURE.md, measured: what a crate needs, and how large crates, modules and
//! files are. `cargo test --test walls -- --nocapture` prints the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use trusty_laws::crates::{ProductCrate, product_crates, product_lines};
use trusty_laws::modules::{ModuleGraph, module_path};
use trusty_laws::{project_files, root};

/// The most packages that are compiled for the hook, itself included.
const MAX_HOOK_PACKAGES: usize = 40;
/// Packages that the hook has no use for.
const NEVER_IN_THE_HOOK: [&str; 7] = [
    "tokio", "hyper", "axum", "notify", "sysinfo", "x11rb", "zbus",
];
/// The largest share of the product's lines of any crate, in percent.
const MAX_CRATE_PERCENT: usize = 35;
/// The largest share of the product's lines of the engine, in percent.
const MAX_ENGINE_PERCENT: usize = 20;
/// The most lines of a module, including all modules below it. A crate's root is no module.
const MAX_MODULE_LINES: usize = 1_500;
/// The most lines of a file, tests included.
const MAX_FILE_LINES: usize = 600;

#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
#[test]
fn the_hook_is_small_on_both_systems() {
    for target in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"] {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--locked",
                "-p",
                "trusty-hook",
                "-e",
                "normal,build",
            ])
            .args(["--prefix", "none", "--no-dedupe", "--target", target])
            .current_dir(root())
            .output()
            .expect("cargo");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        let text = String::from_utf8(output.stdout).expect("text");
        let packages: BTreeSet<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        println!("trusty-hook on {target}: {} packages", packages.len());
        assert!(packages.len() <= MAX_HOOK_PACKAGES, "{packages:#?}");
        let names: BTreeSet<&str> = packages
            .iter()
            .filter_map(|package| package.split(' ').next())
            .collect();
        let unwanted: Vec<_> = NEVER_IN_THE_HOOK
            .iter()
            .filter(|n| names.contains(**n))
            .collect();
        assert!(unwanted.is_empty(), "{unwanted:?}");
    }
}

#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
#[test]
fn no_crate_is_most_of_the_program() {
    let crates = product_crates();
    let all: usize = crates.iter().map(ProductCrate::lines).sum();
    for of in &crates {
        let lines = of.lines();
        let permille = lines * 1_000 / all;
        println!(
            "{:>12} {lines:>6} lines {:>3}.{} %",
            of.name,
            permille / 10,
            permille % 10
        );
        let most = if of.name == "engine" {
            MAX_ENGINE_PERCENT
        } else {
            MAX_CRATE_PERCENT
        };
        assert!(
            lines * 100 <= all * most,
            "{} has {lines} of {all} lines",
            of.name
        );
    }
}

#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
#[test]
fn no_module_is_a_crate_of_its_own() {
    let mut large = Vec::new();
    for of in product_crates() {
        let mut lines: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for file in &of.files {
            let module = module_path(&of.folder, &file.path);
            for depth in 1..=module.len() {
                *lines.entry(module[..depth].to_vec()).or_default() += product_lines(file);
            }
        }
        for (module, lines) in lines.into_iter().filter(|(_, lines)| *lines > 1_000) {
            println!("{}::{} {lines} lines", of.name, module.join("::"));
            if lines > MAX_MODULE_LINES {
                large.push(format!("{}::{}: {lines} lines", of.name, module.join("::")));
            }
        }
    }
    assert!(large.is_empty(), "{large:#?}");
}

#[test]
fn no_file_is_long() {
    let folders = ["crates", "src-tauri", "tests", "ui/src", "ui/test", "fuzz"];
    let files = project_files(&folders, &["rs", "ts", "svelte"]);
    let is_generated = |path: &str| path == "ui/src/schema.ts";
    for file in files.iter().filter(|file| !is_generated(&file.path)) {
        let lines = file.text.lines().count();
        assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines", file.path);
    }
}

#[test]
fn no_files_go_in_a_circle() {
    let mut circles = Vec::new();
    for of in product_crates() {
        for circle in ModuleGraph::of_crate(&of).circles() {
            let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            circles.push(format!("{}: {}", of.name, names.join(", ")));
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn unsafe_code_is_forbidden_but_where_the_system_needs_it() {
    for of in product_crates() {
        let root = ["lib.rs", "main.rs"].iter().filter_map(|name| {
            let path = format!("{}/{name}", of.folder);
            of.files.iter().find(|file| file.path == path)
        });
        let root = root.map(|file| &file.text).next().expect("a root");
        let is_forbidden = root.contains("#![forbid(unsafe_code)]");
        let may = ["platform", "mac"].contains(&of.name.as_str());
        assert_eq!(is_forbidden, !may, "{}", of.name);
    }
}

/// The files of `crates/sources` that are a source, with all below them.
const SOURCE_MODULES: [&str; 9] = [
    "hook",
    "hook_install",
    "listing",
    "pause",
    "process",
    "registry",
    "screen",
    "tmux",
    "transcript",
];

#[test]
fn no_source_knows_another() {
    let crates = product_crates();
    let sources = crates
        .iter()
        .find(|of| of.name == "sources")
        .expect("the sources");
    let graph = ModuleGraph::of_crate(sources);
    let source_of = |module: &Vec<String>| {
        let first = module.first().map_or("", String::as_str);
        SOURCE_MODULES.iter().find(|source| **source == first)
    };
    for own in SOURCE_MODULES {
        assert!(
            graph.edges.contains_key(&vec![own.to_owned()]),
            "{own} is not there"
        );
    }
    for (from, others) in &graph.edges {
        for to in others {
            let pair = (source_of(from), source_of(to));
            let is_other = matches!(pair, (Some(from), Some(to)) if from != to);
            assert!(!is_other, "{} names {}", from.join("::"), to.join("::"));
        }
    }
}
