//! Packets as captured. Each line of a table: capture and frame, the octets of the PPP frame, the summary.
//! `recorded.tsv` holds every different packet of the captures with keys. `public.tsv` holds one packet for each form
//! met in public captures; where a capture has no PPP header (Ethernet types of PPP numbers, EAP over LAN), the
//! protocol was put before it.

use super::*;
use proptest::prelude::*;

fn samples() -> impl Iterator<Item = (&'static str, Vec<u8>, &'static str)> {
    [include_str!("samples/recorded.tsv"), include_str!("samples/public.tsv")].into_iter().flat_map(|table| {
        table.lines().map(|line| {
            let mut columns = line.split('\t');
            let mut next = || columns.next().unwrap();
            (next(), octets(next()), next())
        })
    })
}

#[test]
fn reads_every_sample_as_its_summary() {
    for (source, frame, summary) in samples() {
        assert_eq!(control(&frame).unwrap().to_string(), summary, "{source}");
    }
}

#[test]
fn round_trips_every_sample() {
    for (source, frame, _) in samples() {
        let (header, information) = FrameHeader::decode(&frame).unwrap();
        let (octets, len) = header.octets();
        assert_eq!(octets[..len], frame[..information], "{source}");
        assert_eq!(encoded(&control(&frame).unwrap()), frame[information..], "{source}");
    }
}

/// LCP-1661-5-c.
#[test]
fn rejects_every_truncation_of_every_sample() {
    for (source, frame, _) in samples() {
        let (_, information) = FrameHeader::decode(&frame).unwrap();
        let length = usize::from(u16::from_be_bytes([frame[information + 2], frame[information + 3]]));
        for cut in 0..length {
            let at = control(&frame[..information + cut]).unwrap_err();
            let expected = match cut {
                0 => ("Code", 0),
                1 => ("Identifier", 1),
                _ => ("Length", 2),
            };
            assert_eq!((at.field, at.offset - information), expected, "{source} cut to {cut}");
        }
    }
}

#[test]
fn shows_every_field_of_a_sample_of_each_protocol() {
    for (source, fields) in [
        (
            "strongswan-xl2tpd-nat 22",
            "code=1:Configure-Request identifier=1 length=25 options=[{option=1:MRU length=4 mru=1400} \
             {option=2:ACCM length=6 async_control_character_map=0} \
             {option=3:Authentication-Protocol length=5 authentication_protocol=49699:CHAP algorithm=129:MS-CHAPv2} \
             {option=5:Magic-Number length=6 magic_number=3700833768}]",
        ),
        (
            "strongswan-xl2tpd-nat 27",
            "code=1:Challenge identifier=111 length=27 value=192c56908fd7f2e461fd6deacefa73ce name=\"xl2tpd\"",
        ),
        (
            "child-rekey 38",
            "code=3:Configure-Nak identifier=1 length=22 options=[{option=3:IP-Address length=6 ip_address=10.70.72.2} \
             {option=129:Primary-DNS-Address length=6 primary_dns_address=10.10.10.10} \
             {option=131:Secondary-DNS-Address length=6 secondary_dns_address=10.10.10.10}]",
        ),
        (
            "strongswan-xl2tpd-nat 37",
            "code=1:Configure-Request identifier=1 length=14 \
             options=[{option=1:Interface-Identifier length=10 interface_identifier=29de1677d1759fd0}]",
        ),
        (
            "openwall_john-samples/lulu-password-pptp.ppp-only.pcap 16",
            "code=1:Configure-Request identifier=1 length=10 options=[{option=18:MPPE length=6 supported_bits=16777280 \
             stateless=true strength_56_bit=false strength_128_bit=true strength_40_bit=false obsolete=false \
             compression=false}]",
        ),
        (
            "openwall_john-samples/lulu-password-pptp.ppp-only.pcap 10",
            "code=12:Identification identifier=2 length=18 magic_number=208614728 message=\"MSRASV5.20\"",
        ),
        (
            "wireshark-wiki/nb6-startup.pcap 40",
            "code=8:Protocol-Reject identifier=112 length=20 rejected_protocol=32855:IPV6CP \
             rejected_information=0101000e010ae2a1d7fffe18c270",
        ),
        (
            "community/l2tp-pc-pap.pcap 16",
            "code=1:Authenticate-Request identifier=1 length=15 peer_id=\"aa\" password=***",
        ),
        ("wireshark-wiki/nb6-startup.pcap 298", "code=2:Authenticate-Ack identifier=1 length=5 message=\"\""),
        ("tcpdump/truncated-aack.pcap 1", "code=2:Authenticate-Ack identifier=1 length=4 padding=9486"),
        (
            "packetlife/802.1X.cap 2",
            "code=2:Response identifier=1 length=17 type=1:Identity identity=\"John.McGuirk\"",
        ),
        (
            "community/ppp-ipv6cp.pcapng 16",
            "code=1:Configure-Request identifier=1 length=7 options=[{option=1 length=3 data=01}]",
        ),
    ] {
        let (_, frame, _) = samples().find(|(name, ..)| *name == source).unwrap();
        assert_eq!(shown(&control(&frame).unwrap()), fields, "{source}");
    }
}

#[test]
fn no_summary_tells_a_password() {
    for (source, frame, summary) in samples() {
        if let Control::Pap(packet) = control(&frame).unwrap()
            && let crate::ppp::pap::Body::Request { peer_id, password } = packet.body
            && peer_id != password
        {
            assert!(!summary.contains(std::str::from_utf8(&password).unwrap()), "{source}");
        }
    }
}

const PROTOCOLS: [Protocol; 10] = [
    Protocol::Lcp,
    Protocol::Pap,
    Protocol::Chap,
    Protocol::Eap,
    Protocol::Cbcp,
    Protocol::Ipcp,
    Protocol::Ipv6cp,
    Protocol::Ccp,
    Protocol::Acscp,
    Protocol::Bacp,
];

fn survives(protocol: Protocol, information: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(packet) = decode_control(protocol, information, 7).unwrap() {
        prop_assert_eq!(encoded(&packet), information);
        shown(&packet);
        prop_assert!(!packet.to_string().is_empty());
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_octets(
        protocol in prop::sample::select(&PROTOCOLS[..]),
        code in 0_u8..18,
        body in prop::collection::vec(prop_oneof![any::<u8>(), 0_u8..32], 0..40),
        padding in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let length = u8::try_from(body.len() + 4).unwrap();
        let information = [&[code, 1, 0, length][..], &body, &padding].concat();
        survives(protocol, &information)?;
        survives(protocol, &body)?;
    }

    #[test]
    fn altered_samples_decode_to_what_encodes_to_them_or_are_refused(
        sample in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let frames: Vec<Vec<u8>> = samples().map(|(_, frame, _)| frame).collect();
        let frame = sample.get(&frames);
        let (header, at) = FrameHeader::decode(frame).unwrap();
        let mut information = frame[at..].to_vec();
        for (place, octet) in changes {
            let place = place.index(information.len());
            information[place] = octet;
        }
        survives(header.protocol, &information)?;
    }
}
