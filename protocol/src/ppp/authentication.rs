//! Authentication: the end that has to be convinced, and the end that convinces (RFC 1334, RFC 1994, RFC 2759, RFC 3748).
#![expect(clippy::wildcard_enum_match_arm, reason = "every other packet answers nothing that was asked")]

mod extensible;

use super::chap::{self, mschap};
use super::config::{Authentication, Method, RefusalHabit};
use super::event::Refusal;
use super::pap;
use crate::codec::Codec;
use crate::crypto::equal;
use crate::crypto::mschap::{Challenges, chap_md5_response, without_domain};
use crate::cx::Cx;
use crate::time::Instant;

/// What a step leads to.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// A packet to send.
    pub(super) send: Option<Vec<u8>>,
    /// The end of it: the name that was proved, or why not.
    pub(super) outcome: Option<Result<Vec<u8>, Refusal>>,
    /// No secret is known for this client and server.
    pub(super) missing: Option<(Vec<u8>, Vec<u8>)>,
}

impl Step {
    fn send(octets: Option<Vec<u8>>) -> Self {
        Self { send: octets, ..Self::default() }
    }
}

impl Authentication {
    /// The secret by which `client` proves itself to `server`: the row of that server before that of any.
    pub(super) fn secret(&self, client: &[u8], server: &[u8]) -> Option<&[u8]> {
        let of_client = |name: &[u8]| name == client;
        let rows = || self.secrets.iter().filter(|row| of_client(&row.client));
        let exact = rows().find(|row| row.server.as_deref() == Some(server));
        exact.or_else(|| rows().find(|row| row.server.is_none())).map(|row| row.secret.as_slice())
    }
}

/// The end that has to be convinced.
#[derive(Debug)]
pub(super) struct Authenticator {
    pub(super) method: Method,
    identifier: u8,
    challenge: Vec<u8>,
    tries: u32,
    /// When to ask again, or to give up.
    pub(super) deadline: Option<Instant>,
    /// Whether the peer has convinced once.
    pub(super) is_done: bool,
    /// The name that an EAP peer gave, once it gave one.
    name: Option<Vec<u8>>,
    /// MS-CHAPv2 inside EAP: the verdict that was told there and waits for its acknowledgment.
    verdict: Option<extensible::Verdict>,
    /// The answer to the last response, for it may come again.
    last: Option<(u8, Vec<u8>)>,
}

impl Authenticator {
    pub(super) fn begin(cx: &mut Cx<'_>, config: &Authentication, method: Method) -> (Self, Step) {
        let mut authenticator = Self {
            method,
            identifier: 0,
            challenge: Vec::new(),
            tries: 0,
            deadline: None,
            is_done: false,
            name: None,
            verdict: None,
            last: None,
        };
        let step = authenticator.ask_anew(cx, config);
        (authenticator, step)
    }

    /// Asks with a new challenge.
    pub(super) fn ask_anew(&mut self, cx: &mut Cx<'_>, config: &Authentication) -> Step {
        self.identifier = self.identifier.wrapping_add(1);
        self.challenge = cx.draw_vec("ppp.chap_challenge", 16);
        self.last = None;
        self.verdict = None;
        self.tries = 0;
        self.ask(cx.now, config)
    }

    fn ask(&mut self, now: Instant, config: &Authentication) -> Step {
        self.tries = self.tries.saturating_add(1);
        self.deadline = Some(now + config.retry);
        let octets = match self.method {
            // The peer begins.
            Method::Pap => None,
            Method::ChapMd5 | Method::MsChapV2 => {
                let body = chap::Body::Value { value: self.challenge.clone(), name: config.name.clone() };
                chap_packet(chap::Code::Challenge, self.identifier, body)
            }
            Method::EapMd5 | Method::EapMsChapV2 => self.eap_request(config),
        };
        Step::send(octets)
    }

    pub(super) fn on_timeout(&mut self, now: Instant, config: &Authentication) -> Step {
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return Step::default();
        }
        if self.tries >= config.tries {
            self.deadline = None;
            return Step { outcome: Some(Err(Refusal::NoAnswer)), ..Step::default() };
        }
        self.ask(now, config)
    }

    /// The peer has proved itself, or not: what it is told, and when to ask again.
    fn conclude(
        &mut self,
        now: Instant,
        config: &Authentication,
        identifier: u8,
        name: Vec<u8>,
        told: Option<Vec<u8>>,
        is_proved: bool,
    ) -> Step {
        self.last = told.clone().map(|octets| (identifier, octets));
        self.is_done |= is_proved;
        self.deadline = config.again.filter(|_| is_proved).map(|again| now + again);
        let outcome = if is_proved { Ok(name) } else { Err(Refusal::WrongProof) };
        Step { send: told, outcome: Some(outcome), missing: None }
    }

    /// Whether the deadline is that of proving again.
    pub(super) const fn asks_anew_at_deadline(&self) -> bool {
        self.is_done && self.last.is_some()
    }

    pub(super) fn on_pap(
        &mut self,
        now: Instant,
        config: &Authentication,
        packet: &pap::Packet,
    ) -> Option<Step> {
        let pap::Body::Request { peer_id, password } = &packet.body else { return None };
        let is_proved = config.secret(peer_id, &config.name).is_some_and(|secret| equal(secret, password));
        let (code, message) = if is_proved {
            (pap::Code::AuthenticateAck, &b"Login ok"[..])
        } else {
            (pap::Code::AuthenticateNak, &b"Login incorrect"[..])
        };
        let body = pap::Body::Verdict(Some(message.to_vec()));
        let told = pap::Packet { code, identifier: packet.identifier, body, padding: Vec::new() };
        let told = told.to_octets().ok();
        Some(self.conclude(now, config, packet.identifier, peer_id.clone(), told, is_proved))
    }

    /// A Response. One to another challenge is set aside; one that was answered is answered again.
    pub(super) fn on_chap(
        &mut self,
        now: Instant,
        config: &Authentication,
        packet: &chap::Packet,
    ) -> Option<Step> {
        let (chap::Code::Response, chap::Body::Value { value, name }) = (packet.code, &packet.body) else {
            return None;
        };
        if packet.identifier != self.identifier {
            return None;
        }
        if let Some((_, told)) = self.last.as_ref().filter(|(identifier, _)| *identifier == packet.identifier)
        {
            return Some(Step::send(Some(told.clone())));
        }
        let secret = config.secret(name, &config.name);
        let (is_proved, message) = match (self.method, secret) {
            (Method::MsChapV2, Some(secret)) => self.prove_2(secret, name, value),
            (Method::MsChapV2, None) => (false, Vec::new()),
            (_, Some(secret)) => {
                let expected = chap_md5_response(packet.identifier, secret, &self.challenge);
                (equal(&expected, value), b"Access granted".to_vec())
            }
            (_, None) => (false, Vec::new()),
        };
        let (code, message) = match (is_proved, self.method) {
            (true, _) => (chap::Code::Success, message),
            (false, Method::MsChapV2) => (chap::Code::Failure, self.failure(config.refusal)),
            (false, _) => (chap::Code::Failure, b"I don't like you.  Go 'way.".to_vec()),
        };
        let told = chap_packet(code, packet.identifier, chap::Body::Message(message));
        Some(self.conclude(now, config, packet.identifier, name.clone(), told, is_proved))
    }

    /// Checks a response of MS-CHAPv2 and makes the proof of our own (MSCHAP-2759-8-a).
    fn prove_2(&self, secret: &[u8], name: &[u8], value: &[u8]) -> (bool, Vec<u8>) {
        let (Ok(response), Ok(challenge)) =
            (mschap::Response2::decode_all(value), <[u8; 16]>::try_from(self.challenge.as_slice()))
        else {
            return (false, Vec::new());
        };
        let password = String::from_utf8_lossy(secret);
        let challenges = Challenges {
            peer: &response.peer_challenge,
            authenticator: &challenge,
            user_name: without_domain(name),
        };
        let is_proved = equal(&challenges.nt_response(&password), &response.nt_response);
        let success = mschap::Success {
            authenticator_response: challenges.authenticator_digest(&password, &response.nt_response),
            is_upper_case: true,
            message: Some(b"Access granted".to_vec()),
        };
        (is_proved, success.text())
    }

    /// What a wrong response is told (MSCHAP-2759-6-b): no retry, and a challenge all the same.
    fn failure(&self, refusal: RefusalHabit) -> Vec<u8> {
        mschap::Failure {
            error: mschap::ErrorCode::AuthenticationFailure,
            is_retry_allowed: Some(refusal.is_retry_allowed),
            challenge: Some(self.challenge.clone()),
            version: Some(refusal.version),
            message: Some(b"Access denied".to_vec()),
        }
        .text()
    }
}

/// The end that convinces.
#[derive(Debug)]
pub(super) struct Applicant {
    pub(super) method: Method,
    identifier: u8,
    tries: u32,
    /// When to say it again, or to give up.
    pub(super) deadline: Option<Instant>,
    pub(super) is_done: bool,
    /// MS-CHAPv2: what the peer has to say to prove itself.
    expected: Option<[u8; 20]>,
    /// MS-CHAPv2 inside EAP: what the peer told there, its proof or why it refuses.
    told: Option<Result<(), Vec<u8>>>,
    /// The response sent last: its verdict may be lost, and then it has to come again (CHAP-1994-4.1-d).
    response: Option<Vec<u8>>,
    /// The challenge that it answers. One that comes again draws the same response, for the verdict may be on its way.
    challenge: Vec<u8>,
}

impl Applicant {
    pub(super) fn begin(now: Instant, config: &Authentication, method: Method) -> (Self, Step) {
        let mut applicant = Self {
            method,
            identifier: 0,
            tries: 0,
            deadline: None,
            is_done: false,
            expected: None,
            told: None,
            response: None,
            challenge: Vec::new(),
        };
        let step = applicant.say(now, config);
        (applicant, step)
    }

    /// PAP begins by itself; of the others the peer begins, and is waited for.
    fn say(&mut self, now: Instant, config: &Authentication) -> Step {
        self.tries = self.tries.saturating_add(1);
        self.deadline = Some(now + config.retry);
        if self.method != Method::Pap {
            return Step::send(self.response.clone());
        }
        self.identifier = self.identifier.wrapping_add(1);
        let server = config.remote_name.clone().unwrap_or_default();
        let secret = config.secret(&config.name, &server);
        let password = secret.unwrap_or_default().to_vec();
        let body = pap::Body::Request { peer_id: config.name.clone(), password };
        let code = pap::Code::AuthenticateRequest;
        let packet = pap::Packet { code, identifier: self.identifier, body, padding: Vec::new() };
        let missing = secret.is_none().then(|| (config.name.clone(), server));
        Step { send: packet.to_octets().ok(), outcome: None, missing }
    }

    pub(super) fn on_timeout(&mut self, now: Instant, config: &Authentication) -> Step {
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return Step::default();
        }
        if self.tries >= config.tries {
            self.deadline = None;
            return Step { outcome: Some(Err(Refusal::NoAnswer)), ..Step::default() };
        }
        self.say(now, config)
    }

    fn conclude(&mut self, outcome: Result<Vec<u8>, Refusal>) -> Step {
        self.deadline = None;
        self.is_done |= outcome.is_ok();
        Step { outcome: Some(outcome), ..Step::default() }
    }

    pub(super) fn on_pap(&mut self, config: &Authentication, packet: &pap::Packet) -> Option<Step> {
        let pap::Body::Verdict(message) = &packet.body else { return None };
        if packet.identifier != self.identifier || self.is_done {
            return None;
        }
        match packet.code {
            pap::Code::AuthenticateAck => Some(self.conclude(Ok(config.name.clone()))),
            pap::Code::AuthenticateNak => {
                Some(self.conclude(Err(Refusal::ByPeer(message.clone().unwrap_or_default()))))
            }
            _ => None,
        }
    }

    pub(super) fn on_chap(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Authentication,
        packet: &chap::Packet,
    ) -> Option<Step> {
        match (packet.code, &packet.body) {
            (chap::Code::Challenge, chap::Body::Value { value, name }) => {
                Some(self.respond(cx, config, packet.identifier, value, name))
            }
            (chap::Code::Success, chap::Body::Message(message)) if packet.identifier == self.identifier => {
                let outcome = if self.is_proof(message) {
                    Ok(config.name.clone())
                } else {
                    Err(Refusal::PeerNotProved)
                };
                Some(self.conclude(outcome))
            }
            (chap::Code::Failure, chap::Body::Message(message)) if packet.identifier == self.identifier => {
                Some(self.conclude(Err(Refusal::ByPeer(message.clone()))))
            }
            _ => None,
        }
    }

    /// The value of a response of MS-CHAPv2, if the challenge has its length; what the peer has to prove is noted.
    fn respond_2(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Authentication,
        challenge: &[u8],
        secret: &[u8],
    ) -> Option<Vec<u8>> {
        let challenge = <[u8; 16]>::try_from(challenge).ok()?;
        let peer_challenge: [u8; 16] = cx.draw("ppp.mschap_peer_challenge");
        let password = String::from_utf8_lossy(secret);
        let challenges = Challenges {
            peer: &peer_challenge,
            authenticator: &challenge,
            user_name: without_domain(&config.name),
        };
        let nt_response = challenges.nt_response(&password);
        self.expected = Some(challenges.authenticator_digest(&password, &nt_response));
        let response = mschap::Response2 { peer_challenge, reserved: [0; 8], nt_response, flags: 0 };
        response.to_octets().ok()
    }

    /// Whether the peer's Success proves that it knows the secret too (MSCHAP-2759-5-a).
    fn is_proof(&self, message: &[u8]) -> bool {
        self.expected.is_none_or(|expected| {
            let success = mschap::Success::parse(crate::codec::Reader::new(message));
            success.is_ok_and(|success| equal(&success.authenticator_response, &expected))
        })
    }

    fn respond(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Authentication,
        identifier: u8,
        challenge: &[u8],
        server: &[u8],
    ) -> Step {
        self.deadline = Some(cx.now + config.retry);
        if self.response.is_some() && self.identifier == identifier && self.challenge == challenge {
            return Step::send(self.response.clone());
        }
        self.identifier = identifier;
        self.challenge = challenge.to_vec();
        let server = config.remote_name.clone().unwrap_or_else(|| server.to_vec());
        let secret = config.secret(&config.name, &server);
        let missing = secret.is_none().then(|| (config.name.clone(), server.clone()));
        let secret = secret.unwrap_or_default();
        let value = if self.method == Method::MsChapV2 {
            let Some(value) = self.respond_2(cx, config, challenge, secret) else { return Step::default() };
            value
        } else {
            chap_md5_response(identifier, secret, challenge).to_vec()
        };
        let body = chap::Body::Value { value, name: config.name.clone() };
        self.response = chap_packet(chap::Code::Response, identifier, body);
        Step { send: self.response.clone(), outcome: None, missing }
    }
}

fn chap_packet(code: chap::Code, identifier: u8, body: chap::Body) -> Option<Vec<u8>> {
    chap::Packet { code, identifier, body, padding: Vec::new() }.to_octets().ok()
}
