//! Texts of others: read whole before they are approved, and nothing in them steers a terminal.
#![cfg(target_os = "linux")]

#[path = "texts/json.rs"]
mod json;
#[path = "texts/pager.rs"]
mod pager;

use std::time::Duration;

const WAIT_TIMEOUT: Duration = Duration::from_mins(1);
