//! Bytes of a terminal → the keys that turn pages.

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PagerKey {
    NextPage,
    NextRow,
    PreviousRow,
    PreviousPage,
    First,
    /// Gives up without an answer.
    Leave,
    Interrupt,
    Suspend,
}

/// Keys that are several bytes long come one byte at a time.
#[derive(Debug, Default)]
pub(super) struct KeyReader(EscapeSequence);

/// What was read of an escape sequence.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum EscapeSequence {
    #[default]
    None,
    /// Escape.
    Escape,
    /// Escape, and what begins the name of a key, with its number.
    Named(u8),
    /// The same, and what else is held down follows.
    Modified(u8),
}

impl KeyReader {
    /// The key that ends with this byte; none if there is no such key, or it goes on.
    pub(super) fn key(&mut self, byte: u8) -> Option<PagerKey> {
        let begun = std::mem::take(&mut self.0);
        match (begun, byte) {
            (_, 0x1b) => {
                self.0 = EscapeSequence::Escape;
                None
            }
            (EscapeSequence::Escape, b'[' | b'O') => {
                self.0 = EscapeSequence::Named(0);
                None
            }
            (EscapeSequence::Named(number), b'0'..=b'9') => {
                let number = number.saturating_mul(10).saturating_add(byte - b'0');
                self.0 = EscapeSequence::Named(number);
                None
            }
            (EscapeSequence::Named(number), b';')
            | (EscapeSequence::Modified(number), b'0'..=b'9' | b';') => {
                self.0 = EscapeSequence::Modified(number);
                None
            }
            (EscapeSequence::Named(number) | EscapeSequence::Modified(number), byte) => {
                key_of_sequence(number, byte)
            }
            (_, byte) => plain(byte),
        }
    }
}

fn plain(byte: u8) -> Option<PagerKey> {
    Some(match byte {
        b' ' | b'f' => PagerKey::NextPage,
        b'\r' | b'\n' | b'j' => PagerKey::NextRow,
        b'k' => PagerKey::PreviousRow,
        b'b' => PagerKey::PreviousPage,
        b'g' => PagerKey::First,
        // Ctrl-D, and Ctrl-\.
        b'q' | b'Q' | 0x04 | 0x1c => PagerKey::Leave,
        0x03 => PagerKey::Interrupt,
        0x1a => PagerKey::Suspend,
        _ => return None,
    })
}

fn key_of_sequence(number: u8, byte: u8) -> Option<PagerKey> {
    Some(match (number, byte) {
        (_, b'A') => PagerKey::PreviousRow,
        (_, b'B') => PagerKey::NextRow,
        (5, b'~') => PagerKey::PreviousPage,
        (6, b'~') => PagerKey::NextPage,
        (_, b'H') | (1 | 7, b'~') => PagerKey::First,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &str) -> Vec<PagerKey> {
        let mut reader = KeyReader::default();
        bytes.bytes().filter_map(|byte| reader.key(byte)).collect()
    }

    #[test]
    fn keys_of_one_byte_and_of_several_turn_pages() {
        for (bytes, key) in [
            (" ", PagerKey::NextPage),
            ("\x1b[6~", PagerKey::NextPage),
            ("\r", PagerKey::NextRow),
            ("\x1b[B", PagerKey::NextRow),
            ("\x1bOB", PagerKey::NextRow),
            ("\x1b[1;5B", PagerKey::NextRow),
            ("\x1b[A", PagerKey::PreviousRow),
            ("\x1b[5;5~", PagerKey::PreviousPage),
            ("\x1b[5~", PagerKey::PreviousPage),
            ("\x1b[H", PagerKey::First),
            ("q", PagerKey::Leave),
            ("\x03", PagerKey::Interrupt),
            ("\x1a", PagerKey::Suspend),
        ] {
            assert_eq!(keys(bytes), [key], "{bytes:?}");
        }
    }

    #[test]
    fn other_keys_do_nothing_and_hide_none_that_follows() {
        assert_eq!(keys("yYx\x1b[15~\x1b[F"), []);
        assert_eq!(keys("\x1bq"), [PagerKey::Leave]);
        assert_eq!(keys("\x1b\x1b[B"), [PagerKey::NextRow]);
        assert_eq!(keys("é q"), [PagerKey::NextPage, PagerKey::Leave]);
    }
}
