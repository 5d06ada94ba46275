//! Informational exchanges (RFC 2409 section 5.7): notifications, deletions and dead peer detection. Each is one message
//! that nobody acknowledges.

use super::keys;
use super::phase1::notify;
use super::quick_mode::Under;
use super::violation::Violation;
use super::wire::{
    Body, Delete, Doi, ExchangeType, Header, Message, NotifyType, Payload, PayloadType, ProtocolId, Sealed,
};
use crate::codec::Codec;
use crate::isakmp::keys::Cookies;

/// A message under the protection of an ISAKMP SA.
pub(super) fn protected(under: Under<'_>, message_id: u32, payloads: &[Payload]) -> Option<Vec<u8>> {
    let secrets = &under.keyed.secrets;
    let mut iv = secrets.exchange_iv(&under.keyed.iv, message_id);
    under.seal(&mut iv, 1, under.header(ExchangeType::Informational, message_id), payloads, |rest| {
        keys::informational_hash(secrets.hash, &secrets.skeyid_a, message_id, rest)
    })
}

/// Reads a message under the protection of an ISAKMP SA (IKE-2409-5.7-a).
pub(super) fn open(under: Under<'_>, sealed: &Sealed) -> Result<Message, Violation> {
    let message_id = sealed.header.message_id;
    let secrets = &under.keyed.secrets;
    let mut iv = secrets.exchange_iv(&under.keyed.iv, message_id);
    under.open(&mut iv, sealed, |_, rest| {
        Ok(keys::informational_hash(secrets.hash, &secrets.skeyid_a, message_id, rest))
    })
}

/// A notification before there are keys: in the clear and without a hash (IKE-2409-5.7-c).
pub(super) fn clear(cookies: &Cookies, message_id: u32, notify_type: NotifyType) -> Option<Vec<u8>> {
    let header = Header {
        initiator_cookie: cookies.initiator,
        responder_cookie: cookies.responder,
        next_payload: PayloadType::Notification,
        version: Header::VERSION_1_0,
        exchange_type: ExchangeType::Informational,
        flags: 0,
        message_id,
        length: 0,
    };
    let mut payload = notify(notify_type, cookies, Vec::new());
    if let Body::Notification(notification) = &mut payload.body {
        // The SPI is that of the message's own header, so none has to be told (RFC 2408 section 3.14).
        notification.spi = Vec::new();
    }
    Message::new(header, vec![payload]).to_octets().ok()
}

/// The end of a pair of ESP SAs: the SPI on which we receive.
pub(super) fn delete_child(inbound_spi: u32) -> Payload {
    delete(ProtocolId::Esp, 4, inbound_spi.to_be_bytes().to_vec())
}

/// The end of an ISAKMP SA.
pub(super) fn delete_sa(cookies: &Cookies) -> Payload {
    delete(ProtocolId::Isakmp, 16, [cookies.initiator, cookies.responder].concat())
}

fn delete(protocol: ProtocolId, spi_size: u8, spi: Vec<u8>) -> Payload {
    let delete = Delete { doi: Doi::Ipsec, protocol, spi_size, spis: vec![spi] };
    Payload::new(PayloadType::Delete, Body::Delete(delete))
}
