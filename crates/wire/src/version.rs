//! The version of Trusty Bar.

/// The version of this build.
pub const TRUSTY_VERSION: &str = env!("CARGO_PKG_VERSION");
