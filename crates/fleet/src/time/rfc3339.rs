//! Times on the wire: written as RFC 3339 text; the older form
//! `{secs_since_epoch, nanos_since_epoch}` is still read.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Deserialize)]
#[serde(untagged)]
enum WireTime {
    Text(String),
    Parts {
        secs_since_epoch: u64,
        #[serde(default)]
        nanos_since_epoch: u32,
    },
}

fn read(wire: WireTime) -> Result<SystemTime, String> {
    match wire {
        WireTime::Text(text) => text
            .parse::<Timestamp>()
            .map(SystemTime::from)
            .map_err(|e| format!("{text:?} is not an RFC 3339 time: {e}")),
        WireTime::Parts {
            secs_since_epoch,
            nanos_since_epoch,
        } => UNIX_EPOCH
            .checked_add(Duration::from_secs(secs_since_epoch))
            .and_then(|t| t.checked_add(Duration::from_nanos(nanos_since_epoch.into())))
            .ok_or_else(|| format!("{secs_since_epoch} s since the epoch is out of range")),
    }
}

fn write(time: SystemTime) -> Result<String, String> {
    Timestamp::try_from(time)
        .map(|t| t.to_string())
        .map_err(|e| e.to_string())
}

/// Writes a time as RFC 3339 text.
///
/// # Errors
///
/// An error of the serializer if RFC 3339 cannot express the time.
pub fn serialize<S: Serializer>(time: &SystemTime, s: S) -> Result<S::Ok, S::Error> {
    write(*time).map_err(S::Error::custom)?.serialize(s)
}

/// Reads a time in either form.
///
/// # Errors
///
/// An error of the deserializer if the text is not an RFC 3339 time, or the seconds are out of
/// range.
pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<SystemTime, D::Error> {
    read(WireTime::deserialize(d)?).map_err(D::Error::custom)
}

/// The same for a time that may be absent or null.
pub mod option {
    use super::{
        Deserialize, Deserializer, Serialize, Serializer, SystemTime, WireTime, read, write,
    };
    use serde::{de::Error as _, ser::Error as _};

    /// Writes a time as RFC 3339 text, or null.
    ///
    /// # Errors
    ///
    /// As [`serialize`](super::serialize).
    pub fn serialize<S: Serializer>(time: &Option<SystemTime>, s: S) -> Result<S::Ok, S::Error> {
        time.map(write)
            .transpose()
            .map_err(S::Error::custom)?
            .serialize(s)
    }

    /// Reads a time in either form, or null.
    ///
    /// # Errors
    ///
    /// As [`deserialize`](super::deserialize).
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<SystemTime>, D::Error> {
        Option::<WireTime>::deserialize(d)?
            .map(read)
            .transpose()
            .map_err(D::Error::custom)
    }
}
