//! A hash of a tool and its whole input: the same for a call and for the request to run it,
//! whatever the order of the keys. Made as the bytes are read; nothing of the input is kept.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use trusty_fleet::request::Fingerprint;

/// The hash of any JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    fn of(kind: u8, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut hash = Sha256::new();
        hash.update([kind]);
        for part in parts {
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// Of a tool with this input.
    pub(super) fn fingerprint(self, tool: &str) -> Fingerprint {
        Fingerprint(hex(&Self::of(b't', [&self.0[..], tool.as_bytes()]).0))
    }
}

/// As hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.extend([byte >> 4, byte & 15].map(|n| char::from_digit(n.into(), 16).unwrap_or('0')));
        text
    })
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Hasher)
    }
}

struct Hasher;

impl<'de> Visitor<'de> for Hasher {
    type Value = Digest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Digest, E> {
        Ok(Digest::of(b'0', [b""]))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Digest, E> {
        Ok(Digest::of(b'b', [[u8::from(value)]]))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Digest, E> {
        Ok(Digest::of(b'i', [value.to_be_bytes()]))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Digest, E> {
        // A number that fits both is the same.
        match i64::try_from(value) {
            Ok(value) => Ok(Digest::of(b'i', [value.to_be_bytes()])),
            Err(_) => Ok(Digest::of(b'u', [value.to_be_bytes()])),
        }
    }

    fn visit_f64<E>(self, value: f64) -> Result<Digest, E> {
        Ok(Digest::of(b'f', [value.to_bits().to_be_bytes()]))
    }

    fn visit_str<E>(self, text: &str) -> Result<Digest, E> {
        Ok(Digest::of(b's', [text]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Digest, A::Error> {
        let mut hash = Sha256::new();
        hash.update(b"l");
        while let Some(Digest(element)) = from.next_element()? {
            hash.update(element);
        }
        Ok(Digest(hash.finalize().into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Digest, A::Error> {
        let mut fields: BTreeMap<[u8; 32], [u8; 32]> = BTreeMap::new();
        while let Some((name, Digest(value))) = from.next_entry::<String, Digest>()? {
            // Of two of one name, the last counts, as to whoever runs the tool.
            fields.insert(Digest::of(b'k', [name]).0, value);
        }
        Ok(Digest::of(
            b'm',
            fields.into_iter().flat_map(|(k, v)| [k, v]),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> Option<String> {
        let digest: Digest = serde_json::from_str(text).ok()?;
        Some(digest.fingerprint("Bash").0)
    }

    #[test]
    fn only_the_order_of_keys_does_not_count() {
        let one = print(r#"{"a":1,"b":{"c":[1,"x",null,true],"d":2.5}}"#).expect("read");
        assert_eq!(one.len(), 64);
        let other = print(r#"{"b":{"d":2.5,"c":[1,"x",null,true]},"a":1}"#);
        assert_eq!(other.as_ref(), Some(&one));
        let texts = [
            "null",
            "false",
            "true",
            "0",
            "1",
            "-1",
            "1.0",
            "1.5",
            "18446744073709551615",
            "\"\"",
            "\"1\"",
            "[]",
            "[[]]",
            "[1]",
            "[1,1]",
            "{}",
            "{\"\":null}",
            "{\"a\":\"b\"}",
            "{\"b\":\"a\"}",
            "{\"a\":1,\"b\":2}",
            "{\"a\":2,\"b\":1}",
            "[\"a\",\"b\"]",
            "[\"ab\"]",
        ];
        let all: std::collections::BTreeSet<_> = texts.iter().map(|t| print(t)).collect();
        assert_eq!(all.len(), texts.len());
        assert!(!all.contains(&None));
        let digest: Digest = serde_json::from_str("{}").expect("read");
        assert_ne!(digest.fingerprint("Bash"), digest.fingerprint("Write"));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(print(&deep), None);
    }
}
