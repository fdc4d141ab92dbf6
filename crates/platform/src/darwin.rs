//! What macOS hands out as bytes, as values. Compiled, tested and fuzzed on every system; the calls
//! that get the bytes are in `sys/macos.rs`.

pub mod bsdinfo;
pub mod lstart;
pub mod paths;
pub mod procargs;
