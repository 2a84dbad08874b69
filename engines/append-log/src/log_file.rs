//! The file as a writer handles it: octets go to an offset that the writer names, never to wherever a cursor was left,
//! so that after a failure it is known what is where.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// An open log file.
#[derive(Debug)]
pub(crate) struct LogFile {
    file: File,
    #[cfg(test)]
    pub(crate) faults: Faults,
}

/// Which operations fail, for tests.
#[cfg(test)]
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) write: bool,
    pub(crate) sync: bool,
    pub(crate) cut: bool,
}

impl LogFile {
    pub(crate) fn new(file: File) -> Self {
        Self {
            file,
            #[cfg(test)]
            faults: Faults::default(),
        }
    }

    /// Writes all of `octets` at `offset`. After an error a part of them may be in the file.
    pub(crate) fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        #[cfg(test)]
        if self.faults.write {
            self.file.write_all_at(&octets[..octets.len() / 2], offset)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write_all_at(octets, offset)
    }

    /// Waits until what was written is on the disk. After an error this must not be tried again: the system may have
    /// dropped what it could not write and would report success.
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        if self.faults.sync {
            return Err(io::Error::other("injected"));
        }
        self.file.sync_data()
    }

    /// Ends the file at `end`, on the disk too: what was cut off must not come back behind what is written there next.
    pub(crate) fn cut(&self, end: u64) -> io::Result<()> {
        #[cfg(test)]
        if self.faults.cut {
            return Err(io::Error::other("injected"));
        }
        self.file.set_len(end)?;
        self.file.sync_all()
    }
}
