//! The disk as processes use it, and what the power leaves of what they did. Another process than this one does the
//! work: no thread of the process that serves a disk may touch it.

use std::path::Path;
use std::process::Command;

use super::*;

/// Runs a shell script in a mounted disk, and returns the recording.
fn recorded(script: &str) -> Recording {
    let at = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(at.path(), None).expect("these tests want FUSE: /dev/fuse, and fusermount3 or root");
    run(at.path(), script);
    let recording = disk.recording();
    drop(disk);
    recording
}

fn run(at: &Path, script: &str) {
    // The script's own folder is the disk, which only the script's process enters.
    let status = Command::new("sh").arg("-ec").arg(format!("cd '{}'; {script}", at.display())).status();
    assert!(status.expect("sh starts").success(), "{script}");
}

fn image(recording: &Recording, names: Names, data: Data) -> Vec<(String, String)> {
    files(&recording.image(recording.len(), Survival { names, data, seed: 1 }))
}

/// The files of an image with what they hold, zeros as dots.
fn files(image: &Image) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    image.write_to(folder.path()).expect("an image can be written");
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let octets = std::fs::read(entry.path()).unwrap_or_default();
            let text = String::from_utf8_lossy(&octets).replace('\0', ".");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    found.sort();
    found
}

fn held(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn what_was_synced_is_there_and_what_was_not_may_be_gone() {
    let recording = recorded("printf one > a; sync a; printf two >> a; printf three > b");
    assert_eq!(image(&recording, Names::Journal, Data::Synced), held(&[("a", "one")]));
    assert_eq!(image(&recording, Names::Journal, Data::Keep), held(&[("a", "onetwo"), ("b", "three")]));
}

#[test]
fn a_name_is_safe_with_the_next_sync_or_strictly_with_its_folders() {
    let recording = recorded("printf one > a; sync a; mv a b; printf x > c; sync c");
    assert_eq!(image(&recording, Names::Journal, Data::Synced), held(&[("b", "one"), ("c", "x")]));
    assert_eq!(image(&recording, Names::Strict, Data::Synced), held(&[]));
    let synced = recorded("printf one > a; sync a; sync .; mv a b");
    assert_eq!(image(&synced, Names::Strict, Data::Synced), held(&[("a", "one")]));
}

#[test]
fn a_file_renamed_unsynced_is_empty_behind_its_new_name() {
    let recording = recorded("printf old > a; sync a; printf new > b; mv b a; printf x > c; sync c");
    assert_eq!(image(&recording, Names::Journal, Data::Synced), held(&[("a", ""), ("c", "x")]));
}

#[test]
fn pages_that_were_not_synced_survive_in_any_order() {
    let write = "head -c 8192 /dev/zero | tr '\\0' A > a; sync a; head -c 8192 /dev/zero | tr '\\0' B | dd of=a bs=4096 \
                 conv=notrunc status=none";
    let recording = recorded(write);
    let mut found = std::collections::BTreeSet::new();
    for seed in 0..64 {
        let image = recording.image(recording.len(), Survival { names: Names::Journal, data: Data::Reorder, seed });
        let (_, text) = files(&image).remove(0);
        found.insert(format!("{}{}", &text[..1], &text[4096..4097]));
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["AA", "AB", "BA", "BB"]);
}

#[test]
fn a_torn_write_ends_at_a_sector() {
    let recording = recorded("printf x > a; sync a; head -c 3000 /dev/zero | tr '\\0' B >> a");
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..256 {
        let image = recording.image(recording.len(), Survival { names: Names::Journal, data: Data::Torn(512), seed });
        lengths.insert(files(&image)[0].1.len());
    }
    assert!(lengths.iter().all(|length| *length == 1 || *length == 3001 || length % 512 == 0), "{lengths:?}");
    assert!(lengths.contains(&512) && lengths.contains(&2560), "{lengths:?}");
}

#[test]
fn stores_into_mapped_memory_are_recorded_once_they_are_flushed() {
    let python = "import mmap; f = open('a', 'r+b'); m = mmap.mmap(f.fileno(), 4); m[0:4] = b'mine'; m.flush()";
    let recording = recorded(&format!("printf 0000 > a; sync a; python3 -c \"{python}\""));
    assert_eq!(image(&recording, Names::Journal, Data::Keep), held(&[("a", "mine")]));
    assert_eq!(image(&recording, Names::Journal, Data::Synced), held(&[("a", "mine")]), "msync is a sync");
}

#[test]
fn stores_into_mapped_memory_that_are_written_back_are_not_synced() {
    // What the flusher asks of the kernel, asked by a program that everybody has.
    let python =
        "import mmap, os; f = open('a', 'r+b'); m = mmap.mmap(f.fileno(), 4); m[0:4] = b'mine'; os.system('sync -f .')";
    let recording = recorded(&format!("printf 0000 > a; sync a; python3 -c \"{python}; os._exit(0)\""));
    assert_eq!(image(&recording, Names::Journal, Data::Keep), held(&[("a", "mine")]));
    assert_eq!(image(&recording, Names::Journal, Data::Synced), held(&[("a", "0000")]), "written back, and not synced");
}

#[test]
fn a_disk_goes_on_from_an_image() {
    let first = recorded("mkdir d; printf one > d/a; sync d/a; ln -s d/a link; sync d");
    let start = first.image(first.len(), Survival { names: Names::Journal, data: Data::Keep, seed: 1 });
    let at = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(at.path(), Some(&start)).expect("a disk");
    run(at.path(), "test \"$(cat link)\" = one; printf two >> d/a; rm link; test \"$(cat d/a)\" = onetwo");
    let told = disk.recording().to_string();
    assert_eq!(
        told.lines().map(|line| line[5..].to_owned()).collect::<Vec<_>>(),
        ["write 3 octets at 3 of d/a", "remove link"]
    );
}

#[test]
fn requests_fail_as_planned_and_a_failed_sync_has_let_go_of_what_was_written() {
    let at = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(at.path(), None).expect("a disk");
    run(at.path(), "printf one > a; sync a");
    let made = disk.met().len();
    disk.fail(Some(Plan { fault: Fault::Full, from: 0, times: u64::MAX }));
    run(at.path(), "! printf two >> a 2> /dev/null; ! touch b 2> /dev/null; cat a > /dev/null");
    let hit: Vec<String> = disk.hit_after(0).into_iter().map(|hit| hit.request).collect();
    assert_eq!((disk.hits(), hit), (2, vec!["write of a".to_owned(), "make of the folder".to_owned()]));
    disk.fail(None);
    // An open and a write, then the sync that fails.
    run(at.path(), "printf two >> a");
    disk.fail(Some(Plan { fault: Fault::Io, from: disk.met().len() as u64 + 1, times: 1 }));
    run(at.path(), "! sync a 2> /dev/null; printf three >> a; sync a; test \"$(cat a)\" = onetwothree");
    assert!(disk.met().len() > made);
    let recording = disk.recording();
    assert_eq!(image(&recording, Names::Journal, Data::Synced), held(&[("a", "one...three")]));
}
