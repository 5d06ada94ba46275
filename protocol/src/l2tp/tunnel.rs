//! A tunnel and its sessions, and how their messages are made.

use std::collections::BTreeMap;

use super::authentication::challenge_response;
use super::config::{Config, Content, Part, ResultForm};
use super::data::Numbering;
use super::event::{Path, Reason};
use super::hidden;
use super::reliable::{Channel, Outgoing};
use super::table;
use super::wire::{AttributeType, Avp, AvpValue, ErrorCode, MessageType, ResultCode};
use crate::cx::Cx;
use crate::time::Instant;

/// A control connection.
#[derive(Debug)]
pub(super) struct Tunnel {
    pub(super) id: u16,
    /// The ID that the peer has assigned, 0 until it is known.
    pub(super) peer_id: u16,
    pub(super) path: Path,
    pub(super) state: table::Tunnel,
    pub(super) channel: Channel,
    pub(super) is_ours: bool,
    /// Our challenge, and the peer's.
    pub(super) challenge: Option<Vec<u8>>,
    pub(super) peer_challenge: Option<Vec<u8>>,
    pub(super) tie_breaker: Option<[u8; 8]>,
    pub(super) host_name: Vec<u8>,
    pub(super) sessions: BTreeMap<u16, Session>,
    pub(super) next_session: u16,
    pub(super) heard: Instant,
    /// Whether it is over and only waits until the peer knows.
    pub(super) is_closing: bool,
    /// Whether it was told that it has nothing more to say.
    pub(super) is_settled: bool,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: u16,
    pub(super) peer_id: u16,
    pub(super) state: table::Session,
    pub(super) is_lac: bool,
    pub(super) call_serial_number: u32,
    pub(super) tx_connect_speed: Option<u32>,
    pub(super) numbering: Numbering,
}

impl Session {
    pub(super) fn is_up(&self) -> bool {
        self.state == table::Session::Established
    }
}

impl Tunnel {
    /// Whether a datagram on this path may be about it: over the same link, between the same addresses. A peer may answer
    /// from another port than it was called at.
    pub(super) fn is_of(&self, path: Path) -> bool {
        self.path.link == path.link && (path.link != 0 || self.path.peer.ip() == path.peer.ip())
    }
}

/// What the parts of one message are filled with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fill<'a> {
    pub(super) tunnel_id: u16,
    pub(super) session: Option<(u16, u32)>,
    pub(super) challenge: Option<&'a [u8]>,
    pub(super) peer_challenge: Option<&'a [u8]>,
    pub(super) tie_breaker: Option<[u8; 8]>,
    pub(super) reason: Option<&'a Reason>,
}

/// Makes the AVPs of a message.
pub(super) fn avps(
    cx: &mut Cx<'_>,
    config: &Config,
    message_type: MessageType,
    parts: &[Part],
    fill: Fill<'_>,
) -> Vec<Avp> {
    let mut avps = vec![Avp::new(AvpValue::MessageType(message_type))];
    let mut random_vector: Option<Vec<u8>> = None;
    for part in parts {
        let Some(mut avp) = avp(config, message_type, part, fill) else { continue };
        if let Some(secret) = config.secret.as_ref().filter(|_| part.hidden) {
            if random_vector.is_none() {
                let vector = cx.draw_vec("l2tp.random_vector", 16);
                avps.push(Avp::new(AvpValue::RandomVector(vector.clone())));
                random_vector = Some(vector);
            }
            if let Some(Ok(hidden)) =
                random_vector.as_ref().map(|vector| hidden::hide(&avp, secret, vector, &[]))
            {
                avp = hidden;
            }
        }
        avps.push(avp);
    }
    avps
}

fn avp(config: &Config, message_type: MessageType, part: &Part, fill: Fill<'_>) -> Option<Avp> {
    let value = match &part.content {
        Content::HostName => AvpValue::HostName(config.host_name.clone()),
        Content::AssignedTunnelId => AvpValue::AssignedTunnelId(fill.tunnel_id),
        Content::ReceiveWindowSize => AvpValue::ReceiveWindowSize(config.receive_window),
        Content::Challenge => AvpValue::Challenge(fill.challenge?.to_vec()),
        Content::ChallengeResponse => {
            let number = u8::try_from(message_type.number()).ok()?;
            let response = challenge_response(number, config.secret.as_ref()?, fill.peer_challenge?);
            AvpValue::ChallengeResponse(response)
        }
        Content::TieBreaker => AvpValue::TieBreaker(fill.tie_breaker?),
        Content::AssignedSessionId => AvpValue::AssignedSessionId(fill.session?.0),
        Content::CallSerialNumber => AvpValue::CallSerialNumber(fill.session?.1),
        Content::ResultCode => result_code(config, fill.reason?),
        Content::Fixed(value) => value.clone(),
        Content::Whole(avp) => return Some(avp.clone()),
    };
    let attribute_type = match value.attribute() {
        Some(attribute) => attribute.number(),
        // Apple's Result Code is of no size that the value could have.
        None => AttributeType::ResultCode.number(),
    };
    Some(Avp { mandatory: part.mandatory, hidden: false, reserved: 0, vendor_id: 0, attribute_type, value })
}

fn result_code(config: &Config, reason: &Reason) -> AvpValue {
    let Reason { result, error, message } = reason.clone();
    let message = if message.is_empty() { config.result_text.clone() } else { message };
    match config.result_form {
        ResultForm::WithError => AvpValue::ResultCode(ResultCode {
            result,
            error: Some(error.unwrap_or(ErrorCode::None)),
            message,
        }),
        ResultForm::Bare => {
            let message = if error.is_some() { message } else { Vec::new() };
            AvpValue::ResultCode(ResultCode { result, error, message })
        }
        ResultForm::Apple => {
            let [low, high] = result.to_le_bytes();
            AvpValue::Opaque(vec![low, high, 0, 0, 0, 0, 0, 0])
        }
    }
}

/// A message of a tunnel or session, ready to be sent.
pub(super) const fn outgoing(tunnel_id: u16, session_id: u16, avps: Vec<Avp>) -> Outgoing {
    Outgoing { tunnel_id, session_id, avps }
}
