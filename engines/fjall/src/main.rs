//! Serves the engine over storecheck's engine protocol. With `process-crash` as its argument writes are handed to the
//! system and not synced.

use std::process::ExitCode;

use storecheck::Durability;

fn main() -> ExitCode {
    let class = match std::env::args().nth(1).as_deref() {
        None => Durability::PowerLoss,
        Some("process-crash") => Durability::ProcessCrash,
        Some(other) => {
            eprintln!("error: {other:?} is no durability; `process-crash`, or nothing for power-loss");
            return ExitCode::from(2);
        }
    };
    let engine = storecheck_fjall::engine().keeping(class).expect("it keeps both classes");
    storecheck::protocol::host(&engine)
}
