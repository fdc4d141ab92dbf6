use super::*;
use crate::hook_program::{data_dir_of, program};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A uid without a folder in `/run/user`.
const UNKNOWN_UID: u32 = 4_000_000_000;

/// An environment in which a shell has set all variables.
fn shell_environment(system: System, home: &str) -> Environment {
    Environment {
        system,
        home: home.into(),
        config_home: Some("/xdg/config".into()),
        data_home: Some("/xdg/data".into()),
        runtime_home: Some("/xdg/run".into()),
        temp_dir: Some("/nix-shell.1".into()),
        user_folder: Some("/var/folders/zz/zyx/0".into()),
        ..Environment::default()
    }
}

/// The same user's environment in an app from Finder.
fn finder_environment(home: &str) -> Environment {
    Environment {
        system: System::Mac,
        home: home.into(),
        temp_dir: Some("/var/folders/zz/zyx/T".into()),
        user_folder: Some("/var/folders/zz/zyx/0".into()),
        ..Environment::default()
    }
}

fn places(env: &Environment) -> [PathBuf; 3] {
    [
        env.data_dir(),
        env.runtime_dir(UNKNOWN_UID),
        env.settings_file(),
    ]
}

#[test]
fn on_macos_all_programs_of_a_user_meet_in_one_place_whatever_their_variables() {
    let expected = [
        "/Users/dev/Library/Application Support/trusty",
        "/Users/dev/Library/Application Support/trusty/run",
        "/Users/dev/.config/trusty/settings.toml",
    ]
    .map(PathBuf::from);
    assert_eq!(places(&finder_environment("/Users/dev")), expected);
    let shell = shell_environment(System::Mac, "/Users/dev");
    assert_eq!(places(&shell), expected);
}

#[test]
fn on_linux_the_xdg_folders_count() {
    let env = shell_environment(System::Linux, "/home/dev");
    let expected = [
        "/xdg/data/trusty",
        // `/xdg/run` does not exist.
        "/nix-shell.1/trusty-4000000000",
        "/xdg/config/trusty/settings.toml",
    ]
    .map(PathBuf::from);
    assert_eq!(places(&env), expected);
    let bare = Environment {
        system: System::Linux,
        home: "/home/dev".into(),
        ..Environment::default()
    };
    let expected = [
        "/home/dev/.local/share/trusty",
        "/tmp/trusty-4000000000",
        "/home/dev/.config/trusty/settings.toml",
    ]
    .map(PathBuf::from);
    assert_eq!(places(&bare), expected);
    assert_eq!(bare.former_data_dirs(), Vec::<PathBuf>::new());
    assert_eq!(env.former_runtime_dirs(UNKNOWN_UID), Vec::<PathBuf>::new());
    assert_eq!(env.former_settings_file(), None);
}

/// A path with this many bytes.
fn path_of_length(length: usize) -> String {
    format!("/{}", "h".repeat(length - 1))
}

#[test]
fn the_sockets_of_a_long_home_folder_on_macos_lie_in_the_folder_that_the_system_makes() {
    // `/Library/Application Support/trusty/run/trusty.sock` has 51 bytes; 103 are allowed.
    let longest = path_of_length(52);
    let env = finder_environment(&longest);
    let runtime_dir = env.runtime_dir(UNKNOWN_UID);
    assert_eq!(runtime_dir, env.data_dir().join("run"));
    assert_eq!(
        socket_names::api_socket(&runtime_dir).as_os_str().len(),
        103
    );
    let env = finder_environment(&path_of_length(53));
    assert_eq!(
        env.runtime_dir(UNKNOWN_UID),
        Path::new("/var/folders/zz/zyx/0/trusty")
    );
    let shell = shell_environment(System::Mac, &path_of_length(53));
    assert_eq!(shell.runtime_dir(1), env.runtime_dir(2));
    let without = Environment {
        user_folder: None,
        ..env
    };
    let below_home = without.home.join(".trusty");
    assert_eq!(without.runtime_dir(UNKNOWN_UID), below_home);
}

#[test]
fn where_no_socket_fits_the_error_names_the_limit_and_the_remedy() {
    let env = Environment {
        user_folder: None,
        ..finder_environment(&path_of_length(90))
    };
    let runtime_dir = env.runtime_dir(UNKNOWN_UID);
    assert_eq!(runtime_dir, env.data_dir().join("run"));
    let told = socket_names::check_length(&runtime_dir, System::Mac).expect_err("too long");
    let told = told.to_string();
    let words =
        "141 bytes, but a socket's path may have 103; use a home folder with a shorter path";
    assert!(told.ends_with(words), "{told}");
    socket_names::check_length(Path::new(&path_of_length(95)), System::Linux).expect("107 bytes");
    let long = path_of_length(96);
    let told = socket_names::check_length(Path::new(&long), System::Linux).expect_err("too long");
    assert!(told.to_string().contains("XDG_RUNTIME_DIR"), "{told}");
}

#[test]
fn a_long_runtime_folder_on_linux_gives_way_to_the_next_place() {
    let root = tempfile::tempdir().expect("folder");
    let uid = rustix::process::getuid().as_raw();
    let env = |name: &str| {
        let runtime_home = root.path().join(name);
        fs::create_dir(&runtime_home).expect("folder");
        Environment {
            system: System::Linux,
            runtime_home: Some(runtime_home),
            ..Environment::default()
        }
    };
    let short = env("run");
    let expected = root.path().join("run/trusty");
    assert_eq!(short.runtime_dir(uid), expected);
    let long = env(&"r".repeat(100));
    let other = long.runtime_dir(uid);
    assert!(!other.starts_with(root.path()), "{}", other.display());
    socket_names::check_length(&other, System::Linux).expect("fits");
}

#[test]
fn an_installed_hook_program_takes_its_place_from_its_own_path() {
    for (system, home) in [(System::Mac, "/Users/dev"), (System::Linux, "/home/dev")] {
        let engine = Environment {
            system,
            home: home.into(),
            user_folder: Some("/var/folders/zz/zyx/0".into()),
            ..Environment::default()
        };
        let installed = program(&engine);
        let data_dir = data_dir_of(&installed).expect("an installed program");
        // The session has another home folder and other variables.
        let session = shell_environment(system, "/nix/build");
        let hook = session.of_installed_program(data_dir);
        assert_eq!(hook.data_dir(), engine.data_dir());
        assert_eq!(hook.home, engine.home);
        if system == System::Mac {
            assert_eq!(places(&hook), places(&engine));
            assert_eq!(hook.former_runtime_dirs(UNKNOWN_UID), Vec::<PathBuf>::new());
        }
    }
}

#[test]
fn a_home_folder_that_is_a_link_keeps_its_name_for_hooks() {
    let root = tempfile::tempdir().expect("folder");
    let real = root.path().join("volume/dev");
    let link = root.path().join("dev");
    fs::create_dir_all(&real).expect("folder");
    std::os::unix::fs::symlink(&real, &link).expect("link");
    for system in [System::Mac, System::Linux] {
        let engine = Environment {
            system,
            home: real.clone(),
            ..Environment::default()
        };
        let session = shell_environment(system, link.to_str().expect("text"));
        let hook = session.of_installed_program(engine.data_dir());
        assert_eq!(hook.home, link);
        assert_eq!(hook.data_dir(), engine.data_dir());
    }
}

#[test]
fn a_hook_program_in_another_data_folder_keeps_the_home_folder() {
    let session = shell_environment(System::Linux, "/home/dev");
    let hook = session.of_installed_program("/srv/data/trusty".into());
    assert_eq!(hook.data_dir(), Path::new("/srv/data/trusty"));
    assert_eq!(hook.home, Path::new("/home/dev"));
    for other in [
        "/usr/bin/trusty-hook",
        "/w/target/debug/trusty-hook",
        "trusty-hook",
    ] {
        assert_eq!(data_dir_of(Path::new(other)), None, "{other}");
    }
}

#[test]
fn the_former_places_of_macos_are_those_that_its_variables_named() {
    let env = shell_environment(System::Mac, "/Users/dev");
    assert_eq!(env.former_data_dirs(), [PathBuf::from("/xdg/data/trusty")]);
    assert_eq!(
        env.former_runtime_dirs(501),
        ["/xdg/run/trusty", "/nix-shell.1/trusty-501"].map(PathBuf::from)
    );
    let former = env.former_settings_file();
    assert_eq!(former, Some("/xdg/config/trusty/settings.toml".into()));
    let same = Environment {
        data_home: Some("/Users/dev/Library/Application Support".into()),
        config_home: Some("/Users/dev/.config".into()),
        ..env
    };
    assert_eq!(same.former_data_dirs(), Vec::<PathBuf>::new());
    assert_eq!(same.former_settings_file(), None);
    let finder = finder_environment("/Users/dev");
    let temporary = PathBuf::from("/var/folders/zz/zyx/T/trusty-501");
    assert_eq!(finder.former_runtime_dirs(501), [temporary]);
}

#[test]
fn the_socket_folder_of_macos_is_the_user_s_alone_and_refused_where_others_could_replace_it() {
    let root = tempfile::tempdir().expect("folder");
    let uid = rustix::process::getuid().as_raw();
    let home = root.path().join("home");
    let support = home.join("Library/Application Support");
    fs::create_dir_all(&support).expect("folder");
    let env = finder_environment(home.to_str().expect("text"));
    let runtime_dir = env.runtime_dir(uid);
    paths::private_dir(&runtime_dir, uid).expect("made");
    for folder in [&runtime_dir, &env.data_dir()] {
        let mode = fs::metadata(folder).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
    let mode = |folder: &Path, bits| {
        fs::set_permissions(folder, fs::Permissions::from_mode(bits)).expect("chmod");
    };
    for folder in [root.path(), &home, &home.join("Library")] {
        mode(folder, 0o755);
    }
    mode(&support, 0o777);
    paths::private_dir(&runtime_dir, uid).expect_err("others could replace the folder");
    assert!(!paths::is_private(&runtime_dir, uid).expect("there"));
}
