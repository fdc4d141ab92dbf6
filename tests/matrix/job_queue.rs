//! A list of jobs, run two at a time within a time limit. Jobs that were green are not repeated.

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

/// How long a run may take, unless `--minutes` is given.
const RUN_TIME_LIMIT: Duration = Duration::from_mins(9);
const MAX_PARALLEL_JOBS: usize = 2;

/// The arguments of a run.
pub(crate) struct MatrixArgs {
    words: Vec<String>,
    fresh: bool,
    piece: Duration,
    /// How many jobs are drawn; none runs all.
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
                // Cargo passes this to every benchmark.
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

/// The results of the jobs, kept in a folder so that the next run continues from there.
pub(crate) struct JobLog(PathBuf);

impl JobLog {
    /// Opens the folder of this name below the target folder, emptied with `--fresh`.
    pub(crate) fn open(name: &str, asked: &MatrixArgs) -> Self {
        let exe = std::env::current_exe().expect("a path");
        let target = exe.ancestors().nth(3).expect("target/<profile>/deps");
        let folder = target.join(name);
        if asked.fresh {
            // The folder may not exist yet.
            let _ = fs::remove_dir_all(&folder);
        }
        fs::create_dir_all(&folder).expect("a folder below target");
        Self(folder)
    }

    /// The file that keeps the result of a job.
    pub(crate) fn path(&self, job: &impl Display) -> PathBuf {
        self.0.join(job.to_string().replace(' ', "_"))
    }

    pub(crate) fn is_green(&self, job: &impl Display) -> bool {
        self.told(job).is_some_and(|told| told == "green")
    }

    /// The result of a job, if it was run.
    pub(crate) fn told(&self, job: &impl Display) -> Option<String> {
        fs::read_to_string(self.path(job)).ok()
    }

    /// ✓, ✗, or · if the job was not run.
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

/// Runs the jobs that are not green yet, and begins none after the time limit.
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
