//! CHAP and MS-CHAP, alone or inside of EAP: challenges are replaced, and responses are those to a published password.

use l2tpspec_protocol::codec::{Codec as _, Reader};
use l2tpspec_protocol::crypto::mschap::{Challenges, chap_md5_response, nt_response_v1};
use l2tpspec_protocol::ppp::chap::{Body, Code, Packet, mschap};

use super::{Ends, PASSWORD, Scrubber, WRONG_PASSWORD};

/// What a link has said under an identifier.
#[derive(Debug, Clone, Default)]
pub(super) struct Dialogue {
    challenge: Vec<u8>,
    /// The peer's challenge, its name and its answer, of MS-CHAPv2.
    answer: Option<([u8; 16], Vec<u8>, [u8; 24])>,
    /// Frames with responses.
    frames: Vec<u64>,
}

impl Scrubber<'_> {
    pub(super) fn chap(&mut self, packet: &mut Packet, ends: &Ends) {
        let (code, id) = (packet.code, packet.identifier);
        match &mut packet.body {
            Body::Value { value, name } => {
                self.renaming.name(name);
                self.value(value, name, id, code == Code::Response, ends);
            }
            Body::Message(message) => self.verdict(message, id, code == Code::Success, ends),
            Body::ChangePassword(octets) | Body::Unknown(octets) => {
                self.renaming.replace("unreadable", octets);
            }
        }
    }

    /// A challenge, or the response to one. The name has been replaced.
    pub(super) fn value(&mut self, value: &mut Vec<u8>, name: &[u8], id: u8, is_response: bool, ends: &Ends) {
        let key = (ends.link, id);
        if !is_response {
            self.renaming.replace("challenge", value);
            self.dialogues.insert(key, Dialogue { challenge: value.clone(), ..Dialogue::default() });
            return;
        }
        let is_refused = self.refused.contains(&self.frame);
        let password = if is_refused { WRONG_PASSWORD } else { PASSWORD };
        let Some(dialogue) = self.dialogues.get_mut(&key) else {
            return self.renaming.replace("response", value);
        };
        dialogue.frames.push(self.frame);
        let challenge = dialogue.challenge.as_slice();
        match value.len() {
            16 => value.copy_from_slice(&chap_md5_response(id, password.as_bytes(), challenge)),
            49 if value.last() == Some(&0) => {
                let (Ok(mut response), Ok(authenticator)) =
                    (mschap::Response2::decode_all(value), <&[u8; 16]>::try_from(challenge))
                else {
                    return self.renaming.replace("response", value);
                };
                self.renaming.replace("challenge", &mut response.peer_challenge);
                let challenges =
                    Challenges { authenticator, peer: &response.peer_challenge, user_name: name };
                response.nt_response = challenges.nt_response(password);
                dialogue.answer = Some((response.peer_challenge, name.to_vec(), response.nt_response));
                *value = response.to_octets().unwrap_or_default();
            }
            49 => {
                let (Ok(mut response), Ok(challenge)) =
                    (mschap::Response1::decode_all(value), <&[u8; 8]>::try_from(challenge))
                else {
                    return self.renaming.replace("response", value);
                };
                self.renaming.replace("response", &mut response.lan_manager_response);
                response.nt_response = nt_response_v1(challenge, password);
                *value = response.to_octets().unwrap_or_default();
            }
            _ => self.renaming.replace("response", value),
        }
    }

    /// What the authenticator says of a response.
    pub(super) fn verdict(&mut self, message: &mut Vec<u8>, id: u8, is_success: bool, ends: &Ends) {
        let dialogue = self.dialogues.get(&(ends.link, id)).cloned().unwrap_or_default();
        if !is_success {
            self.newly_refused.extend(dialogue.frames);
        }
        let length = message.len();
        if let Ok(mut success) = mschap::Success::parse(Reader::new(message)) {
            match (&dialogue.answer, <&[u8; 16]>::try_from(dialogue.challenge.as_slice())) {
                (Some((peer, name, nt_response)), Ok(authenticator)) => {
                    let challenges = Challenges { authenticator, peer, user_name: name };
                    success.authenticator_response = challenges.authenticator_digest(PASSWORD, nt_response);
                }
                _ => self.renaming.replace("response", &mut success.authenticator_response),
            }
            if let Some(text) = &mut success.message {
                self.text(text);
            }
            *message = success.text();
        } else if let Ok(mut failure) = mschap::Failure::parse(Reader::new(message)) {
            if let Some(challenge) = &mut failure.challenge {
                self.renaming.replace("challenge", challenge);
                // It is what the next response answers (RFC 2759 section 6), whose identifier is one more.
                let next = Dialogue { challenge: challenge.clone(), ..Dialogue::default() };
                self.dialogues.insert((ends.link, id.wrapping_add(1)), next);
            }
            if let Some(text) = &mut failure.message {
                self.text(text);
            }
            *message = failure.text();
        } else {
            self.text(message);
        }
        // Numbers may have been written with more digits than they need.
        message.resize(length, b' ');
    }
}
