//! One file with what Trusty Bar saw of a machine, raw: collected on that machine, redacted, and
//! read on any other through the same decoders and the same fleet.
//!
//! *Invariant:* reading and replaying a report looks at nothing but the report.

#![forbid(unsafe_code)]

pub mod collect;
pub mod format;
pub mod read;
pub mod redact;
pub mod replay;
pub mod schema;
