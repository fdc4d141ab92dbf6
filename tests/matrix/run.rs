//! Runs the cells, two at a time within a time limit, and prints all results.

use crate::cell::{ClientState, Kind, MatrixCell};
use crate::job_queue::{self, JobLog, MatrixArgs};
use crate::kills::{self, StepKill};
use crate::{cell_run, cycles, stage};
use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use trusty_tests::TerminalShape;

/// One entry of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MatrixJob {
    Cell(MatrixCell),
    Kill(StepKill),
    Cycles,
}

impl fmt::Display for MatrixJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell(cell) => cell.fmt(f),
            Self::Kill(kill) => kill.fmt(f),
            Self::Cycles => f.write_str("cycles"),
        }
    }
}

impl MatrixJob {
    fn all() -> Vec<Self> {
        let cells = MatrixCell::all().into_iter().map(Self::Cell);
        let kills = StepKill::all().into_iter().map(Self::Kill);
        cells.chain(kills).chain([Self::Cycles]).collect()
    }

    fn obstacle(self) -> Option<&'static str> {
        match self {
            Self::Cell(cell) => stage::obstacle(cell),
            Self::Kill(kill) => stage::obstacle(kill.cell()),
            Self::Cycles => None,
        }
    }

    fn pass(self) {
        match self {
            Self::Cell(cell) => cell_run::pass(cell),
            Self::Kill(kill) => kills::pass(kill),
            Self::Cycles => cycles::pass(),
        }
    }
}

pub(crate) fn run() -> ExitCode {
    if trusty_tests::require_client().is_none() {
        return ExitCode::SUCCESS;
    }
    let asked = MatrixArgs::read();
    let book = JobLog::open("pause-matrix", &asked);
    let jobs: Vec<MatrixJob> = MatrixJob::all()
        .into_iter()
        .filter(|j| asked.wants(j))
        .collect();
    let (impossible, possible): (Vec<MatrixJob>, Vec<MatrixJob>) =
        jobs.into_iter().partition(|j| j.obstacle().is_some());
    if let Some(why) = impossible.first().and_then(|j| j.obstacle()) {
        println!("skipped {} for: {why}", impossible.len());
    }
    let possible = asked.draw(possible);
    job_queue::run(&possible, &asked, &book, MatrixJob::pass);
    report(&book, &possible)
}

/// Prints the table, and returns whether all is green.
fn report(book: &JobLog, jobs: &[MatrixJob]) -> ExitCode {
    let mark = |job: MatrixJob| book.mark(&job);
    let mut rows: BTreeMap<(Kind, String), Vec<(String, &str)>> = BTreeMap::new();
    let mut kills: BTreeMap<(Kind, String), String> = BTreeMap::new();
    for job in jobs {
        match *job {
            MatrixJob::Cell(MatrixCell { shape, kind, state }) => {
                let row = rows.entry((kind, name(shape))).or_default();
                row.push((format!("{state:?}"), mark(*job)));
            }
            MatrixJob::Kill(StepKill { shape, kind, .. }) => {
                kills
                    .entry((kind, name(shape)))
                    .or_default()
                    .push_str(mark(*job));
            }
            MatrixJob::Cycles => println!("200 random cycles of five sessions: {}", mark(*job)),
        }
    }
    let states = ClientState::ALL_STATES.map(|s| format!("{s:?}"));
    println!(
        "{:<24}{}  killed after each step",
        "",
        states.map(|s| format!("{s:<11}")).concat()
    );
    for ((kind, shape), cells) in rows {
        let of = |s: &ClientState| {
            let state = format!("{s:?}");
            let found = cells.iter().find(|(name, _)| *name == state);
            format!("{:<11}", found.map_or("", |(_, mark)| mark))
        };
        let line: String = ClientState::ALL_STATES.iter().map(of).collect();
        let killed = kills.remove(&(kind, shape.clone())).unwrap_or_default();
        println!("{:<24}{line}  {killed}", format!("{} {shape}", kind.name()));
    }
    let green = jobs.iter().filter(|j| book.is_green(*j)).count();
    println!("{green} of {} are green", jobs.len());
    if green == jobs.len() {
        ExitCode::SUCCESS
    } else {
        println!("run `make pause-matrix` again: it goes on from here");
        ExitCode::FAILURE
    }
}

fn name(shape: TerminalShape) -> String {
    format!("{shape:?}")
}
