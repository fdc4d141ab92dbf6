//! Records answers on a thread of its own: a disk that hangs or is full delays none.

use crate::threads::{self, StartError};
use tokio::sync::mpsc;
use trusty_fleet::Fact;
use trusty_fleet::given_answer::AnswerRecord;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_records::answer_log::AnswerLog;
use trusty_sources::{ObservationSender, Shutdown};

/// Records that may wait to be written. Nobody answers as many while a disk hangs.
const MAX_WAITING_RECORDS: usize = 256;

/// Where the loop hands over what is to be recorded.
#[derive(Debug)]
pub(super) struct AnswerRecorder {
    records: mpsc::Sender<AnswerRecord>,
    key: HealthKey,
}

impl AnswerRecorder {
    /// Starts the thread that writes; what is wrong with that is told as health.
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

    /// Records an answer without waiting; the health to be filed if that is not possible.
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
