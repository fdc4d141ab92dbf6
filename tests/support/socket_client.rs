//! The client of an engine's two sockets: the local API as any program would speak it, and the
//! hook socket as hooks do. Both forms are written out byte by byte, so that a change of them is
//! noticed; each read and write ends after a minute.

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

/// What is sent with a JSON body.
pub const JSON_HEADER: &str = "Content-Type: application/json\r\n";

/// Where the hooks of a home report to its engine.
pub fn hook_socket(home: &TestHome) -> PathBuf {
    home.runtime().join("trusty/hooks.sock")
}

fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(WAIT_TIMEOUT))?;
    stream.set_write_timeout(Some(WAIT_TIMEOUT))?;
    Ok(stream)
}

/// What the local API answered.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl HttpResponse {
    /// The response up to the end of the stream; none where the stream ends too soon.
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

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The code of the problem that the body holds; empty where there is no body.
    #[track_caller]
    pub fn code(&self) -> String {
        if self.body.is_empty() {
            return String::new();
        }
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The local API behind one socket.
#[derive(Debug, Clone)]
pub struct LocalApi {
    socket: PathBuf,
}

impl LocalApi {
    /// The API of the engine that serves this home.
    pub fn for_home(home: &TestHome) -> Self {
        Self::for_socket(home.runtime().join("trusty/trusty.sock"))
    }

    /// The API behind a socket.
    pub fn for_socket(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Its socket.
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

    /// Sends a request, and leaves the response to be read from the stream. `headers` have their
    /// line ends.
    ///
    /// # Errors
    /// No engine accepts the connection.
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
        // An engine that refuses a body may not wait for the end of the body.
        let _ = stream.write_all(body);
        Ok(stream)
    }

    /// Sends bytes as they are, which need not be a request; the stream.
    #[track_caller]
    pub fn send_raw(&self, bytes: &[u8]) -> UnixStream {
        let mut stream = connect(&self.socket).expect("connects");
        stream.write_all(bytes).expect("sent");
        stream
    }

    /// Sends a request and reads the whole response.
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

    /// `GET`: the JSON of a response that must be 200.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let response = self.send_request("GET", path, "", b"");
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }

    /// The same; none where no engine answers, or the engine ends meanwhile.
    #[track_caller]
    pub fn get_if_served(&self, path: &str) -> Option<Value> {
        let stream = self.try_send("GET", path, "", b"").ok()?;
        let response = HttpResponse::read(stream).ok()??;
        assert_eq!(response.status, 200, "{response:?}");
        Some(response.json())
    }

    /// `POST` of a JSON body, which may be empty.
    #[track_caller]
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> HttpResponse {
        self.send_request("POST", path, JSON_HEADER, body.as_ref())
    }

    /// The snapshot: all sessions, and health.
    #[track_caller]
    pub fn sessions(&self) -> Value {
        self.get("/v1/sessions")
    }

    /// The session with this pid; none where the session is not listed or no engine answers.
    #[track_caller]
    pub fn session(&self, pid: u32) -> Option<Value> {
        session_of(&self.get_if_served("/v1/sessions")?, pid)
    }

    /// The pid of the engine that answers.
    #[track_caller]
    pub fn engine_pid(&self) -> Option<u64> {
        self.get_if_served("/v1/health")?["pid"].as_u64()
    }

    /// Waits until a stand-in is listed with this word.
    #[track_caller]
    pub fn wait_word(&self, session: &StandIn, word: &str) {
        wait::until(WAIT_TIMEOUT, word, || {
            (session.status_word(&self.sessions())? == word).then_some(())
        });
    }

    /// The requests of the session with this pid that are held, in their order.
    #[track_caller]
    pub fn held_requests(&self, pid: u32) -> Vec<Value> {
        let session = self.session(pid).unwrap_or_default();
        let all = session["requests"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|r| r["held"] == true).collect()
    }

    /// Waits until a request of the session with this pid is held; its id.
    #[track_caller]
    pub fn wait_held(&self, pid: u32) -> String {
        wait::until(WAIT_TIMEOUT, "a request that is held", || {
            Some(self.held_requests(pid).first()?["id"].as_str()?.to_owned())
        })
    }

    /// The server-sent events of a path, from now on. `headers` have their line ends.
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

    /// Notes all events from now on, each with the time at which it came.
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
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its data, as JSON.
    pub data: Value,
}

/// Server-sent events as they come.
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
            // The sizes of chunks stand between the lines of events.
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

/// The events of an engine, noted by a thread until this is dropped.
pub struct EventRecorder {
    stream: UnixStream,
    received: Arc<Mutex<Vec<(SystemTime, String)>>>,
}

impl EventRecorder {
    /// All so far: when each came, and its data as JSON text.
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
    /// Nothing listens there.
    pub fn open(socket: &Path) -> io::Result<Self> {
        connect(socket).map(|stream| Self(BufReader::new(stream)))
    }

    /// A connection to the engine of this home, from a process that is below no session.
    #[track_caller]
    pub fn for_home(home: &TestHome) -> Self {
        Self::open(&hook_socket(home)).expect("connects")
    }

    /// Sends bytes as they are, which need not be a message.
    ///
    /// # Errors
    /// The engine has hung up.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Sends the report of an event, in the name of the client with this pid.
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
    /// The engine has hung up, or says nothing for a minute.
    pub fn report(mut self, pid: u32, payload: &[u8]) -> io::Result<String> {
        self.send(pid, payload)?;
        self.read_rest()
    }

    /// Sends a request that waits for an answer for as long as the connection lives; none where
    /// the engine does not take it.
    pub fn ask(mut self, pid: u32, payload: &[u8]) -> Option<Self> {
        let header = format!("trusty-hook 1 {pid} {} ask\n", payload.len());
        let message = [header.as_bytes(), payload].concat();
        self.send_raw(&message).ok()?;
        (self.read_line().ok()? == "taken\n").then_some(self)
    }

    /// The next line with its end; empty once the engine has hung up.
    ///
    /// # Errors
    /// The engine says nothing for a minute.
    pub fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line)
    }

    /// All that the engine says until it hangs up.
    ///
    /// # Errors
    /// The engine says nothing for a minute.
    pub fn read_rest(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.0.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Waits for the answer to a request, and confirms that it was handed on.
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
