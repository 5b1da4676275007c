//! The spool's files: append-only, checksummed, of bounded size, one per gateway process.
//!
//! A thread owns the file. It writes all that waits together and syncs it once, before any of those who wait goes on. When
//! the store has everything, the file is emptied. A process holds a lock on its file for as long as it lives, so whoever can
//! lock one has found what a dead gateway left.

mod open;

pub(crate) use open::open;

use async_trait::async_trait;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};
use tokio::sync::oneshot;
use weir_engine::spool::{Spool, SpoolBatch, SpoolError, Spooled, decode, encode};

/// What the files' names end with.
const ENDING: &str = "weir-spool";
/// Most that is written and synced together.
const MOST_TOGETHER: usize = 1_024;
/// How much of a file is read at once.
const READ_AT_ONCE_BYTES: u64 = 1024 * 1024;

/// A file, and the thread that owns it. The thread ends with this.
pub(crate) struct SpoolFile {
    path: PathBuf,
    work: mpsc::Sender<Work>,
    waiting: Arc<AtomicU64>,
}

enum Work {
    Keep(Vec<u8>, oneshot::Sender<Result<(), SpoolError>>),
    Oldest(usize, oneshot::Sender<Result<SpoolBatch, SpoolError>>),
    Forget(u64, oneshot::Sender<Result<(), SpoolError>>),
}

impl SpoolFile {
    /// A new file in this folder, which is made where it is not there.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn create(folder: &Path, gateway_id: &str, most_bytes: u64) -> io::Result<SpoolFile> {
        make_private(folder)?;
        let path = folder.join(format!("{gateway_id}.{ENDING}"));
        // It gets its name once it is locked, so that nobody takes it for a dead gateway's in between.
        let unnamed = folder.join(format!("{gateway_id}.new"));
        let file = private().create_new(true).open(&unnamed)?;
        file.lock()?;
        fs::rename(&unnamed, &path)?;
        Ok(SpoolFile::start(path, file, Some(0), most_bytes))
    }

    /// What dead gateways left in this folder, locked so that nobody else takes it, too.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn left_behind(folder: &Path) -> io::Result<Vec<SpoolFile>> {
        let mut left = Vec::new();
        for found in fs::read_dir(folder)? {
            let path = found?.path();
            if path.extension().is_none_or(|ending| ending != ENDING) {
                continue;
            }
            let Ok(file) = private().open(&path) else { continue };
            match file.try_lock() {
                // Removed between being found and being locked.
                Ok(()) if !path.exists() => {}
                Ok(()) => left.push(SpoolFile::start(path, file, None, 0)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(problem)) => return Err(problem),
            }
        }
        Ok(left)
    }

    fn start(path: PathBuf, file: File, end_bytes: Option<u64>, most_bytes: u64) -> SpoolFile {
        let (work, given) = mpsc::channel();
        let waiting = Arc::new(AtomicU64::new(0));
        let keeper = Keeper {
            file,
            read_bytes: 0,
            handed: 0,
            end_bytes,
            most_bytes,
            waiting: waiting.clone(),
        };
        std::thread::spawn(move || keeper.run(&given));
        SpoolFile { path, work, waiting }
    }

    /// Removes the file, whose entries the store has.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    async fn ask<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<Result<T, SpoolError>>) -> Work,
    ) -> Result<T, SpoolError> {
        let (answer, answered) = oneshot::channel();
        let gone = || SpoolError::Unwritable("its thread has ended".to_owned());
        self.work.send(work(answer)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

#[async_trait]
impl Spool for SpoolFile {
    async fn keep(&self, entry: &Spooled) -> Result<(), SpoolError> {
        let bytes = encode(entry)?;
        self.ask(|answer| Work::Keep(bytes, answer)).await
    }
    async fn oldest(&self, most: usize) -> Result<SpoolBatch, SpoolError> {
        self.ask(|answer| Work::Oldest(most, answer)).await
    }
    async fn forget(&self, until_bytes: u64) -> Result<(), SpoolError> {
        self.ask(|answer| Work::Forget(until_bytes, answer)).await
    }
    fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// The thread's own.
struct Keeper {
    file: File,
    /// What comes before is in the store.
    read_bytes: u64,
    /// Entries that were handed out last.
    handed: u64,
    /// Where the next entry goes; none in a file that is only read.
    end_bytes: Option<u64>,
    most_bytes: u64,
    waiting: Arc<AtomicU64>,
}

impl Keeper {
    fn run(mut self, given: &mpsc::Receiver<Work>) {
        let mut next = given.recv().ok();
        while let Some(work) = next.take() {
            match work {
                Work::Keep(bytes, answer) => next = self.keep_together((bytes, answer), given),
                Work::Oldest(most, answer) => drop(answer.send(self.oldest(most).map_err(unwritable))),
                Work::Forget(until, answer) => drop(answer.send(self.forget(until).map_err(unwritable))),
            }
            if next.is_none() {
                next = given.recv().ok();
            }
        }
    }

    /// Writes this and all that waits behind it, and gives back what came that is none of that.
    fn keep_together(
        &mut self,
        first: (Vec<u8>, oneshot::Sender<Result<(), SpoolError>>),
        given: &mpsc::Receiver<Work>,
    ) -> Option<Work> {
        let mut room = self.most_bytes.saturating_sub(self.end_bytes.unwrap_or(0));
        let (mut all, mut answers, mut other) = (Vec::new(), Vec::new(), None);
        let mut more = Some(first);
        while let Some((bytes, answer)) = more.take() {
            if bytes.len() as u64 > room {
                let _ = answer.send(Err(SpoolError::Full(self.most_bytes)));
            } else {
                room -= bytes.len() as u64;
                all.extend(bytes);
                answers.push(answer);
            }
            if answers.len() < MOST_TOGETHER {
                match given.try_recv() {
                    Ok(Work::Keep(bytes, answer)) => more = Some((bytes, answer)),
                    Ok(work) => other = Some(work),
                    Err(_) => {}
                }
            }
        }
        let written = self.append(&all);
        if written.is_ok() {
            self.waiting.fetch_add(answers.len() as u64, Ordering::Relaxed);
        }
        for answer in answers {
            let outcome = written.as_ref().copied().map_err(ToString::to_string);
            let _ = answer.send(outcome.map_err(SpoolError::Unwritable));
        }
        other
    }

    /// All of it or, after an error, nothing: half an entry would hide those behind it.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.end_bytes.unwrap_or(0);
        let written = self
            .file
            .seek(SeekFrom::Start(end))
            .and_then(|_| self.file.write_all(bytes))
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.end_bytes = Some(end + bytes.len() as u64),
            Err(_) => self.file.set_len(end)?,
        }
        written
    }

    fn oldest(&mut self, most: usize) -> io::Result<SpoolBatch> {
        let end = match self.end_bytes {
            Some(end) => end,
            None => self.file.metadata()?.len(),
        };
        let mut batch = SpoolBatch {
            until_bytes: self.read_bytes,
            ..SpoolBatch::default()
        };
        let mut read_bytes = READ_AT_ONCE_BYTES;
        // Not the whole file for each batch, of which a long outage leaves many.
        while batch.entries.len() < most && batch.until_bytes < end {
            let mut bytes = Vec::new();
            self.file.seek(SeekFrom::Start(batch.until_bytes))?;
            let wanted = read_bytes.min(end - batch.until_bytes);
            (&self.file).take(wanted).read_to_end(&mut bytes)?;
            let mut rest = bytes.as_slice();
            while let Some((entry, length)) = decode(rest).filter(|_| batch.entries.len() < most) {
                batch.entries.push(entry);
                rest = &rest[length..];
            }
            let whole_bytes = (bytes.len() - rest.len()) as u64;
            let is_all = batch.until_bytes + bytes.len() as u64 == end;
            batch.until_bytes += whole_bytes;
            if (bytes.len() as u64) < wanted || is_all {
                if batch.entries.len() < most && !rest.is_empty() {
                    tracing::warn!(
                        bytes = rest.len(),
                        "the end of a spool is torn; nothing that was acknowledged is in it"
                    );
                }
                break;
            }
            // An entry that is longer than what was read shows once more is read.
            if whole_bytes == 0 {
                read_bytes = read_bytes.saturating_mul(2);
            }
        }
        self.handed = batch.entries.len() as u64;
        Ok(batch)
    }

    fn forget(&mut self, until_bytes: u64) -> io::Result<()> {
        self.read_bytes = until_bytes;
        let handed = std::mem::take(&mut self.handed);
        let _ = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                Some(waiting.saturating_sub(handed))
            });
        let Some(end) = self.end_bytes else { return Ok(()) };
        if until_bytes >= end {
            self.file.set_len(0)?;
            (self.read_bytes, self.end_bytes) = (0, Some(0));
        }
        Ok(())
    }
}

fn unwritable(problem: io::Error) -> SpoolError {
    SpoolError::Unwritable(problem.to_string())
}

/// For reading and writing, and nobody else's: who asked what stands in it.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut making = fs::DirBuilder::new();
    making.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
    making.create(folder)
}

#[cfg(test)]
mod tests;
