//! What the machine itself can do, measured in the same run: no engine is faster, and how far it is from that tells more
//! than its rank.

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::keys::{Pairs, key};

/// A limit by its name, with what it is and what is counted.
pub const LIMITS: [(&str, &str, &str); 4] = [
    ("sequential-write", "write of 1 MiB after another to one file, not synced", "MiB/s"),
    ("append-fdatasync", "append of 4 KiB, then fdatasync", "syncs/s"),
    ("map-get", "get from a BTreeMap of the standard library, with a copy of the value", "gets/s"),
    ("memcpy", "copy of 1 MiB of memory", "MiB/s"),
];

const MIB: usize = 1 << 20;

/// One round of each of [`LIMITS`], in a file that is made in `dir`; `keys` in the map.
///
/// # Errors
/// When the file cannot be made or written.
pub fn measure(dir: &Path, keys: u64, time: Duration) -> io::Result<[f64; 4]> {
    let path = dir.join("limits");
    let block = vec![0x5A_u8; MIB];
    let mut file = File::create(&path)?;
    // More than this would measure when the system begins to hold writers up.
    let mut room = 256;
    let writes = a_second(time, || {
        room -= 1;
        file.write_all(&block).map(|()| room > 0)
    })?;
    file.sync_all()?;
    let syncs = a_second(time, || {
        file.write_all(&block[..4096])?;
        file.sync_data().map(|()| true)
    })?;
    drop(file);
    std::fs::remove_file(&path)?;
    let pairs = Pairs::new(0, 100);
    let map: BTreeMap<Vec<u8>, Vec<u8>> =
        (0..keys).map(|nth| (key(2 * nth).to_vec(), pairs.value(2 * nth, 0).to_vec())).collect();
    let mut random = Pcg64Mcg::seed_from_u64(0);
    let asked: Vec<_> = (0..1024).map(|_| key(2 * random.random_range(0..keys))).collect();
    let gets = a_second(time, || {
        for key in &asked {
            black_box(map.get(&key[..]).cloned());
        }
        Ok(true)
    })?;
    let mut copy = vec![0_u8; MIB];
    let copies = a_second(time, || {
        copy.copy_from_slice(black_box(&block));
        black_box(&mut copy);
        Ok(true)
    })?;
    Ok([writes, syncs, gets * asked.len() as f64, copies])
}

/// How often `step` can be done in a second; it says whether to go on.
fn a_second(time: Duration, mut step: impl FnMut() -> io::Result<bool>) -> io::Result<f64> {
    let (start, mut count) = (Instant::now(), 0_u64);
    loop {
        let more = step()?;
        count += 1;
        let spent = start.elapsed();
        if !more || spent >= time {
            return Ok(count as f64 / spent.as_secs_f64().max(1e-9));
        }
    }
}
