//! A capture file to entries, in batches: read, ascend, open all that is encrypted, ascend on.

use std::ops::ControlFlow;

use l2tpspec_protocol::esp;

use super::dissect::{Dissector, Options, Waiting};
use super::entry::Entry;
use super::layer::Opening;
use super::opened::Opened;
use super::sas;
use crate::capture::file::{CaptureFile, FrameMeta};
use crate::capture::keys::Keys;
use crate::error::ExpectedError;

/// Frames in a batch: enough to fill the lanes of batched cryptography, few enough to stay in a core's cache.
const BATCH_FRAMES: usize = 256;
/// Octets in a batch.
const BATCH_OCTETS: usize = 256 * 1024;

/// Reads `file` to its end and hands every entry, which may be taken apart, and how many octets of the file were read, to `on_entry`, which
/// returns whether to go on.
///
/// Returns what the keys opened.
///
/// # Errors
/// A key that does not fit its algorithm, or a file that cannot be read on; the entries before that were handed over.
/// Keys of which none is for this capture, though something in it is encrypted.
pub fn run(
    file: &mut CaptureFile,
    keys: &Keys,
    options: Options,
    mut on_entry: impl FnMut(&mut Entry, u64) -> bool,
) -> Result<Opened, ExpectedError> {
    run_in_batches(file, keys, options, |entries, count, octets| {
        entries.iter_mut().take(count).all(|entry| on_entry(entry, octets))
    })
}

/// Does the same with whole batches: the first so many of the entries given. Others may be put in their place, to be filled with the
/// next.
///
/// # Errors
/// Those of [`run`].
pub fn run_in_batches(
    file: &mut CaptureFile,
    keys: &Keys,
    options: Options,
    mut on_batch: impl FnMut(&mut Vec<Entry>, usize, u64) -> bool,
) -> Result<Opened, ExpectedError> {
    let mut opened = Opened::default();
    let mut dissector = Dissector::new(keys, options)?;
    let mut batch = Batch::default();
    loop {
        let read = batch.read(file);
        batch.dissect(&mut dissector);
        let count = batch.metas.len();
        batch.entries.iter().take(count).for_each(|entry| opened.count(entry));
        if !on_batch(&mut batch.entries, count, file.octets_read()) {
            return Ok(opened);
        }
        if read?.is_break() {
            break;
        }
    }
    if opened.is_stranger() && !keys.is_empty() {
        return Err(ExpectedError::strange_keys(file.path(), keys, &opened));
    }
    Ok(opened)
}

/// Memory of one batch, used again for the next.
#[derive(Debug, Default)]
struct Batch {
    arena: Vec<u8>,
    metas: Vec<FrameMeta>,
    entries: Vec<Entry>,
    waiting: Vec<Waiting>,
    openings: Vec<(Opening, usize, usize)>,
}

impl Batch {
    fn read(&mut self, file: &mut CaptureFile) -> Result<ControlFlow<()>, ExpectedError> {
        self.arena.clear();
        self.metas.clear();
        while self.metas.len() < BATCH_FRAMES && self.arena.len() < BATCH_OCTETS {
            match file.next_into(&mut self.arena)? {
                Some(meta) => self.metas.push(meta),
                None => return Ok(ControlFlow::Break(())),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn dissect(&mut self, dissector: &mut Dissector) {
        self.entries.resize_with(self.entries.len().max(self.metas.len()), Entry::default);
        self.waiting.clear();
        for (index, (meta, entry)) in self.metas.iter().zip(&mut self.entries).enumerate() {
            self.waiting.extend(dissector.ascend(meta, &self.arena, entry, index));
        }
        self.open(dissector.sas());
        for (waiting, (opening, start, end)) in self.waiting.iter().zip(&self.openings) {
            dissector.ascend_from_esp(&self.arena[*start..*end], &mut self.entries[waiting.entry], *opening);
        }
    }

    /// Opens every waiting packet in place. They lie in the arena in the order of the frames.
    fn open(&mut self, sas: &sas::Sas) {
        self.openings.clear();
        let mut jobs: Vec<esp::Job<'_>> = Vec::with_capacity(self.waiting.len());
        let mut rest = &mut self.arena[..];
        let mut consumed = 0;
        for waiting in &self.waiting {
            let (_, from_start) = rest.split_at_mut(waiting.start - consumed);
            let (packet, behind) = from_start.split_at_mut(waiting.end - waiting.start);
            jobs.push(esp::Job::new(sas.sa(waiting.sa), sas.trim(waiting.sa, packet)));
            rest = behind;
            consumed = waiting.end;
        }
        esp::open_batch(&mut jobs);
        for (job, waiting) in jobs.into_iter().zip(&self.waiting) {
            let (opening, payload) = sas.judge(waiting.sa, job);
            self.openings.push((opening, waiting.start + payload.start, waiting.start + payload.end));
        }
    }
}
