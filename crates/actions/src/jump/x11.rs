//! Reads the windows of an X server, and asks its window manager to raise one. Connects only to the
//! server's local socket; every request has a timeout.

use std::ffi::OsString;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_platform::files::{self, FileReadError};
use trusty_platform::trusted_path::{PathRefusal, TrustPolicy, check_data};
use trusty_platform::{clock, sys};
use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError};
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt, EventMask, Window as Id,
};
use x11rb::rust_connection::{DefaultStream, RustConnection};

/// How long an X server may take to answer, and then the window manager to act.
const X11_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the active window is polled after a request.
const X11_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// The limit for one property, in units of 4 bytes.
const MAX_PROPERTY_WORDS: u32 = 64 * 1024;
/// The limit for an Xauthority file.
const MAX_XAUTHORITY_BYTES: u64 = 256 * 1024;
/// "From a pager": the user asked for it, rather than a program that raises itself.
const PAGER_SOURCE_INDICATION: u32 = 2;

x11rb::atom_manager! {
    /// The properties of windows and window managers that we read.
    Atoms: AtomsCookie {
        _NET_ACTIVE_WINDOW,
        _NET_CLIENT_LIST,
        _NET_CURRENT_DESKTOP,
        _NET_WM_DESKTOP,
        _NET_WM_NAME,
        _NET_WM_PID,
        UTF8_STRING,
        WM_STATE,
    }
}

/// A display, and the file with its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct X11Display {
    /// The name, such as `:0`.
    pub name: String,
    /// The Xauthority file; without one, the connection is made without a key.
    pub keys: Option<PathBuf>,
}

/// A window that the window manager lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedWindow {
    /// The X11 id of the window.
    pub id: u32,
    /// The process that the window names, if that is on this machine.
    pub pid: Option<u32>,
    /// The text of the title bar.
    pub title: String,
}

/// The windows of a display.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct X11Snapshot {
    /// All windows that the window manager lists.
    pub windows: Vec<ManagedWindow>,
    /// The id of the active window.
    pub active: Option<u32>,
}

/// Why a request to a display failed, in words that follow its name; those of [`Self::NotRaised`]
/// and [`Self::NoWindow`] stand alone.
#[derive(Debug, thiserror::Error)]
pub enum X11Error {
    /// The display is on another machine.
    #[error("is on another machine")]
    RemoteDisplay,
    /// No server listens, or the server refuses the key.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// Another user could have written the Xauthority file.
    #[error("cannot be used: {0}")]
    Refused(PathRefusal),
    /// Another user's server listens there.
    #[error("cannot be used: its X server runs as uid {0}, which is neither you nor root")]
    OtherServer(u32),
    /// The server did not answer in time.
    #[error("does not respond")]
    NotResponding,
    /// No window manager lists windows.
    #[error("has no window manager that lists windows")]
    NoManager,
    /// The window manager did not raise the window in time.
    #[error("the window manager did not raise the window")]
    NotRaised,
    /// The window no longer exists.
    #[error("the window no longer exists")]
    NoWindow,
}

/// Reads the windows of a display.
///
/// # Errors
/// If the display is not a local one that we trust, does not answer, or has no window manager.
pub async fn read_display(display: &X11Display) -> Result<X11Snapshot, X11Error> {
    ask(display, X11Connection::read_windows).await
}

/// Activates a window, deiconified and on its own desktop; returns once it is the active one.
///
/// # Errors
/// As [`read_display`]; also if the window is gone or was not raised within 2 s.
pub async fn raise(display: &X11Display, window: u32) -> Result<(), X11Error> {
    ask(display, move |server| server.raise(window)).await
}

/// Asks on a blocking thread; on a timeout, its connection is shut down, which ends the thread.
async fn ask<T, F>(display: &X11Display, question: F) -> Result<T, X11Error>
where
    T: Send + 'static,
    F: FnOnce(&X11Connection) -> Result<T, X11Error> + Send + 'static,
{
    let unreachable = |e: io::Error| X11Error::Unreachable(e.to_string());
    let number = display_number(&display.name).ok_or(X11Error::RemoteDisplay)?;
    let stream = connect(number).map_err(unreachable)?;
    // Any user can listen at the socket of an unused display; such a server is shown no key.
    let server = sys::peer_uid(&stream).map_err(unreachable)?;
    check_server(TrustPolicy::current(), server)?;
    let hold = stream.try_clone().map_err(unreachable)?;
    let keys = display.keys.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let server = X11Connection::authenticate(stream, number, keys.as_deref())?;
        question(&server)
    });
    // Twice the timeout: the wait for the window manager has one of its own.
    match tokio::time::timeout(X11_TIMEOUT * 2, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(e)) => Err(X11Error::Unreachable(e.to_string())),
        Err(_) => {
            // Wakes the thread that waits for an answer.
            let _ = hold.shutdown(Shutdown::Both);
            Err(X11Error::NotResponding)
        }
    }
}

/// The number of a display of this machine: `:0`, `:0.1`, `unix:0`.
fn display_number(display: &str) -> Option<u16> {
    let (host, rest) = display.rsplit_once(':')?;
    if !matches!(host, "" | "unix") {
        return None;
    }
    rest.split('.').next()?.parse().ok()
}

/// Checks that the key to a display may be sent to a server of this user.
fn check_server(policy: TrustPolicy, uid: u32) -> Result<(), X11Error> {
    if policy.is_trusted(uid) {
        Ok(())
    } else {
        Err(X11Error::OtherServer(uid))
    }
}

fn connect(number: u16) -> io::Result<UnixStream> {
    UnixStream::connect(format!("/tmp/.X11-unix/X{number}"))
}

struct X11Connection {
    connection: RustConnection,
    root: Id,
    atoms: Atoms,
    machine: Vec<u8>,
}

impl X11Connection {
    fn authenticate(
        stream: UnixStream,
        number: u16,
        keys: Option<&Path>,
    ) -> Result<Self, X11Error> {
        let unreachable = |e: ConnectError| X11Error::Unreachable(e.to_string());
        let (name, key) = match keys {
            Some(file) => key(file, number)?.unwrap_or_default(),
            None => XauthorityEntry::default(),
        };
        let (stream, _) = DefaultStream::from_unix_stream(stream)
            .map_err(|e| X11Error::Unreachable(e.to_string()))?;
        let connection = RustConnection::connect_to_stream_with_auth_info(stream, 0, name, key)
            .map_err(unreachable)?;
        let root = connection.setup().roots.first().map(|screen| screen.root);
        let root = root.ok_or_else(|| X11Error::Unreachable("no screen".into()))?;
        let atoms = Atoms::new(&connection)?.reply()?;
        let machine = rustix::system::uname().nodename().to_bytes().to_vec();
        Ok(Self {
            connection,
            root,
            atoms,
            machine,
        })
    }

    fn read_windows(&self) -> Result<X11Snapshot, X11Error> {
        let list = self.read_numbers(self.root, self.atoms._NET_CLIENT_LIST, AtomEnum::WINDOW)?;
        let list = list.ok_or(X11Error::NoManager)?;
        let found = list.into_iter().map(|id| self.describe(id));
        // A window that closed in the meantime is left out.
        let windows = found.filter_map(Result::ok).collect();
        let active = self.active()?;
        Ok(X11Snapshot { windows, active })
    }

    fn describe(&self, id: Id) -> Result<ManagedWindow, X11Error> {
        let atoms = &self.atoms;
        let machine = self.bytes(id, AtomEnum::WM_CLIENT_MACHINE.into(), AtomEnum::ANY.into())?;
        let is_local = machine.is_none_or(|machine| machine == self.machine);
        let pid = self.read_number(id, atoms._NET_WM_PID, AtomEnum::CARDINAL)?;
        let title = match self.bytes(id, atoms._NET_WM_NAME, atoms.UTF8_STRING)? {
            None => self.bytes(id, AtomEnum::WM_NAME.into(), AtomEnum::ANY.into())?,
            title => title,
        };
        Ok(ManagedWindow {
            id,
            pid: pid.filter(|_| is_local),
            title: String::from_utf8_lossy(&title.unwrap_or_default()).into_owned(),
        })
    }

    fn active(&self) -> Result<Option<u32>, X11Error> {
        let atoms = &self.atoms;
        let active = self.read_number(self.root, atoms._NET_ACTIVE_WINDOW, AtomEnum::WINDOW)?;
        Ok(active.filter(|id| *id != 0))
    }

    fn raise(&self, window: Id) -> Result<(), X11Error> {
        let atoms = &self.atoms;
        let list = self.read_numbers(self.root, atoms._NET_CLIENT_LIST, AtomEnum::WINDOW)?;
        if !list.ok_or(X11Error::NoManager)?.contains(&window) {
            return Err(X11Error::NoWindow);
        }
        let current = atoms._NET_CURRENT_DESKTOP;
        let on = self.read_number(window, atoms._NET_WM_DESKTOP, AtomEnum::CARDINAL)?;
        let now = self.read_number(self.root, current, AtomEnum::CARDINAL)?;
        // A window with all bits set is on every desktop.
        if let Some(desktop) = on.filter(|on| *on != u32::MAX && Some(*on) != now) {
            self.request(self.root, current, [desktop, 0, 0, 0, 0])?;
        }
        // State 3 is iconic; mapping the window restores it.
        if self.read_number(window, atoms.WM_STATE, atoms.WM_STATE)? == Some(3) {
            self.connection.map_window(window)?;
        }
        let front = self.active()?.unwrap_or(0);
        let asked = [PAGER_SOURCE_INDICATION, 0, front, 0, 0];
        self.request(window, atoms._NET_ACTIVE_WINDOW, asked)?;
        let begun = clock::instant();
        while self.active()? != Some(window) {
            if begun.elapsed() >= X11_TIMEOUT {
                return Err(X11Error::NotRaised);
            }
            std::thread::sleep(X11_POLL_INTERVAL);
        }
        Ok(())
    }

    /// Sends a request to the window manager.
    fn request(&self, window: Id, what: Atom, data: [u32; 5]) -> Result<(), X11Error> {
        let message = ClientMessageEvent::new(32, window, what, data);
        let to = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
        self.connection.send_event(false, self.root, to, message)?;
        Ok(self.connection.flush()?)
    }

    fn read_number(
        &self,
        of: Id,
        name: Atom,
        kind: impl Into<Atom>,
    ) -> Result<Option<u32>, X11Error> {
        let all = self.read_numbers(of, name, kind)?;
        Ok(all.and_then(|all| all.first().copied()))
    }

    fn read_numbers(
        &self,
        of: Id,
        name: Atom,
        kind: impl Into<Atom>,
    ) -> Result<Option<Vec<u32>>, X11Error> {
        let told =
            self.connection
                .get_property(false, of, name, kind.into(), 0, MAX_PROPERTY_WORDS)?;
        let told = told.reply()?;
        Ok(told.value32().map(Iterator::collect))
    }

    fn bytes(&self, of: Id, name: Atom, kind: Atom) -> Result<Option<Vec<u8>>, X11Error> {
        let told = self
            .connection
            .get_property(false, of, name, kind, 0, MAX_PROPERTY_WORDS)?;
        let told = told.reply()?;
        Ok((told.format == 8).then_some(told.value))
    }
}

impl From<ConnectionError> for X11Error {
    fn from(e: ConnectionError) -> Self {
        Self::Unreachable(e.to_string())
    }
}

impl From<ReplyError> for X11Error {
    fn from(e: ReplyError) -> Self {
        match e {
            ReplyError::ConnectionError(e) => e.into(),
            // A window is the only thing in our requests that can disappear.
            ReplyError::X11Error(_) => Self::NoWindow,
        }
    }
}

/// The name of the protocol and the key that a file holds for a display of this machine.
fn key(file: &Path, number: u16) -> Result<Option<XauthorityEntry>, X11Error> {
    let file = match check_data(file) {
        Ok(checked) => checked.resolved,
        Err(refusal) if refusal.is_distrust() => return Err(X11Error::Refused(refusal)),
        Err(_) => return Ok(None),
    };
    let bytes = match files::read_head(&file, MAX_XAUTHORITY_BYTES) {
        Ok(bytes) => bytes,
        Err(FileReadError::Refused(refusal)) => return Err(X11Error::Refused(refusal)),
        Err(_) => return Ok(None),
    };
    let uname = rustix::system::uname();
    Ok(find_key(&bytes, number, uname.nodename().to_bytes()))
}

/// The name of an authorisation protocol, and the key.
type XauthorityEntry = (Vec<u8>, Vec<u8>);

/// Finds the key in an Xauthority file. Each entry holds a family, then an address, a display
/// number, the name of a protocol and a key, each after its length; all numbers are two bytes,
/// big-endian.
fn find_key(mut bytes: &[u8], number: u16, machine: &[u8]) -> Option<XauthorityEntry> {
    const LOCAL_FAMILY: u16 = 256;
    const ANY_FAMILY: u16 = 0xffff;
    loop {
        let family = take_number(&mut bytes)?;
        let [address, display, name, key] = [(); 4].map(|()| take_part(&mut bytes));
        let (address, display, name, key) = (address?, display?, name?, key?);
        let here = family == ANY_FAMILY || (family == LOCAL_FAMILY && address == machine);
        let this = display.is_empty() || display == number.to_string().as_bytes();
        if here && this && name == b"MIT-MAGIC-COOKIE-1" {
            return Some((name.to_vec(), key.to_vec()));
        }
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<u16> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u16::from_be_bytes(*number))
}

fn take_part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(take_number(bytes)?);
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

/// The variables with which a program finds this display.
pub fn variables(display: &X11Display) -> Vec<(&'static str, OsString)> {
    let mut all = vec![("DISPLAY", OsString::from(&display.name))];
    let keys = display.keys.as_ref();
    all.extend(keys.map(|keys| ("XAUTHORITY", keys.clone().into_os_string())));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_displays_of_this_machine_are_asked() {
        assert_eq!(display_number(":0"), Some(0));
        assert_eq!(display_number(":12.1"), Some(12));
        assert_eq!(display_number("unix:3"), Some(3));
        for foreign in ["localhost:10.0", "far:0", "", ":", ":x", "0"] {
            assert_eq!(display_number(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_key_of_a_display_is_found() {
        let entry = |family: u16, parts: [&[u8]; 4]| {
            let mut bytes = family.to_be_bytes().to_vec();
            for part in parts {
                bytes.extend(u16::try_from(part.len()).expect("short").to_be_bytes());
                bytes.extend(part);
            }
            bytes
        };
        let cookie: &[u8] = b"MIT-MAGIC-COOKIE-1";
        let file = [
            entry(256, [b"other", b"1", cookie, b"a"]),
            entry(256, [b"here", b"2", cookie, b"b"]),
            entry(256, [b"here", b"1", b"XDM-AUTHORIZATION-1", b"c"]),
            entry(256, [b"here", b"1", cookie, b"d"]),
            entry(0xffff, [b"", b"", cookie, b"e"]),
        ]
        .concat();
        let found = |number| find_key(&file, number, b"here").map(|(_, key)| key);
        assert_eq!(found(1), Some(b"d".to_vec()));
        assert_eq!(found(7), Some(b"e".to_vec()));
        assert_eq!(find_key(&file[..20], 1, b"here"), None);
        assert_eq!(find_key(b"", 1, b"here"), None);
    }

    #[test]
    fn keys_that_others_could_have_written_are_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let reach = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), reach).expect("chmod");
        let file = folder.path().join("keys");
        assert!(matches!(key(&file, 1), Ok(None)), "none");
        std::fs::write(&file, b"\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x01k").expect("written");
        assert!(matches!(key(&file, 1), Ok(Some(_))));
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(&file, open).expect("chmod");
        let told = key(&file, 1).expect_err("open").to_string();
        assert!(told.contains("chmod go-w"), "{told}");
    }

    #[test]
    fn only_a_server_of_the_user_or_of_root_is_shown_a_key() {
        use trusty_fleet::System;
        let policy = TrustPolicy {
            uid: 1000,
            overflow_uid: None,
            system: System::Linux,
        };
        for uid in [0, 1000] {
            check_server(policy, uid).expect("theirs");
        }
        for uid in [31011, 65534] {
            let told = check_server(policy, uid)
                .expect_err("another's")
                .to_string();
            assert!(told.contains(&format!("uid {uid}")), "{told}");
        }
    }

    #[tokio::test]
    async fn a_display_that_is_not_there_is_told() {
        let display = |name: &str| X11Display {
            name: name.into(),
            keys: None,
        };
        let none = read_display(&display(":65001"))
            .await
            .expect_err("no server");
        assert!(none.to_string().starts_with("cannot be reached"), "{none}");
        let far = raise(&display("far:0"), 1).await.expect_err("foreign");
        assert_eq!(far.to_string(), "is on another machine");
    }
}
