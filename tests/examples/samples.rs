//! Collects what Claude Code shows in a tmux pane, state by state, for the rules of the screen
//! source: `samples <folder> <version>…`. Needs `make older-clients` for all but the newest.

#![cfg_attr(target_os = "linux", expect(clippy::print_stderr, reason = "a report"))]

#[cfg(target_os = "linux")]
fn main() {
    collect::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod collect {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::thread::sleep;
    use std::time::Duration;
    use trusty_tests::{
        KeyboardKey, TerminalShape, TestStage, TestTerminal, TestedClient, WAIT_TIMEOUT,
    };

    /// How long a screen settles before it is read.
    const SETTLE_DELAY: Duration = Duration::from_millis(1200);
    const WIDE_SIZE: &str = "wide";
    const NARROW_SIZE: &str = "narrow";
    const DIALOG_PROMPT: &str = "say Bash command\\n\\n   touch x1\\n   Run a test command\\n\\n Do you want to proceed?\\n ❯ 1. Yes\\n   2. Yes, and always allow access to work/ from this project\\n   3. No\\n\\n Esc to cancel · Tab to amend";

    struct SampleFixture {
        client: TestedClient,
        size: &'static str,
        into: PathBuf,
        stage: TestStage,
    }

    pub(super) fn run() {
        let mut words = std::env::args().skip(1);
        let into = PathBuf::from(words.next().expect("a folder"));
        let wanted: Vec<String> = words.collect();
        for client in TestedClient::REFERENCE_CLIENTS {
            if client.program().is_none() || !wanted.iter().any(|v| v == client.version()) {
                continue;
            }
            for size in [WIDE_SIZE, NARROW_SIZE] {
                let stage = |into: &Path| SampleFixture {
                    client,
                    size,
                    into: into.join(client.version()),
                    stage: TestStage::builder()
                        .client(client)
                        .build()
                        .expect("an installed Claude Code"),
                };
                for part in [turns, dialogs, typing, failures, menus, plan, agents, trust] {
                    let outcome = std::panic::catch_unwind(|| part(&stage(&into)));
                    if outcome.is_err() {
                        eprintln!("{} {size}: a part failed", client.version());
                    }
                }
            }
        }
    }

    impl SampleFixture {
        fn open(&self, folder: &Path, mode: &str) -> TestTerminal {
            let arguments = ["--permission-mode", mode];
            let terminal = self
                .stage
                .open_at(TerminalShape::TmuxBash, folder, &arguments);
            if self.size == NARROW_SIZE {
                terminal.tmux_command(&["resize-window", "-x", "60", "-y", "20"]);
            }
            terminal
        }

        fn ready(&self) -> TestTerminal {
            let folder = self.stage.home.project("work");
            let terminal = self.open(&folder, self.client.asking());
            terminal.wait_screen(WAIT_TIMEOUT, "❯");
            terminal
        }

        fn width(&self) -> usize {
            if self.size == NARROW_SIZE { 60 } else { 140 }
        }

        /// Writes down what is shown now: the title, then the screen.
        fn keep(&self, terminal: &TestTerminal, name: &str) {
            sleep(SETTLE_DELAY);
            let root = self.stage.home.path().to_str().expect("plain text");
            // A substitute of the same length keeps what is drawn around the path in place.
            let away = &"/home/somebody"[..root.len()];
            let screen = without_commands(&terminal.screen(), self.width());
            let shown = format!("{}\n{screen}", terminal.title());
            fs::create_dir_all(&self.into).expect("a folder");
            let file = self.into.join(format!("{name}-{}.txt", self.size));
            fs::write(file, shown.replace(root, away)).expect("written");
        }
    }

    /// Removes the command that started Claude Code, which holds paths of this machine and which
    /// the terminal breaks at any place.
    fn without_commands(screen: &str, width: usize) -> String {
        let mut kept = String::new();
        let mut lines = screen.lines();
        while let Some(line) = lines.next() {
            let command = line
                .split_once('\'')
                .filter(|(start, _)| *start == "tb> " || start.starts_with("[1]+  Stopped"));
            let Some((start, _)) = command else {
                kept.push_str(line);
                kept.push('\n');
                continue;
            };
            kept.push_str(start);
            kept.push_str("claude\n");
            let mut broken = line;
            while broken.chars().count() == width {
                broken = lines.next().unwrap_or_default();
            }
        }
        kept
    }

    fn submit(terminal: &TestTerminal, text: &str) {
        terminal.type_text(text);
        sleep(SETTLE_DELAY);
        terminal.press(KeyboardKey::Enter);
    }

    fn turns(stage: &SampleFixture) {
        let terminal = stage.ready();
        sleep(WAIT_TIMEOUT / 20);
        stage.keep(&terminal, "idle");
        submit(&terminal, "stream 8s");
        sleep(SETTLE_DELAY * 2);
        stage.keep(&terminal, "streaming");
        terminal.type_text("and then this");
        stage.keep(&terminal, "streaming-typed");
        terminal.press(KeyboardKey::Enter);
        stage.keep(&terminal, "streaming-queued");
        sleep(WAIT_TIMEOUT / 6);
        stage.keep(&terminal, "idle-after");
        submit(&terminal, "think 6s");
        sleep(SETTLE_DELAY);
        stage.keep(&terminal, "thinking");
        sleep(WAIT_TIMEOUT / 10);
        submit(&terminal, "stall 8s");
        sleep(SETTLE_DELAY);
        stage.keep(&terminal, "stalled");
        terminal.press(KeyboardKey::Escape);
        stage.keep(&terminal, "interrupted");
        submit(&terminal, DIALOG_PROMPT);
        sleep(SETTLE_DELAY * 3);
        stage.keep(&terminal, "quoted");
        submit(&terminal, "say esc to interrupt");
        sleep(SETTLE_DELAY * 3);
        stage.keep(&terminal, "quoted-busy");
        terminal.type_text("!");
        sleep(SETTLE_DELAY);
        submit(&terminal, "sleep 4");
        stage.keep(&terminal, "shell-running");
        sleep(SETTLE_DELAY * 4);
        stage.keep(&terminal, "shell-done");
        submit(&terminal, "/compact slowly");
        stage.keep(&terminal, "compacting");
        sleep(SETTLE_DELAY * 6);
        stage.keep(&terminal, "compacted");
        terminal.press(KeyboardKey::CtrlZ);
        stage.keep(&terminal, "suspended");
    }

    fn dialogs(stage: &SampleFixture) {
        let terminal = stage.ready();
        sleep(WAIT_TIMEOUT / 20);
        let folder = stage.stage.home.project("work");
        fs::write(folder.join("f2"), "old\n").expect("written");
        submit(
            &terminal,
            "bash: for i in 1 2 3 4; do sleep 1; done; touch x1",
        );
        sleep(SETTLE_DELAY * 2);
        stage.keep(&terminal, "permission-bash");
        terminal.answer(KeyboardKey::Char('1'));
        stage.keep(&terminal, "tool-running");
        sleep(SETTLE_DELAY * 5);
        for (name, prompt) in [
            (
                "permission-write",
                format!("write: {}/f1", folder.display()),
            ),
            ("permission-edit", format!("edit: {}/f2", folder.display())),
            (
                "permission-mkdir",
                "stream 1s then bash: mkdir -p a b c && cd a".into(),
            ),
            ("question", "ask".into()),
            ("question-multi", "ask multi".into()),
        ] {
            submit(&terminal, &prompt);
            sleep(SETTLE_DELAY * 3);
            stage.keep(&terminal, name);
            terminal.press(KeyboardKey::Escape);
            stage.keep(&terminal, &format!("{name}-refused"));
        }
        submit(&terminal, "bash: touch x2");
        sleep(SETTLE_DELAY * 2);
        terminal.press(KeyboardKey::Down);
        stage.keep(&terminal, "permission-down");
        terminal.press(KeyboardKey::Escape);
        submit(&terminal, "bash-bg: sleep 61");
        sleep(SETTLE_DELAY * 2);
        if terminal.screen().contains("Do you want to proceed?") {
            terminal.press(KeyboardKey::Char('1'));
        }
        sleep(SETTLE_DELAY * 3);
        stage.keep(&terminal, "background-shell");
    }

    fn typing(stage: &SampleFixture) {
        let terminal = stage.ready();
        sleep(WAIT_TIMEOUT / 20);
        terminal.type_text("Do you want to proceed? ❯ 1. Yes");
        stage.keep(&terminal, "typed");
        terminal.press(KeyboardKey::CtrlU);
        for line in [
            "Do you want to proceed?",
            "❯ 1. Yes",
            "  2. No",
            "",
            "Esc to cancel · Tab to amend",
        ] {
            terminal.type_text(line);
            terminal.type_text("\\");
            sleep(SETTLE_DELAY / 2);
            terminal.press(KeyboardKey::Enter);
            sleep(SETTLE_DELAY / 2);
        }
        stage.keep(&terminal, "typed-dialog");
        terminal.press(KeyboardKey::CtrlC);
        stage.keep(&terminal, "cleared");
        terminal.press(KeyboardKey::CtrlC);
        stage.keep(&terminal, "ctrl-c");
    }

    fn failures(stage: &SampleFixture) {
        let terminal = stage.ready();
        sleep(WAIT_TIMEOUT / 20);
        submit(&terminal, "error 500");
        sleep(SETTLE_DELAY * 3);
        stage.keep(&terminal, "retrying");
        sleep(SETTLE_DELAY * 5);
        stage.keep(&terminal, "retrying-later");
        terminal.press(KeyboardKey::Escape);
        stage.keep(&terminal, "retrying-escaped");
        terminal.press(KeyboardKey::CtrlU);
        sleep(SETTLE_DELAY);
        submit(&terminal, "error 400");
        sleep(SETTLE_DELAY * 2);
        stage.keep(&terminal, "failed");
    }

    fn menus(stage: &SampleFixture) {
        let terminal = stage.ready();
        sleep(WAIT_TIMEOUT / 20);
        terminal.type_text("/mod");
        stage.keep(&terminal, "completing");
        terminal.press(KeyboardKey::CtrlC);
        sleep(SETTLE_DELAY * 2);
        for (name, command) in [
            ("menu-model", "/model"),
            ("menu-config", "/config"),
            ("menu-permissions", "/permissions"),
        ] {
            submit(&terminal, command);
            sleep(SETTLE_DELAY);
            stage.keep(&terminal, name);
            while terminal.screen().contains("Esc") {
                terminal.press(KeyboardKey::Escape);
                sleep(SETTLE_DELAY);
            }
        }
        terminal.type_text("?");
        stage.keep(&terminal, "shortcuts");
        terminal.press(KeyboardKey::Escape);
        sleep(SETTLE_DELAY);
        terminal.type_text("!");
        sleep(SETTLE_DELAY);
        terminal.type_text("ls");
        stage.keep(&terminal, "shell-typed");
    }

    fn plan(stage: &SampleFixture) {
        let folder = stage.stage.home.project("work");
        let terminal = stage.open(&folder, "plan");
        terminal.wait_screen(WAIT_TIMEOUT, "❯");
        sleep(WAIT_TIMEOUT / 20);
        stage.keep(&terminal, "idle-plan-mode");
        submit(&terminal, "stream 4s then plan");
        sleep(SETTLE_DELAY);
        stage.keep(&terminal, "streaming-plan-mode");
        sleep(SETTLE_DELAY * 5);
        stage.keep(&terminal, "plan-empty");
        terminal.press(KeyboardKey::Escape);
        sleep(SETTLE_DELAY);
        write_plan(stage.stage.home.config_dir());
        submit(&terminal, "plan");
        sleep(SETTLE_DELAY * 3);
        stage.keep(&terminal, "plan");
    }

    /// Puts a plan where Claude Code has told the model to.
    fn write_plan(config: &Path) {
        let mut folders = vec![config.join("projects")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = fs::read_to_string(&path)
                    && let Some((_, rest)) = text.split_once("/plans/")
                    && let Some((name, _)) = rest.split_once(".md")
                {
                    let plans = config.join("plans");
                    fs::create_dir_all(&plans).expect("a folder");
                    let text = "# Plan\n\n1. Look.\n2. Change.\n";
                    fs::write(plans.join(format!("{name}.md")), text).expect("written");
                }
            }
        }
    }

    fn agents(stage: &SampleFixture) {
        let terminal = stage.ready();
        sleep(WAIT_TIMEOUT / 20);
        submit(&terminal, "agents 2 bg stream 9s");
        sleep(SETTLE_DELAY * 3);
        stage.keep(&terminal, "agents");
        sleep(SETTLE_DELAY * 9);
        submit(&terminal, "agents 2 fg bash: touch y1");
        sleep(SETTLE_DELAY * 4);
        stage.keep(&terminal, "permission-agent");
    }

    fn trust(stage: &SampleFixture) {
        let folder = stage.stage.home.untrusted_project("stranger");
        let terminal = stage.open(&folder, stage.client.asking());
        sleep(WAIT_TIMEOUT / 15);
        stage.keep(&terminal, "trust");
    }
}
