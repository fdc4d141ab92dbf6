//! What `KERN_PROCARGS2` gives of a process: the path that execve(2) was given, the arguments and the
//! environment.
//!
//! The layout is that of xnu's `sysctl_procargsx` and `exec_extract_strings`: the number of
//! arguments as an `int`; the path and its NUL, with NULs up to a multiple of the pointer size;
//! then, each ending with a NUL, the arguments, the environment and the strings that the kernel adds
//! for the dynamic linker (`apple[]`). All but the number is read from the memory of the process,
//! which may have changed it: node's runtime writes the process title over the arguments and fills
//! the rest with NULs. The environment is missing where code signing restricts the process.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The size of a pointer of the processes that current macOS runs.
const POINTER_BYTES: usize = 8;
/// The strings that the kernel adds after the environment, by the name before `=`
/// (`exec_add_apple_strings`).
const APPLE_STRING_NAMES: [&str; 17] = [
    "arm64e_abi",
    "dyld_file",
    "dyld_flags",
    "dyld_hw_tpro",
    "executable_boothash",
    "executable_cdhash",
    "executable_file",
    "executable_path",
    "has_sec_transition",
    "main_stack",
    "malloc_entropy",
    "pfz",
    "ptr_munge",
    "security_config",
    "stack_guard",
    "subsystem_root_path",
    "th_port",
];

/// What a process was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartWords {
    /// The path that execve(2) was given, links not followed; may be relative.
    pub exec_path: Option<PathBuf>,
    /// The arguments, the program's name first, without empty ones.
    pub argv: Vec<String>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// Decodes the value of `KERN_PROCARGS2`; none if it ends before the end of the path.
pub fn decode_start_words(bytes: &[u8]) -> Option<StartWords> {
    let (count, strings) = bytes.split_first_chunk::<4>()?;
    let count = usize::try_from(i32::from_le_bytes(*count)).ok()?;
    let path_end = strings.iter().position(|b| *b == 0)?;
    let path = &strings[..path_end];
    let words = strings.get(arguments_start(strings, path_end)..);
    let mut words = words.unwrap_or_default().split(|b| *b == 0);
    let argv = words.by_ref().take(count).filter(|word| !word.is_empty());
    let argv = argv.map(|word| String::from_utf8_lossy(word).into_owned());
    let argv = argv.collect();
    let pairs = words.map_while(|word| match split_pair(word) {
        Some((name, _)) if is_apple_string(name) => None,
        pair => Some(pair),
    });
    let os = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    Some(StartWords {
        exec_path: (!path.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(path))),
        argv,
        environment: pairs
            .flatten()
            .map(|(name, value)| (os(name), os(value)))
            .collect(),
    })
}

/// Where the arguments start: at the next multiple of the pointer size after the path's NUL, because
/// a first argument may be empty. If the bytes between are no NULs, at the first of them.
fn arguments_start(strings: &[u8], path_end: usize) -> usize {
    let aligned = (path_end + 1).next_multiple_of(POINTER_BYTES);
    let padding = strings.get(path_end..aligned).unwrap_or_default();
    let text = padding.iter().position(|b| *b != 0);
    text.map_or(aligned, |text| path_end + text)
}

fn split_pair(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = word.iter().position(|b| *b == b'=')?;
    let (name, value) = word.split_at(at);
    Some((name, &value[1..]))
}

fn is_apple_string(name: &[u8]) -> bool {
    APPLE_STRING_NAMES
        .iter()
        .any(|apple| apple.as_bytes() == name)
}

#[cfg(test)]
mod tests;
