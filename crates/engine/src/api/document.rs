//! The API's own description, from which the popover's types are made too.

use super::problem::Problem;
use trusty_fleet::request::Answer;
use trusty_fleet::view::{Board, BoardDelta, Card, PopoverEvent, Reasons, Row};
use trusty_fleet::why::Explanation;
use trusty_fleet::{Session, Snapshot};
use utoipa::openapi::schema::{AdditionalProperties, OneOf, Schema};
use utoipa::openapi::{OpenApi as Description, RefOr};
use utoipa::{Modify, OpenApi};

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
    )),
    modifiers(&Exact)
)]
struct Document;

/// Says of answers that nothing more is taken, which the macro leaves out where a tag tells the
/// variants apart.
struct Exact;

impl Modify for Exact {
    fn modify(&self, description: &mut Description) {
        let components = description.components.as_mut();
        let answer = components.and_then(|all| all.schemas.get_mut("Answer"));
        let Some(RefOr::T(Schema::OneOf(OneOf { items, .. }))) = answer else {
            return;
        };
        for item in items {
            if let RefOr::T(Schema::Object(object)) = item {
                let none = AdditionalProperties::FreeForm(false);
                object.additional_properties = Some(Box::new(none));
            }
        }
    }
}

/// The description, in version 3.1 of its standard.
pub fn openapi() -> Description {
    Document::openapi()
}
