//! What the client is put through.

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

use super::stage::Scene;
use trusty_tests::Client;

/// Something an owner does with sessions.
pub(crate) struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    pub client: Client,
    pub play: fn(&Scene),
}

/// One for the newest client.
const fn scenario(name: &'static str, about: &'static str, play: fn(&Scene)) -> Scenario {
    Scenario {
        name,
        about,
        client: Client::Newest,
        play,
    }
}

/// All of them, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    let all = [
        starts::ALL,
        turns::ALL,
        needs::ALL,
        escapes::ALL,
        agents::ALL,
        failures::ALL,
        pauses::ALL,
        pairs::ALL,
        ends::ALL,
        older::ALL,
    ];
    all.into_iter().flatten()
}
