//! One capture judged on several threads: one reads and dissects, and each of the others judges a share of the connections.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};

use super::{Checked, Judge, KnownFile, Share, Verdicts};
use crate::capture::file::CaptureFile;
use crate::capture::keys::Keys;
use crate::error::ExpectedError;
use crate::transcript::{Entry, Options, pipeline};

/// Batches that wait for a judge: enough that neither side waits long, and little memory.
const WAITING: usize = 8;

/// Entries that every judge looks at, and how many of them there are.
type Batch = Arc<(Vec<Entry>, usize)>;

pub(super) fn capture(
    threads: usize,
    path: &Path,
    opened: Result<(CaptureFile, Keys), ExpectedError>,
    options: Options,
    known: &[&KnownFile],
    mut on_progress: impl FnMut(u64) -> bool,
) -> Checked {
    std::thread::scope(|scope| {
        let (give_back, spare) = mpsc::channel();
        let mut judges = Vec::new();
        let mut senders: Vec<SyncSender<Batch>> = Vec::new();
        for remainder in 0..threads {
            let (sender, batches) = mpsc::sync_channel(WAITING);
            let (share, give_back) = (Share { remainder, of: threads }, give_back.clone());
            senders.push(sender);
            judges.push(scope.spawn(move || judge(share, &batches, &give_back, known)));
        }
        drop(give_back);
        let read = opened.and_then(|(mut file, keys)| {
            pipeline::run_in_batches(&mut file, &keys, options, |entries, count, octets| {
                // Memory of a batch that all have seen is used again.
                let next = spare.try_recv().unwrap_or_default();
                let batch = Arc::new((std::mem::replace(entries, next), count));
                // Who does not listen any more has panicked, which joining tells.
                senders.iter().all(|sender| sender.send(Arc::clone(&batch)).is_ok()) && on_progress(octets)
            })
        });
        drop(senders);
        let shares = judges.into_iter().map(|judge| match judge.join() {
            Ok(verdicts) => verdicts,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        Verdicts::checked(shares.collect(), path, read.err())
    })
}

fn judge(
    share: Share,
    batches: &Receiver<Batch>,
    give_back: &mpsc::Sender<Vec<Entry>>,
    known: &[&KnownFile],
) -> Verdicts {
    let mut judge = Judge { share, ..Judge::new() };
    for batch in batches {
        let (entries, count) = &*batch;
        entries.iter().take(*count).for_each(|entry| judge.see(entry));
        if let Some((entries, _)) = Arc::into_inner(batch) {
            // Whoever reads may have come to the end.
            let _ended = give_back.send(entries);
        }
    }
    judge.finish(known)
}
