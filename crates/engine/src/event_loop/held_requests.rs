//! Requests that hooks hold: what is asked about them, and how each hold ends.

use super::EngineLoop;
use crate::request_command::RequestCommand;
use crate::requests::AnswerError;
use tokio::sync::oneshot;
use trusty_fleet::authorization::AnswerAuthor;
use trusty_fleet::derivation::{AnswerReadiness, FleetReview};
use trusty_fleet::given_answer::{GivenAnswer, SettingsChange};
use trusty_fleet::request::{Answer, HookOutcome, RequestId};
use trusty_fleet::{Fact, SessionId, Timestamp};
use trusty_platform::clock;

impl EngineLoop {
    /// All that follows now; hooks that are not to be held any more are let go.
    pub(super) fn refresh_held_requests(&mut self, now: Timestamp) -> FleetReview {
        let review = self.desk.fleet.review(now);
        let gone = self.held.retain_wanted(&review.wanted.held, now);
        if gone.is_empty() {
            return review;
        }
        for (id, request) in gone {
            self.file_request_end(id, request, Some(HookOutcome::Released));
        }
        self.desk.fleet.review(now)
    }

    pub(super) fn handle_request_command(&mut self, command: RequestCommand) {
        match command {
            RequestCommand::Hold(id, asked, way) => {
                let (asking, over) = self.held.hold_request(id, *asked, way);
                let request = asking.id.clone();
                self.file_fact(Fact::RequestHeld(id, Box::new(asking)));
                self.file_request_end(id, request, over);
            }
            RequestCommand::Ended(id, request, over) => {
                let over = self.held.end_request(id, &request, over);
                self.file_request_end(id, request, over);
            }
            RequestCommand::Content(id, request, reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(self.held.content(id, &request));
            }
            RequestCommand::Answer(id, request, answer, author, lease, reply) => {
                match lease.begin() {
                    Ok(()) => self.answer(id, request, &answer, &author, reply),
                    Err(lapse) => self.held.refuse(reply, lapse.into()),
                }
            }
        }
        self.file_recorder_problem();
    }

    /// Files and records the answers that were taken.
    fn file_recorder_problem(&mut self) {
        for (id, given) in self.held.drain_taken() {
            let record = given.record(id, clock::wall());
            self.file_fact(Fact::Answered(id, Box::new(given)));
            if let Some(health) = self.answers.record(record) {
                self.file_fact(health);
            }
        }
    }

    /// Files how a hold ended, if it did.
    fn file_request_end(&mut self, id: SessionId, request: RequestId, over: Option<HookOutcome>) {
        if let Some(over) = over {
            self.file_fact(Fact::RequestEnded(id, request, over));
        }
    }

    fn answer(
        &mut self,
        id: SessionId,
        request: RequestId,
        answer: &Answer,
        author: &AnswerAuthor,
        reply: oneshot::Sender<Result<(), AnswerError>>,
    ) {
        let now = self.clock.now();
        let answerable = self.desk.fleet.answerable(id, &request, now);
        let error = match answerable {
            AnswerReadiness::Paused if !matches!(answer, Answer::Release {}) => AnswerError::Paused,
            AnswerReadiness::Ready | AnswerReadiness::Paused => {
                let changes = self.settings_changes(id, &request, answer);
                let given = GivenAnswer::new(request.clone(), answer, author, changes);
                let over = self.held.answer(id, &request, answer, given, reply);
                return self.file_request_end(id, request, over);
            }
            AnswerReadiness::NotPending => AnswerError::NotPending,
        };
        self.held.refuse(reply, error);
    }

    /// What Claude Code changes in its settings for an answer.
    fn settings_changes(
        &self,
        id: SessionId,
        request: &RequestId,
        answer: &Answer,
    ) -> Vec<SettingsChange> {
        let Answer::Always { suggestion } = answer else {
            return Vec::new();
        };
        let content = self.held.content(id, request);
        let offer = content
            .as_ref()
            .and_then(|c| c.suggestions.get(*suggestion));
        offer.map_or_else(Vec::new, |offer| {
            let now = self.clock.now();
            self.desk.fleet.changes_of_offer(id, offer, now)
        })
    }
}
