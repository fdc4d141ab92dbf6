//! What the sessions are put through.

mod agents;
mod ends;
mod escapes;
mod failures;
mod needs;
mod older;
mod pairs;
mod pauses;
mod starts;
mod turns;

use super::stage::TruthFixture;
use trusty_tests::TestedClient;

/// Something a user does with sessions.
pub(crate) struct TruthScenario {
    pub name: &'static str,
    pub about: &'static str,
    pub client: TestedClient,
    pub play: fn(&TruthFixture),
}

/// A scenario for the newest Claude Code.
const fn scenario(
    name: &'static str,
    about: &'static str,
    play: fn(&TruthFixture),
) -> TruthScenario {
    TruthScenario {
        name,
        about,
        client: TestedClient::Newest,
        play,
    }
}

/// All scenarios, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static TruthScenario> {
    let all = [
        starts::START_SCENARIOS,
        turns::TURN_SCENARIOS,
        needs::NEED_SCENARIOS,
        escapes::ESCAPE_SCENARIOS,
        agents::AGENT_SCENARIOS,
        failures::FAILURE_SCENARIOS,
        pauses::PAUSE_SCENARIOS,
        pairs::PAIR_SCENARIOS,
        ends::END_SCENARIOS,
        older::OLDER_CLIENT_SCENARIOS,
    ];
    all.into_iter().flatten()
}
