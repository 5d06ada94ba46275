//! Authentication of a PPP link: PAP, CHAP with Microsoft's versions, EAP.

use l2tpspec_protocol::codec::Reader;
use l2tpspec_protocol::ppp::chap::{self, mschap};
use l2tpspec_protocol::ppp::eap::{self, Method, mschapv2};
use l2tpspec_protocol::ppp::pap;

use super::mark::{Frames, Mark, Side};
use super::offer::quoted;

/// Refusals that are remembered.
const MOST: usize = 16;

/// A refusal.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) frame: u64,
    /// What it says, without secrets.
    pub(super) words: String,
    pub(super) error: Option<mschap::ErrorCode>,
}

/// What was seen of it.
#[derive(Debug, Default)]
pub(super) struct Authentication {
    pub(super) tried: Option<Mark>,
    pub(super) reached: Option<Mark>,
    /// The protocol, once it is seen.
    pub(super) protocol: Option<&'static str>,
    /// The name that the end to be authenticated gave.
    pub(super) user: Option<String>,
    pub(super) challenges: Frames,
    pub(super) challenger: Option<Side>,
    pub(super) responses: Frames,
    pub(super) failures: Vec<Failure>,
    /// EAP methods that were refused, and which were wanted instead.
    pub(super) refused_methods: Option<String>,
}

impl Authentication {
    fn begin(&mut self, protocol: &'static str, mark: Mark) {
        self.tried.get_or_insert(mark);
        self.protocol.get_or_insert(protocol);
    }

    fn challenge(&mut self, side: Option<Side>, mark: Mark) {
        self.challenges.note(mark);
        self.challenger = side.or(self.challenger);
    }

    fn respond(&mut self, name: &[u8], mark: Mark) {
        self.user = Some(quoted(name));
        self.responses.note(mark);
    }

    fn succeed(&mut self, mark: Mark) {
        self.reached.get_or_insert(mark);
        self.failures.clear();
    }

    fn fail(&mut self, mark: Mark, words: String, error: Option<mschap::ErrorCode>) {
        self.reached = None;
        if self.failures.len() < MOST {
            self.failures.push(Failure { frame: mark.frame, words, error });
        }
    }

    pub(super) fn pap(&mut self, packet: &pap::Packet, mark: Mark) {
        self.begin("PAP", mark);
        match (packet.code, &packet.body) {
            (_, pap::Body::Request { peer_id, .. }) => self.respond(peer_id, mark),
            (pap::Code::AuthenticateAck, _) => self.succeed(mark),
            (pap::Code::AuthenticateNak, body) => {
                let words = match body {
                    pap::Body::Verdict(Some(message)) if !message.is_empty() => {
                        format!("Authenticate-Nak {}", quoted(message))
                    }
                    _ => "Authenticate-Nak".to_owned(),
                };
                self.fail(mark, words, None);
            }
            _ => {}
        }
    }

    pub(super) fn chap(&mut self, packet: &chap::Packet, side: Option<Side>, mark: Mark) {
        self.begin("CHAP", mark);
        match (packet.code, &packet.body) {
            (chap::Code::Challenge, _) => self.challenge(side, mark),
            (chap::Code::Response, chap::Body::Value { name, .. }) => self.respond(name, mark),
            (chap::Code::Success, _) => self.succeed(mark),
            (chap::Code::Failure, chap::Body::Message(message)) => {
                let (words, error) = failure(message);
                self.fail(mark, words, error);
            }
            _ => {}
        }
    }

    pub(super) fn eap(&mut self, packet: &eap::Packet, side: Option<Side>, mark: Mark) {
        self.begin("EAP", mark);
        let eap::Body::Method(method) = &packet.body else {
            match packet.code {
                eap::Code::Success => self.succeed(mark),
                eap::Code::Failure => {
                    let said = self.failures.last().is_some_and(|failure| failure.error.is_some());
                    if !said {
                        self.fail(mark, "Failure".to_owned(), None);
                    }
                    self.reached = None;
                }
                _ => {}
            }
            return;
        };
        match (packet.code, method) {
            (eap::Code::Request, Method::MsChapV2(inner)) => {
                if inner.op_code == mschapv2::OpCode::Failure
                    && let Some(mschapv2::Rest { body: mschapv2::Body::Message(message), .. }) = &inner.rest
                {
                    let (words, error) = failure(message);
                    self.fail(mark, words, error);
                } else {
                    self.challenge(side, mark);
                }
            }
            (eap::Code::Request, _) => self.challenge(side, mark),
            (eap::Code::Response, Method::Identity(name)) => self.respond(name, mark),
            (eap::Code::Response, Method::Nak(wanted)) => {
                let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
                self.refused_methods = Some(wanted.join(", "));
                self.responses.note(mark);
            }
            (eap::Code::Response, _) => self.responses.note(mark),
            _ => {}
        }
    }
}

/// What a Failure says: the error of Microsoft's versions with its name, else the text. The challenge in it is left
/// out.
fn failure(message: &[u8]) -> (String, Option<mschap::ErrorCode>) {
    match mschap::Failure::parse(Reader::new(message)) {
        Ok(parsed) => {
            let mut words = format!("Failure {parsed}");
            if let Some(text) = parsed.message.as_deref().filter(|text| !text.is_empty()) {
                words.push_str(&format!(", {}", quoted(text)));
            }
            (words, Some(parsed.error))
        }
        // A recorder may have cut the text, or a peer may write it its own way; the error comes first.
        Err(_) => match leading_error(message) {
            Some(error) => {
                let name = error.name().map(|name| format!(" {name}")).unwrap_or_default();
                (format!("Failure E={}{name}", error.number()), Some(error))
            }
            None if message.is_empty() => ("Failure".to_owned(), None),
            None => (format!("Failure {}", quoted(message)), None),
        },
    }
}

fn leading_error(message: &[u8]) -> Option<mschap::ErrorCode> {
    let digits = message.strip_prefix(b"E=")?;
    let digits: String =
        digits.iter().take_while(|octet| octet.is_ascii_digit()).map(|octet| char::from(*octet)).collect();
    digits.parse().ok().map(mschap::ErrorCode::from_number)
}
