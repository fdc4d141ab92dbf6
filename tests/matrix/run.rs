//! Runs the cells, two at a time, for at most so long, and prints what came of all.

use crate::cell::{Cell, Kind, State};
use crate::kills::{self, Kill};
use crate::{cycles, pass, stage};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use trusty_tests::Shape;

/// How long a piece may take, unless told.
const PIECE: Duration = Duration::from_mins(9);
const AT_ONCE: usize = 2;

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

/// What was asked for.
struct Asked {
    words: Vec<String>,
    fresh: bool,
    piece: Duration,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Self {
            words: Vec::new(),
            fresh: false,
            piece: PIECE,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo adds it.
                "--bench" => {}
                "--fresh" => asked.fresh = true,
                "--minutes" => {
                    let minutes = arguments.next().and_then(|m| m.parse().ok());
                    asked.piece = Duration::from_mins(minutes.expect("--minutes NUMBER"));
                }
                word => asked.words.push(word.to_owned()),
            }
        }
        asked
    }

    fn wants(&self, job: Job) -> bool {
        let name = job.to_string();
        self.words
            .iter()
            .all(|word| name.split(' ').any(|w| w == word))
    }
}

/// What came of the jobs, kept in a folder so that the next piece goes on from there.
struct Book(PathBuf);

impl Book {
    fn open(fresh: bool) -> Self {
        let exe = std::env::current_exe().expect("a path");
        let target = exe.ancestors().nth(3).expect("target/<profile>/deps");
        let folder = target.join("pause-matrix");
        if fresh {
            // It may not be there yet.
            let _ = fs::remove_dir_all(&folder);
        }
        fs::create_dir_all(&folder).expect("a folder below target");
        Self(folder)
    }

    fn path(&self, job: Job) -> PathBuf {
        self.0.join(job.to_string().replace(' ', "_"))
    }

    fn is_green(&self, job: Job) -> bool {
        fs::read_to_string(self.path(job)).is_ok_and(|told| told == "green")
    }

    fn write(&self, job: Job, told: &str) {
        fs::write(self.path(job), told).expect("written");
    }
}

pub(crate) fn run() -> ExitCode {
    if trusty_tests::require_client().is_none() {
        return ExitCode::SUCCESS;
    }
    let asked = Asked::read();
    let book = Book::open(asked.fresh);
    let jobs: Vec<Job> = Job::all().into_iter().filter(|j| asked.wants(*j)).collect();
    let (impossible, possible): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|j| j.obstacle().is_some());
    if let Some(why) = impossible.first().and_then(|j| j.obstacle()) {
        println!("skipped {} for: {why}", impossible.len());
    }
    let left: VecDeque<Job> = possible
        .iter()
        .copied()
        .filter(|j| !book.is_green(*j))
        .collect();
    println!(
        "{} of {} are green already",
        possible.len() - left.len(),
        possible.len()
    );
    let end = Instant::now() + asked.piece;
    let left = Mutex::new(left);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&left, &book, end));
        }
    });
    report(&book, &possible)
}

fn work(left: &Mutex<VecDeque<Job>>, book: &Book, end: Instant) {
    while Instant::now() < end {
        let next = left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some(job) = next else { return };
        let began = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| job.pass()));
        let took = began.elapsed().as_secs();
        match done {
            Ok(()) => {
                book.write(job, "green");
                println!("green {job} ({took} s)");
            }
            Err(why) => {
                let words = why
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned()))
                    .unwrap_or_default();
                book.write(job, &words);
                println!("RED   {job} ({took} s): {words}");
            }
        }
    }
}

/// The table, and whether all is green.
fn report(book: &Book, jobs: &[Job]) -> ExitCode {
    let mark = |job: Job| match fs::read_to_string(book.path(job)) {
        Ok(told) if told == "green" => "✓",
        Ok(_) => "✗",
        Err(_) => "·",
    };
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
    let green = jobs.iter().filter(|j| book.is_green(**j)).count();
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
