use super::*;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[tokio::test]
async fn nothing_beside_a_terminal_in_a_container_is_run() {
    if sys::CURRENT_SYSTEM == System::Mac {
        crate::skip::skip("macOS has no containers, and terminates copies of its own shell");
        return;
    }
    let folder = crate::test_files::private_tempdir();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir(at("bin")).expect("folder");
    fs::write(at("bin/code"), "").expect("written");
    fs::copy("/bin/sh", at("code")).expect("copied");
    let env = Environment::default();
    for (before, contained) in [
        (&[][..], false),
        (&["unshare", "--user", "--map-root-user", "--mount"], true),
    ] {
        let terminal = at("code");
        let terminal = terminal.to_str().expect("text");
        let script = "sh -c 'echo $$; read end; :'; :";
        let mut words = before.iter().chain([&terminal, &"-c", &script]);
        let mut command = Command::new(words.next().expect("a program"));
        command
            .args(words)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env("KITTY_LISTEN_ON", "unix:/repository/sock")
            .env("KITTY_WINDOW_ID", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("runs");
        let mut told = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut told).expect("readable");
        let Ok(pid) = told.trim().parse() else {
            crate::skip::skip("this user may not make a user namespace");
            let _ = child.wait();
            return;
        };
        let holder = JumpInspector::new(&env).terminal_process(pid, None).await;
        drop(child.stdin.take());
        child.wait().expect("ended");
        let editor = Some(at("bin/code")).filter(|_| !contained);
        assert_eq!(holder.editor, editor);
        let beside = holder.hints.kitty.map(|kitty| kitty.beside);
        let expected = Some(Some(folder.path().to_path_buf()));
        assert_eq!(beside, expected.filter(|_| !contained));
    }
}
