//! The workspace's command line.

fn main() -> std::process::ExitCode {
    let dir = std::path::Path::new("scenarios");
    match storecheck::scenario::load_dir(dir) {
        Ok(cases) => {
            eprintln!("{} cases", cases.len());
            std::process::ExitCode::SUCCESS
        }
        Err(errors) => {
            for error in &errors {
                eprintln!("{error}\n");
            }
            std::process::ExitCode::from(2)
        }
    }
}
