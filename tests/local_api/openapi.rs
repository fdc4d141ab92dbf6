//! The API behaves as its description says: schemathesis and curl try it, and the description is
//! complete.

use crate::LocalApiFixture;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use trusty_fleet::problem::ProblemCode;
use trusty_tests::Value;
use trusty_tests::relay::relay;

/// Where the Makefile puts schemathesis.
fn schemathesis() -> PathBuf {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/schemathesis/bin/st");
    assert!(
        program.is_file(),
        "schemathesis is not installed; install python3 with its module venv, then run: make \
         target/schemathesis/installed"
    );
    program
}

/// A port on the loopback interface that forwards to the socket, for as long as the test runs.
fn bridge(socket: &Path) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let socket = socket.to_path_buf();
    thread::spawn(move || {
        for near in listener.incoming() {
            let far = UnixStream::connect(&socket);
            let (Ok(near), Ok(far)) = (near, far) else {
                return;
            };
            thread::spawn(move || relay(near, far));
        }
    });
    port
}

/// How many examples schemathesis tries of each operation: `SCHEMATHESIS_EXAMPLES`, or 200.
fn examples() -> String {
    std::env::var("SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| "200".into())
}

#[test]
fn schemathesis_finds_nothing() {
    let program = schemathesis();
    let served = LocalApiFixture::start();
    let (_first, _second) = (served.session(), served.session());
    let port = bridge(served.api.socket());
    let output = Command::new(program)
        .args(["run", &format!("http://127.0.0.1:{port}/v1/openapi.json")])
        .args([
            "--seed",
            "1",
            "--max-examples",
            &examples(),
            "--checks",
            "all",
        ])
        .args(["--generation-database", "none", "--continue-on-failure"])
        // A stream has no end to wait for; it has tests of its own.
        .args(["--exclude-path", "/v1/events"])
        .args(["--request-timeout", "60", "--no-color"])
        .env("HOME", served.home.path())
        .env("NO_PROXY", "127.0.0.1")
        .current_dir(served.home.path())
        .output()
        .expect("schemathesis runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
    // Schemathesis did reach the engine.
    let health = served.api.get("/v1/health");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
}

/// The commands that `docs/local-api.md` shows.
#[test]
fn curl_talks_to_the_socket() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let curl = |arguments: &[&str]| {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--fail-with-body"])
            .arg("--unix-socket")
            .arg(served.api.socket())
            .args(arguments)
            .env_remove("http_proxy")
            .output()
            .expect("curl is installed");
        String::from_utf8(output.stdout).expect("text")
    };
    let told = curl(&["http://trusty/v1/sessions"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let id = session.id(&told).expect("listed");
    let told = curl(&[&format!("http://trusty/v1/sessions/{id}/why")]);
    assert!(told.contains("testimonies"), "{told}");
    let problem = curl(&[
        "--request",
        "POST",
        "--json",
        r#"{"how":"Hold","note":"until the review"}"#,
        &format!("http://trusty/v1/sessions/{id}/pause"),
    ]);
    assert!(problem.contains(r#""code":"impossible""#), "{problem}");
    let (hook, hash) = served.ask(&session, "make");
    let answer = thread::spawn(|| hook.take_answer());
    let body = serde_json::json!({
        "request": hash, "answer": {"kind": "deny", "message": "use ninja"},
    });
    let path = format!("http://trusty/v1/sessions/{id}/answer");
    assert_eq!(curl(&["--json", &body.to_string(), &path]), "");
    let answer = answer.join().expect("answered");
    assert!(answer.contains("use ninja"), "{answer}");
    let told = curl(&["--no-buffer", "--max-time", "5", "http://trusty/v1/events"]);
    assert!(told.contains("event: snapshot"), "{told}");
}

#[test]
fn the_description_leaves_nothing_out() {
    let description = serde_json::to_value(trusty_daemon::api::openapi()).expect("JSON");
    assert!(
        description["openapi"]
            .as_str()
            .is_some_and(|v| v.starts_with("3.1"))
    );
    let mut missing = Vec::new();
    let schemas = description["components"]["schemas"].as_object();
    for (name, schema) in schemas.expect("schemas") {
        undocumented(name, schema, &mut missing);
    }
    for (path, place) in description["paths"].as_object().expect("paths") {
        for (method, operation) in place.as_object().expect("operations") {
            let name = format!("{method} {path}");
            let text = |of: &Value, key: &str| of[key].as_str().is_some_and(|t| !t.is_empty());
            if !text(operation, "summary") {
                missing.push(name.clone());
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if !text(parameter, "description") {
                    missing.push(format!("{name}: {}", parameter["name"]));
                }
            }
            let responses = operation["responses"].as_object().expect("responses");
            for (status, response) in responses {
                let told = text(response, "description");
                let is_problem = response["content"]["application/problem+json"].is_object();
                if !told || (status.starts_with(['4', '5']) && !is_problem) {
                    missing.push(format!("{name}: {status}"));
                }
            }
            if !responses.contains_key("406") {
                missing.push(format!("{name}: 406"));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

/// Collects each schema, variant, property and enum value without a description.
fn undocumented(name: &str, schema: &Value, missing: &mut Vec<String>) {
    let told = schema["description"].as_str().unwrap_or_default();
    if told.is_empty() {
        missing.push(name.to_owned());
    }
    for value in schema["enum"].as_array().into_iter().flatten() {
        let value = value.as_str().expect("a word");
        if !told.contains(&format!("* `{value}`: ")) {
            missing.push(format!("{name}: {value}"));
        }
    }
    undocumented_parts(name, schema, missing);
}

fn undocumented_parts(name: &str, schema: &Value, missing: &mut Vec<String>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let within = property["oneOf"].as_array().into_iter().flatten();
        let mut told = within.chain([property]);
        if !told.any(|p| p["description"].is_string()) {
            missing.push(format!("{name}.{key}"));
        }
    }
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        if !choice["description"].is_string() && !choice["$ref"].is_string() {
            missing.push(format!("{name}: {choice}"));
        }
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for part in schema[key].as_array().into_iter().flatten() {
            undocumented_parts(name, part, missing);
        }
    }
}

#[test]
fn each_problem_code_is_used_and_described_and_no_other() {
    let description = serde_json::to_value(trusty_daemon::api::openapi()).expect("JSON");
    let problem = description["components"]["schemas"]["Problem"]["description"].as_str();
    let (_, codes) = problem
        .expect("described")
        .split_once("The codes:")
        .expect("codes");
    let codes = codes
        .lines()
        .filter_map(|l| l.strip_prefix("* `")?.split_once("`: "));
    let described: Vec<_> = codes.collect();
    let known = ProblemCode::ALL_CODES.iter();
    let known: Vec<_> = known.map(|c| (c.as_str(), c.meaning())).collect();
    assert_eq!(described, known);

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut sources = String::new();
    read_sources(&root, &mut sources);
    let unused = |code: &&ProblemCode| !sources.contains(&format!("ProblemCode::{code:?}"));
    let unused: Vec<_> = ProblemCode::ALL_CODES.iter().filter(unused).collect();
    assert!(unused.is_empty(), "no problem has the code {unused:?}");
}

/// Appends all Rust sources below a folder.
fn read_sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            *into += &std::fs::read_to_string(&path).expect("a source");
        }
    }
}
