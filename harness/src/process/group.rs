//! A process and what it started, killed together and gone before anybody goes on.
//!
//! A store is opened again as soon as its process was killed, and what holds its locks then is called the engine's
//! mistake. The process that was started need not be the engine: a shell starts its command as a child. So whoever kills
//! a group waits for all of it, which only its parent can do: a worker takes in what loses its own.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};

/// What killed processes may take to be gone: one that the kernel does not let go is not waited for.
const GONE: Duration = Duration::from_secs(20);

/// Makes this process the parent of what its children leave behind.
pub(super) fn adopt_orphans() {
    // A system without this has init for a parent, and the wait for a group is one for its leader.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// The group that `child` leads, or led.
fn led_by(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Tells the kernel to kill `child` and its group, and does not wait until it has.
pub(crate) fn signal_kill(child: &mut Child) {
    let Some(group) = led_by(child) else { return };
    match child.try_wait() {
        Ok(None) => {
            let _ = kill_process_group(group, Signal::KILL);
        }
        // The leader was waited for; what it left behind may live on.
        _ => {
            kill_rest(group);
        }
    }
}

/// Kills `child` and its group, and waits until they are gone.
pub(crate) fn kill(child: &mut Child) {
    signal_kill(child);
    let _ = child.wait();
    end_rest(child);
}

/// Kills what a child, which was waited for, leaves of its group, and waits until it is gone.
pub(crate) fn end_rest(child: &Child) {
    let Some(group) = led_by(child) else { return };
    let started = Instant::now();
    while kill_rest(group) && started.elapsed() < GONE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Kills what is left of a group whose leader was waited for; whether there was anything. As long as a child of this
/// process is in it, its number cannot be another's.
fn kill_rest(group: Pid) -> bool {
    loop {
        match waitpgid(group, WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => {
                let _ = kill_process_group(group, Signal::KILL);
                return true;
            }
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use rustix::process::test_kill_process_group;

    use super::*;

    /// A shell that has started two processes, and then does what `then` says.
    fn shell(then: &str) -> (Child, Pid) {
        adopt_orphans();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("sleep 1000 & sleep 1000 & echo; {then}")]);
        let mut child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let group = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        test_kill_process_group(group).unwrap();
        (child, group)
    }

    #[test]
    fn what_a_shell_started_is_gone_with_it() {
        let (mut child, group) = shell("wait");
        kill(&mut child);
        assert_eq!(test_kill_process_group(group), Err(rustix::io::Errno::SRCH), "not even as zombies");
    }

    #[test]
    fn what_a_shell_left_behind_is_gone() {
        let (mut child, group) = shell("exit");
        child.wait().unwrap();
        kill(&mut child);
        assert_eq!(test_kill_process_group(group), Err(rustix::io::Errno::SRCH), "not even as zombies");
    }
}
