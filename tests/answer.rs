//! The real Claude Code asks, and is answered through Trusty Bar, in its terminal, or both at once.
//! Each case runs once, in one of the two terminals; `make answer-matrix` runs all cases in both,
//! repeatedly.
#![cfg(target_os = "linux")]

#[path = "answer/cases.rs"]
mod cases;
#[path = "answer/commands.rs"]
mod commands;
#[path = "answer/given_answers.rs"]
mod given_answers;
#[path = "answer/problems.rs"]
mod problems;
#[path = "answer/stage.rs"]
mod stage;

/// Runs the case with this name.
#[track_caller]
fn run(name: &str, shape: trusty_tests::TerminalShape) {
    let mut all = cases::ANSWER_CASES.iter().chain(&cases::NO_TERMINAL_CASES);
    let (_, case) = all.find(|(known, _)| *known == name).expect("a case");
    case(shape);
}
