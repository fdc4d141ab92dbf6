//! What the loop has done for it, on threads beside it: acting takes time, and the loop waits for
//! nobody.

#[cfg(all(test, target_os = "linux"))]
mod tests;

use crate::command::EngineCommand;
use crate::job::{ActionReply, EngineJob, JobOutcome};
use crate::threads::{StartError, spawn};
use futures_util::FutureExt;
use std::any::Any;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use trusty_actions::jump::{self, JumpError, RunningJumps};
use trusty_actions::lease::CommandLease;
use trusty_actions::{ActionError, ActionExecutor, GiveUpOutcome, HolderState};
use trusty_fleet::action::{ActionKind, Plan};
use trusty_fleet::observation::{ActionProgress, HealthKey};
use trusty_fleet::pause::JudgedHold;
use trusty_fleet::session::Source;
use trusty_fleet::{Fact, Session, SessionId};
use trusty_records::settings::Settings;
use trusty_sources::{ObservationSender, Shutdown};
use trusty_wire::environment::Environment;

/// Where outcomes and facts are told.
#[derive(Debug)]
pub(super) struct JobReporter {
    /// The loop's own, so that whoever asked is told when the snapshot shows it.
    pub(super) outcomes: mpsc::WeakSender<EngineCommand>,
    pub(super) facts: ObservationSender,
}

impl JobReporter {
    async fn report_outcome(&self, outcome: JobOutcome) {
        // A loop that has ended needs to know nothing.
        if let Some(outcomes) = self.outcomes.upgrade() {
            let _ = outcomes.send(EngineCommand::FinishJob(outcome)).await;
        }
    }
}

/// Does what comes, each job on a thread of its own, until the loop has ended. A folder that hangs
/// under one session holds up no other.
pub(super) async fn run_jobs(
    env: Environment,
    mut jobs: mpsc::Receiver<EngineJob>,
    out: JobReporter,
) -> Shutdown {
    let executor = JobExecutor {
        hands: ActionExecutor::new(&env),
        env: Arc::new(env),
        jumps: RunningJumps::default(),
        repairs: RunningRepairs::default(),
        out: Arc::new(out),
    };
    while let Some(job) = jobs.recv().await {
        executor.start_job(job).await;
    }
    Shutdown
}

/// Sessions whose record is being repaired. One that hangs is not repaired a second time meanwhile.
#[derive(Debug, Clone, Default)]
struct RunningRepairs(Arc<Mutex<BTreeSet<SessionId>>>);

impl RunningRepairs {
    fn sessions(&self) -> MutexGuard<'_, BTreeSet<SessionId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether none is running, which one is from now on.
    fn mark_busy(&self, session: SessionId) -> bool {
        self.sessions().insert(session)
    }

    fn mark_idle(&self, session: SessionId) {
        self.sessions().remove(&session);
    }
}

/// Carries out jobs. Clones share what is running.
#[derive(Debug, Clone)]
struct JobExecutor {
    hands: ActionExecutor,
    env: Arc<Environment>,
    jumps: RunningJumps<Result<(), JumpError>>,
    repairs: RunningRepairs,
    out: Arc<JobReporter>,
}

impl JobExecutor {
    /// Starts a job on a thread of its own, or tells why it cannot be started.
    async fn start_job(&self, job: EngineJob) {
        if let Some(session) = job.repaired_session()
            && !self.repairs.mark_busy(session)
        {
            return;
        }
        let job = Arc::new(Mutex::new(Some(job)));
        let (executor, taken) = (self.clone(), Arc::clone(&job));
        let started = spawn("trusty-action", move || async move {
            if let Some(job) = take_job(&taken) {
                Box::pin(executor.execute_job(job)).await;
            }
            Shutdown
        });
        if let Err(e) = started
            && let Some(job) = take_job(&job)
        {
            self.refuse_job(job, &e).await;
        }
    }

    /// Tells that a job could not be started. A repair is tried again later.
    async fn refuse_job(&self, job: EngineJob, e: &StartError) {
        match job {
            EngineJob::Perform(verb, plan, _lease, reply) => {
                let failed = Err(ActionError::Failed(e.to_string()));
                let outcome = JobOutcome::Acted(plan.session, verb, failed, reply);
                self.out.report_outcome(outcome).await;
            }
            EngineJob::Jump(session, _lease, reply) => {
                let failed = Err(JumpError::Failed(e.to_string()));
                self.out
                    .report_outcome(JobOutcome::Jumped(session.id, failed, reply))
                    .await;
            }
            EngineJob::Reconcile(session) | EngineJob::GiveUpHold(session, _) => {
                self.repairs.mark_idle(session);
            }
        }
    }

    async fn execute_job(&self, job: EngineJob) {
        match job {
            EngineJob::Perform(verb, plan, lease, reply) => {
                self.perform(verb, *plan, lease, reply).await;
            }
            EngineJob::Jump(session, lease, reply) => {
                let id = session.id;
                let done = match lease.begin() {
                    Ok(()) => {
                        self.jumps
                            .run_or_wait(id, Box::pin(self.jump(*session)))
                            .await
                    }
                    Err(lapse) => Err(lapse.into()),
                };
                self.out
                    .report_outcome(JobOutcome::Jumped(id, done, reply))
                    .await;
            }
            EngineJob::GiveUpHold(session, judged) => {
                let given_up = async { self.give_up_hold(session, judged) };
                self.repair(session, given_up).await;
            }
            EngineJob::Reconcile(session) => self.repair(session, self.reconcile(session)).await,
        }
    }

    async fn perform(&self, verb: ActionKind, plan: Plan, lease: CommandLease, reply: ActionReply) {
        let id = plan.session;
        // An action that panics must not look as if it went on for ever.
        let done = AssertUnwindSafe(self.hands.perform_leased(plan, &lease));
        let done = done.catch_unwind().await;
        let mut done =
            done.unwrap_or_else(|panic| Err(ActionError::Failed(crash_message(&*panic))));
        // What was asked for is done; what is left of it is told below the list.
        if let Err(left @ ActionError::RecordLeft(..)) = &done {
            let fact = Fact::Health(health_key(id), Some(left.to_string()));
            let _ = self.out.facts.send(vec![fact]).await;
            done = Ok(());
        }
        self.out
            .report_outcome(JobOutcome::Acted(id, verb, done, reply))
            .await;
    }

    async fn jump(&self, session: Session) -> Result<(), JumpError> {
        // Read now, so that what was set since our start counts.
        let terminal = Settings::read(&self.env).terminal;
        let jumped = AssertUnwindSafe(jump::jump(&session, &self.env, &terminal));
        let jumped = jumped.catch_unwind().await;
        jumped.unwrap_or_else(|panic| Err(JumpError::Failed(panic_message(&*panic))))
    }

    /// Carries out a repair, tells what it found, and lets the next one begin.
    async fn repair(&self, session: SessionId, repair: impl Future<Output = Option<Fact>>) {
        let found = AssertUnwindSafe(repair).catch_unwind().await;
        let found = found.unwrap_or_else(|panic| {
            let problem = crash_message(&*panic);
            Some(Fact::Health(health_key(session), Some(problem)))
        });
        self.repairs.mark_idle(session);
        // A loop that has ended needs to know nothing.
        let _ = self.out.facts.send(found.into_iter().collect()).await;
    }

    fn give_up_hold(&self, session: SessionId, judged: JudgedHold) -> Option<Fact> {
        match self.hands.give_up_hold(session, judged) {
            Ok(GiveUpOutcome::Removed) => {
                Some(Fact::ActionProgress(session, ActionProgress::NotHeld))
            }
            Ok(GiveUpOutcome::NothingToDo | GiveUpOutcome::HookWaits)
            | Err(ActionError::Busy | ActionError::Held(_)) => None,
            Err(e) => Some(Fact::Health(
                health_key(session),
                Some(repair_failure_message(&e)),
            )),
        }
    }

    async fn reconcile(&self, session: SessionId) -> Option<Fact> {
        let problem = match self.hands.reconcile(session).await {
            Ok(_) | Err(ActionError::Busy) => None,
            Err(ActionError::Held(holder)) if holder.state == HolderState::Running => None,
            Err(e @ (ActionError::RecordLeft(..) | ActionError::Held(_))) => Some(e.to_string()),
            Err(e) => Some(repair_failure_message(&e)),
        };
        Some(Fact::Health(health_key(session), problem))
    }
}

fn take_job(job: &Mutex<Option<EngineJob>>) -> Option<EngineJob> {
    job.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn repair_failure_message(e: &ActionError) -> String {
    format!("could not repair the paused session: {e}")
}

fn crash_message(panic: &(dyn Any + Send)) -> String {
    format!(
        "the action crashed ({}); run `trusty resume --all` to recover",
        panic_message(panic)
    )
}

/// What a panic says of itself.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("panic").to_owned()
}

/// What is told of the pause of one session.
fn health_key(id: SessionId) -> HealthKey {
    HealthKey {
        source: Source::Pause,
        subject: id.to_string(),
    }
}
