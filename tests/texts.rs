//! Texts of others: read whole before they are approved, and nothing in them steers a terminal.
#![cfg(target_os = "linux")]

#[path = "texts/json.rs"]
mod json;
#[path = "texts/pager.rs"]
mod pager;

use trusty_tests::WAIT_TIMEOUT;
