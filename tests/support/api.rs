//! A fake Anthropic Messages API on a port of its own.
//!
//! [`script`] lists the prompts and their answers.

mod request;
pub mod script;
mod sse;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use request::{MessagesRequest, ModelJob};
use script::{ScriptAct, ScriptedFailure, TurnScript};
use sse::{ScriptedMessage, StreamPiece};

const SLOW_COMPACTION_TIME: Duration = Duration::from_secs(5);
const COMPACTION_TIME: Duration = Duration::from_secs(3);
const COMPACTION_TEXT: &str = "<analysis>Short.</analysis><summary>The talk so far.</summary>";

/// A stage in the life of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiEventKind {
    /// The request was read.
    Requested,
    /// The first delta of the answer was sent.
    FirstDelta,
    /// The end of the answer was sent.
    MessageStop,
    /// The request was answered with this HTTP error.
    Failed(u16),
    /// Claude Code disconnected before the end of the answer.
    Disconnected,
}

/// One entry in the log of the fake API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiEvent {
    /// The time of the event.
    pub at: SystemTime,
    /// The session id, if the request names one.
    pub session: Option<String>,
    /// The prompt answered; `(title)` and `(compact)` for Claude Code's own side jobs.
    pub prompt: String,
    /// The number of tool results since the prompt.
    pub step: usize,
    /// What happened to the request.
    pub kind: ApiEventKind,
}

/// A running server, stopped on drop.
pub struct FakeApi {
    address: SocketAddr,
    shared: Arc<FakeApiState>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeApi {
    /// Starts a server on a free port of the loopback interface.
    pub fn start() -> Self {
        let listener =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        listener
            .set_nonblocking(true)
            .expect("a listener that does not block");
        let address = listener.local_addr().expect("a bound listener");
        let shared = Arc::new(FakeApiState::default());
        let (stop, stopped) = oneshot::channel();
        let router = router(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("fake-api".into())
            .spawn(move || serve(listener, router, stopped))
            .expect("a thread for the fake API");
        Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The value for `ANTHROPIC_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All events so far, in order.
    pub fn events(&self) -> Vec<ApiEvent> {
        self.shared.log().clone()
    }

    /// Waits until `find` returns a value for the events so far; panics with them at the deadline.
    #[track_caller]
    pub fn wait<T>(&self, deadline: Duration, mut find: impl FnMut(&[ApiEvent]) -> Option<T>) -> T {
        let end = Instant::now() + deadline;
        let mut log = self.shared.log();
        loop {
            if let Some(found) = find(&log) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let events = describe(&log);
                drop(log);
                panic!("not seen by the fake API within {deadline:?}; its events:\n{events}");
            }
            log = self
                .shared
                .news
                .wait_timeout(log, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Waits for an event of this kind for `prompt`; returns the newest one.
    #[track_caller]
    pub fn wait_for(&self, deadline: Duration, prompt: &str, kind: ApiEventKind) -> ApiEvent {
        self.wait(deadline, |events| {
            events
                .iter()
                .rev()
                .find(|event| event.prompt == prompt && event.kind == kind)
                .cloned()
        })
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been printed already.
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct FakeApiState {
    log: Mutex<Vec<ApiEvent>>,
    news: Condvar,
    failed: Mutex<HashMap<(Option<String>, String), u32>>,
}

impl FakeApiState {
    fn log(&self) -> MutexGuard<'_, Vec<ApiEvent>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this attempt has to fail; attempts are counted by session and prompt.
    fn fails(&self, request: &MessagesRequest, failure: ScriptedFailure) -> bool {
        let Some(times) = failure.times else {
            return true;
        };
        let key = (request.session.clone(), request.prompt.clone());
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failed.entry(key.clone()).or_default();
        *count += 1;
        let fails = *count <= times;
        if !fails {
            failed.remove(&key);
        }
        fails
    }
}

fn describe(events: &[ApiEvent]) -> String {
    events.iter().fold(String::new(), |mut text, event| {
        let _ = writeln!(text, "  {event:?}");
        text
    })
}

fn serve(listener: std::net::TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the fake API");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)
            .expect("a listener in the runtime")
            .tap_io(|socket| {
                let _ = socket.set_nodelay(true);
            });
        tokio::select! {
            _ = stopped => {}
            ended = async { axum::serve(listener, router).await } => {
                ended.expect("a fake API that keeps running");
            }
        }
    });
    // No wait for answers that still stream: they take as long as their scripts say.
    runtime.shutdown_background();
}

fn router(shared: Arc<FakeApiState>) -> Router {
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

async fn count_tokens() -> Json<Value> {
    Json(json!({"input_tokens": 1000}))
}

async fn messages(State(shared): State<Arc<FakeApiState>>, Json(body): Json<Value>) -> Response {
    let request = MessagesRequest::read(&body);
    let mut trace = RequestTrace {
        shared: Arc::clone(&shared),
        session: request.session.clone(),
        prompt: request.prompt.clone(),
        step: request.step,
        done: false,
    };
    trace.log(ApiEventKind::Requested);
    let script = TurnScript::parse(&request.prompt);
    if request.job == ModelJob::Turn
        && let Some(failure) = script.failure
        && shared.fails(&request, failure)
    {
        trace.log(ApiEventKind::Failed(failure.code));
        return error(failure.code);
    }
    let message = ScriptedMessage {
        model: request.model.clone(),
        acts: acts(&request, &script),
    };
    if request.stream {
        return streamed(&message, trace);
    }
    tokio::time::sleep(message.time()).await;
    trace.log(ApiEventKind::MessageStop);
    Json(message.whole()).into_response()
}

fn acts(request: &MessagesRequest, script: &TurnScript) -> Vec<ScriptAct> {
    match request.job {
        ModelJob::Title => vec![ScriptAct::Say(json!({"title": "Test session"}).to_string())],
        // Long enough for a test to observe the compaction.
        ModelJob::Compact => vec![
            ScriptAct::Think(COMPACTION_TIME),
            ScriptAct::Say(COMPACTION_TEXT.into()),
        ],
        ModelJob::CompactSlowly => vec![
            ScriptAct::Stream(SLOW_COMPACTION_TIME),
            ScriptAct::Say(COMPACTION_TEXT.into()),
        ],
        ModelJob::Turn => script
            .message(request.step)
            .iter()
            .cloned()
            .map(|act| match act {
                ScriptAct::Call { tool, input } if tool == "Agent" => ScriptAct::Call {
                    tool: request.agent_tool.to_owned(),
                    input,
                },
                act => act,
            })
            .collect(),
    }
}

fn error(code: u16) -> Response {
    let kind = match code {
        400 => "invalid_request_error",
        401 => "authentication_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "type": "error",
        "error": {"type": kind, "message": format!("scripted {code}")},
    });
    (status, Json(body)).into_response()
}

fn streamed(message: &ScriptedMessage, trace: RequestTrace) -> Response {
    let pieces = VecDeque::from(message.pieces());
    let events = stream::unfold((pieces, trace), |(mut pieces, mut trace)| async move {
        loop {
            let bytes = match pieces.pop_front()? {
                StreamPiece::Pause(time) => {
                    tokio::time::sleep(time).await;
                    continue;
                }
                StreamPiece::Event(bytes) => bytes,
                StreamPiece::FirstDelta(bytes) => {
                    trace.log(ApiEventKind::FirstDelta);
                    bytes
                }
                StreamPiece::Stop(bytes) => {
                    trace.log(ApiEventKind::MessageStop);
                    bytes
                }
            };
            return Some((Ok::<_, Infallible>(bytes), (pieces, trace)));
        }
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")];
    (kind, Body::from_stream(events)).into_response()
}

/// Logs the events of one request; logs the disconnection if dropped before the end.
struct RequestTrace {
    shared: Arc<FakeApiState>,
    session: Option<String>,
    prompt: String,
    step: usize,
    done: bool,
}

impl RequestTrace {
    fn log(&mut self, kind: ApiEventKind) {
        self.done = matches!(
            kind,
            ApiEventKind::MessageStop | ApiEventKind::Failed(_) | ApiEventKind::Disconnected
        );
        self.shared.log().push(ApiEvent {
            at: SystemTime::now(),
            session: self.session.clone(),
            prompt: self.prompt.clone(),
            step: self.step,
            kind,
        });
        self.shared.news.notify_all();
    }
}

impl Drop for RequestTrace {
    fn drop(&mut self) {
        if !self.done {
            self.log(ApiEventKind::Disconnected);
        }
    }
}
