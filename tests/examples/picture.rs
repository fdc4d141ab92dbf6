//! `make picture`: the README's picture, of the real app with real sessions.

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::process::Command;
    use std::time::Duration;
    use trusty_tests::desktop::artefact;
    use trusty_tests::trusty::run as trusty;
    use trusty_tests::{DesktopKind, MANUAL_MODE_ARGS, TerminalShape, TestStage, WAIT_TIMEOUT};

    const FONT_CONFIG: &str = r#"<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
        <dir>/usr/share/fonts</dir>
        <alias binding="strong"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
        </fontconfig>"#;

    pub(super) fn run() {
        let shots = [
            shoot("Adwaita", "#a4bad2", "light.png"),
            shoot("Adwaita:dark", "#1f2b3a", "dark.png"),
        ];
        let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/../icons/popover.png");
        let done = Command::new("convert")
            .args(&shots)
            .args([
                "-gravity",
                "NorthEast",
                "-crop",
                "770x980+0+0",
                "+repage",
                "+append",
            ])
            .args(["-colors", "200", "-strip", picture])
            .status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "ImageMagick is installed"
        );
    }

    /// Four sessions in four states under one theme, at twice the size.
    fn shoot(theme: &str, ground: &str, name: &str) -> String {
        let kind = DesktopKind::Sized("1280x1600x24");
        let stage = TestStage::builder().hooks().build_with_desktop(kind);
        let (stage, mut desktop) = stage.expect("Claude Code and a desktop");
        let home = &stage.home;
        let fonts = home.xdg_config().join("fontconfig");
        fs::create_dir_all(&fonts).expect("folder");
        fs::write(fonts.join("fonts.conf"), FONT_CONFIG).expect("write");
        let open =
            |folder: &str| stage.open_idle(TerminalShape::PtyBash, folder, &MANUAL_MODE_ARGS);
        for (variable, value) in [("GTK_THEME", theme), ("GDK_SCALE", "2")] {
            desktop.set_env(variable, value);
        }
        let _ground = desktop.tool("hsetroot", &["-solid", ground]);
        let _compositor = desktop.tool("xcompmgr", &[]);
        desktop.start_panel();
        let _app = desktop.app(&[]);
        let search = open("search-index");
        search.submit("stream 60s");
        search.wait_status(WAIT_TIMEOUT, "busy");
        let pid = search.client().pid.to_string();
        let note = ["pause", &pid, "--note", "until the review"];
        assert!(trusty(home, note).status.success(), "paused");
        let infra = open("infra");
        let shop = open("web-shop");
        let api_folder = open("payments-api");
        infra.run_turn(WAIT_TIMEOUT, "stream 2s");
        shop.submit("stream 60s");
        shop.wait_status(WAIT_TIMEOUT, "busy");
        api_folder.submit("bash: npm run migrate -- --env staging && npm test -- payments refunds");
        api_folder.wait_status(WAIT_TIMEOUT, "waiting");
        std::thread::sleep(Duration::from_secs(12));
        desktop.click(desktop.icon());
        let area = desktop.wait_popover();
        desktop.wait_drawn(area);
        std::thread::sleep(Duration::from_secs(2));
        let path = artefact(name);
        desktop.screenshot(&path);
        path.to_string_lossy().into_owned()
    }
}
