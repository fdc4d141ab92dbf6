//! Runs the cells, two at a time, for at most so long, and prints what came of all.

use crate::cell::{Cell, Kind, State};
use crate::kills::{self, Kill};
use crate::pieces::{self, Asked, Book};
use crate::{cycles, pass, stage};
use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use trusty_tests::Shape;

/// Something to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Cell(Cell),
    Kill(Kill),
    Cycles,
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell(cell) => cell.fmt(f),
            Self::Kill(kill) => kill.fmt(f),
            Self::Cycles => f.write_str("cycles"),
        }
    }
}

impl Job {
    fn all() -> Vec<Self> {
        let cells = Cell::all().into_iter().map(Self::Cell);
        let kills = Kill::all().into_iter().map(Self::Kill);
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
            Self::Cell(cell) => pass::pass(cell),
            Self::Kill(kill) => kills::pass(kill),
            Self::Cycles => cycles::pass(),
        }
    }
}

pub(crate) fn run() -> ExitCode {
    if trusty_tests::require_client().is_none() {
        return ExitCode::SUCCESS;
    }
    let asked = Asked::read();
    let book = Book::open("pause-matrix", &asked);
    let jobs: Vec<Job> = Job::all().into_iter().filter(|j| asked.wants(j)).collect();
    let (impossible, possible): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|j| j.obstacle().is_some());
    if let Some(why) = impossible.first().and_then(|j| j.obstacle()) {
        println!("skipped {} for: {why}", impossible.len());
    }
    pieces::run(&possible, &asked, &book, Job::pass);
    report(&book, &possible)
}

/// The table, and whether all is green.
fn report(book: &Book, jobs: &[Job]) -> ExitCode {
    let mark = |job: Job| book.mark(&job);
    let mut rows: BTreeMap<(Kind, String), Vec<(String, &str)>> = BTreeMap::new();
    let mut kills: BTreeMap<(Kind, String), String> = BTreeMap::new();
    for job in jobs {
        match *job {
            Job::Cell(Cell { shape, kind, state }) => {
                let row = rows.entry((kind, name(shape))).or_default();
                row.push((format!("{state:?}"), mark(*job)));
            }
            Job::Kill(Kill { shape, kind, .. }) => {
                kills
                    .entry((kind, name(shape)))
                    .or_default()
                    .push_str(mark(*job));
            }
            Job::Cycles => println!("200 random cycles of five sessions: {}", mark(*job)),
        }
    }
    let states = State::ALL.map(|s| format!("{s:?}"));
    println!(
        "{:<24}{}  killed after each step",
        "",
        states.map(|s| format!("{s:<11}")).concat()
    );
    for ((kind, shape), cells) in rows {
        let of = |s: &State| {
            let state = format!("{s:?}");
            let found = cells.iter().find(|(name, _)| *name == state);
            format!("{:<11}", found.map_or("", |(_, mark)| mark))
        };
        let line: String = State::ALL.iter().map(of).collect();
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

fn name(shape: Shape) -> String {
    format!("{shape:?}")
}
