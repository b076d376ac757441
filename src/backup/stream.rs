//! Bounded channels of recycled buffers between the stages of the pipeline.
//! They carry bytes and an explicit end; a sender that goes away without one leaves a torn stream, never a short one.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use super::error::BackupError;

/// Size of the buffers between stages; a pipe gives at most 64 KiB at once, files give it all.
pub(super) const BUFFER: usize = 1 << 20;
/// Buffers under way between two stages: enough to even out, small enough to bound memory.
const DEPTH: usize = 4;
pub(super) enum Piece {
    Data(Vec<u8>),
    End,
}

/// The sending end of a bounded channel of recycled buffers.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) to: SyncSender<Piece>,
    pub(super) free: Receiver<Vec<u8>>,
    buffer: Vec<u8>,
    used: usize,
}

/// The receiving end of a bounded channel of recycled buffers.
pub(super) struct Inlet {
    from: Receiver<Piece>,
    free: SyncSender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    ended: bool,
    /// Set when the sender went away without an end: what came is not the whole.
    pub(super) torn: Arc<AtomicBool>,
}

pub(super) fn channel() -> (Outlet, Inlet) {
    let (to, from) = sync_channel(DEPTH);
    let (give, free) = sync_channel(DEPTH + 2);
    let outlet = Outlet {
        to,
        free,
        buffer: vec![0; BUFFER],
        used: 0,
    };
    let inlet = Inlet {
        from,
        free: give,
        current: Vec::new(),
        at: 0,
        ended: false,
        torn: Arc::default(),
    };
    (outlet, inlet)
}

impl Outlet {
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.used..).unwrap_or_default()
    }

    pub(super) fn filled(&mut self, bytes: usize) -> Result<(), BackupError> {
        self.used = self.used.saturating_add(bytes);
        if self.used >= self.buffer.len() {
            self.push()?;
        }
        Ok(())
    }

    fn push(&mut self) -> Result<(), BackupError> {
        if self.used == 0 {
            return Ok(());
        }
        let next = match self.free.try_recv() {
            Ok(buffer) => buffer,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => vec![0; BUFFER],
        };
        let mut full = std::mem::replace(&mut self.buffer, next);
        full.truncate(self.used);
        self.used = 0;
        self.to
            .send(Piece::Data(full))
            .map_err(|_| BackupError::Broken)
    }

    pub(super) fn end(mut self) -> Result<(), BackupError> {
        self.push()?;
        self.to.send(Piece::End).map_err(|_| BackupError::Broken)
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room();
        let taken = room.len().min(bytes.len());
        if let (Some(to), Some(from)) = (room.get_mut(..taken), bytes.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.filled(taken)
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inlet {
    /// Returns the next whole buffer, nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        if self.ended {
            return Ok(None);
        }
        match self.from.recv() {
            Ok(Piece::Data(buffer)) => Ok(Some(buffer)),
            Ok(Piece::End) => {
                self.ended = true;
                Ok(None)
            }
            Err(_) => {
                self.torn.store(true, Ordering::Relaxed);
                Err(BackupError::Broken)
            }
        }
    }

    pub(super) fn recycle(&self, mut buffer: Vec<u8>) {
        buffer.resize(BUFFER, 0);
        let _ = self.free.try_send(buffer);
    }
}

impl Read for Inlet {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let rest = self.current.get(self.at..).unwrap_or_default();
            if !rest.is_empty() {
                let taken = rest.len().min(to.len());
                if let (Some(to), Some(from)) = (to.get_mut(..taken), rest.get(..taken)) {
                    to.copy_from_slice(from);
                }
                self.at = self.at.saturating_add(taken);
                return Ok(taken);
            }
            let spent = std::mem::take(&mut self.current);
            if spent.capacity() > 0 {
                self.recycle(spent);
            }
            match self.next() {
                Ok(Some(buffer)) => {
                    self.current = buffer;
                    self.at = 0;
                }
                Ok(None) => return Ok(0),
                Err(_) => return Err(io::Error::from(io::ErrorKind::BrokenPipe)),
            }
        }
    }
}
