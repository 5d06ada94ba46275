//! Shapes that clients are known to send, and the formats that no capture shows.

use super::*;
use crate::ppp::control::Body;
use crate::ppp::{ccp, ipcp, lcp};

/// Windows 10 and 11, their documented exchange: MRU 1400, magic number, PFC, ACFC and Callback by CBCP; no ACCM.
#[test]
fn reads_the_first_request_of_windows() {
    let Control::Lcp(packet) =
        round_trip(Protocol::Lcp, "01 00 0015  01 04 0578  05 06 0c6f3548  07 02  08 02  0d 03 06")
    else {
        panic!("not LCP");
    };
    assert_eq!(
        packet.body,
        Body::Options(vec![
            lcp::Option::MaximumReceiveUnit(1400),
            lcp::Option::MagicNumber(0x0c6f_3548),
            lcp::Option::ProtocolFieldCompression,
            lcp::Option::AddressAndControlFieldCompression,
            lcp::Option::Callback { operation: lcp::CallbackOperation::Cbcp, message: Vec::new() },
        ])
    );
}

/// Windows with multilink: MRRU 1614, an endpoint discriminator of class 1 with 20 octets, a link discriminator.
#[test]
fn reads_the_multilink_options_of_windows() {
    let packet = round_trip(
        Protocol::Lcp,
        "01 02 0023  11 04 064e  13 17 01 222e0ecf3c644d0eb50ac67e99de621100000000  17 04 0001",
    );
    assert_eq!(
        packet.to_string(),
        "LCP Configure-Request id 2 (MRRU 1614, Endpoint-Discriminator, Link-Discriminator)"
    );
}

/// Windows asks for stateless MPPE and for no strength when encryption is not required.
#[test]
fn reads_the_mppe_option_of_windows() {
    let Control::Ccp(packet) = round_trip(Protocol::Ccp, "01 06 000a  12 06 01000000") else {
        panic!("not CCP");
    };
    assert_eq!(packet.to_string(), "Configure-Request id 6 (MPPE H)");
    let Body::Options(options) = packet.body else { panic!("no options") };
    assert_eq!(options, [ccp::Option::Mppe(ccp::SupportedBits(ccp::SupportedBits::STATELESS))]);
}

/// Windows ends a link with its magic number, 003ccd74 and a reason.
#[test]
fn keeps_the_data_with_which_windows_terminates() {
    let packet = round_trip(Protocol::Ccp, "05 08 0010 0c6f3548 003ccd74 000002dc");
    assert_eq!(
        shown(&packet),
        "code=5:Terminate-Request identifier=8 length=16 data=0c6f3548003ccd74000002dc"
    );
    assert_eq!(packet.to_string(), "CCP Terminate-Request id 8 (12 octets)");
}

/// macOS and iOS, when not all traffic goes through the tunnel.
#[test]
fn reads_the_acscp_request_of_apple() {
    let frame = octets("82 35  01 01 0010  01 06 00000001  02 06 00000001");
    let packet = control(&frame).unwrap();
    assert_eq!(packet.to_string(), "ACSCP Configure-Request id 1 (option 1, option 2)");
    assert_eq!(encoded(&packet), frame[2..]);
}

/// pppd as on Android: Deflate with a window of 15 bits under both numbers, BSD Compress with 15 bits.
#[test]
fn reads_the_compressions_that_pppd_offers() {
    let packet = round_trip(Protocol::Ccp, "01 01 000f  1a 04 7800  18 04 7800  15 03 2f");
    assert_eq!(
        packet.to_string(),
        "CCP Configure-Request id 1 (Deflate 15, draft Deflate 15, BSD Compress 15)"
    );
    assert!(shown(&packet).contains("{option=26:Deflate length=4 window=7 method=8 check=0}"));
    assert!(shown(&packet).contains("version=1 dictionary_bits=15"));
}

#[test]
fn reads_the_other_compressions() {
    let packet = round_trip(
        Protocol::IndividualLinkCcp,
        "01 01 0022  01 02  02 02  03 03 aa  11 05 0001 03  18 04 1234  00 07 00105a 01 ff  13 03 01  63 04 0102",
    );
    assert_eq!(
        packet.to_string(),
        "CCP Configure-Request id 1 (Predictor type 1, Predictor type 2, Puddle Jumper, Stac LZS, MVRCA, OUI, \
         Gandalf FZA, option 99)"
    );
}

/// scapy test/scapy/layers/ppp.uts; the Van Jacobson option is also that of xl2tpd and Android.
#[test]
fn reads_van_jacobson_compression() {
    let Control::Ipcp(packet) = round_trip(Protocol::Ipcp, "01 01 0010  03 06 c0a80101  02 06 002d 0f 01")
    else {
        panic!("not IPCP");
    };
    assert!(shown(&packet).ends_with(
        "{option=2:IP-Compression-Protocol length=6 ip_compression_protocol=45:Van Jacobson Compressed TCP/IP \
         max_slot_id=15 comp_slot_id=1}]"
    ));
}

/// macOS falls back to the addresses of RFC 1172.
#[test]
fn reads_both_addresses_of_the_old_option() {
    let Control::Ipcp(packet) = round_trip(Protocol::Ipcp, "01 03 000e  01 0a 00000000 0a464801") else {
        panic!("not IPCP");
    };
    let Body::Options(options) = packet.body else { panic!("no options") };
    let destination = [10, 70, 72, 1].into();
    assert_eq!(options, [ipcp::Option::IpAddresses { source: [0; 4].into(), destination }]);
}

#[test]
fn reads_the_rarer_options_of_lcp() {
    let packet = round_trip(
        Protocol::Lcp,
        "01 01 0030  04 08 c025 000003e8  09 03 06  0a 03 08  12 02  1b 04 02 04  00 07 00105a 01 ff  \
         03 04 c227  0e 06 00000001  0d 05 01 3132  c8 02",
    );
    assert_eq!(
        packet.to_string(),
        "LCP Configure-Request id 1 (Quality-Protocol LQR, FCS-Alternatives, Self-Describing-Pad, \
         Short-Sequence-Number-Header-Format, Multilink-Header-Format, Vendor-Specific, \
         Authentication-Protocol EAP, Connect-Time, Callback dialing string, option 200)"
    );
    assert!(shown(&packet).contains("quality_protocol=49189:LQR reporting_period=1000"));
}

#[test]
fn reads_the_codes_of_lcp_that_no_capture_shows() {
    for (hex, summary) in [
        ("00 01 000d 00000000 00105a 07 ff", "LCP Vendor-Specific id 1 (kind 7)"),
        ("07 01 000a c8 09 0006 0102", "LCP Code-Reject id 1 (6 octets)"),
        ("08 01 0006 4021", "LCP Protocol-Reject id 1 (protocol 0x4021)"),
        ("0b 01 0009 00000000 ff", "LCP Discard-Request id 1 (1 octet)"),
        ("0d 01 000f 00000000 0000003c 627965", "LCP Time-Remaining id 1 (60 s)"),
        ("c8 01 0004", "LCP code 200 id 1"),
    ] {
        assert_eq!(round_trip(Protocol::Lcp, hex).to_string(), summary);
    }
}

/// IPCP-1332-2-b and CCP-1962-2-a: codes from 8 on belong to LCP, 14 and 15 to CCP.
#[test]
fn codes_of_other_protocols_are_unknown() {
    let code = |protocol, hex| {
        let shown = shown(&round_trip(protocol, hex));
        shown.split_once(' ').unwrap().0.to_owned()
    };
    // An Echo-Request would have to hold a magic number.
    assert_eq!(code(Protocol::Ipcp, "09 01 0004"), "code=9:?");
    assert_eq!(code(Protocol::Ipv6cp, "08 01 0004"), "code=8:?");
    assert_eq!(code(Protocol::Ccp, "0c 01 0004"), "code=12:?");
    assert_eq!(code(Protocol::Ccp, "0e 01 0004"), "code=14:Reset-Request");
    assert_eq!(code(Protocol::Ccp, "0f 01 0004"), "code=15:Reset-Ack");
    assert_eq!(code(Protocol::Lcp, "0e 01 0004"), "code=14:?");
    assert_eq!(code(Protocol::Lcp, "09 01 0008 00000000"), "code=9:Echo-Request");
}

#[test]
fn reads_callback_control() {
    let packet = round_trip(Protocol::Cbcp, "01 01 000a  01 02  02 04 0500");
    assert_eq!(packet.to_string(), "CBCP Callback-Request id 1 (option 1, option 2)");
}

#[test]
fn protocols_without_control_packets_are_left_alone() {
    for protocol in
        [Protocol::Ipv4, Protocol::LinkQualityReport, Protocol::Compressed, Protocol::Unknown(0x8099)]
    {
        assert_eq!(decode_control(protocol, &octets("01010004"), 0), None);
    }
}
