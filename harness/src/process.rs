//! stub
/// Store folder name
pub const STORE_FOLDER: &str = "storecheck-store";
