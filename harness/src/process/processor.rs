//! Work that stays on one processor, together with the processes that it starts.
//!
//! A program makes one call after the other, and an engine in a process of its own answers through a pipe: on two
//! processors each waits for the other to be woken, which takes several times as long as the call
//! (`docs/measurements.md`). What many clients do at once is not for here: it wants all processors, and so does an
//! engine in this process, whose threads may outlive the work.

/// Where a thread may run; none where the machine does not say.
#[derive(Clone)]
pub(super) struct Processors(#[cfg(target_os = "linux")] Option<rustix::thread::CpuSet>);

/// Where this thread may run, and with it the threads and processes that it starts.
pub(super) fn allowed() -> Processors {
    Processors(
        #[cfg(target_os = "linux")]
        rustix::thread::sched_getaffinity(None).ok(),
    )
}

impl Processors {
    /// Moves this thread there. A thread that cannot be moved does the same, slower.
    pub(super) fn enter(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.0.as_ref().map(|set| rustix::thread::sched_setaffinity(None, set));
    }

    /// The one of them that the kernel has this thread on.
    fn current(&self) -> Self {
        Self(
            #[cfg(target_os = "linux")]
            self.0.as_ref().map(|_| {
                let mut one = rustix::thread::CpuSet::new();
                one.set(rustix::thread::sched_getcpu());
                one
            }),
        )
    }
}

/// Does the work on the processor that this thread is on, wherever the kernel lets itself be told.
pub(super) fn stay<T>(work: impl FnOnce() -> T) -> T {
    let before = allowed();
    before.current().enter();
    let done = work();
    before.enter();
    done
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// How many processors a process may use that is started here.
    fn processors_of_a_child() -> u32 {
        let mut command = Command::new("grep");
        command.args(["^Cpus_allowed:", "/proc/self/status"]).stdout(Stdio::piped());
        let output = crate::process::spawn(command).unwrap().wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.chars().skip("Cpus_allowed:".len()).filter_map(|digit| digit.to_digit(16)).map(u32::count_ones).sum()
    }

    #[test]
    fn what_is_started_meanwhile_stays_too_and_what_comes_later_does_not() {
        let all = processors_of_a_child();
        assert_eq!(stay(processors_of_a_child), 1);
        assert_eq!(processors_of_a_child(), all);
    }
}
