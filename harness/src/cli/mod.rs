//! The command line: parse, run the verb, report, exit.

mod args;
mod check;
mod corpus;
mod coverage;
mod decode;
mod diff;
mod fmt;
mod journal;
mod keys;
mod lab;
mod lift;
mod list;
mod live;
mod matrix;
mod progress;
mod replay;
mod run;
mod scrub;

use std::process::ExitCode;

use clap::Parser as _;

use crate::error::ExpectedError;

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // clap prints help to standard output and errors to standard error, with the statuses 0 and 2.
            let code = u8::try_from(error.exit_code()).unwrap_or(crate::exit_code::BAD_INPUT);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let result = match &args.verb {
        args::Verb::Decode(decode) => decode::run(decode),
        args::Verb::Check(check) => check::run(check),
        args::Verb::Diff(diff) => diff::run(diff),
        args::Verb::Lift(lift) => lift::run(lift),
        args::Verb::Replay(args) => replay::replay(args),
        args::Verb::Regress(args) => replay::regress(args),
        args::Verb::Scrub(scrub) => scrub::run(scrub),
        args::Verb::Kit => {
            check::write_out(crate::kit::SCRIPT.as_bytes()).map(|()| crate::exit_code::AS_EXPECTED)
        }
        args::Verb::Corpus(corpus) => corpus::run(corpus),
        args::Verb::Run(run) => run::run(run),
        args::Verb::Fmt(fmt) => fmt::run(fmt),
        args::Verb::List(list) => list::run(list),
        args::Verb::Lab(lab) => lab::run(lab),
        args::Verb::Connect(connect) => live::connect(connect),
        args::Verb::Serve(serve) => live::serve(serve),
        args::Verb::Coverage(coverage) => coverage::run(coverage),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) if error.is_broken_pipe() => ExitCode::from(crate::exit_code::AS_EXPECTED),
        Err(error) => fail(&error),
    }
}

fn fail(error: &ExpectedError) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(error.exit_code())
}
