//! JSON values cut to what is of use: a payload holds whole files and a tool's whole output.

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// The longest text kept, in characters: as long as a path may be.
const MAX_TEXT_CHARS: usize = 4096;
/// Elements kept of a list or an object.
const MAX_ELEMENTS: usize = 256;
/// Lists and objects within each other that are kept.
const MAX_NESTING_DEPTH: usize = 3;
/// All that is kept of one value, in bytes, roughly; what comes then is left out.
const MAX_VALUE_BYTES: usize = 1 << 20;
/// What a value takes up by itself, with its name, in bytes: a list makes room for a few at once.
const VALUE_OVERHEAD_BYTES: usize = 512;

/// A value without what is longer, more or deeper than of use, and without numbers.
#[derive(Debug, Default)]
pub(super) struct TruncatedValue(Value);

impl TruncatedValue {
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_str()
    }

    pub(super) fn fields(&self) -> Option<&Map<String, Value>> {
        self.0.as_object()
    }

    pub(super) fn list(&self) -> &[Value] {
        self.0.as_array().map_or(&[], Vec::as_slice)
    }
}

impl<'de> Deserialize<'de> for TruncatedValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let room = Cell::new(MAX_VALUE_BYTES);
        let whole = TruncationBudget {
            deeper: MAX_NESTING_DEPTH,
            room: &room,
        };
        whole.deserialize(from).map(Self)
    }
}

/// What may follow.
#[derive(Clone, Copy)]
struct TruncationBudget<'a> {
    /// So many lists and objects within each other.
    deeper: usize,
    /// So much is left of the room for all.
    room: &'a Cell<usize>,
}

impl TruncationBudget<'_> {
    /// What may follow in a list or an object; nothing if there is no room for more.
    fn inner(self) -> Option<Self> {
        let deeper = self.deeper.checked_sub(1)?;
        Some(Self { deeper, ..self })
    }

    /// Whether there is room for so much more, which is taken then.
    fn takes(self, bytes: usize) -> bool {
        let left = self.room.get().checked_sub(bytes);
        self.room.set(left.unwrap_or(0));
        left.is_some()
    }
}

impl<'de> DeserializeSeed<'de> for TruncationBudget<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TruncationBudget<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let mut kept: String = text.chars().take(MAX_TEXT_CHARS).collect();
        if kept.len() < text.len() {
            // What is made of it says so, too.
            kept.push('…');
        }
        let fits = self.takes(kept.len());
        Ok(if fits {
            Value::String(kept)
        } else {
            Value::Null
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        if let Some(inner) = self.inner() {
            while kept.len() < MAX_ELEMENTS && self.takes(VALUE_OVERHEAD_BYTES) {
                let Some(value) = from.next_element_seed(inner)? else {
                    return Ok(Value::Array(kept));
                };
                kept.push(value);
            }
        }
        while from.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        if let Some(inner) = self.inner() {
            while kept.len() < MAX_ELEMENTS && self.takes(VALUE_OVERHEAD_BYTES) {
                let Some(name) = from.next_key::<String>()? else {
                    return Ok(Value::Object(kept));
                };
                if !self.takes(name.len()) {
                    from.next_value::<IgnoredAny>()?;
                    break;
                }
                kept.insert(name, from.next_value_seed(inner)?);
            }
        }
        while from.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_long_many_or_deep_is_cut() {
        let value = json!({
            "long": "ü".repeat(MAX_TEXT_CHARS + 1),
            "many": vec!["x"; MAX_ELEMENTS + 1],
            "deep": [{"kept": "x", "cut": ["x"]}],
            "others": [1, -1, 1.5, true, null, {}],
        });
        let TruncatedValue(read) = serde_json::from_value(value).expect("any value");
        assert_eq!(
            read,
            json!({
                "long": format!("{}…", "ü".repeat(MAX_TEXT_CHARS)),
                "many": vec!["x"; MAX_ELEMENTS],
                "deep": [{"kept": "x", "cut": []}],
                "others": [null, null, null, true, null, {}],
            })
        );
    }
    #[test]
    fn what_is_kept_has_a_bound() {
        let many = json!(vec![vec!["x"; MAX_ELEMENTS]; MAX_ELEMENTS]);
        let TruncatedValue(read) = serde_json::from_value(many).expect("any value");
        let lists = read.as_array().into_iter().flatten();
        let kept = lists.filter_map(Value::as_array).flatten().count();
        assert!(
            (1_000..MAX_VALUE_BYTES / VALUE_OVERHEAD_BYTES).contains(&kept),
            "{kept}"
        );
        let long = json!({"x".repeat(MAX_VALUE_BYTES): "after", "a": "b"});
        let TruncatedValue(read) = serde_json::from_value(long).expect("any value");
        assert_eq!(read, json!({}));
    }
}
