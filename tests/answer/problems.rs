//! Problems that users of similar programs have reported, by their numbers.

use crate::run;
use trusty_tests::TerminalShape;

#[test]
fn p6_a_request_goes_when_the_terminal_has_answered() {
    run("terminal", TerminalShape::PtyDirect);
}

#[test]
fn p6_a_request_goes_with_escape_and_with_no() {
    run("escape", TerminalShape::TmuxBash);
}

#[test]
fn p6_a_request_goes_with_the_turn_that_was_stopped() {
    run("stop-two", TerminalShape::PtyDirect);
}

#[test]
fn p6_a_request_goes_with_a_hook_that_its_client_ends() {
    run("timeout", TerminalShape::TmuxBash);
}

#[test]
fn p7_an_answer_from_here_counts() {
    run("app", TerminalShape::PtyDirect);
}

#[test]
fn p7_of_two_answers_at_once_one_counts() {
    run("both", TerminalShape::TmuxBash);
}

#[test]
fn p7_what_does_not_fit_is_refused_in_words() {
    run("unfit", TerminalShape::PtyDirect);
}

#[test]
fn p7_where_hooks_are_forbidden_nothing_is_offered() {
    run("policy", TerminalShape::PtyDirect);
}

#[test]
fn p7_a_background_session_is_told_and_not_held() {
    run("background", TerminalShape::PtyDirect);
}

#[test]
fn p7_modes_that_do_not_ask_offer_nothing() {
    run("modes", TerminalShape::PtyDirect);
}

#[test]
fn p8_a_script_is_never_kept_waiting() {
    run("headless", TerminalShape::PtyDirect);
}

#[test]
fn p8_a_sub_agent_is_let_go_after_its_time() {
    run("release", TerminalShape::TmuxBash);
}

#[test]
fn p8_a_sub_agent_is_let_go_by_its_owner() {
    run("let-go", TerminalShape::PtyDirect);
}

#[test]
fn p8_no_engine_is_no_obstacle() {
    run("absent", TerminalShape::TmuxBash);
}

#[test]
fn p8_a_killed_engine_leaves_the_dialog_usable() {
    run("killed", TerminalShape::TmuxBash);
}

#[test]
fn p8_an_engine_that_hangs_leaves_the_dialog_usable() {
    run("hung", TerminalShape::PtyDirect);
}

#[test]
fn p8_an_engine_that_hangs_keeps_no_sub_agent_from_its_dialog() {
    run("hung-agent", TerminalShape::TmuxBash);
}

#[test]
fn p8_an_engine_that_ends_lets_go_of_what_it_holds() {
    run("quit", TerminalShape::TmuxBash);
}
