//! Octets that are no packet, the field at which they are refused, and ill-sized options, which are none of them.

use super::*;
use crate::codec::Why;
use crate::ppp::control::Body;
use crate::ppp::{ccp, ipcp, lcp};

fn refused(protocol: Protocol, hex: &str) -> (&'static str, usize, Why) {
    let Malformed { field, offset, why } = decode_control(protocol, &octets(hex), 0).unwrap().unwrap_err();
    (field, offset, why)
}

const fn truncated(need: usize, have: usize) -> Why {
    Why::Truncated { need, have }
}

/// LCP-1661-5-c.
#[test]
fn rejects_an_impossible_length() {
    for protocol in [Protocol::Lcp, Protocol::Pap, Protocol::Chap, Protocol::Eap, Protocol::Cbcp] {
        assert_eq!(refused(protocol, "05 01 0003"), ("Length", 2, Why::Length { got: 3, want: 4 }));
        assert_eq!(refused(protocol, "05 01 0000 00"), ("Length", 2, Why::Length { got: 0, want: 4 }));
        assert_eq!(refused(protocol, "05 01 0009 00000000"), ("Length", 2, truncated(9, 8)));
    }
}

/// `ppp_ccp_config_deflate_option_asan.pcap` of tcpdump: a CCP request that claims 15 octets and has 7, whose option
/// claims 5 and has 3. The second packet is the same with a true Length.
#[test]
fn rejects_the_cut_deflate_option_of_tcpdump() {
    let frame = octets("80fd 01 df 000f 18 05 ff");
    assert_eq!(control(&frame), Err(Malformed { field: "Length", offset: 4, why: truncated(15, 7) }));
    assert_eq!(refused(Protocol::Ccp, "01 df 0007 18 05 ff"), ("Option Length", 5, truncated(5, 3)));
}

/// LCP-1661-6-b.
#[test]
fn rejects_a_packet_for_an_option_with_an_impossible_length() {
    assert_eq!(refused(Protocol::Lcp, "01 01 0008 01 c8 05dc"), ("Option Length", 5, truncated(200, 4)));
    assert_eq!(
        refused(Protocol::Lcp, "01 01 000a 07 02 01 01 05dc"),
        ("Option Length", 7, Why::Length { got: 1, want: 2 })
    );
    assert_eq!(
        refused(Protocol::Ipcp, "01 01 0006 03 00"),
        ("Option Length", 5, Why::Length { got: 0, want: 2 })
    );
    assert_eq!(refused(Protocol::Ipcp, "01 01 0005 03"), ("Option Length", 5, truncated(1, 0)));
    // The option is whole only with the padding behind the packet.
    assert_eq!(refused(Protocol::Lcp, "01 01 0006 01 04 05dc"), ("Option Length", 5, truncated(4, 2)));
}

/// LCP-1661-6-a: such an option is to be answered with the right length, hence it is a value.
#[test]
fn keeps_options_that_do_not_have_the_size_of_their_type() {
    let Control::Lcp(packet) = round_trip(Protocol::Lcp, "01 01 0010  01 03 05  07 04 0000  05 05 010203")
    else {
        panic!("not LCP");
    };
    assert_eq!(
        packet.to_string(),
        "Configure-Request id 1 (MRU of 1 octet, Protocol-Field-Compression of 2 octets, Magic-Number of 3 octets)"
    );
    let Body::Options(options) = &packet.body else { panic!("no options") };
    assert_eq!(options[0], lcp::Option::IllSized { number: 1, data: vec![5] });
    assert!(shown(&packet).contains("{option=1:MRU length=3 ill_sized=true data=05}"));

    let Control::Ipcp(packet) = round_trip(Protocol::Ipcp, "01 01 000d  03 02  81 07 0a0a0a0a0a") else {
        panic!("not IPCP");
    };
    let ill_sized = |number, data| ipcp::Option::IllSized { number, data };
    assert_eq!(packet.body, Body::Options(vec![ill_sized(3, vec![]), ill_sized(129, vec![10; 5])]));

    let Control::Ccp(packet) = round_trip(Protocol::Ccp, "01 01 000b  18 03 78  12 04 0100") else {
        panic!("not CCP");
    };
    let ill_sized = |number, data| ccp::Option::IllSized { number, data };
    assert_eq!(packet.body, Body::Options(vec![ill_sized(24, vec![0x78]), ill_sized(18, vec![1, 0])]));
}

#[test]
fn rejects_lcp_packets_that_end_within_a_field() {
    assert_eq!(refused(Protocol::Lcp, "09 01 0007 000000"), ("Magic-Number", 4, truncated(4, 3)));
    assert_eq!(refused(Protocol::Lcp, "08 01 0005 80"), ("Rejected-Protocol", 4, truncated(2, 1)));
    assert_eq!(refused(Protocol::Lcp, "0d 01 0008 00000000"), ("Seconds-Remaining", 8, truncated(4, 0)));
    assert_eq!(refused(Protocol::Lcp, "00 01 000a 00000000 0010"), ("OUI", 8, truncated(3, 2)));
}

/// PAP-1334-2.2.2-a.
#[test]
fn rejects_pap_packets_whose_inner_lengths_do_not_fit() {
    assert_eq!(refused(Protocol::Pap, "01 01 0006 04 68"), ("Peer-ID", 5, truncated(4, 1)));
    assert_eq!(refused(Protocol::Pap, "01 01 0006 01 68"), ("Passwd-Length", 6, truncated(1, 0)));
    assert_eq!(refused(Protocol::Pap, "01 01 0009 01 68 04 3433"), ("Password", 7, truncated(4, 2)));
    assert_eq!(refused(Protocol::Pap, "02 01 0006 02 68"), ("Message", 5, truncated(2, 1)));
    assert_eq!(refused(Protocol::Pap, "03 01 0006 00 68"), ("Length", 5, Why::Trailing { extra: 1 }));
    // The password is whole only with the padding behind the packet.
    assert_eq!(refused(Protocol::Pap, "01 01 0008 01 68 02 34 33"), ("Password", 7, truncated(2, 1)));
}

#[test]
fn rejects_chap_packets_whose_value_does_not_fit() {
    assert_eq!(refused(Protocol::Chap, "01 01 0004"), ("Value-Size", 4, truncated(1, 0)));
    assert_eq!(refused(Protocol::Chap, "01 01 0007 10 0102"), ("Value", 5, truncated(16, 2)));
}

#[test]
fn rejects_eap_packets_that_end_within_a_field() {
    assert_eq!(refused(Protocol::Eap, "01 01 0004"), ("Type", 4, truncated(1, 0)));
    assert_eq!(refused(Protocol::Eap, "01 01 0007 04 10 01"), ("Value", 6, truncated(16, 1)));
    assert_eq!(refused(Protocol::Eap, "01 01 0008 fe 000137"), ("Vendor-Type", 8, truncated(4, 0)));
    assert_eq!(
        refused(Protocol::Eap, "01 01 000a 1a 03 01 0006 53"),
        ("MS-Length", 7, Why::Length { got: 6, want: 5 })
    );
    assert_eq!(refused(Protocol::Eap, "01 01 0007 1a 03 01"), ("MS-Length", 7, truncated(2, 0)));
}

/// LCP-1661-5-c: what follows the Length is padding.
#[test]
fn keeps_padding() {
    for (protocol, hex) in [
        (Protocol::Lcp, "06 01 0004 aabb"),
        (Protocol::Ipcp, "01 01 0004 aabb"),
        (Protocol::Pap, "03 01 0005 00 aabb"),
        (Protocol::Chap, "03 01 0004 aabb"),
        (Protocol::Eap, "03 01 0004 aabb"),
        (Protocol::Cbcp, "01 01 0004 aabb"),
        (Protocol::Ecp, "01 01 0004 aabb"),
    ] {
        assert!(shown(&round_trip(protocol, hex)).ends_with(" padding=aabb"));
    }
}
