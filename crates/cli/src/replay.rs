//! `trusty replay`

use crate::failure::CommandFailure;
use crate::json_output::print_json;
use crate::terminal_output;
use anyhow::Context;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use trusty_engine::recording::{self, ParsedRecording};

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// Recording made by `trusty record`
    file: PathBuf,
    /// Print JSON, one object a line, as `trusty watch --json` does
    #[arg(long)]
    json: bool,
}

pub(crate) fn print_replay(replay: &ReplayArgs) -> Result<(), CommandFailure> {
    let name = replay.file.display().to_string();
    let file = File::open(&replay.file).with_context(|| format!("failed to open {name}"))?;
    let log = recording::read(BufReader::new(file)).with_context(|| name.clone())?;
    warn(&log, &name);
    let moments = recording::timeline(&log);
    if replay.json {
        for moment in &moments {
            print_json(moment.snapshot.as_ref())?;
        }
    } else {
        for told in recording::describe_timeline(&log, &moments) {
            terminal_output::print(&format!("{told}\n"))?;
        }
    }
    Ok(())
}

fn warn(log: &ParsedRecording, name: &str) {
    for problem in &log.problems {
        terminal_output::print_diagnostic(&format!("{name}: {problem}"));
    }
    if log.more_problems > 0 {
        let more = match log.more_problems {
            1 => "1 more problem is".to_owned(),
            n => format!("{n} more problems are"),
        };
        terminal_output::print_diagnostic(&format!("{name}: {more} not shown"));
    }
}
