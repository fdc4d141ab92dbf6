//! The API's description of itself, from which the popover's types are also generated.

use std::fmt::Write as _;
use trusty_client::api_types::{EngineHealth, WholeRequest};
use trusty_fleet::explanation::Explanation;
use trusty_fleet::jump::JumpFailure;
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_fleet::request::Answer;
use trusty_fleet::view::{Board, BoardDelta, Card, ExplanationView, PopoverEvent, Row};
use trusty_fleet::{Session, Snapshot};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOf, Object, OneOf, Schema, SchemaType, Type,
};
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
        (name = "sessions", description = "Sessions and their state"),
        (name = "actions", description = "Actions on a session"),
        (name = "engine", description = "The engine itself"),
    ),
    paths(
        super::queries::sessions,
        super::queries::session,
        super::queries::why,
        super::queries::request,
        super::commands::pause,
        super::commands::resume,
        super::commands::answer,
        super::commands::stop,
        super::commands::jump,
        super::commands::attention,
        super::events::events,
        super::queries::health,
        super::queries::description,
    ),
    components(schemas(
        Snapshot,
        Session,
        Explanation,
        EngineHealth,
        WholeRequest,
        Board,
        BoardDelta,
        PopoverEvent,
        Row,
        ExplanationView,
        JumpFailure,
        Card,
        Answer,
        Problem
    )),
    modifiers(&SchemaCorrections)
)]
struct ApiDocument;

/// Adds what the macros leave out: that an answer has no further properties, what a tag is, and
/// which problem codes exist.
struct SchemaCorrections;

impl Modify for SchemaCorrections {
    fn modify(&self, description: &mut Description) {
        let items = description.paths.paths.values_mut();
        let commands = items.filter_map(|item| item.post.as_mut());
        for parameter in commands.flat_map(|command| command.parameters.iter_mut().flatten()) {
            if let RefOr::T(parameter) = parameter {
                forbid_null(parameter);
            }
        }
        let Some(components) = description.components.as_mut() else {
            return;
        };
        for (name, schema) in &mut components.schemas {
            let RefOr::T(schema) = schema else {
                continue;
            };
            describe_tags(schema);
            match (name.as_str(), schema) {
                ("Answer", Schema::OneOf(answer)) => close(answer),
                ("Problem", Schema::Object(problem)) => list_codes(problem),
                _ => {}
            }
        }
    }
}

/// Removes `null` from a parameter's schema: a header or query parameter may be absent, but never
/// has that value.
fn forbid_null(parameter: &mut Parameter) {
    match parameter.schema.as_mut() {
        Some(RefOr::T(Schema::Object(object))) => {
            if let SchemaType::Array(types) = &object.schema_type {
                let mut told = types.iter().filter(|kind| **kind != Type::Null);
                if let (Some(only), None) = (told.next(), told.next()) {
                    object.schema_type = SchemaType::Type(only.clone());
                }
            }
        }
        Some(RefOr::T(Schema::OneOf(choice))) => {
            let mut told = choice.items.iter().filter(|item| !is_null(item));
            if let (Some(only), None) = (told.next().cloned(), told.next()) {
                parameter.schema = Some(only);
            }
        }
        _ => {}
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object))
        if object.schema_type == SchemaType::Type(Type::Null))
}

fn close(choice: &mut OneOf) {
    for item in &mut choice.items {
        if let RefOr::T(Schema::Object(object)) = item {
            let none = AdditionalProperties::FreeForm(false);
            object.additional_properties = Some(Box::new(none));
        }
    }
}

fn describe_tags(schema: &mut Schema) {
    match schema {
        Schema::OneOf(OneOf { items, .. }) | Schema::AllOf(AllOf { items, .. }) => {
            for item in items {
                if let RefOr::T(item) = item {
                    describe_tags(item);
                }
            }
        }
        Schema::Object(Object { properties, .. }) => {
            if let Some(RefOr::T(Schema::Object(tag))) = properties.get_mut("kind")
                && tag.description.is_none()
            {
                tag.description = Some("The variant.".to_owned());
            }
        }
        _ => {}
    }
}

fn list_codes(problem: &mut Object) {
    let text = problem.description.get_or_insert_default();
    text.push_str("\n\nThe codes:\n");
    for code in ProblemCode::ALL_CODES {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n* `{}`: {}", code.as_str(), code.meaning());
    }
}

/// The API's description, in version 3.1 of the `OpenAPI` standard.
pub fn openapi() -> Description {
    ApiDocument::openapi()
}
