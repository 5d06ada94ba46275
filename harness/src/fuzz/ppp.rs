//! PPP frames and the packets of its control and authentication protocols.

use std::fmt::{Debug, Display};

use l2tpspec_protocol::codec::{Codec, Reader, Writer};
use l2tpspec_protocol::ppp::chap::mschap::{Failure, Response1, Response2, Success};
use l2tpspec_protocol::ppp::control::{OptionSet, Packet};
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{ccp, chap, decode_control, eap, ipcp, ipv6cp, lcp, pap};
use l2tpspec_protocol::show::Show;

use super::check::{round_trip, shows, summarises};

/// Configure-Request.
const CONFIGURE_REQUEST: u8 = 1;
/// Octets of Code, Identifier and Length.
const HEADER: usize = 4;
/// Octets that the Length of an option leaves for its Data.
const LONGEST_DATA: usize = 253;

/// A frame, and the control packet in it.
///
/// # Panics
/// Header or packet does not encode back to its octets.
pub fn frame_round_trip(octets: &[u8]) {
    let Ok((header, start)) = FrameHeader::decode(octets) else { return };
    let before = octets.get(..start).expect("a header comes from the frame");
    assert_eq!(header.to_octets().as_deref(), Ok(before), "a header encodes to the same octets");
    let (own, length) = header.octets();
    assert_eq!(own.get(..length), Some(before), "and so it does without allocating");
    shows(&header);
    summarises(&header);
    let information = octets.get(start..).unwrap_or_default();
    match decode_control(header.protocol, information, start) {
        Some(Ok(control)) => {
            let mut w = Writer::new();
            control.encode(&mut w);
            assert_eq!(w.into_octets().as_deref(), Ok(information), "a packet encodes to the same octets");
            shows(&control);
            summarises(&control);
        }
        Some(Err(malformed)) => {
            assert!((start..=octets.len()).contains(&malformed.offset), "{malformed} lies within the frame");
        }
        None => {}
    }
}

/// The octets as a packet, or else with the Length that fits.
fn packet<T: Codec + Show + Display + Debug>(octets: &[u8]) {
    let mut patched = octets.to_vec();
    let packet = match (round_trip::<T>(octets), u16::try_from(octets.len()), patched.get_mut(2..HEADER)) {
        (None, Ok(length), Some(place)) => {
            place.copy_from_slice(&length.to_be_bytes());
            round_trip::<T>(&patched)
        }
        (packet, ..) => packet,
    };
    packet.iter().for_each(summarises);
}

/// One option of a protocol, its Data filling the octets behind its Type.
fn one_option<O: OptionSet>(octets: &[u8]) {
    let Some((number, data)) = octets.split_first() else { return };
    let data = data.get(..data.len().min(LONGEST_DATA)).unwrap_or_default();
    let mut r = Reader::new(data);
    let Ok(option) = O::decode_data(*number, &mut r) else { return };
    let read = data.len() - r.len();
    let mut w = Writer::new();
    option.encode_data(&mut w);
    assert_eq!(
        w.written_from(0),
        data.get(..read).unwrap_or_default(),
        "an option encodes to the same octets"
    );
    assert_eq!(option.number(), *number);
    shows(&option);
    summarises(&option);
}

fn options<O: OptionSet + Debug>(octets: &[u8])
where
    Packet<O>: Codec + Show + Display,
{
    packet::<Packet<O>>(octets);
    one_option::<O>(octets);
    // As the options of a Configure-Request.
    if let Ok(length) = u16::try_from(octets.len() + HEADER) {
        let [high, low] = length.to_be_bytes();
        packet::<Packet<O>>(&[&[CONFIGURE_REQUEST, 0, high, low], octets].concat());
    }
}

/// LCP packets and options.
///
/// # Panics
/// One does not encode back to its octets, or does not show itself well.
pub fn lcp_options_round_trip(octets: &[u8]) {
    options::<lcp::Option>(octets);
}

/// IPCP packets and options.
///
/// # Panics
/// One does not encode back to its octets, or does not show itself well.
pub fn ipcp_options_round_trip(octets: &[u8]) {
    options::<ipcp::Option>(octets);
}

/// IPV6CP packets and options.
///
/// # Panics
/// One does not encode back to its octets, or does not show itself well.
pub fn ipv6cp_options_round_trip(octets: &[u8]) {
    options::<ipv6cp::Option>(octets);
}

/// CCP packets and options.
///
/// # Panics
/// One does not encode back to its octets, or does not show itself well.
pub fn ccp_options_round_trip(octets: &[u8]) {
    options::<ccp::Option>(octets);
}

/// PAP packets.
///
/// # Panics
/// One does not encode back to its octets, or does not show itself well.
pub fn pap_round_trip(octets: &[u8]) {
    packet::<pap::Packet>(octets);
}

/// EAP packets.
///
/// # Panics
/// One does not encode back to its octets, or does not show itself well.
pub fn eap_round_trip(octets: &[u8]) {
    packet::<eap::Packet>(octets);
}

/// CHAP packets, and what Microsoft's versions put into them.
///
/// # Panics
/// One does not encode back to its octets, or a text does not read as what wrote it.
pub fn chap_round_trip(octets: &[u8]) {
    packet::<chap::Packet>(octets);
    texts(octets);
    match chap::Packet::decode_all(octets).map(|packet| packet.body) {
        Ok(chap::Body::Value { value, .. }) => values(&value),
        Ok(chap::Body::Message(message)) => texts(&message),
        _ => values(octets),
    }
}

fn values(octets: &[u8]) {
    round_trip::<Response1>(octets);
    round_trip::<Response2>(octets);
}

fn texts(octets: &[u8]) {
    if let Ok(success) = Success::parse(Reader::new(octets)) {
        let text = success.text();
        assert_eq!(Success::parse(Reader::new(&text)), Ok(success.clone()), "a text reads as what wrote it");
        assert_eq!(text.len(), octets.len());
        assert!(text.eq_ignore_ascii_case(octets), "only the case of digits may differ");
        shows(&success);
    }
    if let Ok(failure) = Failure::parse(Reader::new(octets)) {
        let text = failure.text();
        assert_eq!(Failure::parse(Reader::new(&text)), Ok(failure.clone()), "a text reads as what wrote it");
        shows(&failure);
        summarises(&failure);
    }
}
