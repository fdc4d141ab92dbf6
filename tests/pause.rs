//! The real client in real terminals, paused and resumed: whatever it did goes on, its terminal is
//! as it was, and no kill of ours at any step leaves it frozen or stopped.
#![cfg(target_os = "linux")]

#[path = "pause/crowd.rs"]
mod crowd;
#[path = "pause/engine.rs"]
mod engine;
#[path = "pause/faults.rs"]
mod faults;
#[path = "pause/others.rs"]
mod others;
#[path = "pause/shapes.rs"]
mod shapes;
#[path = "pause/stage.rs"]
mod stage;
