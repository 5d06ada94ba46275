//! Cases whose ends are both elsewhere. Nothing of this process holds a key, so what ESP protects is opened when all is over,
//! with what the two say of their keys; until then an end is known by what it says of itself.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::away;
use super::model::Do;
use super::play::{Done, Play, Stop};
use super::record::Recording;
use super::seams::Stage;
use super::vocabulary::Subject;
use crate::capture::file::{CaptureFile, Options as CaptureOptions};
use crate::capture::keys::Keys;
use crate::check::known::KnownFile;
use crate::check::{Checked, Judge};
use crate::transcript::connection::Role;
use crate::transcript::dissect::Options;
use crate::transcript::layer::Layer;
use crate::transcript::pipeline;

/// The name of the recording in what is said of it.
const NAME: &str = "wire.pcapng";

/// Whether there is none of something; what does not say so has none.
fn has_no(state: &Value, what: Subject) -> bool {
    away::seen(state, what, "count").is_none_or(|count| count == json!(0))
}

impl Play<'_> {
    /// Lets the client connect and waits until both say that they are.
    pub(super) fn open_abroad(&mut self, stage: Stage, action: &Do) -> Done {
        if stage != Stage::Network {
            let why = format!("{} is a stage that those elsewhere do not stop at", action.what.word());
            return Err(Stop::Blocked(why));
        }
        self.begin_client()?;
        let until = self.net.world.now() + action.within;
        for role in [Role::Client, Role::Supernode] {
            let within = until.since(self.net.world.now());
            if !self.wait_abroad(role, within, |state| !has_no(state, Subject::Ppp))? {
                let (role, within) = (role.word(), action.within.as_secs_f64());
                return Err(Stop::Failed(format!("the {role} has no link within {within} s")));
            }
        }
        Ok(())
    }

    /// Lets the client end and waits until neither has anything left.
    pub(super) fn disconnect_abroad(&mut self, action: &Do) -> Done {
        self.tell(Role::Client, "disconnect")?;
        let until = self.net.world.now() + action.within;
        for role in [Role::Client, Role::Supernode] {
            let within = until.since(self.net.world.now());
            let is_gone = |state: &Value| {
                [Subject::Ppp, Subject::Esp, Subject::Isakmp].iter().all(|what| has_no(state, *what))
            };
            if !self.wait_abroad(role, within, is_gone)? {
                let state = self.state_abroad(role)?;
                return Err(Stop::Failed(format!("the {} has something left: {state}", role.word())));
            }
        }
        Ok(())
    }

    /// Lets a role replace the SAs of a phase and waits until both have others.
    pub(super) fn rekey_abroad(&mut self, role: Role, phase: u64, within: Duration) -> Done {
        const ASSOCIATIONS: &str = "ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort";
        let answers = |play: &Self| {
            let watch = play.net.watch.borrow();
            watch.messages.iter().filter(|message| message.name == "ike.main.4").count()
        };
        let spis = |play: &mut Self| {
            [Role::Client, Role::Supernode]
                .map(|role| play.shell(role, ASSOCIATIONS))
                .into_iter()
                .collect::<Result<Vec<_>, _>>()
        };
        let (before, answered) = (spis(self)?, answers(self));
        self.tell(role, &format!("rekey phase {phase}"))?;
        let until = self.net.world.now() + within;
        while self.net.world.now() < until {
            let is_so = if phase == 1 {
                answers(self) > answered
            } else {
                spis(self)?.iter().zip(&before).all(|(now, before)| now != before)
            };
            let next = self.net.world.now() + Duration::from_millis(200);
            self.advance(next, |_| false)?;
            if is_so {
                return Ok(());
            }
        }
        Err(Stop::Failed(format!("phase {phase} was not replaced within {} s", within.as_secs_f64())))
    }

    /// What both say of their keys: a name for each text, and the text.
    pub(super) fn keys_abroad(&mut self) -> Result<Vec<(String, String)>, Stop> {
        let mut texts = Vec::new();
        for role in [Role::Client, Role::Supernode] {
            for what in ["keys", "log"] {
                texts.push((format!("{}.{what}", role.word()), self.tell(role, what)?));
            }
        }
        Ok(texts)
    }
}

/// Judges what was recorded, opened with what both have said of their keys.
pub(super) fn judged(recording: &mut Recording, deviations: &[&KnownFile]) -> Result<Checked, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let mut keys = Keys::default();
    for (name, text) in recording.texts() {
        keys.read(Path::new(name), text.as_bytes()).map_err(|error| said(&error))?;
    }
    let octets = Box::new(Cursor::new(recording.octets().to_vec()));
    let file = CaptureFile::read(NAME, octets, &CaptureOptions::default());
    let mut file = file.map_err(|error| said(&error))?;
    let mut judge = Judge::new();
    let mut cookies: Vec<[u8; 8]> = Vec::new();
    pipeline::run_in_batches(&mut file, &keys, Options::default(), |entries, count, _| {
        for entry in entries.iter().take(count) {
            judge.see(entry);
            let isakmp = entry.layers.iter().find_map(|layer| match layer {
                Layer::Isakmp(isakmp) => Some(isakmp.header.initiator_cookie),
                _ => None,
            });
            cookies.extend(isakmp.filter(|cookie| !cookies.contains(cookie)));
        }
        true
    })
    .map_err(|error| said(&error))?;
    recording.tabulate(&keys, &cookies);
    Ok(judge.end(Path::new(NAME), deviations, None))
}

#[cfg(test)]
mod tests {
    use l2tpspec_protocol::time::Instant;

    use super::*;

    #[test]
    fn what_a_state_does_not_say_is_not_there() {
        assert!(has_no(&json!({}), Subject::Esp));
        assert!(has_no(&json!({ "esp": 0 }), Subject::Esp));
        assert!(!has_no(&json!({ "esp": 2 }), Subject::Esp));
    }

    #[test]
    fn a_recording_without_keys_is_judged_by_what_can_be_seen() {
        let mut recording = Recording::new();
        let clear = etherparse::PacketBuilder::ipv4([192, 168, 1, 2], [192, 0, 2, 1], 64).udp(1701, 1701);
        let mut octets = Vec::new();
        let zlb = [0xc8, 0x02, 0, 12, 0, 1, 0, 0, 0, 1, 0, 1];
        clear.write(&mut octets, &zlb).expect("memory takes it");
        recording.packet(Instant::START, &octets, None);
        recording.say("client.keys".to_owned(), String::new());
        let checked = judged(&mut recording, &[]).expect("it can be read");
        assert_eq!(checked.frames, 1);
    }
}
