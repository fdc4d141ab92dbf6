//! The version of Trusty Bar.

/// This version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
