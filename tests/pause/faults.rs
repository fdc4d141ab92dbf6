//! Killed at every step, then `trusty resume --all`: it runs, and its terminal is as it was.

use super::stage::{Stage, can_freeze};
use trusty_engine::hosts::STEPS;
use trusty_tests::Shape;

/// Passed only where the client does not lie in the root group.
const KEEPER: [&str; 2] = ["freeze.keeper-recorded", "freeze.keeper-placed"];

fn survives(shape: Shape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(stage) = Stage::new(shape) else {
        return;
    };
    let settings = stage.settings();
    let (_, steps) = STEPS.iter().find(|(kind, _)| *kind == how).expect("steps");
    for step in *steps {
        let began = stage.killed_at(step, "pause", Some(how));
        if !began {
            stage.check_paused(how);
            let reached = stage.killed_at(step, "resume", None);
            assert!(reached || KEEPER.contains(step), "{step} is never passed");
            println!("{step}: killed while resuming, {reached}");
        }
        stage.resume_all();
        stage.check_running(&settings);
    }
    stage.check_talks("say back again");
    stage.check_job_control();
    stage.check_talks("say and again");
}

#[test]
fn killed_while_freezing() {
    survives(Shape::TmuxZsh, "freeze");
}

#[test]
fn killed_while_stopping() {
    survives(Shape::PtyBash, "stop");
}

#[test]
fn killed_while_putting_aside() {
    survives(Shape::TmuxBash, "suspend");
}
