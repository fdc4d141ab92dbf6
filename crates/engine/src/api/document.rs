//! The API's own description, from which the popover's types are made too.

use super::problem::Problem;
use trusty_fleet::request::Answer;
use trusty_fleet::view::{Board, BoardDelta, Card, PopoverEvent, Reasons, Row};
use trusty_fleet::why::Explanation;
use trusty_fleet::{Session, Snapshot};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Trusty Bar",
        description = "Claude Code sessions of one user on one machine, over a Unix socket that \
            only this user can reach."
    ),
    tags(
        (name = "sessions", description = "What is known of sessions"),
        (name = "actions", description = "What can be done to a session"),
        (name = "engine", description = "The program that answers"),
    ),
    paths(
        super::read::sessions,
        super::read::session,
        super::read::why,
        super::read::request,
        super::act::pause,
        super::act::resume,
        super::act::answer,
        super::act::stop,
        super::act::jump,
        super::act::attention,
        super::events::events,
        super::read::health,
        super::read::description,
    ),
    components(schemas(
        Snapshot,
        Session,
        Explanation,
        Board,
        BoardDelta,
        PopoverEvent,
        Row,
        Reasons,
        Card,
        Answer,
        Problem
    ))
)]
struct Document;

/// The description, in version 3.1 of its standard.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
