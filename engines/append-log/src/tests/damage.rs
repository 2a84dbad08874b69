//! Torn tails are cut, damage is refused.

use std::fs;
use std::path::Path;

use storecheck::StoreEngine;

use super::{pair, put, see};
use crate::AppendLog;
use crate::record::{Framed, Header, Record, Stamp};
use crate::recovery::replay;

const SALT: u64 = 4711;

/// A log in memory, written group by group.
fn log(groups: &[&[Record]]) -> Vec<u8> {
    let mut octets = Header { salt: SALT, sequence: 0, base_end: 40 }.encode();
    let mut sequence = 0;
    for group in groups {
        let synced = octets.len() as u64;
        for record in *group {
            sequence += u64::from(record.is_write());
            let stamp = Stamp { salt: SALT, offset: octets.len() as u64, synced, sequence };
            octets.extend_from_slice(record.draft().unwrap().seal(&stamp));
        }
    }
    octets
}

fn record(key: &str, value: &str) -> Record {
    Record::Put(vec![pair(key, value)])
}

fn size(record: &Record) -> usize {
    record.draft().unwrap().seal(&Stamp { salt: 0, offset: 0, synced: 0, sequence: 0 }).len()
}

#[test]
fn a_torn_tail_is_cut_at_every_octet() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.log");
    let whole = log(&[&[record("a", "1")], &[record("b", "2")], &[record("a", "the last value")]]);
    let last = whole.len() - size(&record("a", "the last value"));
    for cut in last..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let store = AppendLog::open(dir.path()).unwrap_or_else(|message| panic!("cut at {cut}: {message}"));
        assert_eq!((store.current_sequence(), store.get(b"a")), (2, Ok(Some(b"1".to_vec()))), "cut at {cut}");
        assert_eq!((store.get_batch(3), put(&store, "c", "3")), (Ok(None), Ok(3)), "cut at {cut}");
        let before = see(&store);
        drop(store);
        assert_eq!(see(&AppendLog::open(dir.path()).unwrap()), before, "cut at {cut}");
    }
}

#[test]
fn a_tail_of_zeros_or_noise_is_cut() {
    let whole = log(&[&[record("a", "1")]]);
    for (fill, length) in [(0, 1), (0, 5000), (1, 24), (1, 4096), (0xFF, 3), (6, 999)] {
        let mut octets = whole.clone();
        octets.resize(whole.len() + length, fill);
        assert_eq!(replay(&octets).expect("a torn tail").end, whole.len(), "{length} times {fill}");
    }
}

#[test]
fn a_group_that_lost_its_beginning_is_torn_and_not_damaged() {
    let first = log(&[&[record("a", "1")]]).len();
    let group = [record("b", "2"), record("c", "3"), record("d", "4")];
    let whole = log(&[&[record("a", "1")], &group]);
    for (lost, kept) in [(first, 1), (first + size(&group[0]), 2)] {
        let mut octets = whole.clone();
        octets[lost..lost + size(&group[0])].fill(0);
        let replay = replay(&octets).expect("the group had not been acknowledged");
        assert_eq!((replay.sequence, replay.end), (kept, lost));
    }
}

#[test]
fn whatever_the_disk_lost_of_the_last_group_a_prefix_of_it_is_left() {
    const SECTOR: usize = 32;
    let safe = log(&[&[record("a", "1")]]).len();
    let group: Vec<_> = (0..5).map(|number| record("key", &format!("{number}").repeat(20))).collect();
    let whole = log(&[&[record("a", "1")], &group]);
    let sectors: Vec<_> = (safe / SECTOR..=whole.len() / SECTOR).collect();
    for lost in 0..1_u32 << sectors.len() {
        let mut octets = whole.clone();
        for (bit, sector) in sectors.iter().enumerate().filter(|(bit, _)| lost & (1 << bit) != 0) {
            let end = ((sector + 1) * SECTOR).min(octets.len());
            octets[safe.max(sector * SECTOR)..end].fill(if bit % 2 == 0 { 0 } else { 0xA5 });
        }
        let replay = replay(&octets).unwrap_or_else(|message| panic!("{lost:b}: {message}"));
        let left = usize::try_from(replay.sequence).unwrap() - 1;
        assert_eq!(replay.end, safe + group[..left].iter().map(size).sum::<usize>(), "{lost:b}");
        assert!(octets[..replay.end] == whole[..replay.end], "{lost:b}");
    }
}

#[test]
fn damage_before_the_last_group_is_refused_at_every_octet() {
    let two: &[&[Record]] = &[&[record("a", "1")], &[Record::Delete(Vec::new()), Record::Prune(1)]];
    let safe = log(two).len();
    let whole = log(&[two, &[&[record("b", "2")]]].concat());
    for at in 0..safe {
        let mut octets = whole.clone();
        octets[at] ^= 0x40;
        assert!(replay(&octets).is_err(), "damaged at {at}");
    }
    for at in safe..whole.len() {
        let mut octets = whole.clone();
        octets[at] ^= 0x40;
        assert_eq!(replay(&octets).map(|replay| replay.end), Ok(safe), "damaged at {at}");
    }
}

#[test]
fn a_store_that_was_closed_vouches_for_its_last_group() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    put(&store, "a", "1").unwrap();
    drop(store);
    refuses_damage(dir.path(), 25);
}

#[test]
fn a_compacted_store_is_refused_when_any_octet_is_damaged_or_missing() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open_with(dir.path(), true, 1).unwrap();
    for round in 0..20 {
        put(&store, &format!("{}", round % 3), "value").unwrap();
        store.prune_batch_log(round).unwrap();
    }
    // A prune that leaves almost nothing: the log ends with its base.
    store.delete_batch(&[b"0", b"1"]).unwrap();
    store.prune_batch_log(21).unwrap();
    drop(store);
    let octets = fs::read(dir.path().join("store.log")).unwrap();
    let header = Header::decode(&octets).unwrap();
    assert_eq!((header.base_end, header.sequence), (octets.len() as u64, 21));
    assert!(Framed::at(&octets, 40, header.salt).unwrap().record().unwrap().is_base());
    refuses_damage(dir.path(), 0);
    for cut in 0..octets.len() {
        fs::write(dir.path().join("store.log"), &octets[..cut]).unwrap();
        assert!(AppendLog::open(dir.path()).is_err(), "cut at {cut}");
    }
}

/// Damages every octet but the last `free`, one after the other.
fn refuses_damage(dir: &Path, free: usize) {
    let octets = fs::read(dir.join("store.log")).unwrap();
    for at in 0..octets.len() - free {
        let mut damaged = octets.clone();
        damaged[at] ^= 2;
        fs::write(dir.join("store.log"), &damaged).unwrap();
        let message = AppendLog::open(dir).expect_err("a damaged store opened");
        assert!(!message.is_empty() && !message.contains(dir.to_str().unwrap()), "{message}");
    }
    fs::write(dir.join("store.log"), octets).unwrap();
}

#[test]
fn a_log_inside_a_value_proves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.log");
    let store = AppendLog::open(dir.path()).unwrap();
    put(&store, "a", "1").unwrap();
    put(&store, "b", "2").unwrap();
    let copy = fs::read(&path).unwrap();
    store.put_batch(&[("copy".into(), copy.clone().into())]).unwrap();
    let whole = fs::read(&path).unwrap();
    drop(store);
    let mut torn = whole.clone();
    *torn.last_mut().unwrap() ^= 1;
    fs::write(&path, torn).unwrap();
    let store = AppendLog::open(dir.path()).expect("a torn tail, whatever was in it");
    assert_eq!(store.current_sequence(), 2);
}
