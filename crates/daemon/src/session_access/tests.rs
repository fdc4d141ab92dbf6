use super::*;
use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use trusty_client::api_types::VERSION_HEADER;
use trusty_fleet::action::Refusal;
use trusty_fleet::session::ControlModel;
use trusty_platform::sys;
use trusty_wire::version::TRUSTY_VERSION;

/// What a face without an engine of its own was called for, in order.
#[derive(Default)]
struct FaceLog {
    reports: Mutex<Vec<String>>,
    actions_here: Mutex<usize>,
}

impl FaceLog {
    fn note_action(&self) {
        *self.actions_here.lock().expect("lock") += 1;
    }
}

struct EngineFirstFace(FaceLog);

impl Face for EngineFirstFace {
    const JUMP_ORDER: JumpOrder = JumpOrder::EngineFirst;

    fn engine(&self) -> Option<&EngineHandle> {
        None
    }

    fn report(&self, message: &str) {
        self.0
            .reports
            .lock()
            .expect("lock")
            .push(message.to_owned());
    }

    async fn finish<T: Send>(&self, action: impl Future<Output = T> + Send) -> T {
        self.0.note_action();
        action.await
    }
}

/// The order of the app, without the app's engine.
struct HereFirstFace;

impl Face for HereFirstFace {
    const JUMP_ORDER: JumpOrder = JumpOrder::HereFirst;

    fn engine(&self) -> Option<&EngineHandle> {
        None
    }

    fn report(&self, _message: &str) {}

    async fn finish<T: Send>(&self, action: impl Future<Output = T> + Send) -> T {
        action.await
    }
}

/// A user of their own, and the socket at which a test's engine listens or not.
struct FacadeFixture {
    dir: TempDir,
    env: Environment,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FacadeFixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let env = Environment {
            home: dir.path().to_path_buf(),
            ..Environment::default()
        };
        let settings = env.settings_file();
        fs::create_dir_all(settings.parent().expect("folder")).expect("made");
        fs::write(settings, "[discovery]\nconfine = true\n").expect("written");
        Self {
            dir,
            env,
            requests: Arc::default(),
        }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    fn remote(&self) -> EngineClient {
        EngineClient::for_socket(&self.socket(), sys::machine().expect("a machine").uid)
    }

    /// An engine of this version that responds so to every command, and notes its path.
    fn serve(&self, response: impl Fn() -> Response + Clone + Send + Sync + 'static) {
        self.serve_version(TRUSTY_VERSION, response);
    }

    fn serve_version(
        &self,
        version: &'static str,
        response: impl Fn() -> Response + Clone + Send + Sync + 'static,
    ) {
        let requests = Arc::clone(&self.requests);
        let app = Router::new().fallback(move |uri: Uri| {
            let path = uri.path().to_owned();
            let command = path.rsplit('/').next().unwrap_or_default().to_owned();
            requests.lock().expect("lock").push(command);
            let response = ([(VERSION_HEADER, version)], response()).into_response();
            async move { response }
        });
        let listener = UnixListener::bind(self.socket()).expect("bound");
        tokio::spawn(async move { axum::serve(listener, app).await });
    }

    /// An engine that accepts connections and answers none.
    fn hang(&self) {
        let requests = Arc::clone(&self.requests);
        let listener = UnixListener::bind(self.socket()).expect("bound");
        tokio::spawn(async move {
            let mut accepted: Vec<UnixStream> = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                requests.lock().expect("lock").push("connection".to_owned());
                accepted.push(stream);
            }
        });
    }

    fn commands(&self) -> Vec<String> {
        self.requests.lock().expect("lock").clone()
    }

    fn access<F: Face>(&self, face: F) -> SessionAccess<F> {
        SessionAccess::new(face, &self.env, EngineRoute::Any(self.remote()))
    }

    fn command_access(&self) -> SessionAccess<EngineFirstFace> {
        self.access(EngineFirstFace(FaceLog::default()))
    }
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn problem(code: ProblemCode) -> impl Fn() -> Response + Clone + Send + Sync + 'static {
    move || {
        let status = StatusCode::from_u16(code.status()).expect("a status");
        let problem = Problem::new(code, "the words of the engine");
        (status, axum::Json(problem)).into_response()
    }
}

fn session_without_terminal() -> Session {
    Session::new(SessionId::new(), "/", ControlModel::Pty, None)
}

fn actions_here(access: &SessionAccess<EngineFirstFace>) -> usize {
    *access.face().0.actions_here.lock().expect("lock")
}

fn reports(access: &SessionAccess<EngineFirstFace>) -> Vec<String> {
    access.face().0.reports.lock().expect("lock").clone()
}

#[tokio::test]
async fn an_action_that_the_running_engine_takes_is_not_repeated_here() {
    let fixture = FacadeFixture::new();
    fixture.serve(done);
    let access = fixture.command_access();
    access
        .act(SessionId::new(), Action::Resume)
        .await
        .expect("done by the engine");
    assert_eq!(fixture.commands(), ["resume"]);
    assert_eq!(actions_here(&access), 0);
}

#[tokio::test]
async fn a_refusal_of_the_running_engine_is_final() {
    let fixture = FacadeFixture::new();
    fixture.serve(problem(ProblemCode::Busy));
    let access = fixture.command_access();
    let refused = access.act(SessionId::new(), Action::Resume).await;
    let refused = refused.expect_err("refused");
    assert!(matches!(refused, ActionError::Reported(_)), "{refused:?}");
    assert_eq!(refused.to_string(), "the words of the engine");
    assert_eq!(actions_here(&access), 0);
}

#[tokio::test]
async fn an_action_happens_here_where_no_engine_of_this_version_runs() {
    for other_version in [false, true] {
        let fixture = FacadeFixture::new();
        if other_version {
            fixture.serve_version("0.0.0", problem(ProblemCode::NotPaused));
        }
        let access = fixture.command_access();
        let refused = access.act(SessionId::new(), Action::End).await;
        // The scan here knows no such session.
        let refused = refused.expect_err("refused");
        let is_unknown = matches!(refused, ActionError::Refused(Refusal::Ended));
        assert!(is_unknown, "{refused:?}");
        assert_eq!(actions_here(&access), 1);
        assert_eq!(reports(&access), [""; 0]);
    }
}

#[tokio::test]
async fn an_engine_that_hangs_is_reported_once_and_asked_no_more() {
    let fixture = FacadeFixture::new();
    fixture.hang();
    let access = fixture.command_access();
    for _ in 0..2 {
        let refused = access.act(SessionId::new(), Action::End).await;
        assert!(
            matches!(refused, Err(ActionError::Refused(_))),
            "{refused:?}"
        );
    }
    assert_eq!(
        reports(&access),
        ["the running Trusty Bar does not respond; acting directly"]
    );
    assert_eq!(actions_here(&access), 2);
    // The command, and the question whether the engine still responds.
    assert_eq!(fixture.commands().len(), 2);
}

#[tokio::test]
async fn a_jump_of_a_command_is_tried_here_only_where_the_engine_lacks_a_display() {
    let session = session_without_terminal();
    for code in ProblemCode::ALL_CODES {
        let mut fixture = FacadeFixture::new();
        fixture.env.display = Some(":no-such-display".into());
        fixture.serve(problem(*code));
        let failed = fixture.command_access().jump(&session).await;
        let failed = failed.expect_err("nothing can be raised");
        let was_tried_here = !matches!(
            failed,
            JumpError::Reported(_) | JumpError::Partly(_) if failed.to_string().contains("engine")
        );
        let lacks_a_display = [
            ProblemCode::NoDisplay,
            ProblemCode::DisplayUnreachable,
            ProblemCode::NoOpener,
        ];
        assert_eq!(
            was_tried_here,
            lacks_a_display.contains(code),
            "{code:?}: {failed:?}"
        );
    }
    // A command that has no display either passes on what the engine said.
    let fixture = FacadeFixture::new();
    fixture.serve(problem(ProblemCode::NoDisplay));
    let failed = fixture.command_access().jump(&session).await;
    assert!(matches!(failed, Err(JumpError::Reported(_))), "{failed:?}");
}

#[tokio::test]
async fn a_jump_of_the_app_asks_the_engine_only_after_this_process_refused() {
    let fixture = FacadeFixture::new();
    fixture.serve(done);
    let session = session_without_terminal();
    let jumped = fixture.access(HereFirstFace).jump(&session).await;
    jumped.expect("the engine raised the terminal");
    assert_eq!(fixture.commands(), ["jump"]);
}

#[tokio::test]
async fn an_answer_is_never_given_without_the_engine_that_holds_the_request() {
    let session = SessionId::new();
    let request = RequestId("0".repeat(64));
    let answer = async |fixture: &FacadeFixture| {
        let access = fixture.command_access();
        let answered = access
            .answer(session, &request, Answer::Allow {}, AnswerChannel::Terminal)
            .await;
        (answered.expect_err("not given"), actions_here(&access))
    };
    let nobody = FacadeFixture::new();
    let (gone, here) = answer(&nobody).await;
    assert!(matches!(gone, AnswerError::Gone), "{gone:?}");
    assert_eq!(here, 0);
    let hanging = FacadeFixture::new();
    hanging.hang();
    let (unknown, here) = answer(&hanging).await;
    assert!(
        matches!(unknown, AnswerError::OutcomeUnknown(_)),
        "{unknown:?}"
    );
    assert_eq!(here, 0);
}

#[tokio::test]
async fn a_session_that_the_engine_does_not_know_has_no_explanation() {
    let fixture = FacadeFixture::new();
    fixture.serve(problem(ProblemCode::NoSuchSession));
    let explained = fixture.command_access().explain(SessionId::new()).await;
    assert!(matches!(explained, Ok(None)), "{explained:?}");
    let nobody = FacadeFixture::new();
    let explained = nobody.command_access().explain(SessionId::new()).await;
    assert!(
        matches!(explained, Err(ClientError::NotRunning)),
        "{explained:?}"
    );
}
