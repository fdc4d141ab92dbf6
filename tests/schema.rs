//! The committed `ui/openapi.json`, from which the popover's types are made, is up to date.

use std::fs;
use std::path::Path;

#[test]
fn the_committed_description_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/openapi.json");
    let fresh = trusty_daemon::api::openapi()
        .to_pretty_json()
        .expect("writes")
        + "\n";
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &fresh).expect("write");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "ui/openapi.json is stale; run: make types"
    );
}
