//! The client of the local API, and the types that the API and the client share.

#![forbid(unsafe_code)]

pub mod api_types;
mod events;

pub use events::{EventStream, LastEvent, ListenMode};

use api_types::{
    ANSWERED_IN_HEADER, API_EVENTS_PATH, DEADLINE_HEADER, LAST_EVENT_HEADER, VERSION_HEADER,
};
use api_types::{AnswerRequest, AttentionRequest, EngineHealth, PauseRequest, StopRequest};
use api_types::{WholeRequest, header_value};
use futures_util::stream::{self, Stream};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::http::request;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::explanation::Explanation;
use trusty_fleet::problem::Problem;
use trusty_fleet::request::RequestId;
use trusty_fleet::{SessionId, Snapshot};
use trusty_platform::{clock, listening_socket};
use trusty_wire::command_deadline::CommandDeadline;
use trusty_wire::discovery::EnginePlaces;
use trusty_wire::engine_vetting::{EngineDoubt, EngineVetting};
use trusty_wire::socket_names;
use trusty_wire::version::TRUSTY_VERSION;

/// How long an engine may take to respond before the engine counts as hung.
const ENGINE_HANG_TIMEOUT: Duration = Duration::from_secs(3);
/// How often the health of an engine is polled while a command is in progress.
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);
/// How long a command may take: raising a terminal waits for several programs in turn.
const COMMAND_RESPONSE_TIMEOUT: Duration = Duration::from_mins(1);
/// The largest response body or event that the client reads.
const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// Why a request to an engine failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No engine listens on the socket.
    #[error("no engine is running")]
    NotRunning,
    /// Another user listens on the socket.
    #[error("{} belongs to another user", .0.display())]
    ForeignSocket(PathBuf),
    /// The engine is of another version.
    #[error("{}", other_version(.0))]
    OtherVersion(String),
    /// The process on the socket did not pass the vetting.
    #[error("{0}")]
    UntrustedEngine(EngineDoubt),
    /// The engine sent an invalid response or event.
    #[error("unexpected answer from the running Trusty Bar: {0}")]
    UnexpectedAnswer(String),
    /// The engine does not respond in time.
    #[error("the running Trusty Bar does not respond")]
    NotResponding,
    /// The engine did not report the outcome of a command in time.
    #[error(
        "the running Trusty Bar did not report an outcome within {} s; the action may still \
         finish: check the session before you try again", COMMAND_RESPONSE_TIMEOUT.as_secs()
    )]
    OutcomeTimeout,
    /// The engine refused, or failed to carry out the command.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// The connection broke.
    #[error("lost the connection to the running Trusty Bar: {0}")]
    ConnectionLost(String),
}

impl ClientError {
    /// Whether the request reached no engine of this version, so that nothing was done.
    pub fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::NotRunning
                | Self::OtherVersion(_)
                | Self::ForeignSocket(_)
                | Self::UntrustedEngine(_)
        )
    }

    /// Whether the engine hangs. A command that has not begun lapses and is not begun later.
    pub fn is_hang(&self) -> bool {
        matches!(self, Self::NotResponding)
    }
}

/// A running engine.
#[derive(Debug, Clone)]
pub struct EngineClient {
    place: EngineEndpoint,
    uid: u32,
    /// Which processes are accepted; without a vetting, every process of this user.
    vetting: Option<EngineVetting>,
}

/// How the socket of a running engine is found.
#[derive(Debug, Clone)]
enum EngineEndpoint {
    /// At this path.
    Socket(PathBuf),
    /// At the recorded place, then in the runtime folder; looked up for each connection.
    Found(Box<EnginePlaces>),
}

impl EngineClient {
    /// The engine behind this socket, running or not. An engine of another user is refused.
    pub fn for_socket(socket: &Path, uid: u32) -> Self {
        Self {
            place: EngineEndpoint::Socket(socket.to_path_buf()),
            uid,
            vetting: None,
        }
    }

    /// The engine of these places, running or not.
    pub fn for_places(places: &EnginePlaces) -> Self {
        Self {
            place: EngineEndpoint::Found(Box::new(places.clone())),
            uid: places.uid(),
            vetting: None,
        }
    }

    /// The same client, which refuses an engine that does not pass this vetting.
    #[must_use]
    pub fn vetted_by(self, vetting: EngineVetting) -> Self {
        Self {
            vetting: Some(vetting),
            ..self
        }
    }

    /// The engine's newest snapshot.
    pub async fn snapshot(&self) -> Result<Snapshot, ClientError> {
        self.get_json("/v1/sessions", ENGINE_HANG_TIMEOUT).await
    }

    /// What each source says of a session, and which source won.
    pub async fn explain(&self, id: SessionId) -> Result<Explanation, ClientError> {
        self.get_json(&format!("/v1/sessions/{id}/why"), ENGINE_HANG_TIMEOUT)
            .await
    }

    async fn get_json<T: DeserializeOwned>(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<T, ClientError> {
        let body = timeout(patience, async {
            let response = self.send_request(Request::get(path)).await?;
            let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES)
                .collect()
                .await;
            body.map_err(|e| ClientError::ConnectionLost(e.to_string()))
        });
        let body = body.await.unwrap_or(Err(ClientError::NotResponding))?;
        read(&body.to_bytes())
    }

    /// Pauses a session.
    pub async fn pause(
        &self,
        id: SessionId,
        how: &PauseRequest,
        deadline: CommandDeadline,
    ) -> Result<(), ClientError> {
        self.post(&format!("/v1/sessions/{id}/pause"), how, deadline)
            .await
    }

    /// Ends the pause of a session.
    pub async fn resume(
        &self,
        id: SessionId,
        deadline: CommandDeadline,
    ) -> Result<(), ClientError> {
        let path = format!("/v1/sessions/{id}/resume");
        self.act(&path, Vec::new(), deadline).await
    }

    /// Ends a session.
    pub async fn stop(
        &self,
        id: SessionId,
        how: StopRequest,
        deadline: CommandDeadline,
    ) -> Result<(), ClientError> {
        self.post(&format!("/v1/sessions/{id}/stop"), &how, deadline)
            .await
    }

    /// Brings the terminal of a session to the front.
    pub async fn jump(&self, id: SessionId, deadline: CommandDeadline) -> Result<(), ClientError> {
        let path = format!("/v1/sessions/{id}/jump");
        self.act(&path, Vec::new(), deadline).await
    }

    async fn post(
        &self,
        path: &str,
        body: &impl Serialize,
        deadline: CommandDeadline,
    ) -> Result<(), ClientError> {
        let body =
            serde_json::to_vec(body).map_err(|e| ClientError::ConnectionLost(e.to_string()))?;
        self.act(path, body, deadline).await
    }

    async fn act(
        &self,
        path: &str,
        body: Vec<u8>,
        deadline: CommandDeadline,
    ) -> Result<(), ClientError> {
        self.act_by(Request::post(path), body, deadline).await
    }

    async fn act_by(
        &self,
        request: request::Builder,
        body: Vec<u8>,
        deadline: CommandDeadline,
    ) -> Result<(), ClientError> {
        let request = request
            .header(DEADLINE_HEADER, header_value(deadline))
            .header(hyper::header::HOST, "trusty")
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)));
        let request = request.map_err(|e| ClientError::ConnectionLost(e.to_string()))?;
        let answer = timeout(COMMAND_RESPONSE_TIMEOUT, async {
            let response = self.send(request).await?;
            // A success counts from any version; a refusal counts from this version only.
            if response.status() == StatusCode::NO_CONTENT {
                return Ok(());
            }
            check_version(&response)?;
            Err(refusal_error(response).await)
        });
        tokio::select! {
            answer = answer => answer.unwrap_or(Err(ClientError::OutcomeTimeout)),
            // Returning closes the connection, which cancels a command that has not begun.
            () = self.wait_until_hung(HEALTH_INTERVAL) => Err(ClientError::NotResponding),
        }
    }

    /// Polls the engine's health at this interval; returns when the engine hangs.
    pub async fn wait_until_hung(&self, interval: Duration) {
        loop {
            clock::sleep(interval).await;
            if self.health().await.is_err_and(|e| e.is_hang()) {
                return;
            }
        }
    }

    /// The engine's snapshots: the current one, then one at each change, until the engine exits.
    pub async fn events(
        &self,
    ) -> Result<impl Stream<Item = Result<Arc<Snapshot>, ClientError>> + use<>, ClientError> {
        let events = self.subscribe(ListenMode::Visible, None).await?;
        Ok(stream::try_unfold(events, async |mut events| {
            Ok(events.next().await?.map(|snapshot| (snapshot, events)))
        }))
    }

    /// The engine's snapshots, resuming from the last event of another connection.
    pub async fn subscribe(
        &self,
        how: ListenMode,
        last: Option<LastEvent>,
    ) -> Result<EventStream, ClientError> {
        let path = match how {
            ListenMode::Visible => API_EVENTS_PATH.to_owned(),
            ListenMode::Hidden => format!("{API_EVENTS_PATH}?looking=false"),
        };
        let mut request = Request::get(path);
        if let Some(LastEvent { id, .. }) = &last {
            request = request.header(LAST_EVENT_HEADER, id);
        }
        let body = self.get(request).await?.into_body();
        Ok(EventStream::new(body, last))
    }

    /// The whole request; none if the request is no longer pending.
    pub async fn request(
        &self,
        id: SessionId,
        request: &RequestId,
    ) -> Result<Option<WholeRequest>, ClientError> {
        let path = format!("/v1/sessions/{id}/requests/{request}");
        match self.get_json(&path, ENGINE_HANG_TIMEOUT).await {
            Ok(whole) => Ok(Some(whole)),
            Err(ClientError::Refused(problem)) if problem.status == 404 => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Answers a request; `channel` is where the user answered. Returns when the hook has passed
    /// the answer to Claude Code.
    pub async fn answer(
        &self,
        id: SessionId,
        answer: &AnswerRequest,
        channel: AnswerChannel,
        deadline: CommandDeadline,
    ) -> Result<(), ClientError> {
        let body =
            serde_json::to_vec(answer).map_err(|e| ClientError::ConnectionLost(e.to_string()))?;
        let request = Request::post(format!("/v1/sessions/{id}/answer"));
        let request = request.header(ANSWERED_IN_HEADER, channel.as_str());
        self.act_by(request, body, deadline).await
    }

    /// Reports that the user has looked.
    pub async fn report_attention(&self, attention: &AttentionRequest) -> Result<(), ClientError> {
        let deadline = CommandDeadline::of_command_sent_now();
        self.post("/v1/attention", attention, deadline).await
    }

    /// The engine's version, process and health.
    pub async fn health(&self) -> Result<EngineHealth, ClientError> {
        self.get_json("/v1/health", ENGINE_HANG_TIMEOUT).await
    }

    async fn get(&self, request: request::Builder) -> Result<Response<Incoming>, ClientError> {
        let answer = timeout(ENGINE_HANG_TIMEOUT, self.send_request(request)).await;
        answer.unwrap_or(Err(ClientError::NotResponding))
    }

    /// The response, without a timeout.
    async fn send_request(
        &self,
        request: request::Builder,
    ) -> Result<Response<Incoming>, ClientError> {
        let request = request.header(hyper::header::HOST, "trusty");
        let request = request.body(Full::new(Bytes::new()));
        let request = request.map_err(|e| ClientError::ConnectionLost(e.to_string()))?;
        let response = self.send(request).await?;
        check_version(&response)?;
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        Err(refusal_error(response).await)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ClientError> {
        let broken = |e: hyper::Error| ClientError::ConnectionLost(e.to_string());
        let stream = self.connect().await?;
        let (mut send, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        tokio::spawn(connection);
        send.send_request(request).await.map_err(broken)
    }

    /// Connects to the first engine that accepts.
    async fn connect(&self) -> Result<UnixStream, ClientError> {
        let sockets = match &self.place {
            EngineEndpoint::Socket(socket) => vec![socket.clone()],
            EngineEndpoint::Found(places) => {
                let folders = places.socket_folders().into_iter();
                folders
                    .map(|folder| socket_names::api_socket(&folder))
                    .collect()
            }
        };
        let mut failed = ClientError::NotRunning;
        for socket in sockets {
            match UnixStream::connect(&socket).await {
                Ok(stream) if listening_socket::is_own(&stream, self.uid) => {
                    match self.vetting.as_ref().map_or(Ok(()), |v| v.vet(&stream)) {
                        Ok(()) => return Ok(stream),
                        Err(doubt) => failed = ClientError::UntrustedEngine(doubt),
                    }
                }
                Ok(_) => failed = ClientError::ForeignSocket(socket),
                Err(e) => match e.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {}
                    // The backlog is full because the engine no longer accepts connections.
                    io::ErrorKind::WouldBlock => failed = ClientError::NotResponding,
                    _ => failed = ClientError::ConnectionLost(e.to_string()),
                },
            }
        }
        Err(failed)
    }
}

fn check_version(response: &Response<Incoming>) -> Result<(), ClientError> {
    let told = response.headers().get(VERSION_HEADER);
    match told.and_then(|v| v.to_str().ok()) {
        Some(TRUSTY_VERSION) => Ok(()),
        other => Err(ClientError::OtherVersion(other.unwrap_or("unknown").into())),
    }
}

/// The message that names the program to restart.
fn other_version(other: &str) -> String {
    let parts = |version: &str| -> Option<Vec<u64>> {
        let numbers = version.split(['-', '+']).next()?.split('.');
        numbers.map(|n| n.parse().ok()).collect()
    };
    let told = format!("the running Trusty Bar is version {other}");
    match (parts(other), parts(TRUSTY_VERSION)) {
        (Some(a), Some(b)) if a < b => {
            format!(
                "{told}, which is older than this program ({TRUSTY_VERSION}); restart Trusty Bar"
            )
        }
        (Some(a), Some(b)) if a > b => {
            format!(
                "{told}, which is newer than this program ({TRUSTY_VERSION}); restart this program"
            )
        }
        _ => format!("{told}, and this program is {TRUSTY_VERSION}; restart the older one"),
    }
}

/// The problem in the response of an engine of this version.
async fn refusal_error(response: Response<Incoming>) -> ClientError {
    let status = response.status();
    match Limited::new(response.into_body(), MAX_RESPONSE_BYTES)
        .collect()
        .await
    {
        Ok(body) => match read(&body.to_bytes()) {
            Ok(problem) => ClientError::Refused(Box::new(problem)),
            Err(_) => ClientError::UnexpectedAnswer(status.to_string()),
        },
        Err(e) => ClientError::ConnectionLost(e.to_string()),
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(bytes).map_err(|e| ClientError::UnexpectedAnswer(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    /// The result of a command at an engine of another version that responds with this status.
    async fn told_by_another(status: &'static str) -> Result<(), ClientError> {
        let dir = tempfile::tempdir().expect("folder");
        let socket = dir.path().join("s");
        let listener = UnixListener::bind(&socket).expect("socket");
        let answer = async {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut asked = [0; 4096];
            assert!(stream.read(&mut asked).await.expect("asked") > 0);
            let head = format!("HTTP/1.1 {status}\r\nx-trusty-version: 0.0.0\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("answered");
        };
        let remote = EngineClient::for_socket(&socket, rustix::process::getuid().as_raw());
        tokio::join!(
            answer,
            remote.resume(SessionId::new(), CommandDeadline::of_command_sent_now())
        )
        .1
    }

    #[test]
    fn the_older_one_is_to_be_restarted() {
        let told = |other: &str| ClientError::OtherVersion(other.into()).to_string();
        assert!(told("0.0.9").ends_with("older than this program (0.2.0); restart Trusty Bar"));
        assert!(
            told("0.10.0-rc.1").ends_with("newer than this program (0.2.0); restart this program")
        );
        assert!(told("unknown").ends_with("restart the older one"));
    }

    #[tokio::test]
    async fn what_another_version_has_done_is_done() {
        told_by_another("204 No Content").await.expect("done");
        let refused = told_by_another("409 Conflict").await;
        assert!(refused.expect_err("not done").is_absence());
    }
}
