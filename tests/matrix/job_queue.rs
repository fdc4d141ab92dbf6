//! A long list of jobs, done two at a time for at most so long; what was green is not done again.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt::Display;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a piece may take, unless told.
const RUN_TIME_LIMIT: Duration = Duration::from_mins(9);
const MAX_PARALLEL_JOBS: usize = 2;

/// What was asked for.
pub(crate) struct MatrixArgs {
    words: Vec<String>,
    fresh: bool,
    piece: Duration,
    /// How many jobs are drawn; none tries all.
    sample: Option<usize>,
    /// Decides which jobs are drawn.
    seed: String,
}

impl MatrixArgs {
    pub(crate) fn read() -> Self {
        let mut asked = Self {
            words: Vec::new(),
            fresh: false,
            piece: RUN_TIME_LIMIT,
            sample: None,
            seed: String::new(),
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
                "--sample" => {
                    let count = arguments.next().and_then(|n| n.parse().ok());
                    asked.sample = Some(count.expect("--sample NUMBER"));
                }
                "--seed" => asked.seed = arguments.next().expect("--seed WORD"),
                word => asked.words.push(word.to_owned()),
            }
        }
        asked
    }

    /// Whether all the words are in the job's name.
    pub(crate) fn wants(&self, job: &impl Display) -> bool {
        let name = job.to_string();
        self.words
            .iter()
            .all(|word| name.split(' ').any(|w| w == word))
    }

    /// The jobs of the sample, in an order that follows from the seed alone.
    pub(crate) fn draw<J: Display>(&self, mut jobs: Vec<J>) -> Vec<J> {
        let Some(count) = self.sample else {
            return jobs;
        };
        jobs.sort_by_cached_key(|job| {
            let mut hasher = DefaultHasher::new();
            (&self.seed, job.to_string()).hash(&mut hasher);
            hasher.finish()
        });
        jobs.truncate(count);
        jobs
    }
}

/// What came of the jobs, kept in a folder so that the next piece goes on from there.
pub(crate) struct JobLog(PathBuf);

impl JobLog {
    /// The folder of this name below the target folder.
    pub(crate) fn open(name: &str, asked: &MatrixArgs) -> Self {
        let exe = std::env::current_exe().expect("a path");
        let target = exe.ancestors().nth(3).expect("target/<profile>/deps");
        let folder = target.join(name);
        if asked.fresh {
            // It may not be there yet.
            let _ = fs::remove_dir_all(&folder);
        }
        fs::create_dir_all(&folder).expect("a folder below target");
        Self(folder)
    }

    /// Where something of this name is kept.
    pub(crate) fn path(&self, job: &impl Display) -> PathBuf {
        self.0.join(job.to_string().replace(' ', "_"))
    }

    pub(crate) fn is_green(&self, job: &impl Display) -> bool {
        self.told(job).is_some_and(|told| told == "green")
    }

    /// What came of it, if it was done.
    pub(crate) fn told(&self, job: &impl Display) -> Option<String> {
        fs::read_to_string(self.path(job)).ok()
    }

    /// ✓, ✗, or · if it was not done.
    pub(crate) fn mark(&self, job: &impl Display) -> &'static str {
        match self.told(job) {
            Some(told) if told == "green" => "✓",
            Some(_) => "✗",
            None => "·",
        }
    }

    fn write(&self, job: &impl Display, told: &str) {
        fs::write(self.path(job), told).expect("written");
    }
}

/// Does those that are not green yet, until the time is over.
pub(crate) fn run<J: Display + Copy + Send>(
    jobs: &[J],
    asked: &MatrixArgs,
    book: &JobLog,
    pass: impl Fn(J) + Sync,
) {
    let left: VecDeque<J> = jobs.iter().copied().filter(|j| !book.is_green(j)).collect();
    let green = jobs.len() - left.len();
    println!("{green} of {} are green already", jobs.len());
    let end = Instant::now() + asked.piece;
    let left = Mutex::new(left);
    thread::scope(|scope| {
        for _ in 0..MAX_PARALLEL_JOBS {
            scope.spawn(|| work(&left, book, end, &pass));
        }
    });
}

fn work<J: Display + Copy>(
    left: &Mutex<VecDeque<J>>,
    book: &JobLog,
    end: Instant,
    pass: &impl Fn(J),
) {
    while Instant::now() < end {
        let next = left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some(job) = next else { return };
        let began = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| pass(job)));
        let took = began.elapsed().as_secs();
        match done {
            Ok(()) => {
                book.write(&job, "green");
                println!("green {job} ({took} s)");
            }
            Err(why) => {
                let words = words(why.as_ref());
                book.write(&job, &words);
                println!("RED   {job} ({took} s): {words}");
            }
        }
    }
}

fn words(why: &(dyn Any + Send)) -> String {
    let owned = why.downcast_ref::<String>().cloned();
    let told = owned.or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    told.unwrap_or_default()
}
