//! Killed at every step, then `trusty resume --all`: it runs, and its terminal is as it was.

use super::stage::{Stage, can_freeze};
use trusty_engine::hosts::STEPS;
use trusty_tests::Shape;

fn survives(shape: Shape, how: &str) {
    if how == "freeze" && !can_freeze() {
        return;
    }
    let Some(mut stage) = Stage::new(shape) else {
        return;
    };
    if how == "freeze" {
        // In the group of all there is nothing to be kept alive.
        stage.nest();
    }
    let settings = stage.settings();
    let (_, steps) = STEPS.iter().find(|(kind, _)| *kind == how).expect("steps");
    for step in *steps {
        let began = stage.killed_at(step, "pause", Some(how));
        if !began {
            stage.check_paused(how);
            let reached = stage.killed_at(step, "resume", None);
            assert!(reached, "{step} is never passed");
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
