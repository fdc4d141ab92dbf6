//! What the loop has done for it, on a thread of its own: acting takes time, and the loop waits
//! for nobody.

use super::{Command, CommandLease};
use crate::hosts::{ActionError, GivenUp, Hands, HolderState};
use crate::jump::{self, JumpError, UnderWay};
use crate::settings::Settings;
use crate::sources::{Ended, Outlet};
use crate::surroundings::Surroundings;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use trusty_fleet::action::{Plan, Verb};
use trusty_fleet::observation::{Act, HealthKey};
use trusty_fleet::pause::JudgedHold;
use trusty_fleet::session::Source;
use trusty_fleet::{Fact, Session, SessionId};

/// Something to be done.
#[derive(Debug)]
pub(super) enum Job {
    /// A plan, leave to begin it, and who is to be told how it went.
    Perform(Verb, Box<Plan>, CommandLease, Reply),
    /// A record is to be made true.
    Reconcile(SessionId),
    /// A hold that did not hold its session is to be given up.
    GiveUpHold(SessionId, JudgedHold),
    /// The terminal of a session is to come to the front.
    Jump(Box<Session>, CommandLease, Landed),
}

/// Something that was done or failed.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Of an action.
    Acted(SessionId, Verb, Result<(), ActionError>, Reply),
    /// Of a jump.
    Jumped(SessionId, Result<(), JumpError>, Landed),
}

/// Where the outcome of an action is told.
pub(super) type Reply = oneshot::Sender<Result<(), ActionError>>;

/// Where the outcome of a jump is told.
pub(super) type Landed = oneshot::Sender<Result<(), JumpError>>;

/// Where outcomes and facts are told.
#[derive(Debug)]
pub(super) struct Out {
    /// The loop's own, so that whoever asked is told when the snapshot shows it.
    pub(super) outcomes: mpsc::WeakSender<Command>,
    pub(super) facts: Outlet,
}

impl Out {
    async fn tell(&self, outcome: Outcome) {
        // A loop that has ended needs to know nothing.
        if let Some(outcomes) = self.outcomes.upgrade() {
            let _ = outcomes.send(Command::Over(outcome)).await;
        }
    }
}

/// Does what comes, each session's on its own, until the loop has ended.
pub(super) async fn run(around: Surroundings, mut jobs: mpsc::Receiver<Job>, out: Out) -> Ended {
    let (hands, around) = (Hands::new(&around), Arc::new(around));
    let (out, jumps) = (Arc::new(out), UnderWay::default());
    while let Some(job) = jobs.recv().await {
        tokio::spawn(work(
            hands.clone(),
            Arc::clone(&around),
            jumps.clone(),
            job,
            Arc::clone(&out),
        ));
    }
    Ended
}

fn broken(e: &tokio::task::JoinError) -> String {
    format!("it broke off ({e}); run: trusty resume --all")
}

async fn work(
    hands: Hands,
    around: Arc<Surroundings>,
    jumps: UnderWay<Result<(), JumpError>>,
    job: Job,
    out: Arc<Out>,
) {
    match job {
        Job::Perform(verb, plan, lease, reply) => {
            let id = plan.session;
            // Whatever breaks must not look as if it went on for ever.
            let done = tokio::spawn(async move { hands.perform_leased(*plan, &lease).await }).await;
            let mut done = done.unwrap_or_else(|e| Err(ActionError::Failed(broken(&e))));
            // What was asked for is done; what is left of it is told below the list.
            if let Err(left @ ActionError::RecordLeft(..)) = &done {
                let fact = Fact::Health(health_key(id), Some(left.to_string()));
                let _ = out.facts.tell(vec![fact]).await;
                done = Ok(());
            }
            out.tell(Outcome::Acted(id, verb, done, reply)).await;
        }
        Job::Jump(session, lease, reply) => {
            let id = session.id;
            let done = match lease.begin() {
                Ok(()) => jumps.join(id, go(*session, around)).await,
                Err(lapse) => Err(lapse.into()),
            };
            out.tell(Outcome::Jumped(id, done, reply)).await;
        }
        Job::GiveUpHold(id, judged) => match hands.give_up_hold(id, judged) {
            Ok(GivenUp::Removed) => {
                // A loop that has ended needs to know nothing.
                let _ = out.facts.tell(vec![Fact::Act(id, Act::NotHeld)]).await;
            }
            Ok(GivenUp::NothingToDo | GivenUp::HookWaits)
            | Err(ActionError::Busy | ActionError::Held(_)) => {}
            Err(e) => {
                let problem = format!("could not repair the paused session: {e}");
                let fact = Fact::Health(health_key(id), Some(problem));
                // A loop that has ended needs to know nothing.
                let _ = out.facts.tell(vec![fact]).await;
            }
        },
        Job::Reconcile(id) => {
            let problem = match hands.reconcile(id).await {
                Ok(_) | Err(ActionError::Busy) => None,
                Err(ActionError::Held(holder)) if holder.state == HolderState::Running => None,
                Err(e @ (ActionError::RecordLeft(..) | ActionError::Held(_))) => {
                    Some(e.to_string())
                }
                Err(e) => Some(format!("could not repair the paused session: {e}")),
            };
            let key = health_key(id);
            // A loop that has ended needs to know nothing.
            let _ = out.facts.tell(vec![Fact::Health(key, problem)]).await;
        }
    }
}

/// What is told of the pause of one session.
fn health_key(id: SessionId) -> HealthKey {
    HealthKey {
        source: Source::Pause,
        subject: id.to_string(),
    }
}

async fn go(session: Session, around: Arc<Surroundings>) -> Result<(), JumpError> {
    let jumped = tokio::spawn(async move {
        // Read now, so that what was set since our start counts.
        let terminal = Settings::read(&around).terminal;
        jump::jump(&session, &around, &terminal).await
    });
    jumped
        .await
        .unwrap_or_else(|e| Err(JumpError::Failed(e.to_string())))
}
