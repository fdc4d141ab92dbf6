//! The JSON schema of the format, which is committed as `docs/report.schema.json`.

use crate::format::MachineReport;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

/// Where a type is described in an API description, from which the schema is derived.
const OPENAPI_PREFIX: &str = "#/components/schemas/";
/// Where a type is described in a JSON schema.
const SCHEMA_PREFIX: &str = "#/$defs/";

/// The schema as JSON, with a line break at its end.
pub fn report_schema() -> String {
    let mut types = Vec::new();
    MachineReport::schemas(&mut types);
    let described = |schema| serde_json::to_value(schema).unwrap_or_default();
    let types: std::collections::BTreeMap<String, Value> = types
        .into_iter()
        .map(|(name, schema)| (name, described(schema)))
        .collect();
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("Report of Trusty Bar, format 1"));
    if let Value::Object(root) = described(MachineReport::schema()) {
        schema.extend(root);
    }
    schema.insert("$defs".to_owned(), json!(types));
    let text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text.replace(OPENAPI_PREFIX, SCHEMA_PREFIX) + "\n"
}
