//! The settings file as a whole: the template, good and bad values, and unreadable files.

mod keys;

use super::*;
use std::fs;

const SETTING_COUNT: usize = 17;

#[test]
fn a_new_file_changes_nothing_and_an_old_one_is_kept() {
    let home = tempfile::tempdir().expect("folder");
    let env = Environment {
        home: home.path().into(),
        ..Environment::default()
    };
    let path = ensure_file(&env).expect("made");
    assert_eq!(Settings::read(&env), Settings::default());
    let text = fs::read_to_string(&path).expect("read");
    let mut settings = 0;
    let every = text.lines().map(|line| {
        let uncommented = line.strip_prefix("# ").unwrap_or(line);
        let key = uncommented.split(" = ").next().unwrap_or_default();
        let is_setting = uncommented.contains(" = ") && !key.contains(' ');
        settings += usize::from(is_setting);
        match key {
            // An example, because the default cannot be written down.
            "config_dirs" | "quiet_hours" | "snooze_until" | "terminal" | "start_at_login" => line,
            _ if is_setting => uncommented,
            _ => line,
        }
    });
    let every = every.collect::<Vec<_>>().join("\n");
    assert_eq!(
        Settings::parse(&every, home.path()),
        Settings::default(),
        "the template shows the defaults"
    );
    let shown: Vec<_> = every.lines().map(uncomment).collect();
    let examples = Settings::parse(&shown.join("\n"), home.path());
    assert_eq!(examples.problems, [""; 0]);
    let Settings {
        config_dirs,
        notices,
        terminal,
        ..
    } = &examples;
    assert_eq!(config_dirs, &[home.path().join("work/.claude")]);
    assert_eq!(terminal, &["xterm", "-e"]);
    assert!(notices.quiet.is_some() && notices.snoozed_until.is_some());
    assert_eq!(settings, SETTING_COUNT, "every setting is shown");
    fs::write(&path, "[discovery]\nconfine = true\n").expect("write");
    ensure_file(&env).expect("kept");
    assert_eq!(Settings::read(&env).confinement, Confinement::Confined);
}

/// A line of the template as the user would uncomment it.
fn uncomment(line: &str) -> &str {
    let uncommented = line.strip_prefix("# ").unwrap_or(line);
    match uncommented.split_once(" = ") {
        Some((key, _)) if !key.contains(' ') => uncommented,
        _ => line,
    }
}

#[test]
fn what_cannot_be_read_is_named_and_never_fatal() {
    let home = tempfile::tempdir().expect("folder");
    let env = Environment {
        home: home.path().into(),
        ..Environment::default()
    };
    let file = env.settings_file();
    fs::create_dir_all(file.parent().expect("folder")).expect("folders");
    let before = Settings {
        confinement: Confinement::Confined,
        ..Settings::default()
    };
    let check_problem = |text: &str| {
        let first = Settings::read(&env);
        assert_eq!(first.problems.len(), 1, "{first:?}");
        assert!(first.problems[0].contains(text), "{first:?}");
        assert!(first.problems[0].ends_with("the defaults are used"));
        let later = Settings::read_after(&before, &env);
        assert_eq!(later.confinement, Confinement::Confined, "{text}");
        assert!(later.problems[0].contains(text), "{later:?}");
        assert!(later.problems[0].ends_with("the previous settings still apply"));
    };
    fs::create_dir(&file).expect("a folder in its place");
    check_problem("not a regular file");
    fs::remove_dir(&file).expect("removed");
    let huge = "# long\n".repeat(usize::try_from(MAX_TOML_FILE_BYTES).expect("small") / 6);
    fs::write(&file, huge).expect("written");
    check_problem("file is too large");
    fs::write(&file, [b'a', 0xff, 0xfe]).expect("written");
    check_problem("not UTF-8 text");
    fs::remove_file(&file).expect("removed");
    assert_eq!(Settings::read(&env), Settings::default());
    assert_eq!(Settings::read_after(&before, &env), Settings::default());
}

#[test]
fn a_file_of_nonsense_names_a_few_of_its_problems() {
    let many: Vec<_> = (0..20_000).map(|n| format!("a{n}=1")).collect();
    let problems = Settings::parse(&many.join("\n"), Path::new("/home/dev")).problems;
    assert_eq!(problems.len(), 11);
    assert_eq!(problems[10], "and 19990 more");
    let long = format!("[jump]\n{} = 1\n", "x".repeat(100_000));
    let problem = Settings::parse(&long, Path::new("/home/dev")).problem();
    let problem = problem.expect("a problem");
    assert!(problem.chars().count() < 300, "{}", problem.len());
    assert!(problem.ends_with("…; ignored"), "{problem}");
}

#[test]
fn good_values_are_taken_and_bad_ones_named() {
    let read = |text| Settings::parse(text, Path::new("/home/dev"));
    assert_eq!(read(""), Settings::default());
    let good = read("[discovery]\nconfine = true\nconfig_dirs = ['~/work', '/srv/claude']");
    assert_eq!(good.confinement, Confinement::Confined);
    assert_eq!(
        good.config_dirs,
        [
            PathBuf::from("/home/dev/work"),
            PathBuf::from("/srv/claude")
        ]
    );
    assert!(good.problems.is_empty());
    for (text, problem) in [
        ("discovery = 3", "discovery must be a [section]"),
        ("[sounds]", "sounds is not a known section"),
        (
            "[discovery]\nconfine = 'yes'",
            "discovery.confine must be true or false",
        ),
        (
            "[discovery]\nconfig_dirs = '/x'",
            "discovery.config_dirs must be a list",
        ),
        (
            "[discovery]\nconfig_dirs = ['x', 3]",
            "holds \"x\", which is not an absolute path",
        ),
        (
            "[discovery]\ncolour = 1",
            "discovery.colour is not a known setting",
        ),
        ("pause = 1", "pause must be a [section]"),
        ("[pause]\nfirst = 'now'", "pause.first must be"),
        ("[pause]\ntools = true", "pause.tools must be"),
        ("[pause]\nhow = 1", "pause.how is not a known setting"),
        ("[discovery", "not valid TOML"),
    ] {
        let settings = read(text);
        assert!(
            settings.problems[0].contains(problem),
            "{text}: {:?}",
            settings.problems
        );
        assert!(settings.config_dirs.is_empty());
    }
}

#[test]
fn a_file_that_others_may_change_is_not_followed_and_named_with_its_remedy() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = tempfile::tempdir().expect("folder");
    let env = Environment {
        home: home.path().into(),
        ..Environment::default()
    };
    let file = ensure_file(&env).expect("made");
    let mode = |path: &Path, bits| {
        fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("chmod");
    };
    let bits = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let folder = file.parent().expect("a folder");
    for folder in [home.path(), folder.parent().expect("above")] {
        mode(folder, 0o755);
    }
    assert_eq!((bits(folder), bits(&file)), (0o700, 0o600));
    fs::write(&file, "[discovery]\nconfine = true\n").expect("written");
    let confinement = || Settings::read(&env).confinement;
    for (folder_bits, file_bits, counts) in [
        (0o755, 0o644, true),
        (0o777, 0o644, false),
        (0o755, 0o646, false),
        (0o700, 0o600, true),
    ] {
        mode(folder, folder_bits);
        mode(&file, file_bits);
        assert_eq!(
            confinement() == Confinement::Confined,
            counts,
            "{folder_bits:o}"
        );
    }
    mode(folder, 0o755);
    mode(&file, 0o646);
    let problem = Settings::read(&env).problem().expect("named");
    let remedy = format!("`chmod go-w {}`", file.display());
    assert!(
        problem.contains(&remedy) && problem.contains("the defaults are used"),
        "{problem}"
    );
    mode(&file, 0o600);
    // As a dotfile manager does.
    let kept = home.path().join("kept.toml");
    fs::rename(&file, &kept).expect("moved");
    symlink(&kept, &file).expect("link");
    assert_eq!(confinement(), Confinement::Confined);
}
