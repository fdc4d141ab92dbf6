//! The jobs of the answer matrix, and the table of their results.

use crate::cases::{ANSWER_CASES, AnswerCase, NO_TERMINAL_CASES};
use crate::job_queue::{self, JobLog, MatrixArgs};
use crate::latency;
use std::fmt;
use std::process::ExitCode;
use trusty_tests::TerminalShape;

/// How often each case is tried in each terminal.
const RUNS_PER_CASE: usize = 3;
const TESTED_SHAPES: [TerminalShape; 2] = [TerminalShape::TmuxBash, TerminalShape::PtyDirect];

/// One entry of the queue.
#[derive(Clone, Copy)]
enum AnswerJob {
    Case {
        case: AnswerCase,
        shape: TerminalShape,
        time: usize,
    },
    Latency(TerminalShape),
}

impl fmt::Display for AnswerJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case { case, shape, time } => write!(f, "{} {shape:?} {time}", case.0),
            Self::Latency(shape) => write!(f, "latency {shape:?}"),
        }
    }
}

impl AnswerJob {
    /// All jobs, one repetition after another, so that a run that ends early has tried each case.
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for time in 1..=RUNS_PER_CASE {
            for shape in TESTED_SHAPES {
                let elsewhere = NO_TERMINAL_CASES
                    .iter()
                    .filter(|_| shape == TESTED_SHAPES[1]);
                for case in ANSWER_CASES.iter().chain(elsewhere) {
                    all.push(Self::Case {
                        case: *case,
                        shape,
                        time,
                    });
                }
            }
        }
        all
    }

    fn pass(self) {
        if let Self::Case { case, shape, .. } = self {
            (case.1)(shape);
        }
    }
}

pub(crate) fn run() -> ExitCode {
    if trusty_tests::require_client().is_none() {
        return ExitCode::SUCCESS;
    }
    let asked = MatrixArgs::read();
    let book = JobLog::open("answer-matrix", &asked);
    let wanted: Vec<AnswerJob> = AnswerJob::all()
        .into_iter()
        .filter(|j| asked.wants(j))
        .collect();
    let count = wanted.len();
    let jobs = asked.draw(wanted);
    let mut measured: Vec<AnswerJob> = TESTED_SHAPES.map(AnswerJob::Latency).into();
    measured.retain(|j| asked.wants(j) && jobs.len() == count);
    // Latencies are measured before the queue starts, so that no other job takes processor time.
    for job in &measured {
        if let AnswerJob::Latency(shape) = job
            && book.told(job).is_none()
        {
            let figures = latency::measure(*shape);
            std::fs::write(book.path(job), figures).expect("written");
        }
    }
    job_queue::run(&jobs, &asked, &book, AnswerJob::pass);
    for job in &measured {
        println!("\n{}", book.told(job).unwrap_or_default());
    }
    report(&book, &jobs)
}

/// Prints the table, and returns whether all is green.
fn report(book: &JobLog, jobs: &[AnswerJob]) -> ExitCode {
    println!("{:<14}{:<14}{:<14}", "", "TmuxBash", "PtyDirect");
    for case in ANSWER_CASES.iter().chain(&NO_TERMINAL_CASES) {
        let marks = TESTED_SHAPES.map(|shape| {
            let of = |job: &&AnswerJob| {
                matches!(job, AnswerJob::Case { case: known, shape: at, .. }
                    if known.0 == case.0 && *at == shape)
            };
            let marks: String = jobs.iter().filter(of).map(|job| book.mark(job)).collect();
            marks
        });
        if marks.iter().any(|m| !m.is_empty()) {
            println!("{:<14}{:<14}{:<14}", case.0, marks[0], marks[1]);
        }
    }
    let green = jobs.iter().filter(|j| book.is_green(*j)).count();
    println!("{green} of {} are green", jobs.len());
    if green == jobs.len() {
        ExitCode::SUCCESS
    } else {
        println!("run `make answer-matrix` again: it goes on from here");
        ExitCode::FAILURE
    }
}
