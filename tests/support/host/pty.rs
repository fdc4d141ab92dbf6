//! A terminal that is a plain pseudo-terminal.

use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{read, write};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::num::NonZeroU16;
use std::process::ExitStatus;

use super::{END_TIMEOUT, KeyboardKey, TERMINAL_COLUMNS, TERMINAL_ROWS};
use crate::system::{TERMINAL_LAUNCHER, open_terminal};
use crate::wait;

type PtyScreen = vt100::Parser<TerminalReplies>;

/// A process on a pseudo-terminal of its own, and the contents of its screen.
///
/// The terminal is opened here and not by a crate: every descriptor is close-on-exec from its
/// creation, so that no process started by another test thread keeps this terminal open.
pub(crate) struct PtyHost {
    child: Child,
    master: Option<Arc<OwnedFd>>,
    screen: Arc<Mutex<PtyScreen>>,
    reader: Option<JoinHandle<()>>,
    stop_reader: Option<OwnedFd>,
}

impl PtyHost {
    /// Starts `command` as the leader of a session with the new terminal.
    pub(crate) fn spawn(command: &Command) -> Self {
        Self::spawn_sized(command, TERMINAL_ROWS, TERMINAL_COLUMNS)
    }

    /// Like [`spawn`](Self::spawn), on a terminal of this size.
    pub(crate) fn spawn_sized(command: &Command, rows: NonZeroU16, columns: NonZeroU16) -> Self {
        let (master, slave) = open_terminal();
        tcsetwinsize(&slave, winsize(rows, columns)).expect("a terminal of this size");
        let child = start(command, &slave);
        drop(slave);

        let master = Arc::new(master);
        let screen = PtyScreen::new_with_callbacks(rows, columns, 0, TerminalReplies::default());
        let screen = Arc::new(Mutex::new(screen));
        // Both ends are closed in programs that are started meanwhile.
        let (stopped, stop_reader) = std::io::pipe().expect("a pipe");
        let stopped = OwnedFd::from(stopped);
        let reader = std::thread::Builder::new()
            .name("terminal".into())
            .spawn({
                let (master, screen) = (Arc::clone(&master), Arc::clone(&screen));
                move || read_all(&master, &stopped, &screen)
            })
            .expect("a thread for the terminal");
        Self {
            child,
            master: Some(master),
            screen,
            reader: Some(reader),
            stop_reader: Some(stop_reader.into()),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resizes the terminal; the kernel sends SIGWINCH to its foreground processes.
    pub(crate) fn resize(&self, rows: NonZeroU16, columns: NonZeroU16) {
        let master = self.master.as_ref().expect("a terminal not hung up");
        lock(&self.screen).screen_mut().set_size(rows, columns);
        tcsetwinsize(master, winsize(rows, columns)).expect("a terminal of this size");
    }

    /// Whether the terminal echoes and delivers whole lines, as a shell expects.
    pub(crate) fn is_cooked(&self) -> bool {
        let master = self.master.as_ref().expect("a terminal not hung up");
        let modes = tcgetattr(master).expect("a terminal").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// The exit status of the process; `None` while the process runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our child")
    }

    pub(crate) fn type_text(&self, text: &str) {
        let master = self.master.as_ref().expect("a terminal not hung up");
        // The program may have closed its end already.
        let _ = write_all(master, text.as_bytes());
    }

    pub(super) fn press(&self, key: KeyboardKey) {
        match key {
            KeyboardKey::Enter => self.type_text("\r"),
            KeyboardKey::Escape => self.type_text("\x1b"),
            KeyboardKey::CtrlC => self.type_text("\x03"),
            KeyboardKey::CtrlD => self.type_text("\x04"),
            KeyboardKey::CtrlZ => self.type_text("\x1a"),
            KeyboardKey::CtrlA => self.type_text("\x01"),
            KeyboardKey::CtrlU => self.type_text("\x15"),
            KeyboardKey::Down => self.type_text("\x1b[B"),
            KeyboardKey::Up => self.type_text("\x1b[A"),
            KeyboardKey::Tab => self.type_text("\t"),
            KeyboardKey::Char(c) => self.type_text(c.encode_utf8(&mut [0; 4])),
        }
    }

    pub(crate) fn screen(&self) -> String {
        lock(&self.screen).screen().contents()
    }

    /// The final screen; waits until every process has closed the terminal.
    pub(crate) fn last_screen(mut self) -> String {
        if let Some(reader) = self.reader.take() {
            // The reader ends once the last process has closed the terminal.
            let _ = reader.join();
        }
        self.screen()
    }

    /// The window title that the program has set last.
    pub(super) fn title(&self) -> String {
        lock(&self.screen).callbacks().title.clone()
    }

    /// Closes the terminal; the kernel sends SIGHUP to its session.
    pub(super) fn hang_up(&mut self) {
        drop(self.stop_reader.take());
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        drop(self.master.take());
    }
}

impl Drop for PtyHost {
    fn drop(&mut self) {
        self.hang_up();
        // Reaps the child, which would stay a zombie otherwise.
        let ended = wait::poll(END_TIMEOUT, || self.child.try_wait().ok().flatten());
        if ended.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn winsize(rows: NonZeroU16, columns: NonZeroU16) -> Winsize {
    Winsize {
        ws_row: rows.get(),
        ws_col: columns.get(),
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// Starts the command through a launcher that makes the terminal on its standard input the
/// controlling one and then executes the program; here, that would need unsafe code after the fork.
fn start(command: &Command, slave: &OwnedFd) -> Child {
    let stdio = || Stdio::from(slave.try_clone().expect("one more descriptor"));
    let mut launcher = Command::new(TERMINAL_LAUNCHER[0]);
    launcher
        .args(&TERMINAL_LAUNCHER[1..])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio());
    if let Some(folder) = command.get_current_dir() {
        launcher.current_dir(folder);
    }
    launcher.spawn().expect("the launcher starts")
}

fn read_all(master: &OwnedFd, stopped: &OwnedFd, screen: &Mutex<PtyScreen>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let mut fds = [
            PollFd::new(master, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        // An error means that no process has the terminal open any longer.
        let Ok(length @ 1..) = read(master, &mut buffer) else {
            return;
        };
        let mut screen = lock(screen);
        screen.process(&buffer[..length]);
        let replies = std::mem::take(&mut screen.callbacks_mut().bytes);
        drop(screen);
        if write_all(master, &replies).is_err() {
            return;
        }
    }
}

fn write_all(fd: impl AsFd, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match write(&fd, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn lock(screen: &Mutex<PtyScreen>) -> MutexGuard<'_, PtyScreen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal's replies to queries of the program, and the window title.
#[derive(Default)]
struct TerminalReplies {
    bytes: Vec<u8>,
    title: String,
}

impl vt100::Callbacks for TerminalReplies {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = String::from_utf8_lossy(title).into_owned();
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        intermediate: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        end: char,
    ) {
        let first = params.first().and_then(|param| param.first()).copied();
        match (intermediate, first.unwrap_or(0), end) {
            (None, 0, 'c') => self.bytes.extend(b"\x1b[?62;22c"),
            (None, 5, 'n') => self.bytes.extend(b"\x1b[0n"),
            (None, 6, 'n') => {
                let (row, column) = screen.cursor_position();
                let reply = format!("\x1b[{};{}R", row + 1, column + 1);
                self.bytes.extend(reply.into_bytes());
            }
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        if let [b"11", b"?"] = params {
            self.bytes.extend(b"\x1b]11;rgb:0000/0000/0000\x1b\\");
        }
    }
}
