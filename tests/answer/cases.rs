//! The ways in which a request can end. Each case opens its own session, runs in any terminal, and
//! verifies at the end that the session continues.

#[path = "cases/agents.rs"]
mod agents;
#[path = "cases/command.rs"]
mod command;
#[path = "cases/faults.rs"]
mod faults;
#[path = "cases/never_held.rs"]
mod never_held;
#[path = "cases/permissions.rs"]
mod permissions;
#[path = "cases/questions.rs"]
mod questions;
#[path = "cases/queue.rs"]
mod queue;
#[path = "cases/races.rs"]
mod races;

use trusty_tests::TerminalShape;

/// The name of a case and its function.
pub(crate) type AnswerCase = (&'static str, fn(TerminalShape));

/// The cases that run in each kind of terminal.
pub(crate) const ANSWER_CASES: [AnswerCase; 34] = [
    ("allow", permissions::allow_runs),
    ("deny", permissions::deny_goes_on),
    ("stop", permissions::stop_ends_the_turn),
    ("always", permissions::always_asks_no_more),
    ("unfit", permissions::what_does_not_fit_is_refused),
    ("question", questions::own_words),
    ("questions", questions::several),
    ("plan", questions::a_plan_is_approved),
    ("reject", questions::a_plan_is_rejected),
    ("agent", agents::answered_while_held),
    ("release", agents::released_after_its_time),
    ("longer", agents::held_for_longer),
    ("let-go", agents::let_go_from_here),
    ("agents", agents::alike_but_not_the_same),
    ("agent-stop", agents::denied_and_stopped),
    ("clear", agents::outlives_its_session),
    ("two", queue::each_by_its_own_id),
    ("again", queue::asked_again),
    ("stop-two", queue::stop_ends_both),
    ("beside", queue::the_main_agent_beside_a_sub_agent),
    ("terminal", races::the_terminal_answers_first),
    ("escape", races::escape_ends_the_card),
    ("app", races::from_here_first),
    ("both", races::both_at_once),
    ("killed", faults::the_engine_is_killed),
    ("hung", faults::the_engine_hangs),
    ("hung-agent", faults::the_engine_hangs_with_a_sub_agent_held),
    ("absent", faults::no_engine),
    ("timeout", faults::the_client_gives_up_the_hook),
    ("command", command::each_answer),
    ("command-two", command::one_of_several),
    ("quit", faults::the_engine_ends),
    ("policy", never_held::a_policy_forbids_hooks),
    ("modes", never_held::modes_that_do_not_ask),
];

/// The cases whose session has no terminal of its own.
pub(crate) const NO_TERMINAL_CASES: [AnswerCase; 2] = [
    ("headless", never_held::headless),
    ("background", never_held::in_the_background),
];
