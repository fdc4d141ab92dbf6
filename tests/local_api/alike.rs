//! With and without an engine the same is told.

use crate::{LONG, Served, wait_word};
use std::time::{SystemTime, UNIX_EPOCH};
use trusty_tests::trusty::list;
use trusty_tests::wait::until;
use trusty_tests::{Signal, StandIn, Value, http};

/// What moves with every look, or is known only to who watches.
const ALONE: [&str; 4] = ["last_seen", "usage", "because", "connections"];

/// Without what differs by nature.
fn substance(mut of: Value) -> Value {
    match &mut of {
        Value::Object(fields) => {
            fields.retain(|key, _| !ALONE.contains(&key.as_str()) && key != "revision");
            for value in fields.values_mut() {
                *value = substance(value.take());
            }
        }
        Value::Array(all) => {
            for value in all {
                *value = substance(value.take());
            }
        }
        _ => {}
    }
    of
}

#[test]
fn one_look_and_an_engine_tell_the_same() {
    let mut served = Served::start();
    let busy = served.session();
    let asks = StandIn::start(&served.home);
    // As clients do, they write down since when.
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH);
    let stamp = stamp.expect("after 1970").as_millis();
    let since = |rest: &str| format!(r#""statusUpdatedAt":{stamp},"updatedAt":{stamp},{rest}"#);
    busy.says(&since(
        r#""status":"busy","name":"bus","nameSource":"user""#,
    ));
    asks.says(&since(
        r#""status":"waiting","waitingFor":"permission prompt","name":"pay","nameSource":"user""#,
    ));
    until(LONG, "both names", || {
        let told = http::get(&served.socket, "/v1/sessions").to_string();
        (told.contains(r#""bus""#) && told.contains(r#""pay""#)).then_some(())
    });
    wait_word(&served, &asks, "Permission");
    let told = list(&served.home);
    assert!(told["revision"].as_u64() > Some(0), "an engine was asked");
    assert_eq!(
        substance(told.clone()),
        substance(http::get(&served.socket, "/v1/sessions"))
    );
    assert!(served.serving.process().signal(Signal::TERM));
    served.serving.wait(LONG);
    let alone = list(&served.home);
    assert_eq!(alone["revision"], 0, "nobody was asked");
    assert_eq!(substance(alone.clone()), substance(told));
    for session in [&busy, &asks] {
        assert!(session.word(&alone).is_some(), "{alone}");
    }
}
