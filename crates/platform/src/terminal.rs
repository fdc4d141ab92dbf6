//! The settings of terminals as text, and back.

use rustix::fs::{Mode, OFlags};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios,
    tcgetattr, tcsetattr,
};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// The special characters that are kept, in the order of the text.
const KEPT_SPECIAL_CODES: [SpecialCodeIndex; 16] = [
    SpecialCodeIndex::VINTR,
    SpecialCodeIndex::VQUIT,
    SpecialCodeIndex::VERASE,
    SpecialCodeIndex::VKILL,
    SpecialCodeIndex::VEOF,
    SpecialCodeIndex::VTIME,
    SpecialCodeIndex::VMIN,
    SpecialCodeIndex::VSTART,
    SpecialCodeIndex::VSTOP,
    SpecialCodeIndex::VSUSP,
    SpecialCodeIndex::VEOL,
    SpecialCodeIndex::VREPRINT,
    SpecialCodeIndex::VDISCARD,
    SpecialCodeIndex::VWERASE,
    SpecialCodeIndex::VLNEXT,
    SpecialCodeIndex::VEOL2,
];

/// The settings of a terminal as text, similar to `stty -g`.
///
/// The text holds the input, output, control and local modes, then the 16 special characters of
/// `KEPT_SPECIAL_CODES`, in hexadecimal between colons. Speeds and size are left out.
///
/// # Errors
/// As open(2) or tcgetattr(3) fails.
pub fn settings(tty: &Path) -> io::Result<String> {
    Ok(write(&tcgetattr(open(tty)?)?))
}

/// Applies a text of [`settings`] to a terminal at once; speeds and size stay as they are.
///
/// # Errors
/// `InvalidData` for a malformed text; as open(2) or tcsetattr(3) fails.
pub fn write_modes(tty: &Path, settings: &str) -> io::Result<()> {
    let tty = open(tty)?;
    let now = tcgetattr(&tty)?;
    let wanted = read(settings, now).ok_or(io::ErrorKind::InvalidData)?;
    Ok(tcsetattr(&tty, OptionalActions::Now, &wanted)?)
}

/// Opens a terminal without making it our controlling terminal.
fn open(tty: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(tty, flags, Mode::empty())?)
}

fn write(settings: &Termios) -> String {
    let modes = [
        format!("{:x}", settings.input_modes.bits()),
        format!("{:x}", settings.output_modes.bits()),
        format!("{:x}", settings.control_modes.bits()),
        format!("{:x}", settings.local_modes.bits()),
    ];
    let codes = KEPT_SPECIAL_CODES.map(|code| format!("{:x}", settings.special_codes[code]));
    [&modes[..], &codes].concat().join(":")
}

fn read(text: &str, mut settings: Termios) -> Option<Termios> {
    let mut words = text.split(':');
    // The width of the modes depends on the system: see `ParseHex`.
    let mut mode = || words.next()?.parse_hex();
    settings.input_modes = InputModes::from_bits_retain(mode()?);
    settings.output_modes = OutputModes::from_bits_retain(mode()?);
    settings.control_modes = ControlModes::from_bits_retain(mode()?);
    settings.local_modes = LocalModes::from_bits_retain(mode()?);
    for code in KEPT_SPECIAL_CODES {
        settings.special_codes[code] = u8::from_str_radix(words.next()?, 16).ok()?;
    }
    words.next().is_none().then_some(settings)
}

/// Parses a number of any width: terminal modes have 32 bits on Linux and 64 on macOS.
trait ParseHex {
    fn parse_hex<T: TryFrom<u64>>(self) -> Option<T>;
}

impl ParseHex for &str {
    fn parse_hex<T: TryFrom<u64>>(self) -> Option<T> {
        T::try_from(u64::from_str_radix(self, 16).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    #[test]
    fn settings_are_kept_and_given_back() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let tty = Path::new(name.to_str().expect("text"));
        let before = settings(tty).expect("readable");
        assert_eq!(before.split(':').count(), 20, "{before}");
        let held = open(tty).expect("open");
        let mut raw = tcgetattr(&held).expect("readable");
        raw.make_raw();
        raw.special_codes[SpecialCodeIndex::VINTR] = 7;
        tcsetattr(&held, OptionalActions::Now, &raw).expect("set");
        assert_ne!(settings(tty).expect("readable"), before);
        write_modes(tty, &before).expect("given back");
        assert_eq!(settings(tty).expect("readable"), before);
        for odd in ["", "1:2", &format!("{before}:0"), &before.replace(':', " ")] {
            assert!(write_modes(tty, odd).is_err(), "{odd:?}");
        }
        assert_eq!(settings(tty).expect("readable"), before);
    }
}
