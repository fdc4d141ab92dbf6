use super::*;
use proptest::prelude::*;
use std::path::Path;

/// A process as execve(2) gets it, laid out by the steps of xnu, not by those of the decoder.
#[derive(Debug, Clone, Default)]
struct ExecImage {
    path: Vec<u8>,
    argv: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
    apple: Vec<Vec<u8>>,
}

impl ExecImage {
    fn new(path: &str, argv: &[&str], environment: &[&str]) -> Self {
        let words = |words: &[&str]| words.iter().map(|w| w.as_bytes().to_vec()).collect();
        Self {
            path: path.as_bytes().to_vec(),
            argv: words(argv),
            environment: words(environment),
            // The order of `exec_add_apple_strings` on arm64.
            apple: words(&[
                "ptr_munge=",
                "main_stack=",
                "executable_file=0x1a0100000c,0x2f6a3",
                "dyld_file=0x1a0100000c,0xfffffff000a41a2",
                "executable_cdhash=0f2c",
                "executable_boothash=77aa",
                "arm64e_abi=os",
                "th_port=",
            ]),
        }
    }

    /// The strings of the new process and where its arguments lie: `exec_save_path` stores
    /// `executable_path=` and the path, `exec_extract_strings` pads the space and adds arguments and
    /// environment, `exec_add_apple_strings` the rest.
    fn strings(&self) -> (Vec<u8>, std::ops::Range<usize>) {
        let mut space = b"executable_path=".to_vec();
        let add = |space: &mut Vec<u8>, word: &[u8]| {
            space.extend(word);
            space.push(0);
        };
        add(&mut space, &self.path);
        while !space.len().is_multiple_of(8) {
            space.push(0);
        }
        let start = space.len();
        for word in &self.argv {
            add(&mut space, word);
        }
        let arguments = start..space.len();
        for word in self.environment.iter().chain(&self.apple) {
            add(&mut space, word);
        }
        (space, arguments)
    }

    /// `sysctl_procargsx`: the count, then the strings without `executable_path=`.
    fn sysctl(&self) -> Vec<u8> {
        let (space, _) = self.strings();
        self.copy_out(&space)
    }

    fn copy_out(&self, space: &[u8]) -> Vec<u8> {
        let count = i32::try_from(self.argv.len()).expect("few");
        let mut bytes = count.to_le_bytes().to_vec();
        bytes.extend(&space["executable_path=".len()..]);
        bytes
    }

    /// The same after `uv_set_process_title`: the title over the arguments, NULs after it.
    fn retitled(&self, title: &str) -> Vec<u8> {
        let (mut space, arguments) = self.strings();
        let room = &mut space[arguments];
        let kept = title.len().min(room.len() - 1);
        room.fill(0);
        room[..kept].copy_from_slice(&title.as_bytes()[..kept]);
        self.copy_out(&space)
    }

    /// The same where code signing restricts the process: `sysctl_procargsx` walks the path and as
    /// many strings as there are arguments, and cuts there.
    fn restricted(&self) -> Vec<u8> {
        let (space, arguments) = self.strings();
        self.copy_out(&space[..arguments.end])
    }
}

fn decoded(bytes: &[u8]) -> StartWords {
    decode_start_words(bytes).expect("decodes")
}

fn names(words: &StartWords) -> Vec<&str> {
    let names = words.environment.iter();
    names
        .map(|(name, _)| name.to_str().expect("text"))
        .collect()
}

const TEST_ENVIRONMENT: [&str; 3] = ["HOME=/Users/dev", "TMUX=/private/tmp/s,1,0", "A=b=c"];

#[test]
fn path_arguments_and_environment_are_told_apart() {
    // Paths of all lengths modulo the pointer size.
    for more in 0..9 {
        let path = format!("/Users/dev/.local/bin/claude{}", "x".repeat(more));
        let image = ExecImage::new(&path, &["claude", "--resume"], &TEST_ENVIRONMENT);
        let words = decoded(&image.sysctl());
        assert_eq!(words.exec_path.as_deref(), Some(Path::new(&path)));
        assert_eq!(words.argv, ["claude", "--resume"]);
        assert_eq!(names(&words), ["HOME", "TMUX", "A"], "{path}");
        assert_eq!(words.environment[2].1, "b=c");
    }
}

#[test]
fn the_environment_of_a_process_with_a_rewritten_title_is_found() {
    let node = "/opt/homebrew/bin/node";
    let image = ExecImage::new(
        node,
        &["node", "/opt/homebrew/bin/claude", "--continue"],
        &TEST_ENVIRONMENT,
    );
    let words = decoded(&image.retitled("claude"));
    assert_eq!(words.exec_path.as_deref(), Some(Path::new(node)));
    assert_eq!(words.argv, ["claude"]);
    assert_eq!(names(&words), ["HOME", "TMUX", "A"]);
}

#[test]
fn empty_arguments_are_counted() {
    for argv in [
        &["claude", ""][..],
        &["claude", "", "-c"],
        &["", "-c"],
        &["", ""],
        &[""],
        &["claude", "", "", ""],
    ] {
        let image = ExecImage::new("/bin/claude", argv, &TEST_ENVIRONMENT);
        let words = decoded(&image.sysctl());
        let expected: Vec<&str> = argv.iter().copied().filter(|w| !w.is_empty()).collect();
        assert_eq!(words.argv, expected);
        assert_eq!(names(&words), ["HOME", "TMUX", "A"], "{argv:?}");
    }
}

#[test]
fn arguments_with_an_equals_sign_are_arguments() {
    let image = ExecImage::new(
        "/usr/bin/env",
        &["env", "HOME=/x", "claude"],
        &TEST_ENVIRONMENT,
    );
    let words = decoded(&image.sysctl());
    assert_eq!(words.argv, ["env", "HOME=/x", "claude"]);
    assert_eq!(words.environment[0].1, "/Users/dev");
}

#[test]
fn the_strings_of_the_kernel_are_no_environment() {
    let image = ExecImage::new("/bin/claude", &["claude"], &[]);
    assert_eq!(decoded(&image.sysctl()).environment, []);
    // The first of them differs between versions of the kernel.
    for first in APPLE_STRING_NAMES {
        let mut image = ExecImage::new("/bin/claude", &["claude"], &["A=1"]);
        image.apple.insert(0, format!("{first}=1").into_bytes());
        assert_eq!(names(&decoded(&image.sysctl())), ["A"], "{first}");
    }
}

#[test]
fn a_restricted_process_shows_its_arguments_alone() {
    let image = ExecImage::new("/bin/zsh", &["-zsh"], &TEST_ENVIRONMENT);
    let words = decoded(&image.restricted());
    assert_eq!(words.argv, ["-zsh"]);
    assert_eq!(words.environment, []);
}

#[test]
fn words_without_an_equals_sign_are_no_variables() {
    let image = ExecImage::new("/bin/x", &["x"], &["odd", "A=1", "=", "", "B="]);
    let words = decoded(&image.sysctl());
    assert_eq!(names(&words), ["A", "", "B"]);
}

#[test]
fn bytes_that_are_no_text_are_kept_in_paths_and_values() {
    let mut image = ExecImage::new("/bin/x", &["x"], &["A=1"]);
    image.path = b"/Users/d\xe9v/x".to_vec();
    image.environment = vec![b"HOME=/Users/d\xe9v".to_vec()];
    let words = decoded(&image.sysctl());
    let path = words.exec_path.expect("a path");
    assert_eq!(path.as_os_str().as_bytes(), b"/Users/d\xe9v/x");
    assert_eq!(words.environment[0].1.as_bytes(), b"/Users/d\xe9v");
}

#[test]
fn a_cut_value_gives_what_is_there() {
    let image = ExecImage::new("/bin/x", &["x", "-y"], &TEST_ENVIRONMENT);
    let whole = image.sysctl();
    let at = |word: &[u8]| {
        let found = whole.windows(word.len()).position(|w| w == word);
        found.expect("there") + word.len()
    };
    let words = decoded(&whole[..at(b"HOME=/Us")]);
    assert_eq!(words.environment, [("HOME".into(), "/Us".into())]);
    assert_eq!(decoded(&whole[..at(b"-y")]).argv, ["x", "-y"]);
    for cut in [0, 3, 4, 7] {
        assert_eq!(decode_start_words(&whole[..cut]), None, "{cut}");
    }
    let negative = [&(-1_i32).to_le_bytes()[..], b"/bin/x\0\0x\0"].concat();
    assert_eq!(decode_start_words(&negative), None);
}

fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(1..=255_u8, 0..12), 0..6)
}

proptest! {
    #[test]
    fn whatever_execve_accepts_is_read_back(path in prop::collection::vec(1..=255_u8, 1..40), argv in words(), values in words()) {
        let environment = values.iter().map(|value| [b"N=", &value[..]].concat()).collect();
        let image = ExecImage { path, argv, environment, ..ExecImage::new("", &[], &[]) };
        let words = decoded(&image.sysctl());
        let path = words.exec_path.expect("a path");
        prop_assert_eq!(path.as_os_str().as_bytes(), &image.path[..]);
        prop_assert_eq!(words.argv.len(), image.argv.iter().filter(|w| !w.is_empty()).count());
        let read: Vec<&[u8]> = words.environment.iter().map(|(_, value)| value.as_bytes()).collect();
        prop_assert_eq!(read, values.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..256), cut in 0..64_usize) {
        let _ = decode_start_words(&bytes);
        let whole = ExecImage::new("/bin/x", &["x", "-y"], &TEST_ENVIRONMENT).sysctl();
        let _ = decode_start_words(&whole[..cut.min(whole.len())]);
    }
}
