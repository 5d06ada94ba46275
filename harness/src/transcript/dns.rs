//! DNS messages, read by hickory.

use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::RData;
use l2tpspec_protocol::codec::{Malformed, Why};

use super::entry::{Entry, Fault, FaultCause};
use super::layer::{Dns, Layer, Named};

/// Appends the DNS message in `octets`.
pub(super) fn read(octets: &[u8], entry: &mut Entry) {
    let Ok(message) = Message::from_vec(octets) else {
        entry.layers.push(Layer::Named(Named { layer: "dns", why: "malformed" }));
        if entry.fault.is_none() {
            let malformed = Malformed {
                field: "message",
                offset: 0,
                why: Why::Truncated { need: 12, have: octets.len() },
            };
            entry.fault = Some(Fault { layer: "dns", cause: FaultCause::Malformed(malformed) });
        }
        return;
    };
    let dns = Dns {
        id: message.metadata.id,
        is_response: message.metadata.message_type == MessageType::Response,
        response_code: message.metadata.response_code.into(),
        is_truncated: message.metadata.truncation,
        questions: message
            .queries
            .iter()
            .map(|query| (query.name().to_ascii(), query.query_type().into()))
            .collect(),
        answers: message.answers.len(),
        addresses: message
            .answers
            .iter()
            .filter_map(|record| match &record.data {
                RData::A(address) => Some(address.0.into()),
                RData::AAAA(address) => Some(address.0.into()),
                _ => None,
            })
            .collect(),
    };
    entry.layers.push(Layer::Dns(Box::new(dns)));
}
