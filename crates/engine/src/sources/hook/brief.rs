//! JSON values cut to what is of use: a payload holds whole files and a tool's whole output.

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use std::fmt;

/// The longest text kept, in characters: as long as a path may be.
const LONGEST: usize = 4096;
/// Elements kept of a list or an object.
const MOST: usize = 256;
/// Lists and objects within each other that are kept.
const DEEPEST: usize = 3;

/// A value without what is longer, more or deeper than of use, and without numbers.
#[derive(Debug, Default)]
pub(super) struct Brief(Value);

impl Brief {
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

impl<'de> Deserialize<'de> for Brief {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Within(DEEPEST).deserialize(from).map(Self)
    }
}

/// So many lists and objects within each other may follow.
struct Within(usize);

impl<'de> DeserializeSeed<'de> for Within {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
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
        Ok(Value::String(text.chars().take(LONGEST).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        if let Some(deeper) = self.0.checked_sub(1) {
            while kept.len() < MOST {
                let Some(value) = from.next_element_seed(Within(deeper))? else {
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
        if let Some(deeper) = self.0.checked_sub(1) {
            while kept.len() < MOST {
                let Some(name) = from.next_key::<String>()? else {
                    return Ok(Value::Object(kept));
                };
                kept.insert(name, from.next_value_seed(Within(deeper))?);
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
            "long": "ü".repeat(LONGEST + 1),
            "many": vec!["x"; MOST + 1],
            "deep": [{"kept": "x", "cut": ["x"]}],
            "others": [1, -1, 1.5, true, null, {}],
        });
        let Brief(read) = serde_json::from_value(value).expect("any value");
        assert_eq!(
            read,
            json!({
                "long": "ü".repeat(LONGEST),
                "many": vec!["x"; MOST],
                "deep": [{"kept": "x", "cut": []}],
                "others": [null, null, null, true, null, {}],
            })
        );
    }
}
