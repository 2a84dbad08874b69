//! Mutants of which no client of the published server can see what is wrong, and why: the server refuses, or does not
//! pass on, what it takes.

const NO_PAIRS: &str = "the server does not pass on a put of nothing";
const OVERSIZE: &str = "the server refuses an oversize pair itself";
const DELETES: &str =
    "deletes reach the engine by policies alone, for keys that are there, and their numbers are not passed on";
const COUNTS: &str = "a prune's count is not passed on";
const NEXT_CALL: &str = "each request is another call, which is what the overwrite waits for";

const MUTANTS: [(&str, &str); 12] = [
    ("empty-put-refused-takes-number", NO_PAIRS),
    ("empty-put-unlogged", NO_PAIRS),
    ("refused-put-applies-pairs-before", OVERSIZE),
    ("refused-put-takes-number", OVERSIZE),
    ("refused-put-is-logged", OVERSIZE),
    ("refused-put-is-stored", OVERSIZE),
    ("delete-of-missing-unlogged", DELETES),
    ("empty-delete-unlogged", DELETES),
    ("deletes-numbered-apart", DELETES),
    ("first-delete-skips-a-number", DELETES),
    ("no-log-prune-counts", COUNTS),
    ("lagging-overwrites-too", NEXT_CALL),
];

/// Why no client sees what is wrong with the mutant of that name, if none does.
pub(crate) fn why(name: &str) -> Option<&'static str> {
    MUTANTS.iter().find(|(mutant, _)| *mutant == name).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_there() {
        let all = crate::all();
        let told = all.iter().filter(|mutant| mutant.beyond_the_wire.is_some()).count();
        assert_eq!(told, MUTANTS.len());
    }
}
