//! What went wrong, in words that may travel: they reach remote clients, so they name no files (GEN-6).

use rusqlite::Error;

/// A call's failure, without anything that SQLite adds about the machine.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl From<Error> for Failure {
    /// SQLite's own sentence for the code, because rusqlite puts the database's path into some of its messages.
    fn from(error: Error) -> Self {
        Self(match error {
            Error::SqliteFailure(cause, _) => cause.to_string(),
            Error::SqlInputError { error: cause, .. } => cause.to_string(),
            _ => "the database does not hold what it should".to_owned(),
        })
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self(message)
    }
}

/// For `map_err`: the failure with what was being done when it struck.
pub(crate) fn failed<E: Into<Failure>>(doing: &'static str) -> impl FnOnce(E) -> String {
    move |error| format!("{doing}: {}", error.into().0)
}
