//! Control of the app's web view through the part of the W3C `WebDriver` protocol that tests use.

use super::program::OwnedProcess;
use crate::trusty::program;
use crate::{WAIT_TIMEOUT, wait};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The app under `WebKitWebDriver`; both are ended on drop.
pub struct WebDriver {
    _driver: OwnedProcess,
    port: u16,
    session: String,
}

impl WebDriver {
    #[track_caller]
    pub(super) fn start(env: &[(String, String)], logs: &Path) -> Self {
        let port = free_port();
        let mut driver = Command::new("WebKitWebDriver");
        driver.arg(format!("--port={port}"));
        let mut env = env.to_vec();
        env.push(("TAURI_WEBVIEW_AUTOMATION".into(), "true".into()));
        let driver = OwnedProcess::start(&mut driver, &env, &logs.join("app"));
        wait::until(WAIT_TIMEOUT, "the driver of the web view", || {
            http(port, "GET", "/status", None).ok()
        });
        let options = json!({"binary": program("trusty-bar"), "args": ["--open"]});
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "webkitgtk:browserOptions": options,
        }}});
        let made = http(port, "POST", "/session", Some(&wanted)).unwrap_or_else(|e| {
            let said = std::fs::read_to_string(logs.join("app")).unwrap_or_default();
            panic!("no session: {e}; the app said:\n{said}")
        });
        let session = made["sessionId"].as_str();
        let session = session.unwrap_or_else(|| panic!("no session: {made}"));
        Self {
            _driver: driver,
            port,
            session: session.to_owned(),
        }
    }

    /// Runs a function body in the page; returns its result, and panics on an error.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        let path = format!("/session/{}/execute/sync", self.session);
        let body = json!({"script": script, "args": []});
        let value = http(self.port, "POST", &path, Some(&body)).expect("an answer");
        let failed = value.get("error").is_some_and(Value::is_string);
        assert!(!failed, "{script}: {value}");
        value
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        // A driver that does not answer is ended anyway, when its field is dropped.
        let _ = http(self.port, "DELETE", &path, None);
    }
}

/// A free port that was given to no other driver of this test process, which may not listen yet.
fn free_port() -> u16 {
    static GIVEN_PORTS: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let mut given = GIVEN_PORTS.lock().unwrap_or_else(PoisonError::into_inner);
        if given.insert(port) {
            return port;
        }
    }
}

/// Sends one request; returns the `value` of the response.
fn http(port: u16, method: &str, path: &str, body: Option<&Value>) -> io::Result<Value> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(WAIT_TIMEOUT))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let broken = || io::Error::other(format!("not an answer: {answer}"));
    let (_head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let mut answer: Value = serde_json::from_str(body).map_err(|_| broken())?;
    Ok(answer["value"].take())
}
