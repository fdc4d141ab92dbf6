//! Answers that are given through Trusty Bar.

use crate::run;
use trusty_tests::TerminalShape;

#[test]
fn a_permission_is_given() {
    run("allow", TerminalShape::TmuxBash);
}

#[test]
fn a_permission_is_denied_and_the_turn_goes_on() {
    run("deny", TerminalShape::PtyDirect);
}

#[test]
fn a_permission_is_denied_and_the_turn_ends() {
    run("stop", TerminalShape::TmuxBash);
}

#[test]
fn a_lasting_permission_is_the_client_s_own() {
    run("always", TerminalShape::PtyDirect);
}

#[test]
fn a_question_is_answered_in_words_of_one_s_own() {
    run("question", TerminalShape::TmuxBash);
}

#[test]
fn several_questions_are_answered_at_once() {
    run("questions", TerminalShape::PtyDirect);
}

#[test]
fn a_plan_is_approved() {
    run("plan", TerminalShape::PtyDirect);
}

#[test]
fn a_plan_is_rejected() {
    run("reject", TerminalShape::TmuxBash);
}

#[test]
fn a_sub_agent_is_answered_before_its_dialog_is_shown() {
    run("agent", TerminalShape::PtyDirect);
}

#[test]
fn a_sub_agent_is_given_more_time_while_it_is_held() {
    run("longer", TerminalShape::TmuxBash);
}

#[test]
fn a_sub_agent_is_denied_and_its_work_ended() {
    run("agent-stop", TerminalShape::TmuxBash);
}

#[test]
fn a_sub_agent_outlives_the_session_it_was_begun_in() {
    run("clear", TerminalShape::PtyDirect);
}

#[test]
fn two_requests_are_answered_each_by_its_own_id() {
    run("two", TerminalShape::TmuxBash);
}

#[test]
fn what_is_asked_again_in_the_same_words_is_asked_here_too() {
    run("again", TerminalShape::PtyDirect);
}

#[test]
fn a_sub_agent_waits_beside_the_main_agent() {
    run("beside", TerminalShape::PtyDirect);
}

#[test]
fn requests_that_are_alike_are_not_the_same() {
    run("agents", TerminalShape::TmuxBash);
}

#[test]
fn the_command_line_approves_what_it_has_printed() {
    run("command", TerminalShape::TmuxBash);
}

#[test]
fn the_command_line_takes_none_of_several_for_another() {
    run("command-two", TerminalShape::PtyDirect);
}
