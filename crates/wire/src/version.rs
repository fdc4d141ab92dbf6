//! The version of Trusty Bar.

/// This version.
pub const TRUSTY_VERSION: &str = env!("CARGO_PKG_VERSION");
