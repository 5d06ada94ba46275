//! When things happen: what is done again and again, what is sent again, and what it took. All times in nanoseconds.

use std::collections::VecDeque;

use crate::transcript::connection::Role;

/// Something measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// Done again after so long; `by_silence` if silence of the peer brings it about and not the clock.
    Every {
        /// The time between.
        time: i64,
        /// What was waited for.
        by_silence: bool,
        /// How long the other wait was, clock or silence, where that is steady too and may be what counts.
        other: Option<i64>,
    },
    /// Never done, though there was so long an occasion.
    Never {
        /// The time in all.
        time: i64,
        /// The longest silence in it.
        silence: i64,
    },
    /// A message was sent again: when, after the first copy.
    Again(Vec<i64>),
    /// It took so long.
    Took(i64),
    /// Datagrams of so many octets passed whole, and larger ones were cut to so many.
    Passed {
        /// The largest that was not cut.
        whole: i64,
        /// The largest first piece.
        cut: Option<i64>,
    },
}

/// A second.
pub(super) const SECOND: i64 = 1_000_000_000;

/// Whether two times are the same but for jitter: a quarter and half a second.
fn is_near(a: i64, b: i64) -> bool {
    (a - b).abs() <= a.max(b) / 4 + SECOND / 2
}

impl Measure {
    /// Whether two measurements are of one behaviour, as far as they tell.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Every { time: a, other: or_a, .. }, Self::Every { time: b, other: or_b, .. }) => {
                let all = |time: &i64, other: &Option<i64>| [Some(*time), *other].into_iter().flatten();
                all(a, or_a).any(|a| all(b, or_b).any(|b| is_near(a, b)))
            }
            (every @ Self::Every { .. }, never @ Self::Never { .. })
            | (never @ Self::Never { .. }, every @ Self::Every { .. }) => !never.is_missing(every),
            (Self::Again(a), Self::Again(b)) => is_part(a, b) || is_part(b, a),
            // Machines are busy now and then: only what is a multiple and can be felt is a difference.
            (Self::Took(a), Self::Took(b)) => {
                let (short, long) = (*a.min(b), *a.max(b));
                long - short < 5 * SECOND / 2 || long < 3 * short
            }
            (Self::Passed { whole: a, cut: cut_a }, Self::Passed { whole: b, cut: cut_b }) => {
                // A piece is as long as fits in steps of eight octets.
                let fits = |cut: &Option<i64>, whole: &i64| cut.is_none_or(|cut| *whole < cut + 8);
                let is_same = cut_a.zip(*cut_b).is_none_or(|(a, b)| a == b);
                is_same && fits(cut_a, b) && fits(cut_b, a)
            }
            _ => true,
        }
    }

    /// Whether one of two intervals is less than twice the other.
    #[must_use]
    pub fn is_of_order(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Every { time: a, .. }, Self::Every { time: b, .. }) => a.max(b) < &(2 * a.min(b)),
            _ => false,
        }
    }

    /// Whether there was occasion enough for what never came.
    fn is_missing(&self, every: &Self) -> bool {
        match (self, every) {
            (Self::Never { time, silence }, Self::Every { time: due, by_silence, .. }) => {
                let occasion = if *by_silence { *silence } else { *time };
                occasion > due + due / 2 + 2 * SECOND
            }
            _ => false,
        }
    }

    /// As a report says it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Every { time, by_silence: false, .. } => format!("every {}", seconds(*time)),
            Self::Every { time, by_silence: true, .. } => format!("after {} of silence", seconds(*time)),
            Self::Never { time, .. } => format!("never in {}", seconds(*time)),
            Self::Again(times) => {
                let mut before = 0;
                let gaps = times.iter().map(|time| seconds(time - std::mem::replace(&mut before, *time)));
                format!("again after {}", gaps.collect::<Vec<_>>().join(", "))
            }
            Self::Took(time) => seconds(*time),
            Self::Passed { whole, cut: None } => format!("{whole} octets pass whole"),
            Self::Passed { cut: Some(cut), .. } => format!("cut to pieces of {cut} octets"),
        }
    }
}

/// How far a copy may be off so long after the first: delays add up.
const fn slack(time: i64) -> i64 {
    SECOND / 4 + time / 10
}

/// Whether the copies of `part` are some of those of `whole`: the first of them, where a recording ends early, or all but
/// some that were lost before the recorder, perhaps the first.
fn is_part(part: &[i64], whole: &[i64]) -> bool {
    let is_beginning =
        part.len() <= whole.len() && part.iter().zip(whole).all(|(a, b)| (a - b).abs() <= slack(*a));
    let begins = std::iter::once(0).chain(whole.iter().copied());
    let is_in = |begin: i64| {
        part.iter().all(|time| whole.iter().any(|copy| (begin + time - copy).abs() <= slack(*time)))
    };
    is_beginning || begins.into_iter().any(is_in)
}

fn seconds(time: i64) -> String {
    let tenths = (time + SECOND / 20) / (SECOND / 10);
    match tenths % 10 {
        0 => format!("{} s", tenths / 10),
        rest => format!("{}.{rest} s", tenths / 10),
    }
}

/// What one end does again and again: Hellos, echoes, probes.
#[derive(Debug, Default)]
pub(super) struct Periodic {
    gaps: Vec<i64>,
    silences: Vec<i64>,
    last: Option<i64>,
    pub(super) frame: u64,
    /// The occasion: from when, until when, and the longest silence in it.
    since: Option<i64>,
    until: i64,
    longest: i64,
    is_at_once: bool,
    /// The first gap begins with the occasion, which an end may see otherwise.
    is_from_begin: bool,
}

/// Occurrences that are measured.
const MEASURED: usize = 64;

impl Periodic {
    /// There is occasion for it at `now`, `silence` after the peer was last heard.
    pub(super) fn occasion(&mut self, now: i64, silence: i64) {
        let since = *self.since.get_or_insert(now);
        self.until = now;
        self.longest = self.longest.max(silence.min(now - since));
    }

    /// It is done, so long after the peer was heard.
    pub(super) fn done(&mut self, now: i64, silence: i64, frame: u64) {
        let since = *self.since.get_or_insert(now);
        self.is_at_once |= now - since < SECOND;
        self.frame = frame;
        let before = self.last.replace(now);
        let is_first = before.is_none();
        let gap = now - before.unwrap_or(since);
        // Right at the beginning it is no period yet, and what the peer has not answered is repeated by another clock.
        if gap < SECOND || (silence > gap && !is_first) || self.gaps.len() == MEASURED {
            return;
        }
        self.is_from_begin |= is_first;
        self.gaps.push(gap);
        self.silences.push(silence);
    }

    /// How long there has been occasion, and whether it was taken at once.
    pub(super) fn beginning(&self) -> Option<(i64, bool)> {
        self.since.map(|since| (self.until - since, self.is_at_once))
    }

    /// What comes of it.
    pub(super) fn measure(&self, drive: Drive) -> Option<Measure> {
        if self.last.is_none() {
            let since = self.since?;
            return Some(Measure::Never { time: self.until - since, silence: self.longest });
        }
        let later = self.gaps.get(usize::from(self.is_from_begin)..).unwrap_or_default();
        let all = (self.gaps.len() > 1).then(|| steady(&self.gaps)).flatten();
        let gap = all.or_else(|| (later.len() > 1).then(|| steady(later)).flatten());
        let silence = steady(&self.silences).filter(|silence| *silence > 2 * SECOND);
        // One occurrence tells only where nothing else was said before it.
        let is_plain = |time: i64| self.silences.len() > 1 || self.gaps.iter().all(|gap| is_near(*gap, time));
        let silence = silence.filter(|time| is_plain(*time));
        let every = |time, by_silence, other| Some(Measure::Every { time, by_silence, other });
        match (drive, gap, silence) {
            (Drive::Silence, _, Some(time)) => every(time, true, None),
            (Drive::Clock, Some(time), _) => every(time, false, None),
            (Drive::Either, Some(time), silence) => {
                every(time, silence.is_some_and(|other| is_near(time, other)), silence)
            }
            (Drive::Either, None, Some(time)) => every(time, true, None),
            _ => None,
        }
    }
}

/// What brings about that something is done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drive {
    /// Time.
    Clock,
    /// Silence of the other end, or of its own.
    Silence,
    /// Some implementations have a clock, and others wait for silence.
    Either,
}

/// The median, if most are near it: now and then something else comes between.
fn steady(times: &[i64]) -> Option<i64> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let median = *sorted.get(sorted.len() / 2)?;
    let is_off = |time: &&i64| (**time - median).abs() > median / 8 + SECOND / 2;
    let off = sorted.iter().filter(is_off).count();
    (3 * off <= sorted.len()).then_some(median)
}

/// Questions that wait for an answer, as probes and echoes do.
#[derive(Debug, Default)]
pub(super) struct Asked {
    waiting: u32,
    since: i64,
}

impl Asked {
    /// Another question, so long after the peer was heard. Whether so many stayed unanswered, by a peer that is there,
    /// that it does not answer.
    pub(super) fn ask(&mut self, now: i64, silence: i64) -> bool {
        /// Losses in a row that are taken for chance.
        const MOST: u32 = 3;
        if self.waiting == 0 {
            self.since = now;
        }
        self.waiting += 1;
        self.waiting > MOST && silence < now - self.since
    }

    /// An answer.
    pub(super) const fn answered(&mut self) {
        self.waiting = 0;
    }
}

/// Messages that may be sent again.
#[derive(Debug, Default)]
pub(super) struct Copies {
    waiting: VecDeque<Sent>,
    /// The last copy of all, and who sent it.
    heard: Option<(Role, i64)>,
    /// An end repeats itself where its peer does.
    answers_copies: bool,
    /// Whether there was any copy.
    pub(super) is_any: bool,
}

#[derive(Debug)]
struct Sent {
    digest: u64,
    by: Role,
    first: i64,
    last: i64,
    frame: u64,
    again: Vec<i64>,
    /// It was sent again because the peer repeated itself, which says nothing of a clock.
    is_prompted: bool,
}

/// Messages that are remembered.
const REMEMBERED: usize = 48;
/// A copy that comes sooner is a duplicate of the network's.
const DUPLICATE: i64 = SECOND / 10;

/// The schedule of copies that a message that is forgotten leaves.
pub(super) type Left = Option<(Role, Vec<i64>, u64)>;

impl Copies {
    /// Copies of a protocol in which a copy draws a copy of the answer, as in IKE.
    pub(super) fn answered() -> Self {
        Self { answers_copies: true, ..Self::default() }
    }

    /// Looks at a message. Whether it is a copy, and the schedule of one that is forgotten for it.
    pub(super) fn see(&mut self, digest: u64, by: Role, now: i64, frame: u64) -> (bool, Left) {
        let Some(at) = self.waiting.iter().position(|sent| sent.digest == digest && sent.by == by) else {
            let sent =
                Sent { digest, by, first: now, last: now, frame, again: Vec::new(), is_prompted: false };
            self.waiting.push_back(sent);
            let left = if self.waiting.len() > REMEMBERED {
                self.waiting.pop_front().and_then(Sent::left)
            } else {
                None
            };
            return (false, left);
        };
        let heard = self.heard.replace((by, now));
        let is_prompted =
            self.answers_copies && heard.is_some_and(|(who, when)| who != by && now - when < SECOND);
        self.is_any = true;
        if let Some(sent) = self.waiting.get_mut(at) {
            sent.is_prompted |= is_prompted;
            if now - sent.last > DUPLICATE && !sent.is_prompted && sent.again.len() < 16 {
                sent.again.push(now - sent.first);
            }
            sent.last = now;
        }
        (true, None)
    }

    /// Looks at an answer: it comes again where the question does, and says nothing of a clock.
    pub(super) fn see_answer(&mut self, digest: u64, by: Role, now: i64, frame: u64) -> (bool, Left) {
        let seen = self.see(digest, by, now, frame);
        if let Some(sent) = self.waiting.iter_mut().find(|sent| sent.digest == digest && sent.by == by) {
            sent.is_prompted = true;
        }
        seen
    }

    /// The schedules of all that is remembered.
    pub(super) fn end(&mut self) -> Vec<(Role, Vec<i64>, u64)> {
        self.waiting.drain(..).filter_map(Sent::left).collect()
    }
}

impl Sent {
    fn left(self) -> Left {
        (!self.again.is_empty() && !self.is_prompted).then_some((self.by, self.again, self.frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(times: &[i64]) -> Measure {
        Measure::Again(times.iter().map(|time| time * SECOND / 10).collect())
    }

    #[test]
    fn a_schedule_is_another_if_its_steps_are_not_if_some_are_missing() {
        let exponential = again(&[10, 30, 70, 150]);
        assert!(exponential.agrees(&again(&[10, 30])));
        assert!(exponential.agrees(&again(&[11, 29, 73, 148])), "jitter");
        assert!(exponential.agrees(&again(&[10, 70])), "a copy was lost before the recorder");
        assert!(exponential.agrees(&again(&[20, 60])), "the first was lost before the recorder");
        assert!(exponential.agrees(&again(&[10])));
        assert!(!exponential.agrees(&again(&[10, 20, 30])));
        assert!(!again(&[40, 112]).agrees(&again(&[10, 30, 70])));
        assert!(!again(&[10, 20, 30]).agrees(&again(&[30, 60, 90])));
        assert_eq!(exponential.words(), "again after 1 s, 2 s, 4 s, 8 s");
    }

    #[test]
    fn what_is_done_every_so_often_is_told_from_what_silence_brings_about() {
        let mut hello = Periodic::default();
        hello.occasion(0, 0);
        for (now, silence) in [(60, 3), (120, 50), (180, 10)] {
            hello.done(now * SECOND, silence * SECOND, 1);
        }
        assert_eq!(
            hello.measure(Drive::Either),
            Some(Measure::Every { time: 60 * SECOND, by_silence: false, other: None })
        );
        let mut probe = Periodic::default();
        probe.occasion(0, 0);
        for (now, silence) in [(60, 30), (95, 30), (180, 30), (240, 1)] {
            probe.done(now * SECOND, silence * SECOND, 1);
        }
        assert_eq!(
            probe.measure(Drive::Silence),
            Some(Measure::Every { time: 30 * SECOND, by_silence: true, other: None })
        );
    }

    #[test]
    fn what_passes_whole_here_is_not_cut_there_unless_the_mtu_is_another() {
        let passed = |whole, cut| Measure::Passed { whole, cut };
        assert!(passed(1400, None).agrees(&passed(84, None)));
        assert!(passed(84, None).agrees(&passed(84, Some(996))));
        assert!(passed(1000, None).agrees(&passed(84, Some(996))), "1000 octets are cut to 996");
        assert!(!passed(1400, None).agrees(&passed(84, Some(996))));
        assert!(!passed(84, Some(1396)).agrees(&passed(84, Some(996))));
    }

    #[test]
    fn what_never_came_is_missing_only_where_it_was_due() {
        let every = Measure::Every { time: 30 * SECOND, by_silence: true, other: None };
        assert!(every.agrees(&Measure::Never { time: 300 * SECOND, silence: 20 * SECOND }));
        assert!(!every.agrees(&Measure::Never { time: 300 * SECOND, silence: 60 * SECOND }));
        assert!(!every.agrees(&Measure::Every { time: 60 * SECOND, by_silence: true, other: None }));
        assert!(every.agrees(&Measure::Every { time: 31 * SECOND, by_silence: false, other: None }));
    }

    #[test]
    fn a_peer_that_is_heard_and_does_not_answer_is_told_from_one_that_is_gone() {
        let (mut ignored, mut gone, mut answered) = (Asked::default(), Asked::default(), Asked::default());
        let mut is_ignored = Vec::new();
        for minute in 1..=4 {
            let now = 60 * minute * SECOND;
            is_ignored.push(ignored.ask(now, 10 * SECOND));
            assert!(!gone.ask(now, now));
            assert!(!answered.ask(now, 10 * SECOND));
            answered.answered();
        }
        assert_eq!(is_ignored, [false, false, false, true]);
    }

    #[test]
    fn copies_that_a_copy_of_the_peers_brings_about_are_no_schedule() {
        let (mut copies, client, supernode) = (Copies::answered(), Role::Client, Role::Supernode);
        assert_eq!(copies.see(1, client, 0, 1), (false, None));
        assert_eq!(copies.see(2, supernode, 0, 2), (false, None));
        for second in [4, 11] {
            assert_eq!(copies.see(1, client, second * SECOND, 3), (true, None));
            assert_eq!(copies.see(2, supernode, second * SECOND + 1, 4), (true, None));
        }
        assert_eq!(copies.end(), [(client, vec![4 * SECOND, 11 * SECOND], 1)]);
    }
}
