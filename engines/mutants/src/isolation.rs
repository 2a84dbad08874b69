//! Faults of the order of writes and of their count, as far as one client can see them (ISO-2, ISO-4), and of the first
//! number (PUT-5).

use storecheck::Mutant;

use crate::base::copied;
use crate::fault::{Fault, RIGHT, broken};

pub(crate) fn mutants() -> Vec<Mutant> {
    vec![
        broken(
            "greater-value-wins",
            "a value that is less than the stored one, and of the same length, does not replace it",
            &["ISO-2", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let stale = |(key, value): &(bytes::Bytes, bytes::Bytes)| {
                        store.state.get(key).is_some_and(|stored| stored.len() == value.len() && stored > value)
                    };
                    let stored: Vec<_> = copied(kvs).into_iter().filter(|pair| !stale(pair)).collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
        broken(
            "equal-put-shares-entry",
            "a put of the very pairs of the write before it answers that write's number and has no entry of its own",
            &["ISO-4", "PUT-3", "PUT-14"],
            Fault {
                put: |store, kvs| {
                    let again =
                        !kvs.is_empty() && store.log.get(&store.current).is_some_and(|newest| *newest == copied(kvs));
                    Ok(if again { store.current } else { store.put(kvs) })
                },
                ..RIGHT
            },
        ),
        broken(
            "first-delete-skips-a-number",
            "a delete that is the first write of a store is given the number after the next",
            &["PUT-5", "PUT-4", "DEL-2"],
            Fault {
                delete: |store, keys| {
                    if store.current == 0 {
                        store.next();
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
    ]
}
