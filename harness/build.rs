//! Compiles the scenario files in: writes a table of their paths and texts for `src/scenario/builtin.rs`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files = Vec::new();
    find(&root, &mut files)?;
    files.sort();
    let mut table = String::from("static FILES: &[(&str, &str)] = &[\n");
    for path in &files {
        let below = path.strip_prefix(&root).map_err(std::io::Error::other)?;
        let name = below.to_string_lossy().replace('\\', "/");
        // Writing to a String cannot fail.
        let _ = writeln!(table, "    ({name:?}, include_str!({:?})),", path.display().to_string());
    }
    table.push_str("];\n");
    std::fs::write(Path::new(&env("OUT_DIR")).join("scenarios.rs"), table)
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
}

fn find(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={}", dir.display());
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            // Workloads of benchmarks have a syntax of their own.
            if path.file_name().is_some_and(|name| name != "bench") {
                find(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
