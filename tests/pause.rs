//! The real Claude Code in real terminals, paused and resumed: what it did continues, its terminal
//! is as before, and no kill of Trusty Bar at any step leaves it frozen or stopped.
#![cfg(target_os = "linux")]

#[path = "pause/child_processes.rs"]
mod child_processes;
#[path = "pause/engine.rs"]
mod engine;
#[path = "pause/faults.rs"]
mod faults;
#[path = "pause/outside_changes.rs"]
mod outside_changes;
#[path = "pause/stage.rs"]
mod stage;
#[path = "pause/terminal_shapes.rs"]
mod terminal_shapes;
