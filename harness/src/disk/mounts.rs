//! What is mounted, and how it is got rid of, whoever mounted it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Unmounts what is mounted at `at`, even if it is in use.
pub(crate) fn unmount(at: &Path) {
    if rustix::mount::unmount(at, rustix::mount::UnmountFlags::DETACH).is_ok() {
        return;
    }
    // An ordinary user needs the program that is allowed to.
    let program = std::env::var_os("FUSERMOUNT_PATH").unwrap_or_else(|| "fusermount3".into());
    let _ = Command::new(program)
        .args(["-u", "-z", "-q", "--"])
        .arg(at)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Unmounts whatever is mounted below `folder`, the innermost first.
pub(crate) fn unmount_below(folder: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut below = mounted_below(&mounts, folder);
    below.sort_by_key(|path| std::cmp::Reverse(path.as_os_str().len()));
    for at in below {
        unmount(&at);
    }
}

/// The places below `folder` in the kernel's list of mounts.
fn mounted_below(mounts: &str, folder: &Path) -> Vec<PathBuf> {
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    places.map(|place| PathBuf::from(unescaped(place))).filter(|place| place.starts_with(folder)).collect()
}

/// The kernel writes blanks, tabs, line ends and backslashes as three octal digits.
fn unescaped(text: &str) -> String {
    let replaced = [(r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", r"\")];
    replaced.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_below_a_folder_are_found() {
        let mounts = "22 1 0:20 / / rw - ext4 /dev/vda rw\n\
            40 22 0:33 / /tmp/a\\040b/x rw - fuse storecheck rw\n\
            41 22 0:34 / /tmp/other rw - fuse storecheck rw\n";
        assert_eq!(mounted_below(mounts, Path::new("/tmp/a b")), [PathBuf::from("/tmp/a b/x")]);
    }
}
