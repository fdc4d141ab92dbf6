//! The jobs, and the table of what came of them.

use crate::cases::{CASES, Case, ELSEWHERE};
use crate::latency;
use crate::pieces::{self, Asked, Book};
use std::fmt;
use std::process::ExitCode;
use trusty_tests::Shape;

/// How often each case is tried in each terminal.
const TIMES: usize = 3;
const SHAPES: [Shape; 2] = [Shape::TmuxBash, Shape::PtyDirect];

/// Something to be tried.
#[derive(Clone, Copy)]
enum Job {
    Case {
        case: Case,
        shape: Shape,
        time: usize,
    },
    Latency(Shape),
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case { case, shape, time } => write!(f, "{} {shape:?} {time}", case.0),
            Self::Latency(shape) => write!(f, "latency {shape:?}"),
        }
    }
}

impl Job {
    /// All repetitions one after another, so that a piece has tried each case.
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for time in 1..=TIMES {
            for shape in SHAPES {
                let elsewhere = ELSEWHERE.iter().filter(|_| shape == SHAPES[1]);
                for case in CASES.iter().chain(elsewhere) {
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
    let asked = Asked::read();
    let book = Book::open("answer-matrix", &asked);
    let measured: Vec<Job> = SHAPES
        .map(Job::Latency)
        .into_iter()
        .filter(|j| asked.wants(j))
        .collect();
    // By themselves, for nothing else may take the machine's time meanwhile.
    for job in &measured {
        if let Job::Latency(shape) = job
            && book.told(job).is_none()
        {
            let figures = latency::measure(*shape);
            std::fs::write(book.path(job), figures).expect("written");
        }
    }
    let jobs: Vec<Job> = Job::all().into_iter().filter(|j| asked.wants(j)).collect();
    pieces::run(&jobs, &asked, &book, Job::pass);
    for job in &measured {
        println!("\n{}", book.told(job).unwrap_or_default());
    }
    report(&book, &jobs)
}

/// The table, and whether all is green.
fn report(book: &Book, jobs: &[Job]) -> ExitCode {
    println!("{:<14}{:<14}{:<14}", "", "TmuxBash", "PtyDirect");
    for case in CASES.iter().chain(&ELSEWHERE) {
        let marks = SHAPES.map(|shape| {
            let of = |job: &&Job| {
                matches!(job, Job::Case { case: known, shape: at, .. }
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
