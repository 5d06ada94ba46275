//! The steps in which one end says something, changed or not.

use std::time::Duration;

use super::message::Message;
use super::model::Send;
use super::net::{Net, Seat};
use super::play::{Done, PATIENCE_ELSEWHERE, Play, Stop};
use super::seams::{self, Armed, Stage, stage_of};
use crate::transcript::connection::Role;

impl Play<'_> {
    pub(super) fn send(&mut self, send: &Send) -> Done {
        let Send { message, from, mutate, save, refused } = send;
        if self.is_foreign(*from) {
            return self.send_abroad(send);
        }
        let armed = Armed { from: *from, message: message.clone(), mutations: mutate.clone() };
        let before = self.net.watch.borrow().messages.len();
        let heard = self.refusals(self.net.seat(!*from)).len();
        {
            let mut plan = seams::open(&self.net.plan);
            plan.armed.push_back(armed);
        }
        let gate = seams::open(&self.net.plan).gate;
        if stage_of(message) == Stage::Lcp && gate < Stage::Lcp && self.is_foreign(!*from) {
            self.await_link(!*from)?;
        }
        self.open_to(gate.max(stage_of(message)));
        self.trigger(message, *from)?;
        let patience = self.net.world.now() + super::parse::PATIENCE;
        let said = self.advance(patience, |net| seams::open(&net.plan).armed.is_empty())?;
        if let Some(why) = seams::open(&self.net.plan).failed.clone() {
            return Err(Stop::Blocked(format!("{message} cannot be changed so: {why}")));
        }
        if !said {
            seams::open(&self.net.plan).armed.clear();
            return Err(Stop::Failed(format!("the {} has not sent {message}", from.word())));
        }
        // What was sent may not be recognised for what it was.
        let last = before.max(self.net.watch.borrow().messages.len().saturating_sub(1));
        let now = self.net.world.now();
        let is_named = |found: &Message| found.from == *from && message.matches(&found.name);
        let is_said = |net: &Net| net.watch.borrow().messages.iter().skip(before).any(is_named);
        let is_there = self.advance(now + Duration::from_millis(50), is_said)?;
        // Changed it may have another name, of its layer if it is still one of those.
        let is_it = |found: &Message| {
            let layer = found.name.split('.').next().unwrap_or_default();
            found.from == *from && (layer == message.layer() || layer == "udp")
        };
        if !is_there && !self.remotes.is_empty() {
            // It waits for SAs, which a real peer takes its time for.
            let is_other = |net: &Net| net.watch.borrow().messages.iter().skip(last).any(is_it);
            self.advance(now + Duration::from_secs(5), |net| is_said(net) || is_other(net))?;
        }
        let watch = self.net.watch.borrow();
        let since = |first| watch.messages.iter().enumerate().skip(first);
        let named = since(before).find(|(_, found)| is_named(found));
        let other = || since(last).find(|(_, found)| is_it(found));
        let found = named.or_else(other).or_else(|| since(last).find(|(_, found)| found.from == *from));
        let found = found.map(|(at, _)| at);
        drop(watch);
        self.note_sent(found, save.as_ref());
        match refused {
            Some(wanted) => self.refused(!*from, heard, wanted),
            None => Ok(()),
        }
    }

    /// Waits for the first packet of a daemon of PPP, which is started by a session and hears nothing before.
    fn await_link(&mut self, of: Role) -> Done {
        self.open_to(Stage::Session);
        self.begin_client()?;
        let is_it = move |found: &Message| found.from == of && found.name.starts_with("lcp.");
        let until = self.net.world.now() + PATIENCE_ELSEWHERE;
        self.advance(until, |net| net.watch.borrow().messages.iter().any(is_it))?;
        Ok(())
    }

    /// Lets the subject, which is elsewhere, say something; what it would not say it cannot be made to.
    fn send_abroad(&mut self, send: &Send) -> Done {
        let Send { message, from, mutate, save, .. } = send;
        if !mutate.is_empty() {
            return Err(Stop::Blocked(format!(
                "the subject is elsewhere and cannot be made to change {message}"
            )));
        }
        let before = self.net.watch.borrow().messages.len();
        self.trigger(message, *from)?;
        let until = self.net.world.now() + super::parse::PATIENCE;
        let is_it = |found: &Message| found.from == *from && message.matches(&found.name);
        if !self.advance(until, |net| net.watch.borrow().messages.iter().skip(before).any(is_it))? {
            return Err(Stop::Failed(format!("the {} has not sent {message}", from.word())));
        }
        let watch = self.net.watch.borrow();
        let found = watch.messages.iter().enumerate().skip(before).find(|(_, found)| is_it(found));
        let found = found.map(|(at, _)| at);
        drop(watch);
        self.note_sent(found, save.as_ref());
        Ok(())
    }

    /// What was sent, by its place among the messages: what comes is measured from it, and `$sent` is it.
    fn note_sent(&mut self, at: Option<usize>, save: Option<&String>) {
        let Some(at) = at else { return };
        self.cursor = at + 1;
        let fields = {
            let watch = self.net.watch.borrow();
            self.mark = watch.messages[at].at;
            watch.messages[at].fields()
        };
        if let Some(name) = save {
            self.saved.insert(name.clone(), fields.clone());
        }
        self.saved.insert("sent".to_owned(), fields);
    }

    /// Waits until an end has set something aside and said why. Of one that is elsewhere nothing of that is seen.
    fn refused(&mut self, by: Role, before: usize, wanted: &str) -> Done {
        if self.is_foreign(by) {
            return Ok(());
        }
        let seat = self.net.seat(by);
        let until = self.net.world.now() + Duration::from_secs(5);
        let wanted = wanted.to_lowercase();
        let refusals = |net: &Net| super::look::refusals(net.end(seat));
        let is_so =
            |net: &Net| refusals(net).iter().skip(before).any(|said| said.to_lowercase().contains(&wanted));
        if self.advance(until, is_so)? {
            return Ok(());
        }
        let said = refusals(&self.net).split_off(before);
        let said = if said.is_empty() {
            "set nothing aside".to_owned()
        } else {
            format!("said: {}", said.join("; "))
        };
        Err(Stop::Failed(format!("the {} should refuse it for `{wanted}`, and {said}", by.word())))
    }

    pub(super) fn refusals(&self, seat: Seat) -> Vec<String> {
        super::look::refusals(self.net.end(seat))
    }
}
