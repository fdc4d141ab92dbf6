//! Texts of others: read in full before they are approved, and unable to control the terminal.
#![cfg(target_os = "linux")]

#[path = "texts/json.rs"]
mod json;
#[path = "texts/pager.rs"]
mod pager;

use trusty_tests::WAIT_TIMEOUT;
