//! `test`: everything that must pass before a change lands, as the README gives it.

use std::process::{Command, ExitCode};

/// Runs the workspace's tests, then the galleries: every mutant must be killed, every eccentric must conform.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let program = match std::env::current_exe() {
        Ok(program) => program.display().to_string(),
        Err(error) => {
            eprintln!("error: this program cannot find itself: {error}");
            return ExitCode::from(7);
        }
    };
    let mut tests = vec![
        cargo,
        "test".to_owned(),
        "--workspace".to_owned(),
        "--profile".to_owned(),
        "xtask".to_owned(),
        "--features".to_owned(),
        "storecheck/cli,storecheck/proptest".to_owned(),
    ];
    tests.extend(arguments.iter().cloned());
    let steps = [tests, vec![program.clone(), "mutants".to_owned()], vec![program, "eccentrics".to_owned()]];
    for step in &steps {
        match Command::new(&step[0]).args(&step[1..]).status() {
            Ok(status) if status.success() => {}
            Ok(status) => {
                eprintln!("error: {} failed: {status}", step[1..].join(" "));
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("error: {} cannot be started: {error}", step[0]);
                return ExitCode::from(7);
            }
        }
    }
    ExitCode::SUCCESS
}
