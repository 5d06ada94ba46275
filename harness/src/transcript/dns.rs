//! DNS messages, read by hickory. Of a message that breaks off, or is broken, the header and the questions before that
//! are kept.

use hickory_proto::op::{Header, Message, Query};
use hickory_proto::rr::{Name, RData};
use hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};
use l2tpspec_protocol::codec::{Malformed, Why};

use super::layer::Dns;

/// Octets of the header (RFC 1035 section 4.1.1).
const HEADER: usize = 12;

/// The DNS message in `octets`, and what is malformed in it.
pub(super) fn read(octets: &[u8]) -> (Option<Dns>, Option<Malformed>) {
    let Some(header) = octets.first_chunk::<HEADER>() else {
        let why = Why::Truncated { need: HEADER, have: octets.len() };
        return (None, Some(Malformed { field: "header", offset: 0, why }));
    };
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let flags = word(2);
    let mut dns = Dns {
        id: word(0),
        flags,
        is_response: flags & 0x8000 != 0,
        response_code: flags & 0x000f,
        is_truncated: flags & 0x0200 != 0,
        questions: Vec::new(),
        answers: word(6).into(),
        addresses: Vec::new(),
    };
    if let Ok(message) = Message::from_vec(octets) {
        dns.questions = message.queries.iter().map(question).collect();
        dns.answers = message.answers.len();
        dns.addresses = message.answers.iter().filter_map(|record| address(&record.data)).collect();
        return (Some(dns), None);
    }
    let mut decoder = BinDecoder::new(octets);
    let mut offset = HEADER;
    if Header::read(&mut decoder).is_ok() {
        for _ in 0..word(4) {
            let Ok(query) = Query::read(&mut decoder) else { break };
            dns.questions.push(question(&query));
            offset = decoder.index();
        }
    }
    let why = Why::Truncated { need: octets.len() + 1, have: octets.len() };
    (Some(dns), Some(Malformed { field: "record", offset, why }))
}

fn question(query: &Query) -> (String, u16) {
    (name_of(query.name()), query.query_type().into())
}

fn address(data: &RData) -> Option<std::net::IpAddr> {
    match data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }
}

/// A name without the dot of the root, as people write it.
fn name_of(name: &Name) -> String {
    let mut text = name.to_ascii();
    if text.len() > 1 && text.ends_with('.') {
        text.pop();
    }
    text
}
