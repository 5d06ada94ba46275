//! EAP: MD5-Challenge (RFC 3748 section 5.4) and MS-CHAPv2 (draft-kamath-pppext-eap-mschapv2-02 section 2).

use super::{Applicant, Authenticator, Step};
use crate::codec::Codec as _;
use crate::crypto::equal;
use crate::crypto::mschap::chap_md5_response;
use crate::cx::Cx;
use crate::ppp::config::{Authentication, Method};
use crate::ppp::eap::mschapv2::{self, OpCode};
use crate::ppp::eap::{self, MethodType};
use crate::ppp::event::Refusal;
use crate::time::Instant;

/// What was told inside EAP.
#[derive(Debug)]
pub(super) struct Verdict {
    is_proved: bool,
    /// MS-CHAPv2-ID: that of the challenge.
    identifier: u8,
    /// The message of Success or Failure.
    message: Vec<u8>,
}

impl Verdict {
    const fn op_code(&self) -> OpCode {
        if self.is_proved { OpCode::Success } else { OpCode::Failure }
    }
}

/// The Type of a method of EAP; nothing for the others.
const fn method_type(method: Method) -> Option<MethodType> {
    match method {
        Method::EapMd5 => Some(MethodType::Md5Challenge),
        Method::EapMsChapV2 => Some(MethodType::MsChapV2),
        Method::Pap | Method::ChapMd5 | Method::MsChapV2 => None,
    }
}

fn packet(code: eap::Code, identifier: u8, body: eap::Body) -> Option<Vec<u8>> {
    eap::Packet { code, identifier, body, padding: Vec::new() }.to_octets().ok()
}

fn ms_chap_v2(op_code: OpCode, identifier: u8, body: mschapv2::Body) -> eap::Method {
    eap::Method::MsChapV2(mschapv2::Packet { op_code, rest: Some(mschapv2::Rest { identifier, body }) })
}

impl Authenticator {
    pub(super) fn eap_request(&self, config: &Authentication) -> Option<Vec<u8>> {
        let (value, name) = (self.challenge.clone(), config.name.clone());
        let method = match (&self.name, &self.verdict) {
            (None, _) => eap::Method::Identity(Vec::new()),
            (_, Some(verdict)) => {
                let body = mschapv2::Body::Message(verdict.message.clone());
                ms_chap_v2(verdict.op_code(), verdict.identifier, body)
            }
            _ if self.method == Method::EapMsChapV2 => {
                ms_chap_v2(OpCode::Challenge, self.identifier, mschapv2::Body::Value { value, name })
            }
            _ => eap::Method::Md5Challenge { value, name },
        };
        packet(eap::Code::Request, self.identifier, eap::Body::Method(method))
    }

    pub(in crate::ppp) fn on_eap(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Authentication,
        packet: &eap::Packet,
    ) -> Option<Step> {
        let (eap::Code::Response, eap::Body::Method(method)) = (packet.code, &packet.body) else {
            return None;
        };
        if packet.identifier != self.identifier {
            return None;
        }
        if let (None, eap::Method::Identity(name)) = (&self.name, method) {
            self.name = Some(name.clone());
            return Some(self.ask_anew(cx, config));
        }
        let name = self.name.clone()?;
        if let eap::Method::Nak(wanted) = method
            && let Some(other) = self.other(config, wanted)
        {
            self.method = other;
            return Some(self.ask_anew(cx, config));
        }
        match (self.method, method) {
            (Method::EapMd5, eap::Method::Md5Challenge { value, .. }) => {
                let secret = config.secret(&name, &config.name);
                let is_proved = secret.is_some_and(|secret| {
                    equal(&chap_md5_response(packet.identifier, secret, &self.challenge), value)
                });
                Some(self.conclude_eap(cx.now, config, name, is_proved))
            }
            (Method::EapMsChapV2, eap::Method::MsChapV2(inner)) => {
                self.on_ms_chap_v2(cx.now, config, name, inner)
            }
            _ => Some(self.conclude_eap(cx.now, config, name, false)),
        }
    }

    /// Another method that is asked for, and that the peer wants instead of the one it was asked for.
    fn other(&self, config: &Authentication, wanted: &[MethodType]) -> Option<Method> {
        let mut others = config.asks.iter().copied().filter(|method| *method != self.method);
        others.find(|method| method_type(*method).is_some_and(|kind| wanted.contains(&kind)))
    }

    /// A response is judged, and its judgement told inside EAP; once the peer has acknowledged that, EAP ends.
    fn on_ms_chap_v2(
        &mut self,
        now: Instant,
        config: &Authentication,
        name: Vec<u8>,
        inner: &mschapv2::Packet,
    ) -> Option<Step> {
        if let Some(verdict) = &self.verdict {
            // Of a success no more than that is acknowledged; a refusal may be answered by anything.
            let is_proved = verdict.is_proved;
            let is_acknowledged = inner.op_code == verdict.op_code() || !is_proved;
            return is_acknowledged.then(|| self.conclude_eap(now, config, name, is_proved));
        }
        let rest = inner.rest.as_ref().filter(|rest| rest.identifier == self.identifier)?;
        let (OpCode::Response, mschapv2::Body::Value { value, name }) = (inner.op_code, &rest.body) else {
            return None;
        };
        let secret = config.secret(name, &config.name);
        let (is_proved, message) =
            secret.map_or_else(|| (false, Vec::new()), |secret| self.prove_2(secret, name, value));
        let message = if is_proved { message } else { self.failure(config.refusal) };
        self.verdict = Some(Verdict { is_proved, identifier: self.identifier, message });
        self.identifier = self.identifier.wrapping_add(1);
        self.tries = 0;
        Some(self.ask(now, config))
    }

    fn conclude_eap(
        &mut self,
        now: Instant,
        config: &Authentication,
        name: Vec<u8>,
        is_proved: bool,
    ) -> Step {
        let code = if is_proved { eap::Code::Success } else { eap::Code::Failure };
        let told = packet(code, self.identifier, eap::Body::Data(Vec::new()));
        self.conclude(now, config, self.identifier, name, told, is_proved)
    }
}

impl Applicant {
    pub(in crate::ppp) fn on_eap(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Authentication,
        packet: &eap::Packet,
    ) -> Option<Step> {
        self.deadline = None;
        match (packet.code, &packet.body) {
            (eap::Code::Request, eap::Body::Method(method)) => {
                self.on_request(cx, config, packet.identifier, method)
            }
            (eap::Code::Success, _) => {
                let is_proved = self.method != Method::EapMsChapV2 || matches!(self.told, Some(Ok(())));
                let outcome = if is_proved { Ok(config.name.clone()) } else { Err(Refusal::PeerNotProved) };
                Some(self.conclude(outcome))
            }
            (eap::Code::Failure, _) => {
                let why = self.told.take().and_then(Result::err).unwrap_or_default();
                Some(self.conclude(Err(Refusal::ByPeer(why))))
            }
            _ => None,
        }
    }

    fn on_request(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Authentication,
        identifier: u8,
        method: &eap::Method,
    ) -> Option<Step> {
        let response =
            |method| Some(Step::send(packet(eap::Code::Response, identifier, eap::Body::Method(method))));
        let does = |method| config.does.contains(&method);
        match method {
            eap::Method::Identity(_) => response(eap::Method::Identity(config.name.clone())),
            // The user is told nothing, but the message is acknowledged (RFC 3748 section 5.2).
            eap::Method::Notification(_) => response(eap::Method::Notification(Vec::new())),
            eap::Method::Md5Challenge { value, name } if does(Method::EapMd5) => {
                self.method = Method::EapMd5;
                let (secret, missing) = own_secret(config, name);
                let digest = chap_md5_response(identifier, secret, value);
                let name = config.name.clone();
                let step = response(eap::Method::Md5Challenge { value: digest.to_vec(), name })?;
                Some(Step { missing, ..step })
            }
            eap::Method::MsChapV2(inner) if does(Method::EapMsChapV2) => {
                self.method = Method::EapMsChapV2;
                self.on_ms_chap_v2(cx, config, identifier, inner)
            }
            _ => {
                let mut wanted: Vec<_> = config.does.iter().copied().filter_map(method_type).collect();
                if wanted.is_empty() {
                    // RFC 3748 section 5.3.1: no alternative.
                    wanted.push(MethodType::from_number(0));
                }
                response(eap::Method::Nak(wanted))
            }
        }
    }

    fn on_ms_chap_v2(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Authentication,
        identifier: u8,
        inner: &mschapv2::Packet,
    ) -> Option<Step> {
        let rest = inner.rest.as_ref()?;
        let response =
            |method| Some(Step::send(packet(eap::Code::Response, identifier, eap::Body::Method(method))));
        // Success and Failure are acknowledged by their code alone.
        let acknowledged =
            |op_code| response(eap::Method::MsChapV2(mschapv2::Packet { op_code, rest: None }));
        match (inner.op_code, &rest.body) {
            (OpCode::Challenge, mschapv2::Body::Value { value: challenge, name }) => {
                // One that comes again draws the same response.
                if self.response.is_some() && self.identifier == identifier && self.challenge == *challenge {
                    return Some(Step::send(self.response.clone()));
                }
                (self.identifier, self.challenge, self.told) = (identifier, challenge.clone(), None);
                let (secret, missing) = own_secret(config, name);
                let value = self.respond_2(cx, config, challenge, secret)?;
                let body = mschapv2::Body::Value { value, name: config.name.clone() };
                let step = response(ms_chap_v2(OpCode::Response, rest.identifier, body))?;
                self.response.clone_from(&step.send);
                Some(Step { missing, ..step })
            }
            (OpCode::Success, mschapv2::Body::Message(message)) => {
                if self.expected.is_none() || !self.is_proof(message) {
                    return Some(self.conclude(Err(Refusal::PeerNotProved)));
                }
                self.told = Some(Ok(()));
                acknowledged(OpCode::Success)
            }
            // Another password is not offered, whatever the peer would allow (MSCHAP-2759-6-a).
            (OpCode::Failure, mschapv2::Body::Message(message)) => {
                self.told = Some(Err(message.clone()));
                acknowledged(OpCode::Failure)
            }
            _ => None,
        }
    }
}

/// A client and a server.
type Names = (Vec<u8>, Vec<u8>);

/// The secret for a peer of this name, and who has none if there is none.
fn own_secret<'a>(config: &'a Authentication, peer: &[u8]) -> (&'a [u8], Option<Names>) {
    let server = config.remote_name.clone().unwrap_or_else(|| peer.to_vec());
    let secret = config.secret(&config.name, &server);
    let missing = secret.is_none().then(|| (config.name.clone(), server));
    (secret.unwrap_or_default(), missing)
}
