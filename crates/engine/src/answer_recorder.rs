//! Records answers on a thread of its own, so that a full or unresponsive disk delays no answer.

use crate::threads::{self, StartError};
use tokio::sync::mpsc;
use trusty_fleet::Fact;
use trusty_fleet::given_answer::AnswerRecord;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_records::answer_log::AnswerLog;
use trusty_sources::{ObservationSender, Shutdown};

/// The most records that wait to be written; a user gives fewer answers while a disk hangs.
const MAX_WAITING_RECORDS: usize = 256;

/// The loop's sender of the answers to record.
#[derive(Debug)]
pub(super) struct AnswerRecorder {
    records: mpsc::Sender<AnswerRecord>,
    key: HealthKey,
}

impl AnswerRecorder {
    /// Starts the writing thread; its failures are reported as health on `out`.
    pub(super) fn start(log: AnswerLog, out: ObservationSender) -> Result<Self, StartError> {
        let (records, mut waiting) = mpsc::channel::<AnswerRecord>(MAX_WAITING_RECORDS);
        let key = HealthKey {
            source: Source::Engine,
            subject: log.file().display().to_string(),
        };
        let told = key.clone();
        threads::spawn("trusty-answers", move || async move {
            let mut is_failing = false;
            while let Some(record) = waiting.recv().await {
                let failure = log.append(&record).err();
                if failure.is_some() || is_failing {
                    is_failing = failure.is_some();
                    let failure = failure.map(|e| health_message(&e.to_string()));
                    let health = Fact::Health(told.clone(), failure);
                    if out.send(vec![health]).await.is_err() {
                        return Shutdown;
                    }
                }
            }
            Shutdown
        })?;
        Ok(Self { records, key })
    }

    /// Queues a record without waiting; returns the health fact to file if the queue takes none.
    pub(super) fn record(&self, record: AnswerRecord) -> Option<Fact> {
        let lost = self.records.try_send(record).is_err();
        lost.then(|| {
            let failure = health_message("the disk does not respond");
            Fact::Health(self.key.clone(), Some(failure))
        })
    }
}

fn health_message(why: &str) -> String {
    format!("could not record an answer: {why}")
}
