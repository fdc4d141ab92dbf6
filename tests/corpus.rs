//! The seeds of `make fuzz`, and the inputs that it once found, through the same decoders.

#[path = "../fuzz/decoders.rs"]
#[expect(unreachable_pub, reason = "a library to the fuzz targets")]
mod decoders;

use decoders::FUZZED_DECODERS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn files_within(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "names the seed of a failure")]
fn no_seed_makes_a_decoder_panic() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, decode) in FUZZED_DECODERS {
        let seeds = files_within(&fuzz.join("corpus").join(name));
        assert!(!seeds.is_empty(), "{name} has no seed");
        for seed in seeds {
            println!("{}", seed.display());
            decode(&fs::read(&seed).expect("a seed"));
        }
    }
    let names = |folder: &str| -> BTreeSet<String> {
        let stem = |path: PathBuf| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        };
        files_within(&fuzz.join(folder))
            .into_iter()
            .map(stem)
            .collect()
    };
    let known: BTreeSet<String> = FUZZED_DECODERS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(names("corpus"), known, "a corpus for each decoder");
    assert_eq!(names("fuzz_targets"), known, "a target for each decoder");
}
