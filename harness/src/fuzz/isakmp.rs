//! Messages, SA payloads and attributes of IKEv1.

use l2tpspec_protocol::codec::{Codec as _, Reader, Writer};
use l2tpspec_protocol::isakmp::wire::{
    self, Attribute, Config, ConfigType, Header, Message, Recognised, Sa, Sealed,
};

use super::check::{is_well_formed, round_trip, same_octets, shows, summarises};

/// Where the Length stands in the header.
const LENGTH_AT: usize = 24;

/// A message, sealed and open, and one whose Length is put right.
///
/// # Panics
/// A message does not encode back to its octets, or does not show itself well.
pub fn message_round_trip(octets: &[u8]) {
    let recognised = wire::recognise(octets);
    assert_eq!(matches!(recognised, Recognised::Short(_)), octets.len() < Header::LEN);
    both(octets);
    let mut patched = octets.to_vec();
    if let (Ok(length), Some(place)) = (u32::try_from(octets.len()), patched.get_mut(LENGTH_AT..Header::LEN))
    {
        place.copy_from_slice(&length.to_be_bytes());
        if patched != octets {
            both(&patched);
        }
        chain(&patched);
    }
}

fn both(octets: &[u8]) {
    if let Some(message) = round_trip::<Message>(octets) {
        summarises(&message);
        let body = message.body_octets().expect("what decodes encodes");
        assert_eq!(
            Message::open(message.header, &body).as_ref(),
            Ok(&message),
            "a body opens as the message"
        );
    }
    if let Some(sealed) = same_octets::<Sealed>(octets) {
        is_well_formed(&sealed, &[]);
        summarises(&sealed);
    }
}

/// A chain that breaks still gives the payloads before the break, and those encode to what they were read from.
fn chain(octets: &[u8]) {
    let Ok(header) = Header::decode(&mut Reader::new(octets)) else { return };
    let body = octets.get(Header::LEN..).unwrap_or_default();
    let walked = wire::walk(header.next_payload, &mut Reader::at(body, Header::LEN));
    let mut w = Writer::new();
    wire::encode_chain(&walked.payloads, &mut w);
    let again = w.into_octets().expect("what decodes encodes");
    let before = body.get(..again.len()).expect("payloads come from the body");
    match walked.refused {
        None => assert_eq!(again, before, "a chain encodes to the same octets"),
        Some(malformed) => {
            assert!(malformed.offset <= octets.len(), "{malformed} lies within the message");
            // The last payload of those that could be read names none after it.
            let differing = again.iter().zip(before).filter(|(again, before)| again != before).count();
            assert!(differing <= 1, "only the Next Payload of the last one differs");
            walked.payloads.iter().for_each(shows);
        }
    }
}

/// An SA payload without its generic header.
///
/// # Panics
/// It does not encode back to its octets, or does not show itself well.
pub fn sa_round_trip(octets: &[u8]) {
    round_trip::<Sa>(octets);
}

/// Attributes behind one another.
///
/// # Panics
/// They do not encode back to their octets, or do not show themselves well.
pub fn attributes_round_trip(octets: &[u8]) {
    let mut r = Reader::new(octets);
    let mut attributes = Vec::new();
    while !r.is_empty() {
        let before = r.offset();
        let Ok(attribute) = Attribute::decode(&mut r) else { break };
        let again = attribute.to_octets().expect("what decodes encodes");
        assert_eq!(octets.get(before..r.offset()), Some(&*again), "an attribute encodes to the same octets");
        attributes.push(attribute);
    }
    // Every configuration attribute has a way of its own to be shown.
    shows(&Config { config_type: ConfigType::from_number(1), reserved: 0, identifier: 0, attributes });
}
