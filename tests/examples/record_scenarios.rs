//! A few recordings of the real client.

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;
    use std::time::Duration;
    use trusty_tests::{FakeApi, Home, Key, Recording, Shape, Terminal, require_client};

    const LONG: Duration = Duration::from_mins(1);

    pub(super) fn run() {
        if require_client().is_none() {
            return;
        }
        record("turn", Shape::PtyBash, |terminal| {
            terminal.run_turn(LONG, "stream 2s");
        });
        record("permission", Shape::TmuxBash, |terminal| {
            terminal.submit("bash: touch made");
            terminal.wait_status(LONG, "waiting");
            terminal.wait_screen(LONG, "Do you want to proceed?");
            terminal.answer(Key::Char('1'));
            terminal.wait_status(LONG, "idle");
        });
        record("exit", Shape::PtyDirect, |terminal| {
            let client = terminal.client();
            terminal.submit("/exit");
            terminal.wait_end(LONG, client);
        });
    }

    fn record(name: &str, shape: Shape, play: impl Fn(&Terminal)) {
        let (home, api) = (Home::new(), FakeApi::start());
        let folder = home.project("work");
        let raw = home.path().join("recording.jsonl");
        let recording = Recording::start(&home, &raw);
        let arguments = ["--permission-mode", "manual"];
        let terminal = Terminal::open(shape, &home, &api, &folder, &arguments);
        terminal.wait_status(LONG, "idle");
        play(&terminal);
        std::thread::sleep(Duration::from_secs(3));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
        recording.keep(&folder.join(format!("{name}.jsonl")));
    }
}
