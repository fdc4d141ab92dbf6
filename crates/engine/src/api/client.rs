//! The other end of the local API, for faces that run no engine.

use super::{PauseRequest, Problem, StopRequest, VERSION, VERSION_HEADER};
use crate::io::socket;
use futures_util::stream::{self, Stream};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;
use trusty_fleet::why::Explanation;
use trusty_fleet::{SessionId, Snapshot};

/// How long an engine may take to answer before we go on without it.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long an action may take: a terminal is waited for, step by step.
const ACTION: Duration = Duration::from_mins(1);
/// An engine sends something every 15 s, if only a comment; one that does not has stopped.
const HEARTBEAT: Duration = Duration::from_secs(40);
/// The most we take of one answer or event.
const MOST: usize = 64 << 20;

/// Why an engine gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no engine runs")]
    Nobody,
    /// Somebody else listens there.
    #[error("{} belongs to another user", .0.display())]
    Foreign(PathBuf),
    /// Another version answers.
    #[error("the running Trusty Bar is version {0}, this is {VERSION}; restart the older one")]
    OtherVersion(String),
    /// It answered something we do not understand.
    #[error("the running Trusty Bar answered {0}")]
    Answer(String),
    /// It did not answer in time.
    #[error("the running Trusty Bar does not answer")]
    Silent,
    /// It did not do what was asked.
    #[error("{}", .0.detail)]
    Refused(Problem),
    /// The connection broke.
    #[error("the connection to the running Trusty Bar broke: {0}")]
    Broken(String),
}

impl ClientError {
    /// Whether no engine was asked that has done anything.
    pub fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Nobody | Self::OtherVersion(_) | Self::Foreign(_)
        )
    }
}

/// A running engine.
#[derive(Debug, Clone)]
pub struct Remote {
    socket: PathBuf,
    uid: u32,
}

impl Remote {
    /// The engine behind this socket, whether it runs or not. Only one of this user is believed.
    pub fn at(socket: &Path, uid: u32) -> Self {
        Self {
            socket: socket.to_path_buf(),
            uid,
        }
    }

    /// Its newest snapshot.
    pub async fn snapshot(&self) -> Result<Snapshot, ClientError> {
        self.whole("/v1/sessions").await
    }

    /// Why a session is what it is.
    pub async fn why(&self, id: SessionId) -> Result<Explanation, ClientError> {
        self.whole(&format!("/v1/sessions/{id}/why")).await
    }

    async fn whole<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let response = self.get(path).await?;
        let body = timeout(PATIENCE, Limited::new(response.into_body(), MOST).collect())
            .await
            .map_err(|_| ClientError::Silent)?
            .map_err(|e| ClientError::Broken(e.to_string()))?;
        read(&body.to_bytes())
    }

    /// Pauses a session.
    pub async fn pause(&self, id: SessionId, how: &PauseRequest) -> Result<(), ClientError> {
        let body = serde_json::to_vec(how).map_err(|e| ClientError::Broken(e.to_string()))?;
        self.act(&format!("/v1/sessions/{id}/pause"), body).await
    }

    /// Ends the pause of a session.
    pub async fn resume(&self, id: SessionId) -> Result<(), ClientError> {
        let path = format!("/v1/sessions/{id}/resume");
        self.act(&path, Vec::new()).await
    }

    /// Ends a session.
    pub async fn stop(&self, id: SessionId, how: StopRequest) -> Result<(), ClientError> {
        let body = serde_json::to_vec(&how).map_err(|e| ClientError::Broken(e.to_string()))?;
        self.act(&format!("/v1/sessions/{id}/stop"), body).await
    }

    /// Brings the terminal of a session to the front.
    pub async fn jump(&self, id: SessionId) -> Result<(), ClientError> {
        let path = format!("/v1/sessions/{id}/jump");
        self.act(&path, Vec::new()).await
    }

    async fn act(&self, path: &str, body: Vec<u8>) -> Result<(), ClientError> {
        let request = Request::post(path)
            .header(hyper::header::HOST, "trusty")
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)));
        let request = request.map_err(|e| ClientError::Broken(e.to_string()))?;
        let answer = timeout(ACTION, async {
            let response = self.send(request).await?;
            // What another version has done is done; what it has not is not for it to refuse.
            if response.status() == StatusCode::NO_CONTENT {
                return Ok(());
            }
            check_version(&response)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST).collect().await;
            let body = body.map_err(|e| ClientError::Broken(e.to_string()))?;
            Err(match read(&body.to_bytes()) {
                Ok(problem) => ClientError::Refused(problem),
                Err(_) => ClientError::Answer(status.to_string()),
            })
        });
        answer.await.unwrap_or(Err(ClientError::Silent))
    }

    /// Its snapshots: one at once, one at each change. Ends when the engine does.
    pub async fn events(
        &self,
    ) -> Result<impl Stream<Item = Result<Snapshot, ClientError>> + use<>, ClientError> {
        let body = self.get("/v1/events").await?.into_body();
        Ok(stream::try_unfold(
            (body, Vec::new()),
            async |(mut body, mut bytes)| {
                loop {
                    if let Some(event) = take_event(&mut bytes) {
                        return Ok(Some((read(&event)?, (body, bytes))));
                    }
                    let frame = timeout(HEARTBEAT, body.frame())
                        .await
                        .map_err(|_| ClientError::Silent)?;
                    match frame {
                        None => return Ok(None),
                        Some(Err(e)) => return Err(ClientError::Broken(e.to_string())),
                        Some(Ok(frame)) => bytes.extend(frame.into_data().unwrap_or_default()),
                    }
                    if bytes.len() > MOST {
                        return Err(ClientError::Answer("with an event without an end".into()));
                    }
                }
            },
        ))
    }

    async fn get(&self, path: &str) -> Result<Response<Incoming>, ClientError> {
        let response = timeout(PATIENCE, self.request(path)).await;
        let response = response.map_err(|_| ClientError::Silent)??;
        check_version(&response)?;
        match response.status() {
            StatusCode::OK => Ok(response),
            other => Err(ClientError::Answer(other.to_string())),
        }
    }

    async fn request(&self, path: &str) -> Result<Response<Incoming>, ClientError> {
        let request = Request::get(path).header(hyper::header::HOST, "trusty");
        let request = request.body(Full::new(Bytes::new()));
        let request = request.map_err(|e| ClientError::Broken(e.to_string()))?;
        self.send(request).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ClientError> {
        let broken = |e: hyper::Error| ClientError::Broken(e.to_string());
        let stream = match UnixStream::connect(&self.socket).await {
            Ok(stream) => stream,
            Err(e) => {
                return Err(match e.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                        ClientError::Nobody
                    }
                    _ => ClientError::Broken(e.to_string()),
                });
            }
        };
        if !socket::is_own(&stream, self.uid) {
            return Err(ClientError::Foreign(self.socket.clone()));
        }
        let (mut send, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        tokio::spawn(connection);
        send.send_request(request).await.map_err(broken)
    }
}

fn check_version(response: &Response<Incoming>) -> Result<(), ClientError> {
    let told = response.headers().get(VERSION_HEADER);
    match told.and_then(|v| v.to_str().ok()) {
        Some(VERSION) => Ok(()),
        other => Err(ClientError::OtherVersion(other.unwrap_or("unknown").into())),
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(bytes)
        .map_err(|e| ClientError::Answer(format!("what is not understood: {e}")))
}

/// Takes the data of the first whole event out of a stream of server-sent events; comments and
/// other fields are skipped.
fn take_event(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        let end = bytes.windows(2).position(|w| w == b"\n\n")? + 2;
        let event: Vec<u8> = bytes.drain(..end).collect();
        let lines = event.split(|b| *b == b'\n');
        let data: Vec<&[u8]> = lines
            .filter_map(|l| l.strip_prefix(b"data:"))
            .map(|l| l.strip_prefix(b" ").unwrap_or(l))
            .collect();
        if !data.is_empty() {
            return Some(data.join(&b'\n'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    /// What a client is told by an engine of another version that answers so.
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
        let remote = Remote::at(&socket, rustix::process::getuid().as_raw());
        tokio::join!(answer, remote.resume(SessionId::new())).1
    }

    #[tokio::test]
    async fn what_another_version_has_done_is_done() {
        told_by_another("204 No Content").await.expect("done");
        let refused = told_by_another("409 Conflict").await;
        assert!(refused.expect_err("not done").is_absence());
    }

    #[test]
    fn events_are_taken_whole() {
        let mut bytes = b": keep-alive\n\nid: 1\ndata: {\"a\":\ndata: 1}\n\ndata: ha".to_vec();
        assert_eq!(take_event(&mut bytes).as_deref(), Some(&b"{\"a\":\n1}"[..]));
        assert_eq!(take_event(&mut bytes), None);
        bytes.extend(b"lf\n\n");
        assert_eq!(take_event(&mut bytes).as_deref(), Some(&b"half"[..]));
        assert!(bytes.is_empty());
    }
}
