//! The API's own description, from which the popover's types are made too.

use super::act::Problem;
use trusty_fleet::request::Answer;
use trusty_fleet::view::{Board, BoardDelta, Card, PopoverEvent, Reasons, Row};
use trusty_fleet::why::Explanation;
use trusty_fleet::{Session, Snapshot};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Trusty Bar",
        description = "Claude Code sessions of one user on one machine."
    ),
    paths(
        super::sessions,
        super::why,
        super::act::pause,
        super::act::resume,
        super::act::stop,
        super::act::jump,
        super::events
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
