//! The real client asks, and is answered from here, in its terminal, or both at once. One test for
//! each case, in one of both terminals; `make answer-matrix` tries all in both, repeatedly.
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

/// Does one case, by its name.
#[track_caller]
fn run(name: &str, shape: trusty_tests::TerminalShape) {
    let mut all = cases::ANSWER_CASES.iter().chain(&cases::NO_TERMINAL_CASES);
    let (_, case) = all.find(|(known, _)| *known == name).expect("a case");
    case(shape);
}
