//! A connected session, a running engine, and the means to see how a request ended.

use serde_json::json;
use std::fs;
use std::ops::{Deref, DerefMut};
pub(crate) use trusty_tests::WAIT_TIMEOUT;
use trusty_tests::trusty::{TypedOutcome, run_confirmed};
use trusty_tests::wait::{until, until_or};
use trusty_tests::{
    ClientStage, KeyboardKey, LocalApi, ProcessRef, TerminalShape, TestHome, TestStage, Value,
};

/// A connected session and a running engine.
pub(crate) struct AnswerFixture {
    stage: ClientStage,
    pub(crate) local: LocalApi,
    /// Whether programs may answer. Then answers go over the API; otherwise a user types them in a
    /// terminal.
    pub(crate) programs: bool,
}

impl Deref for AnswerFixture {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.stage
    }
}

impl DerefMut for AnswerFixture {
    fn deref_mut(&mut self) -> &mut ClientStage {
        &mut self.stage
    }
}

/// Lets programs answer.
const PROGRAMS_SETTINGS: &str = "[answers]\nprograms = true\n";
/// Holds the requests of sub-agents until they are answered.
pub(crate) const UNTIL_ANSWERED_SETTINGS: &str = "[answers]\nhold_agents = \"until-answered\"\n";

/// The response to an answer over the API: the HTTP status and the problem's code.
pub(crate) type AnswerResponse = (u16, String);

/// An idle session in manual mode; `None` if the tests are to run without Claude Code.
pub(crate) fn open(shape: TerminalShape) -> Option<AnswerFixture> {
    AnswerFixture::open(shape, "manual", "")
}

/// As [`open`], with programs allowed to answer.
pub(crate) fn scripted(shape: TerminalShape) -> Option<AnswerFixture> {
    AnswerFixture::open(shape, "manual", PROGRAMS_SETTINGS)
}

/// As [`open`], with the requests of sub-agents held until they are answered.
pub(crate) fn patient(shape: TerminalShape) -> Option<AnswerFixture> {
    AnswerFixture::open(shape, "manual", UNTIL_ANSWERED_SETTINGS)
}

impl AnswerFixture {
    /// As [`open`], with this permission mode of Claude Code and these settings of Trusty Bar.
    pub(crate) fn open(shape: TerminalShape, mode: &str, settings: &str) -> Option<Self> {
        let accept = |home: &mut TestHome| {
            if mode == "bypassPermissions" {
                // Claude Code asks for confirmation of this mode, and allows root only in a
                // sandbox.
                home.set_env("IS_SANDBOX", "1");
                let file = home.config_dir().join("settings.json");
                let accepted = json!({"skipDangerousModePermissionPrompt": true});
                fs::write(file, accepted.to_string()).expect("written");
            }
        };
        let builder = TestStage::builder().home(accept).settings(settings);
        let arguments = ["--permission-mode", mode];
        let stage = builder.hooks().engine().open(shape, "work", &arguments)?;
        let stage = Self {
            local: LocalApi::for_home(&stage.home),
            stage,
            programs: settings == PROGRAMS_SETTINGS,
        };
        let listed = || stage.session().map(drop);
        until(WAIT_TIMEOUT, "the session in the engine", listed);
        Some(stage)
    }

    /// Ends the session and opens another one in the same folder.
    pub(crate) fn reopen(&mut self, arguments: &[&str]) {
        self.terminal.submit("/exit");
        self.terminal.wait_end(WAIT_TIMEOUT, self.client);
        let shape = self.terminal.shape();
        self.terminal = self.open_at(shape, &self.folder, arguments);
        self.terminal.wait_status(WAIT_TIMEOUT, "idle");
        self.client = self.terminal.client();
    }

    /// The session as the engine lists it.
    pub(crate) fn session(&self) -> Option<Value> {
        self.local.session(self.client.pid)
    }

    /// The requests that can be answered through Trusty Bar, in the order of the list.
    pub(crate) fn held_requests(&self) -> Vec<Value> {
        self.local.held_requests(self.client.pid)
    }

    /// Waits until exactly this number of requests can be answered through Trusty Bar.
    #[track_caller]
    pub(crate) fn wait_held(&self, number: usize) -> Vec<Value> {
        until_or(
            WAIT_TIMEOUT,
            &format!("{number} held requests"),
            || Some(self.held_requests()).filter(|held| held.len() == number),
            || self.diagnosis(),
        )
    }

    /// Waits until no request can be answered through Trusty Bar and no hook waits.
    #[track_caller]
    pub(crate) fn wait_over(&self) {
        self.wait_held(0);
        self.wait_no_hook();
    }

    /// Submits a prompt that leads to one request; the request's id.
    #[track_caller]
    pub(crate) fn ask_permission(&self, prompt: &str) -> String {
        self.terminal.submit(prompt);
        id(&self.wait_held(1)[0])
    }

    /// The hooks that are waiting for an answer.
    pub(crate) fn hooks(&self) -> Vec<ProcessRef> {
        let mut all = ProcessRef::at_home(self.home.path());
        all.retain(|process| {
            let is_hook = process
                .exe()
                .is_some_and(|e| e.ends_with("bin/trusty-hook"));
            let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
            is_hook && line.ends_with(b"PermissionRequest\0")
        });
        all
    }

    #[track_caller]
    pub(crate) fn wait_no_hook(&self) {
        until_or(
            WAIT_TIMEOUT,
            "the end of the hooks",
            || self.hooks().is_empty().then_some(()),
            || self.diagnosis(),
        );
    }

    /// Answers through the API.
    #[track_caller]
    pub(crate) fn answer(&self, request: &str, answer: &Value) -> AnswerResponse {
        let session = self.session().expect("the session is listed");
        self.answer_of(&session, request, answer)
    }

    /// As [`Self::answer`], for a session that was looked up before.
    #[track_caller]
    pub(crate) fn answer_of(
        &self,
        session: &Value,
        request: &str,
        answer: &Value,
    ) -> AnswerResponse {
        let path = format!(
            "/v1/sessions/{}/answer",
            session["id"].as_str().expect("id")
        );
        let body = json!({"request": request, "answer": answer});
        let told = self.local.post(&path, body.to_string());
        (told.status, told.code())
    }

    /// Approves or answers as a user does, by typing in a terminal.
    #[track_caller]
    fn answer_typed(&self, request: &str, answer: &Value) -> TypedOutcome {
        let pid = self.client.pid.to_string();
        let mut words = vec![pid, "--request".to_owned(), request.to_owned()];
        let verb = match answer["kind"].as_str() {
            Some("allow") => "approve",
            Some("always") => {
                let offers = self.whole(request)["card"]["always"].clone();
                let mut offers = offers.as_array().expect("offers").iter();
                let meant = offers.position(|o| o["suggestion"] == answer["suggestion"]);
                words.push(format!("--always={}", meant.expect("an offer") + 1));
                "approve"
            }
            Some("choose") => {
                let questions = self.whole(request)["card"]["questions"].clone();
                let given = answer["answers"].as_array().expect("answers");
                for (question, labels) in questions.as_array().expect("questions").iter().zip(given)
                {
                    words.push(typed_words(question, labels));
                }
                "answer"
            }
            _ => panic!("{answer} needs no terminal"),
        };
        words.insert(0, verb.to_owned());
        run_confirmed(&self.home, &words)
    }

    /// Gives an answer, which the engine accepts, and waits until the request is no longer held.
    #[track_caller]
    pub(crate) fn give_answer(&self, request: &str, answer: &Value) {
        if self.programs || !is_protected(answer) {
            let told = self.answer(request, answer);
            assert_eq!(told, (204, String::new()), "{answer}\n{}", self.diagnosis());
        } else {
            let (code, shown) = self.answer_typed(request, answer);
            assert_eq!(code, Some(0), "{answer}\n{shown}\n{}", self.diagnosis());
        }
        let held = self.held_requests();
        assert!(held.iter().all(|r| id(r) != request), "{held:?}");
    }

    /// Gives an answer, which is refused because the request is no longer pending.
    #[track_caller]
    pub(crate) fn is_late(&self, request: &str, answer: &Value) {
        if !self.programs && is_protected(answer) {
            let (code, shown) = self.answer_typed(request, answer);
            assert_eq!(code, Some(3), "{shown}");
            // The terminal wraps lines anywhere.
            let shown = shown.replace('\n', "");
            assert!(shown.contains("answered elsewhere"), "{shown}");
            return;
        }
        assert_eq!(self.answer(request, answer), (409, "over".to_owned()));
    }

    /// The full request, as the API shows it.
    #[track_caller]
    pub(crate) fn whole(&self, request: &str) -> Value {
        let session = self.session().expect("the session is listed");
        let id = session["id"].as_str().expect("id").to_owned();
        let path = format!("/v1/sessions/{id}/requests/{request}");
        self.local.get(&path)
    }

    #[track_caller]
    pub(crate) fn wait_made(&self, name: &str) {
        until_or(
            WAIT_TIMEOUT,
            &format!("the file {name}"),
            || self.made(name).then_some(()),
            || self.diagnosis(),
        );
    }

    /// The results of the model's calls so far, as text. The transcript may repeat a record, so
    /// each call counts once.
    pub(crate) fn results(&self) -> Vec<String> {
        let mut told: Vec<(String, String)> = Vec::new();
        for line in self.transcripts().lines() {
            let record: Value = serde_json::from_str(line).unwrap_or_default();
            let blocks = record["message"]["content"].as_array();
            for block in blocks.into_iter().flatten() {
                let call = block["tool_use_id"].as_str().unwrap_or_default();
                if block["type"] == "tool_result" && told.iter().all(|(of, _)| of != call) {
                    let content = &block["content"];
                    let text = content.as_str().map_or(content.to_string(), str::to_owned);
                    told.push((call.to_owned(), text));
                }
            }
        }
        told.into_iter().map(|(_, text)| text).collect()
    }

    /// Waits until a call's result contains this text.
    #[track_caller]
    pub(crate) fn wait_result(&self, part: &str) {
        until_or(
            WAIT_TIMEOUT,
            &format!("a result with {part:?}"),
            || {
                self.results()
                    .iter()
                    .any(|r| r.contains(part))
                    .then_some(())
            },
            || format!("{:#?}\n{}", self.results(), self.diagnosis()),
        );
    }

    /// Answers the dialog in the terminal.
    #[track_caller]
    pub(crate) fn press_at(&self, dialog: &str, key: KeyboardKey) {
        self.terminal.wait_screen(WAIT_TIMEOUT, dialog);
        self.terminal.answer(key);
    }

    /// Verifies that no hook waits, nothing asks, and the session answers a prompt.
    #[track_caller]
    pub(crate) fn goes_on(&self, prompt: &str) {
        self.wait_no_hook();
        self.rest();
        self.ask_model(prompt);
        self.rest();
        if self.engine.is_some() {
            until_or(
                WAIT_TIMEOUT,
                "nothing that asks",
                || {
                    let session = self.session()?;
                    let asks = !session["need"].is_null() || has_requests(&session);
                    (!asks).then_some(())
                },
                || self.diagnosis(),
            );
        }
        let text = self.transcripts();
        for noise in ["hook_non_blocking_error", "hook_blocking_error"] {
            let told: Vec<&str> = text.lines().filter(|l| l.contains(noise)).collect();
            assert_eq!(told, [""; 0]);
        }
    }

    pub(crate) fn diagnosis(&self) -> String {
        format!(
            "session: {}\nregistry: {}\nhooks: {:?}\nresults: {:?}\n{}",
            self.session().unwrap_or_default(),
            self.terminal.registry().unwrap_or_default(),
            self.hooks(),
            self.results(),
            self.terminal.screen().trim_end()
        )
    }
}

/// Whether an answer lets something run.
fn is_protected(answer: &Value) -> bool {
    ["allow", "always", "choose"]
        .iter()
        .any(|kind| answer["kind"] == *kind)
}

/// An answer to one question as a user types it: labels, or the user's own words.
fn typed_words(question: &Value, labels: &Value) -> String {
    let labels = labels.as_array().expect("labels").iter();
    let labels: Vec<&str> = labels.filter_map(Value::as_str).collect();
    let options = question["options"].as_array().expect("options");
    let is_option = |label: &str| options.iter().any(|option| option["label"] == label);
    match labels[..] {
        [own] if !is_option(own) => format!("={own}"),
        _ => labels.join(","),
    }
}

fn has_requests(session: &Value) -> bool {
    session["requests"]
        .as_array()
        .is_some_and(|all| !all.is_empty())
}

/// The id of a request.
pub(crate) fn id(request: &Value) -> String {
    request["id"].as_str().expect("an id").to_owned()
}

/// The bodies of answers over the API.
pub(crate) fn allow() -> Value {
    json!({"kind": "allow"})
}

pub(crate) fn deny(message: &str) -> Value {
    json!({"kind": "deny", "message": message})
}

pub(crate) fn stop() -> Value {
    json!({"kind": "stop"})
}
