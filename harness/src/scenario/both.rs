//! Cases whose ends are both elsewhere. Nothing of this process holds a key, so what ESP protects is opened when all is over,
//! with what the two say of their keys; until then an end is known by what it says of itself.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::away;
use super::ending::NAME;
use super::model::Do;
use super::play::{Done, Play, Stop};
use super::record::Recording;
use super::seams::Stage;
use super::verdict::{Failure, Verdict};
use super::vocabulary::Subject;
use crate::capture::file::{CaptureFile, Options as CaptureOptions};
use crate::capture::keys::Keys;
use crate::check::known::KnownFile;
use crate::check::{Checked, Judge};
use crate::transcript::connection::Role;
use crate::transcript::dissect::Options;
use crate::transcript::layer::Layer;
use crate::transcript::pipeline;

/// Whether there is none of something; what does not say so has none.
fn has_no(state: &Value, what: Subject) -> bool {
    away::seen(state, what, "count").is_none_or(|count| count == json!(0))
}

/// Whether a line is there that was not there before: that all have gone is no replacement.
fn has_another(now: &str, before: &str) -> bool {
    now.lines().any(|line| !before.lines().any(|other| other == line))
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
            watch.messages.iter().filter(|message| message.name == "ike.main.6").count()
        };
        let spis = |play: &mut Self| -> Result<Vec<String>, Stop> {
            let said = [Role::Client, Role::Supernode].map(|role| play.shell(role, ASSOCIATIONS));
            said.into_iter().map(|said| said?.map_err(Stop::Blocked)).collect()
        };
        let (before, answered) = (spis(self)?, answers(self));
        self.tell(role, &format!("rekey phase {phase}"))?;
        let until = self.net.world.now() + within;
        while self.net.world.now() < until {
            let is_so = if phase == 1 {
                answers(self) > answered
            } else {
                spis(self)?.iter().zip(&before).all(|(now, before)| has_another(now, before))
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

/// Judges what was recorded, opened with what both have said of their keys. Where IPsec was to protect it and nothing of it is on
/// the wire, or what it protects stays closed, the case shows nothing.
pub(super) fn judged(
    recording: &mut Recording,
    deviations: &[&KnownFile],
    is_protected: bool,
) -> Result<Checked, (Verdict, Failure)> {
    let blocked = |why: String| (Verdict::Blocked, Failure::of("the recording", why));
    let said = |error: &dyn std::fmt::Display| blocked(error.to_string());
    let mut keys = Keys::default();
    for (name, text) in recording.texts() {
        keys.read(Path::new(name), text.as_bytes()).map_err(|error| said(&error))?;
    }
    let octets = Box::new(Cursor::new(recording.octets().to_vec()));
    let file = CaptureFile::read(NAME, octets, &CaptureOptions::default());
    let mut file = file.map_err(|error| said(&error))?;
    let mut judge = Judge::new();
    let mut cookies: Vec<[u8; 8]> = Vec::new();
    let (mut has_esp, mut in_clear) = (false, None);
    pipeline::run_in_batches(&mut file, &keys, Options::default(), |entries, count, _| {
        for entry in entries.iter().take(count) {
            judge.see(entry);
            let has = |name| entry.layers.iter().any(|layer| layer.name() == name);
            has_esp |= has("esp");
            if has("l2tp") && !has("esp") {
                in_clear.get_or_insert(entry.frame);
            }
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
    if let Some(frame) = in_clear.filter(|_| is_protected && !has_esp) {
        let text = format!("L2TP crossed the wire in clear from frame {frame} on, and ESP never did");
        return Err((Verdict::Fail, Failure::of("the recording", text)));
    }
    let checked = judge.end(Path::new(NAME), deviations, None);
    // pluto tells no key of its ISAKMP SAs.
    let is_closed = |layer: &&'static str| *layer != "isakmp";
    let closed = checked.connections.iter().find(|judged| judged.outcome.hidden.iter().any(is_closed));
    match closed {
        Some(judged) => Err(blocked(judged.outcome.hidden_because.join("; "))),
        None => Ok(checked),
    }
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
        let checked = judged(&mut recording, &[], false).expect("it is to be in clear");
        assert_eq!(checked.frames, 1);
        let (verdict, failure) = judged(&mut recording, &[], true).expect_err("it was to be protected");
        assert_eq!(verdict, Verdict::Fail);
        assert!(failure.text.contains("in clear from frame 1 on"), "{}", failure.text);
    }

    /// A real connection, with the keys of its daemons or with some of them.
    fn recorded(keys: &[(&str, &str)]) -> Result<Checked, (Verdict, Failure)> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../captures/edgeos-by-strongswan-nat.pcap");
        let mut file = CaptureFile::open(&path, &CaptureOptions::default()).expect("a capture of ours");
        let (mut recording, mut arena) = (Recording::new(), Vec::new());
        while let Some(meta) = file.next_into(&mut arena).expect("frames") {
            recording.packet(Instant::START, meta.octets(&arena), None);
            arena.clear();
        }
        for (name, text) in keys {
            recording.say((*name).to_owned(), (*text).to_owned());
        }
        judged(&mut recording, &[], true)
    }

    #[test]
    fn what_stays_closed_shows_nothing() {
        let read = |name: &str| {
            let folder =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../captures/edgeos-by-strongswan-nat.keys");
            std::fs::read_to_string(folder.join(name)).expect("a file of keys")
        };
        let (esp, isakmp) = (read("esp_sa"), read("ikev1_decryption_table"));
        let checked = recorded(&[("esp_sa", &esp)]).expect("what ESP protects is opened");
        assert_eq!(checked.connections[0].outcome.hidden, ["isakmp"]);
        let (verdict, failure) =
            recorded(&[("ikev1_decryption_table", &isakmp)]).expect_err("ESP stays closed");
        assert_eq!(verdict, Verdict::Blocked, "{}", failure.text);
        assert_eq!(recorded(&[]).expect_err("all stays closed").0, Verdict::Blocked);
    }

    #[test]
    fn sas_that_have_gone_are_not_replaced() {
        let [one, two] = ["spi 0x00000001\n", "spi 0x00000001\nspi 0x00000002\n"];
        assert!(has_another(two, one));
        assert!(!has_another(one, two) && !has_another("", one) && !has_another(one, one));
    }
}
