//! What is told about the link layers beyond their names; the names are compared with tshark's elsewhere.

use l2tpspec::capture::LinkType;
use l2tpspec::capture::link::{Layers, Next, strip};
use l2tpspec_protocol::codec::Why;

const ADDRESSES: [u8; 12] = [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 6];

fn ethernet(rest: &[u8]) -> Vec<u8> {
    [&ADDRESSES[..], rest].concat()
}

#[test]
fn a_pppoe_session_ends_where_its_length_says() {
    let session = [0x81, 0, 0, 5, 0x88, 0x64, 0x11, 0, 0x12, 0x34, 0, 4, 0xc0, 0x21, 9, 1, 0xaa, 0xaa];
    let frame = ethernet(&session);
    let link = strip(LinkType::Ethernet, &frame);
    assert_eq!(link.next, Next::Ppp);
    assert_eq!(link.payload(&frame), [0xc0, 0x21, 9, 1]);
    assert_eq!((link.pppoe_session, link.missing), (Some(0x1234), 0));
    assert_eq!(link.layers.names(), ["eth", "ethertype", "vlan", "ethertype", "pppoes"]);
    // A length beyond the frame is no more than a frame that was cut.
    let frame = ethernet(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 40, 0xc0, 0x21]);
    let link = strip(LinkType::Ethernet, &frame);
    assert_eq!((link.payload(&frame), link.missing), (&[0xc0, 0x21][..], 38));
}

#[test]
fn a_ppp_protocol_in_the_place_of_the_ethertype_is_where_ppp_begins() {
    let frame = ethernet(&[0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0]);
    let link = strip(LinkType::Ethernet, &frame);
    assert_eq!((link.next, link.offset), (Next::Ppp, 12));
    assert_eq!(link.layers.names(), ["eth", "ethertype"]);
}

#[test]
fn damage_is_told_with_its_place() {
    let refused = |octets: &[u8]| match strip(LinkType::Ethernet, octets).next {
        Next::Malformed(malformed) => (malformed.field, malformed.offset, malformed.why),
        next => panic!("{next:?}"),
    };
    assert_eq!(refused(&[0; 4]), ("Destination", 0, Why::Truncated { need: 6, have: 4 }));
    assert_eq!(refused(&ethernet(&[5, 0xdd])), ("Length/Type", 12, Why::Value { got: 1501 }));
    assert_eq!(refused(&ethernet(&[0x88, 0x64, 0x21])), ("VER and TYPE", 14, Why::Value { got: 0x21 }));
    assert_eq!(refused(&ethernet(&[0x88, 0x64, 0x11, 9])), ("CODE", 15, Why::Value { got: 9 }));
    let tags = ethernet(&[0x81, 0, 0, 5].repeat(100));
    assert_eq!(refused(&tags).2, Why::Limit { limit: Layers::LIMIT });
}

#[test]
fn link_types_that_are_not_read_are_named() {
    let link = strip(LinkType::Radiotap, &[0; 100]);
    assert_eq!(link.next, Next::LinkType(LinkType::Radiotap));
    assert_eq!(LinkType::Radiotap.to_string(), "IEEE802_11_RADIOTAP");
    assert_eq!(strip(LinkType::Unknown(999), &[]).next, Next::LinkType(LinkType::Unknown(999)));
    assert_eq!(strip(LinkType::Ethernet, &ethernet(&[0x30, 0x30])).next, Next::Ethertype(0x3030));
}

#[test]
fn pppd_puts_the_direction_in_the_place_of_the_address() {
    let frame = [1, 3, 0xc0, 0x21];
    assert_eq!(strip(LinkType::PppPppd, &frame).payload(&frame), [0xc0, 0x21]);
}
