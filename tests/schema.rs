//! The committed descriptions are up to date: `ui/openapi.json`, from which the popover's types are
//! made, and `docs/report.schema.json`.

use std::fs;
use std::path::Path;

/// Compares a committed file with what the program makes of it; with `BLESS`, writes it.
#[track_caller]
fn is_fresh(path: &str, fresh: &str, remedy: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, fresh).expect("write");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "{} is stale; run: {remedy}",
        path.display()
    );
}

#[test]
fn the_committed_description_is_fresh() {
    let openapi = trusty_daemon::api::openapi();
    let fresh = openapi.to_pretty_json().expect("writes") + "\n";
    is_fresh("ui/openapi.json", &fresh, "make types");
}

#[test]
fn the_committed_schema_of_reports_is_fresh() {
    let fresh = trusty_report::schema::report_schema();
    let remedy = "BLESS=1 cargo test --locked -p trusty-tests --test schema";
    is_fresh("docs/report.schema.json", &fresh, remedy);
}
