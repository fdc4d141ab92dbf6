//! The local API of the engine that serves a home, spoken to as any program would.

use crate::TestHome;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

const IO_TIMEOUT: Duration = Duration::from_mins(1);

/// The API behind the socket of one home.
#[derive(Debug, Clone)]
pub struct LocalApi(PathBuf);

impl LocalApi {
    /// That of this home.
    pub fn for_home(home: &TestHome) -> Self {
        Self(home.runtime().join("trusty/trusty.sock"))
    }

    /// `GET`: the status and the body; nothing if nobody answers.
    pub fn get(&self, path: &str) -> Option<(u16, Value)> {
        self.send("GET", path, None)
    }

    /// `POST` of a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.send("POST", path, Some(body))
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let mut stream = self.begin(method, path, body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn begin(&self, method: &str, path: &str, body: Option<&Value>) -> Option<UnixStream> {
        let mut stream = UnixStream::connect(&self.0).ok()?;
        stream.set_read_timeout(Some(IO_TIMEOUT)).ok()?;
        stream.set_write_timeout(Some(IO_TIMEOUT)).ok()?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: trusty\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        Some(stream)
    }

    /// Listens to the events from now on.
    pub fn listen(&self) -> EventRecorder {
        let stream = self.begin("GET", "/v1/events", None).expect("an engine");
        stream.set_read_timeout(None).expect("set");
        let told = Arc::<Mutex<Vec<(SystemTime, String)>>>::default();
        let written = Arc::clone(&told);
        let ours = stream.try_clone().expect("one more descriptor");
        thread::spawn(move || {
            for line in BufReader::new(ours).lines().map_while(Result::ok) {
                if let Some(data) = line.strip_prefix("data:") {
                    let entry = (SystemTime::now(), data.to_owned());
                    lock(&written).push(entry);
                }
            }
        });
        EventRecorder { stream, told }
    }
}

/// What the engine tells as it happens, with the time at which each event came.
pub struct EventRecorder {
    stream: UnixStream,
    told: Arc<Mutex<Vec<(SystemTime, String)>>>,
}

impl EventRecorder {
    /// All so far: when, and the event's data as JSON text.
    pub fn all_events(&self) -> Vec<(SystemTime, String)> {
        lock(&self.told).clone()
    }
}

impl Drop for EventRecorder {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
