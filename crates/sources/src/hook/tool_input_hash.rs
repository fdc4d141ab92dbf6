//! A hash of a tool and its whole input: the same for a call and for the request to run it,
//! whatever the order of the keys. Made as the bytes are read; nothing of the input is kept, and
//! what would take up too much as values is given up before it is made into any.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use trusty_fleet::request::ToolCallHash;

/// What a value takes up by itself, in bytes, as far as matters.
const PARSED_VALUE_BYTES: usize = 96;
/// What a list or an object takes up with the first thing in it: room is made for a few at once.
const CONTAINER_BYTES: usize = 384;
/// The most that the values of one input may take up beside their texts, in bytes. Nobody reads
/// so many.
const MAX_INPUT_VALUE_BYTES: usize = 8 << 20;

/// The hash of any JSON value, and what it would take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ToolInputHash {
    hash: [u8; 32],
    /// In bytes, without texts.
    values: usize,
    /// The length of all texts, in bytes.
    texts: usize,
}

impl ToolInputHash {
    fn of_bytes(kind: u8, bytes: impl AsRef<[u8]>) -> Self {
        Self {
            hash: hash(kind, [bytes]),
            values: PARSED_VALUE_BYTES,
            texts: 0,
        }
    }

    /// Takes in what is within it; whether that is not too much.
    fn holds<E: Error>(&mut self, within: Self) -> Result<(), E> {
        let first = if self.values == PARSED_VALUE_BYTES {
            CONTAINER_BYTES
        } else {
            0
        };
        self.values += first + within.values;
        self.texts += within.texts;
        if self.values > MAX_INPUT_VALUE_BYTES {
            return Err(E::custom("too many values"));
        }
        Ok(())
    }

    /// What it would take up, in bytes, roughly.
    pub(super) fn weight(self) -> usize {
        self.values + self.texts
    }

    /// Of a tool with this input.
    pub(super) fn fingerprint(self, tool: &str) -> ToolCallHash {
        ToolCallHash(hex(&hash(b't', [&self.hash[..], tool.as_bytes()])))
    }
}

fn hash(kind: u8, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([kind]);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// As hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.extend([byte >> 4, byte & 15].map(|n| char::from_digit(n.into(), 16).unwrap_or('0')));
        text
    })
}

impl<'de> Deserialize<'de> for ToolInputHash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ToolInputVisitor)
    }
}

struct ToolInputVisitor;

impl<'de> Visitor<'de> for ToolInputVisitor {
    type Value = ToolInputHash;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<ToolInputHash, E> {
        Ok(ToolInputHash::of_bytes(b'0', b""))
    }

    fn visit_bool<E>(self, value: bool) -> Result<ToolInputHash, E> {
        Ok(ToolInputHash::of_bytes(b'b', [u8::from(value)]))
    }

    fn visit_i64<E>(self, value: i64) -> Result<ToolInputHash, E> {
        Ok(ToolInputHash::of_bytes(b'i', value.to_be_bytes()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<ToolInputHash, E> {
        // A number that fits both is the same.
        match i64::try_from(value) {
            Ok(value) => Ok(ToolInputHash::of_bytes(b'i', value.to_be_bytes())),
            Err(_) => Ok(ToolInputHash::of_bytes(b'u', value.to_be_bytes())),
        }
    }

    fn visit_f64<E>(self, value: f64) -> Result<ToolInputHash, E> {
        Ok(ToolInputHash::of_bytes(b'f', value.to_bits().to_be_bytes()))
    }

    fn visit_str<E>(self, text: &str) -> Result<ToolInputHash, E> {
        let texts = text.len();
        let digest = ToolInputHash::of_bytes(b's', text);
        Ok(ToolInputHash { texts, ..digest })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<ToolInputHash, A::Error> {
        let mut list = ToolInputHash::of_bytes(b'l', b"");
        let mut hash = Sha256::new();
        hash.update(b"l");
        while let Some(element) = from.next_element::<ToolInputHash>()? {
            list.holds::<A::Error>(element)?;
            hash.update(element.hash);
        }
        list.hash = hash.finalize().into();
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<ToolInputHash, A::Error> {
        let mut object = ToolInputHash::of_bytes(b'm', b"");
        let mut fields: BTreeMap<[u8; 32], [u8; 32]> = BTreeMap::new();
        while let Some((name, value)) = from.next_entry::<String, ToolInputHash>()? {
            object.holds::<A::Error>(value)?;
            object.values += PARSED_VALUE_BYTES;
            object.texts += name.len();
            // Of two of one name, the last counts, as to whoever runs the tool.
            fields.insert(hash(b'k', [name]), value.hash);
        }
        object.hash = hash(b'm', fields.into_iter().flat_map(|(k, v)| [k, v]));
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> Option<String> {
        let digest: ToolInputHash = serde_json::from_str(text).ok()?;
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
        let digest: ToolInputHash = serde_json::from_str("{}").expect("read");
        assert_ne!(digest.fingerprint("Bash"), digest.fingerprint("Write"));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(print(&deep), None);
    }

    #[test]
    fn many_values_are_given_up_and_a_long_text_is_not() {
        let weight =
            |text: &str| serde_json::from_str::<ToolInputHash>(text).map(ToolInputHash::weight);
        let long = format!(r#"{{"content":"{}"}}"#, "x".repeat(10 << 20));
        assert!(weight(&long).expect("read") > 10 << 20);
        let flat = |one: &str, count: usize| format!("[{}0]", format!("{one},").repeat(count));
        assert!(weight(&flat("0", 50_000)).is_ok());
        for (one, count) in [("0", 100_000), ("[0]", 20_000), (r#"{"a":0}"#, 20_000)] {
            assert!(weight(&flat(one, count)).is_err(), "{one}");
        }
        // In a list of lists, each of which is not too much.
        let part = flat("0", 50_000);
        assert!(weight(&format!("[{part},{part}]")).is_err());
    }
}
