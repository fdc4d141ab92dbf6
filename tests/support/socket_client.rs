//! Clients of an engine's two sockets: the local API, as any program would use it, and the hook
//! socket, as hooks use it. Both protocols are written out byte by byte, so that a change to them
//! fails a test. Each read and write times out after a minute, except in [`EventRecorder`].

use crate::system::socket_folder;
use crate::trusty::session_of;
use crate::wait::{self, WAIT_TIMEOUT};
use crate::{StandIn, TestHome};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The header line of a JSON body, with its line end.
pub const JSON_HEADER: &str = "Content-Type: application/json\r\n";

/// The socket at which the hooks of a home report to its engine.
pub fn hook_socket(home: &TestHome) -> PathBuf {
    socket_folder(home).join("hooks.sock")
}

fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(WAIT_TIMEOUT))?;
    stream.set_write_timeout(Some(WAIT_TIMEOUT))?;
    Ok(stream)
}

/// A response of the local API.
#[derive(Debug)]
pub struct HttpResponse {
    /// The HTTP status code.
    pub status: u16,
    /// The status line and the headers, in lower case.
    pub head: String,
    /// The body, as sent.
    pub body: String,
}

impl HttpResponse {
    /// Reads a response up to the end of the stream; `None` where its head is incomplete.
    fn read(mut stream: UnixStream) -> io::Result<Option<Self>> {
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let parse = || {
            let (head, body) = text.split_once("\r\n\r\n")?;
            Some(Self {
                status: head.split(' ').nth(1)?.parse().ok()?,
                head: head.to_lowercase(),
                body: body.to_owned(),
            })
        };
        Ok(parse())
    }

    /// The body, parsed as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The problem code in the body; empty where there is no body or no code.
    #[track_caller]
    pub fn code(&self) -> String {
        if self.body.is_empty() {
            return String::new();
        }
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The value of a header, in lower case; `name` is in lower case, too.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The local API at one socket.
#[derive(Debug, Clone)]
pub struct LocalApi {
    socket: PathBuf,
}

impl LocalApi {
    /// The local API of the engine that serves this home.
    pub fn for_home(home: &TestHome) -> Self {
        Self::for_socket(socket_folder(home).join("trusty.sock"))
    }

    /// The local API at a socket.
    pub fn for_socket(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// The path of the socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether an engine accepts connections.
    pub fn is_open(&self) -> bool {
        connect(&self.socket).is_ok()
    }

    /// Waits until an engine accepts connections.
    #[track_caller]
    pub fn wait_open(&self) {
        wait::until(WAIT_TIMEOUT, "the socket of the local API", || {
            self.is_open().then_some(())
        });
    }

    /// Sends a request, and leaves the response to be read from the stream. `headers` include their
    /// line ends.
    ///
    /// # Errors
    /// No engine accepts the connection, or the head of the request could not be sent.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<UnixStream> {
        let mut stream = connect(&self.socket)?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: trusty\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes())?;
        // An engine that refuses the body may hang up before the body ends.
        let _ = stream.write_all(body);
        Ok(stream)
    }

    /// Sends bytes, which need not be a valid request, and returns the stream.
    #[track_caller]
    pub fn send_raw(&self, bytes: &[u8]) -> UnixStream {
        let mut stream = connect(&self.socket).expect("connects");
        stream.write_all(bytes).expect("sent");
        stream
    }

    /// Sends a request and reads the whole response. `headers` include their line ends.
    #[track_caller]
    pub fn send_request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> HttpResponse {
        let stream = self.try_send(method, path, headers, body).expect("sent");
        let response = HttpResponse::read(stream).expect("an answer");
        response.expect("a head, a status and a body")
    }

    /// The JSON body of a `GET`; panics unless the status is 200.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let response = self.send_request("GET", path, "", b"");
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }

    /// Like [`get`](Self::get); `None` where no engine answers, or the engine exits meanwhile.
    #[track_caller]
    pub fn get_if_served(&self, path: &str) -> Option<Value> {
        let stream = self.try_send("GET", path, "", b"").ok()?;
        let response = HttpResponse::read(stream).ok()??;
        assert_eq!(response.status, 200, "{response:?}");
        Some(response.json())
    }

    /// The response to a `POST` of a JSON body, which may be empty.
    #[track_caller]
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> HttpResponse {
        self.send_request("POST", path, JSON_HEADER, body.as_ref())
    }

    /// The snapshot: all sessions, and the health of the sources.
    #[track_caller]
    pub fn sessions(&self) -> Value {
        self.get("/v1/sessions")
    }

    /// The session with this pid; `None` where the session is not listed or no engine answers.
    #[track_caller]
    pub fn session(&self, pid: u32) -> Option<Value> {
        session_of(&self.get_if_served("/v1/sessions")?, pid)
    }

    /// The pid of the engine that answers; `None` where no engine answers.
    #[track_caller]
    pub fn engine_pid(&self) -> Option<u64> {
        self.get_if_served("/v1/health")?["pid"].as_u64()
    }

    /// Waits until a stand-in is listed with this status word.
    #[track_caller]
    pub fn wait_word(&self, session: &StandIn, word: &str) {
        wait::until(WAIT_TIMEOUT, word, || {
            (session.status_word(&self.sessions())? == word).then_some(())
        });
    }

    /// The held requests of the session with this pid, in the order of the snapshot.
    #[track_caller]
    pub fn held_requests(&self, pid: u32) -> Vec<Value> {
        let session = self.session(pid).unwrap_or_default();
        let all = session["requests"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|r| r["held"] == true).collect()
    }

    /// Waits until a request of the session with this pid is held; returns the id of the request.
    #[track_caller]
    pub fn wait_held(&self, pid: u32) -> String {
        wait::until(WAIT_TIMEOUT, "a request that is held", || {
            Some(self.held_requests(pid).first()?["id"].as_str()?.to_owned())
        })
    }

    /// The server-sent events of a path, from now on. `headers` include their line ends.
    #[track_caller]
    pub fn events(&self, path: &str, headers: &str) -> EventReader {
        let stream = self.try_send("GET", path, headers, b"").expect("sent");
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(lines.read_line(&mut line).expect("a head") > 0, "no head");
        }
        EventReader(lines)
    }

    /// Records all events from now on, each with the time of its arrival.
    #[track_caller]
    pub fn record_events(&self) -> EventRecorder {
        let events = self.events("/v1/events", "");
        let stream = events.0.get_ref().try_clone().expect("a descriptor");
        stream.set_read_timeout(None).expect("set");
        let received = Arc::<Mutex<Vec<(SystemTime, String)>>>::default();
        let noted = Arc::clone(&received);
        std::thread::spawn(move || {
            for event in events {
                let entry = (SystemTime::now(), event.data.to_string());
                noted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(entry);
            }
        });
        EventRecorder { stream, received }
    }
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedEvent {
    /// The name of the event.
    pub name: String,
    /// The id of the event, empty if there is none.
    pub id: String,
    /// The data, parsed as JSON.
    pub data: Value,
}

/// An iterator over server-sent events, which blocks until the next one arrives.
pub struct EventReader(BufReader<UnixStream>);

impl Iterator for EventReader {
    type Item = ReceivedEvent;

    fn next(&mut self) -> Option<ReceivedEvent> {
        let (mut name, mut id) = (String::new(), String::new());
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).expect("a line in time") == 0 {
                return None;
            }
            // Other lines are empty, comments, or the chunk sizes of the HTTP body.
            match line.trim_end().split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("id", value)) => value.clone_into(&mut id),
                Some(("data", value)) => {
                    let data = serde_json::from_str(value).expect("JSON");
                    return Some(ReceivedEvent { name, id, data });
                }
                _ => {}
            }
        }
    }
}

/// The events of an engine, recorded by a thread until this is dropped.
pub struct EventRecorder {
    stream: UnixStream,
    received: Arc<Mutex<Vec<(SystemTime, String)>>>,
}

impl EventRecorder {
    /// All events so far: the time of arrival, and the data as JSON text.
    pub fn all_events(&self) -> Vec<(SystemTime, String)> {
        let received = self.received.lock();
        received.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for EventRecorder {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// One connection to a hook socket.
pub struct HookClient(BufReader<UnixStream>);

impl HookClient {
    /// Connects to a hook socket, or to the relay of a stand-in.
    ///
    /// # Errors
    /// Nothing listens at the socket.
    pub fn open(socket: &Path) -> io::Result<Self> {
        connect(socket).map(|stream| Self(BufReader::new(stream)))
    }

    /// A connection to the engine of this home, from a process that descends from no session.
    #[track_caller]
    pub fn for_home(home: &TestHome) -> Self {
        Self::open(&hook_socket(home)).expect("connects")
    }

    /// Sends bytes, which need not be a valid message.
    ///
    /// # Errors
    /// The engine has hung up.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Sends the report of an event, in the name of the Claude Code process with this pid.
    ///
    /// # Errors
    /// The engine has hung up.
    pub fn send(&mut self, pid: u32, payload: &[u8]) -> io::Result<()> {
        let header = format!("trusty-hook 1 {pid} {}\n", payload.len());
        self.send_raw(&[header.as_bytes(), payload].concat())
    }

    /// Sends a report, and waits for the whole reply.
    ///
    /// # Errors
    /// The engine has hung up, or sends nothing for a minute.
    pub fn report(mut self, pid: u32, payload: &[u8]) -> io::Result<String> {
        self.send(pid, payload)?;
        self.read_rest()
    }

    /// Sends a request that waits for an answer for as long as the connection is open; `None` where
    /// the engine does not take the request.
    pub fn ask(mut self, pid: u32, payload: &[u8]) -> Option<Self> {
        let header = format!("trusty-hook 1 {pid} {} ask\n", payload.len());
        let message = [header.as_bytes(), payload].concat();
        self.send_raw(&message).ok()?;
        (self.read_line().ok()? == "taken\n").then_some(self)
    }

    /// The next line with its line end; empty once the engine has hung up.
    ///
    /// # Errors
    /// The engine sends nothing for a minute.
    pub fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line)
    }

    /// Everything that the engine sends until it hangs up.
    ///
    /// # Errors
    /// The engine sends nothing for a minute.
    pub fn read_rest(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.0.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Waits for the answer to a request, and confirms its delivery to the engine.
    #[track_caller]
    pub fn take_answer(mut self) -> String {
        let length = loop {
            let line = self.read_line().expect("a line");
            match line.strip_prefix("answer ") {
                Some(length) => break length.trim_end().parse().expect("a length"),
                None => assert!(line.starts_with("held "), "no answer, but {line:?}"),
            }
        };
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).expect("an answer");
        self.send_raw(b"done\n").expect("confirmed");
        String::from_utf8(answer).expect("a text")
    }
}
