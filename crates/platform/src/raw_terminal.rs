//! A terminal in raw mode, restored on return, on panic, and by a signal that ends this process.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp};
use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

/// The signals that end a process and that others may send; a panic that aborts sends the last one.
const ENDING_SIGNALS: [c_int; 5] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGABRT,
];

/// What the signal handler restores; null while no terminal is in raw mode.
static SAVED_TERMINAL: AtomicPtr<SavedTerminal> = AtomicPtr::new(ptr::null_mut());

struct SavedTerminal {
    fd: RawFd,
    settings: libc::termios,
}

/// A terminal without echo and line editing, read byte by byte. One per process at a time.
///
/// Ctrl-C and Ctrl-Z arrive as bytes: the reader has to interrupt or suspend the job, with
/// [`interrupt_job`] and [`suspend_job`].
#[derive(Debug)]
pub struct RawTerminal<'fd> {
    fd: BorrowedFd<'fd>,
    settings: libc::termios,
    actions: Vec<(c_int, libc::sigaction)>,
}

impl<'fd> RawTerminal<'fd> {
    /// Sets the terminal to raw mode and discards unread input.
    ///
    /// # Errors
    /// As tcgetattr(3) and tcsetattr(3) fail (no terminal); `ResourceBusy` if another terminal is
    /// in raw mode.
    pub fn enter(fd: BorrowedFd<'fd>) -> io::Result<Self> {
        let settings = read_settings(fd)?;
        // Never freed: a handler on another thread may still read it after this value is dropped.
        let saved = Box::leak(Box::new(SavedTerminal {
            fd: fd.as_raw_fd(),
            settings,
        }));
        SAVED_TERMINAL
            .compare_exchange(ptr::null_mut(), saved, Ordering::AcqRel, Ordering::Acquire)
            .map_err(|_| io::ErrorKind::ResourceBusy)?;
        let terminal = Self {
            fd,
            settings,
            actions: ENDING_SIGNALS.iter().filter_map(|n| handle(*n)).collect(),
        };
        write_settings(fd, libc::TCSAFLUSH, &raw(settings))?;
        Ok(terminal)
    }

    /// The next byte that is typed; none after `timeout` or an interruption by a signal. If the
    /// system cannot poll the descriptor (`/dev/tty` on macOS), waits without a timeout.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn read_byte(&self, timeout: Duration) -> io::Result<Option<u8>> {
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        let mut polled = [PollFd::new(&self.fd, PollFlags::IN)];
        match poll(&mut polled, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(e) => return Err(e.into()),
        }
        let mut byte = [0];
        match rustix::io::read(self.fd, &mut byte) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(Some(byte[0])),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Sets raw mode again if another program, such as a shell, has reset the terminal; returns
    /// whether it had.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn retake(&self) -> io::Result<bool> {
        if read_settings(self.fd)?.c_lflag & libc::ICANON == 0 {
            return Ok(false);
        }
        write_settings(self.fd, libc::TCSANOW, &raw(self.settings))?;
        Ok(true)
    }
}

impl Drop for RawTerminal<'_> {
    fn drop(&mut self) {
        // Fails only if the terminal is gone, and then there is nothing to restore.
        let _ = write_settings(self.fd, libc::TCSAFLUSH, &self.settings);
        for (number, action) in &self.actions {
            set_action(*number, action);
        }
        SAVED_TERMINAL.store(ptr::null_mut(), Ordering::Release);
    }
}

/// Stops the job of this process, as Ctrl-Z does, and returns when the job continues.
///
/// # Errors
/// As kill(2) fails.
pub fn suspend_job() -> io::Result<()> {
    Ok(kill_current_process_group(Signal::TSTP)?)
}

/// Interrupts the job of this process, as Ctrl-C does.
///
/// # Errors
/// As kill(2) fails.
pub fn interrupt_job() -> io::Result<()> {
    Ok(kill_current_process_group(Signal::INT)?)
}

/// Discards typed input that was not read yet; does nothing if `fd` is no terminal.
pub fn discard_input(fd: impl AsFd) {
    // Fails if `fd` is no terminal, which holds no typed input.
    let _ = tcflush(fd, QueueSelector::IFlush);
}

/// Whether `fd` is the controlling terminal of this process, by whatever name it was opened.
pub fn is_controlling_terminal(fd: impl AsFd) -> bool {
    // The system reports the foreground group of the controlling terminal only.
    tcgetpgrp(fd).is_ok()
}

/// The settings without line editing, echo and signals from keys.
fn raw(mut settings: libc::termios) -> libc::termios {
    settings.c_lflag &= !(libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN);
    settings.c_cc[libc::VMIN] = 1;
    settings.c_cc[libc::VTIME] = 0;
    settings
}

fn read_settings(fd: BorrowedFd<'_>) -> io::Result<libc::termios> {
    let mut settings = MaybeUninit::uninit();
    #[expect(
        unsafe_code,
        reason = "a signal handler needs them in the form of the C library"
    )]
    // SAFETY: the descriptor is borrowed and so stays open; the settings are read only after the
    // call has succeeded and filled them.
    unsafe {
        if libc::tcgetattr(fd.as_raw_fd(), settings.as_mut_ptr()) == 0 {
            Ok(settings.assume_init())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

fn write_settings(fd: BorrowedFd<'_>, when: c_int, settings: &libc::termios) -> io::Result<()> {
    #[expect(
        unsafe_code,
        reason = "a signal handler needs them in the form of the C library"
    )]
    // SAFETY: the descriptor is borrowed and so stays open; the settings come from tcgetattr.
    let done = unsafe { libc::tcsetattr(fd.as_raw_fd(), when, settings) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Installs the handler that restores the terminal and then ends the process; returns the previous
/// action. A signal that is ignored stays ignored, and gives none.
fn handle(number: c_int) -> Option<(c_int, libc::sigaction)> {
    #[expect(unsafe_code, reason = "what a signal does has no safe face")]
    // SAFETY: a zeroed action is a valid one, its mask is initialised before use, and the handler
    // calls async-signal-safe functions only.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(number, ptr::null(), &raw mut before) != 0
            || before.sa_sigaction == libc::SIG_IGN
        {
            return None;
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(c_int) = restore_and_end;
        action.sa_sigaction = handler as libc::sighandler_t;
        libc::sigemptyset(&raw mut action.sa_mask);
        (libc::sigaction(number, &raw const action, ptr::null_mut()) == 0)
            .then_some((number, before))
    }
}

fn set_action(number: c_int, action: &libc::sigaction) {
    #[expect(unsafe_code, reason = "what a signal does has no safe face")]
    // SAFETY: the action was returned by sigaction.
    unsafe {
        libc::sigaction(number, action, ptr::null_mut());
    }
}

/// Restores the terminal, then ends the process as the signal would have.
extern "C" fn restore_and_end(number: c_int) {
    let saved = SAVED_TERMINAL.load(Ordering::Acquire);
    #[expect(unsafe_code, reason = "a handler may call little else")]
    // SAFETY: the saved settings are never freed; tcsetattr, signal and raise are
    // async-signal-safe.
    unsafe {
        if let Some(saved) = saved.as_ref() {
            libc::tcsetattr(saved.fd, libc::TCSANOW, &raw const saved.settings);
        }
        libc::signal(number, libc::SIG_DFL);
        libc::raise(number);
    }
}

#[cfg(test)]
mod tests;
