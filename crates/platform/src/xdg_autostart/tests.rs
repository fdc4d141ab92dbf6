use super::*;
use std::fs;
use tempfile::TempDir;

/// A config folder, and a program that exists.
struct AutostartFixture {
    folder: TempDir,
    item: XdgAutostart,
}

impl AutostartFixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("bin/trusty-bar");
        make_program(&program);
        let item = Self::item(&folder, program);
        Self { folder, item }
    }

    fn item(folder: &TempDir, program: PathBuf) -> XdgAutostart {
        let config_home = folder.path().join("config");
        XdgAutostart::new(&config_home, "app.example.bar", "Example Bar", program)
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.item.file().parent().expect("a folder")).expect("a folder");
        fs::write(self.item.file(), text).expect("a file");
    }

    fn text(&self) -> String {
        fs::read_to_string(self.item.file()).expect("a file")
    }

    fn state(&self) -> LoginItemState {
        self.item.state().expect("a state")
    }
}

fn make_program(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, "#!/bin/sh\n").expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

#[test]
fn the_file_is_written_and_removed() {
    let fixture = AutostartFixture::new();
    assert_eq!(fixture.state(), LoginItemState::Off);
    fixture.item.turn_off().expect("nothing to do");
    fixture.item.turn_on().expect("a file");
    assert_eq!(fixture.state(), LoginItemState::On);
    let program = fixture.folder.path().join("bin/trusty-bar");
    let expected = format!(
        "[Desktop Entry]\nType=Application\nName=Example Bar\nExec={}\nTerminal=false\n\
         X-GNOME-Autostart-enabled=true\n",
        program.display()
    );
    assert_eq!(fixture.text(), expected);
    fixture.item.turn_on().expect("no change");
    assert_eq!(fixture.text(), expected);
    fixture.item.turn_off().expect("no file");
    assert!(!fixture.item.file().exists());
}

#[test]
fn an_entry_that_the_user_or_the_desktop_turned_off_is_off() {
    let fixture = AutostartFixture::new();
    for (text, expected) in [
        ("[Desktop Entry]\nExec=trusty-bar\n", LoginItemState::On),
        (
            "[Desktop Entry]\nExec=trusty-bar\nHidden=true\n",
            LoginItemState::Off,
        ),
        (
            "[Desktop Entry]\nExec=trusty-bar\nHidden=false\n",
            LoginItemState::On,
        ),
        (
            "[Desktop Entry]\nExec=trusty-bar\nX-GNOME-Autostart-enabled = false\n",
            LoginItemState::Off,
        ),
        ("[Desktop Entry]\nHidden=false\n", LoginItemState::Off),
        // Keys of another group, and comments, say nothing.
        (
            "[Desktop Entry]\nExec=trusty-bar\n#Hidden=true\n\n[Desktop Action x]\nHidden=true\n",
            LoginItemState::On,
        ),
        ("", LoginItemState::Off),
    ] {
        fixture.write(text);
        assert_eq!(fixture.state(), expected, "{text}");
    }
}

#[test]
fn what_the_user_has_written_stays() {
    let fixture = AutostartFixture::new();
    let own = "# mine\n[Desktop Entry]\nName=Bar\nExec=env A=1 trusty-bar --open\nX-Delay=5\n\n\
               [Desktop Action x]\nExec=y\n";
    fixture.write(own);
    fixture.item.turn_off().expect("a change");
    assert_eq!(fixture.state(), LoginItemState::Off);
    assert_eq!(
        fixture.text(),
        own.replace("X-Delay=5\n", "X-Delay=5\nHidden=true\n")
    );
    fixture.item.turn_on().expect("a change");
    assert_eq!(fixture.text(), own);
    // A desktop's own switch is turned back.
    let off = own.replace("X-Delay=5", "X-GNOME-Autostart-enabled=false");
    fixture.write(&off);
    fixture.item.turn_on().expect("a change");
    assert_eq!(fixture.text(), off.replace("enabled=false", "enabled=true"));
}

#[test]
fn a_link_of_a_dotfile_manager_stays_a_link() {
    let fixture = AutostartFixture::new();
    let real = fixture.folder.path().join("dotfiles.desktop");
    fs::write(&real, "[Desktop Entry]\nExec=trusty-bar\n# mine\n").expect("a file");
    fs::create_dir_all(fixture.item.file().parent().expect("a folder")).expect("a folder");
    std::os::unix::fs::symlink(&real, fixture.item.file()).expect("a link");
    fixture.item.turn_off().expect("a change");
    assert!(fixture.item.file().is_symlink());
    let text = fs::read_to_string(&real).expect("the file");
    assert!(text.contains("Hidden=true"), "{text}");
}

#[test]
fn an_app_that_was_moved_is_found_again() {
    let fixture = AutostartFixture::new();
    fixture.item.turn_on().expect("a file");
    let moved = fixture.folder.path().join("opt/my apps/trusty-bar");
    make_program(&moved);
    fs::remove_file(fixture.folder.path().join("bin/trusty-bar")).expect("moved");
    let item = AutostartFixture::item(&fixture.folder, moved.clone());
    item.repair().expect("a change");
    let exec = format!("Exec=\"{}\"\n", moved.display());
    assert!(fixture.text().contains(&exec), "{}", fixture.text());
    // Another copy of the app does not take over a file whose program exists.
    let other = fixture.folder.path().join("other/trusty-bar");
    make_program(&other);
    let before = fixture.text();
    AutostartFixture::item(&fixture.folder, other)
        .repair()
        .expect("no change");
    assert_eq!(fixture.text(), before);
    // What is off stays off, moved or not.
    fs::remove_file(&moved).expect("removed");
    fixture.write("[Desktop Entry]\nExec=/gone/trusty-bar\nHidden=true\n");
    let before = fixture.text();
    fixture.item.repair().expect("no change");
    assert_eq!(fixture.text(), before);
}

#[test]
fn a_path_is_quoted_by_the_rules_of_desktop_entries() {
    for (path, exec) in [
        ("/usr/bin/trusty-bar", "/usr/bin/trusty-bar"),
        ("/home/é/trusty-bar", "/home/é/trusty-bar"),
        ("/opt/my apps/trusty-bar", "\"/opt/my apps/trusty-bar\""),
        ("/opt/100%/trusty-bar", "/opt/100%%/trusty-bar"),
        // One backslash for the quotes, and each backslash doubled for the string.
        ("/opt/a\"b/bar", "\"/opt/a\\\\\"b/bar\""),
        ("/opt/$HOME/`x`", "\"/opt/\\\\$HOME/\\\\`x\\\\`\""),
        ("/opt/a\\b", "\"/opt/a\\\\\\\\b\""),
        ("/opt/it's & so", "\"/opt/it's & so\""),
    ] {
        assert_eq!(exec_value(Path::new(path)).as_deref(), Some(exec), "{path}");
        let entry = DesktopEntry::parse(&format!("[Desktop Entry]\nExec={exec} --open\n"));
        assert_eq!(entry.program().as_deref(), Some(Path::new(path)), "{exec}");
    }
    for path in ["/opt/a\nb", "/opt/a=b"] {
        assert_eq!(exec_value(Path::new(path)), None, "{path:?}");
    }
}
